"""The harness's side of the kill points: hears where the processes are, and decides who dies where.

SIGKILL goes from here to the process that waits at its point, so the kill comes from outside and hits exactly there.
"""

import json
import os
import signal
import socket
import socketserver
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

WORKS = "works: "


@dataclass
class Order:
    """What to do with the next process of a role that comes to a point: kill it, or let it wait (seconds).

    number: at which of its comings. done: when it was carried out, and on which process.
    """

    role: str
    point: str
    number: int = 1
    wait: float | None = None
    pid: int = 0
    at: datetime | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Control:
    """Answers every process that is attached. Counts which points are reached; carries out orders, one a role."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "control")
        self.reached: Counter[tuple[str, str]] = Counter()
        self.works: dict[tuple[int, str], float] = {}  # (process, what): monotonic time of its first sign of life
        self.roles: dict[int, set[str]] = defaultdict(set)
        self._orders: list[Order] = []
        self._lock = threading.Lock()
        self._server = _Server(self.address, _Answering)
        self._server.decide = self._decide
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def give(self, order: Order) -> Order:
        """Carry this out at the next occasion."""
        with self._lock:
            self._orders.append(order)
        return order

    def take_back(self, order: Order) -> bool:
        """Forget an order; False when it was carried out already."""
        with self._lock:
            if order in self._orders:
                self._orders.remove(order)
                return True
        return False

    def points(self) -> list[tuple[str, str]]:
        """All points reached so far, (role, point), sorted."""
        with self._lock:
            return sorted(self.reached)

    def close(self) -> None:
        """Nobody is answered any more; who asks goes on."""
        self._server.shutdown()
        self._server.server_close()

    def _decide(self, pid: int, role: str, point: str) -> bool:
        """Whether the process may go on; it is dead when not."""
        if point.startswith(WORKS):
            with self._lock:
                self.works.setdefault((pid, point.removeprefix(WORKS)), time.monotonic())
            return True
        with self._lock:
            self.reached[role, point] += 1
            self.roles[pid].add(role)
            order = next((one for one in self._orders if (one.role, one.point) == (role, point)), None)
            if order is not None:
                order.number -= 1
                if order.number > 0:
                    return True
                self._orders.remove(order)
        if order is None:
            return True
        order.pid, order.at = pid, datetime.now(UTC)
        if order.wait is not None:
            order.done.set()
            time.sleep(order.wait)
            return True
        os.kill(pid, signal.SIGKILL)
        order.done.set()
        return False


class _Answering(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, _, _ = struct.unpack("3i", credentials)
        try:
            for line in self.rfile:
                role, point = json.loads(line)
                if not self.server.decide(pid, role, point):
                    return
                self.wfile.write(b"g")
        except (OSError, ValueError):
            return  # killed by somebody else while it waited or spoke


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    decide: Callable[[int, str, str], bool]
