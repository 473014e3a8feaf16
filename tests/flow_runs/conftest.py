"""One real Prefect server and resident worker for the whole session: starting them costs ten seconds, a run a second.

They are started as `pubflow up` starts them, by a process of their own that strace follows, so that the session's
whole network traffic can be looked at.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flow_runs.network_watch import traced
from flow_runs.paper_office import PaperOffice

from pubflow.prefect_client import FlowRun, Prefect
from pubflow.service import prefect_guard
from pubflow.service.supervisor import Addresses, checkout, read_addresses

TESTS = Path(__file__).resolve().parent.parent
# Later: [sys.executable, "-m", "pubflow", "up"] with PUBFLOW_HOME set; nothing else in here changes.
UP = [sys.executable, str(TESTS / "flow_runs" / "up_of_paper.py")]


@dataclass
class Line:
    """What a test holds in hand: the workspace, the sheet of what is due, and a client of the running server."""

    home: Path
    addresses: Addresses
    office: PaperOffice
    prefect: Prefect
    trace: Path
    up: "subprocess.Popen[str]"

    @property
    def auth(self) -> str:
        return prefect_guard.auth_string(self.home)

    def ask_for(self, step: str, *reports: str) -> FlowRun:
        """Start a run by hand, as the Prefect UI does."""
        deployment = self.prefect.deployment_id(step)
        return self.prefect.create_flow_run(deployment, name="by hand", parameters={"reports": list(reports)}).run

    def final(self, run: FlowRun, within: float = 30.0) -> FlowRun:
        """The run once it has ended."""
        return until(lambda: (found := self.prefect.flow_run(run.id)) and found.is_final and found, within)


def until(ask: Callable[[], object], within: float = 20.0) -> object:
    """The first true answer; fails the test when there is none within so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"nothing after {within} s")


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    home, trace = tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("trace") / "calls"
    paths = os.pathsep.join([str(TESTS), str(checkout()), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = (home / "up.log").open("w+")
    up = subprocess.Popen(
        traced([*UP, str(home)], trace), env={**os.environ, "PYTHONPATH": paths}, stdout=said, stderr=said, text=True
    )
    try:
        found = until(lambda: up.poll() is not None or read_addresses(home), within=90)
        assert isinstance(found, Addresses), (home / "up.log").read_text()
        with Prefect(found.prefect_api, prefect_guard.auth_string(home)) as prefect:
            yield Line(home, found, PaperOffice(home), prefect, trace, up)
    finally:
        stop(up)


def stop(up: "subprocess.Popen[str]") -> None:
    """Ctrl-C for the process that strace follows; strace itself would not pass it on."""
    if up.poll() is None:
        children = Path(f"/proc/{up.pid}/task/{up.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGINT)
    assert up.wait(30) == 0
