"""Ports of this machine, kept for one office as long as it runs, so that two offices starting at once never meet.

A port that is only looked up is anybody's until somebody listens, and again while a server that died is restarted. On
Linux we therefore keep two things until the office ends: the port itself, bound but not listening (a child that sets
SO_REUSEADDR, as all servers of ours do, may listen on it; the kernel gives it to nobody who asks for any free port),
and an abstract Unix socket named after it, which two offices cannot both have. Elsewhere ports are only looked up.
"""

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pubflow.errors import WorkspaceError

TRIES = 20  # free ports that the kernel names and another office was quicker to take


@contextmanager
def kept_ports(host: str, wanted: Sequence[int]) -> Iterator[list[int]]:
    """A port for each one `wanted` (0: any): the same where it is free, another where not; ours until the block ends.

    Raises WorkspaceError if `host` is no address of this machine or it has no port left.
    """
    with ExitStack() as kept:
        yield [_keep(host, port, kept) for port in wanted]


def _keep(host: str, wanted: int, kept: ExitStack) -> int:
    for port in (wanted, *[0] * TRIES):
        with ExitStack() as held:
            place = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free
            try:
                place.bind((host, port))
                found = int(place.getsockname()[1])
                name = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                if sys.platform == "linux":
                    name.bind(f"\0pubflow-port-{found}")
            except (OSError, OverflowError):
                continue
            if sys.platform == "linux":
                kept.enter_context(held.pop_all())
            return found
    raise WorkspaceError(f"No free port on {host}.", "Is it an address of this machine?")
