"""`pubflow serve-api`: the office's API under uvicorn, on a socket of our own."""

import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from pubflow.cli.prefect import connect
from pubflow.desk.api import application
from pubflow.errors import WorkspaceError
from pubflow.moments import utc_now
from pubflow.office.sections import add_new_sections
from pubflow.service.calling import call_worker
from pubflow.wiring import open_workspace

STOP_WITHIN = 3  # seconds for requests under way


def serve(home: Path, host: str, port: int, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. ready: called with the address once connections are accepted; main thread only.

    Raises WorkspaceError when the workspace or the address cannot be used.
    """
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
    office = open_workspace(home)
    add_new_sections(office, utc_now())

    def run_flow(step: str, reports: list[str]) -> tuple[str, str]:
        with connect(home) as prefect:
            parameters: Mapping[str, object] = {"reports": reports}
            name = f"{' '.join(reports)} {step}".strip()
            made = prefect.create_flow_run(prefect.deployment_id(step), name=name, parameters=parameters, tags=reports)
        call_worker(home)
        return made.run.name, made.run.id

    config = uvicorn.Config(
        application(office, run_flow),
        lifespan="off",
        log_level="warning",
        access_log=False,  # addresses name reports and persons; the audit history is the record
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_WITHIN,
    )
    try:
        with _listening(host, port) as listener, _stops_are_no_failure():
            ready(f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}")
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        office.close()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise WorkspaceError(f"The API cannot listen on {host}:{port} ({why}).", "Choose another: --port.") from None
    with listener:
        yield listener


@contextmanager
def _stops_are_no_failure() -> Iterator[None]:
    """uvicorn raises the signal once more after it has stopped; for a supervisor that is exit code 0."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
