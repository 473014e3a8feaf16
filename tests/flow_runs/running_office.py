"""A real `pubflow up` in the hands of a test: its people act through the API by token, its processes can be hit.

Nothing here reaches past the doors that people and operators have, but two looks: at the register (`register`), to
count its events, and at the bytes of Prefect's database (`in_prefects_database`), to see what must not be there.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from flow_runs.network_watch import traced

from pubflow.documents.report_text import ReportText
from pubflow.office.reading import history
from pubflow.prefect_client import FlowRun, Prefect
from pubflow.publication.pages import item_path
from pubflow.service import prefect_guard
from pubflow.service.supervisor import Addresses, read_addresses
from pubflow.wiring import Line

DRAFTER, HEAD, OFFICER, LEADER, OPERATOR = PEOPLE = ("lin_xiao", "fang_zhi", "wan_ning", "liao_jun", "gong_lei")
SUBJECT_CLASS = "国民经济管理、国有资产监管/统计"
BODY = "## 一、工作动态\n\n本月完成了统计数据发布。\n"
TITLE = "东湖区统计局工作动态"
# What tells each process of an office apart in a list of processes.
MARKS = {
    "prefect": "prefect server start",
    "worker": "_resident_worker.py",
    "service": "pubflow service",
    "api": "pubflow serve-api",
    "portal": "pubflow portal serve",
}


@dataclass
class RunningOffice:
    """process: strace, whose only child is `pubflow up`; trace: what all its processes tried to reach."""

    home: Path
    process: "subprocess.Popen[bytes]"
    trace: Path
    register: Line
    addresses: Addresses
    prefect: Prefect
    tokens: dict[str, str]

    # --- people

    def ask(self, person: str, method: str, path: str, **body: Any) -> httpx.Response:
        """One request to the API with the person's token."""
        token = {"Authorization": f"Bearer {self.tokens[person]}"}
        given = {"json": body} if body else {}
        return httpx.request(method, self.addresses.desk + path, headers=token, trust_env=False, timeout=30, **given)

    def do(self, person: str, method: str, path: str, **body: Any) -> Any:
        """The same where it must go through; the decoded answer."""
        answer = self.ask(person, method, path, **body)
        assert answer.is_success, answer.text
        return answer.json()

    def verb(self, person: str, *words: str) -> Any:
        """`pubflow WORDS --json` as a process of its own, as the person types it."""
        environment = os.environ | {"PUBFLOW_HOME": str(self.home), "PUBFLOW_TOKEN": self.tokens[person]}
        command = [sys.executable, "-m", "pubflow", *words, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def new(self, title: str = TITLE) -> str:
        """Ask for a news report; the drafting flow will make it."""
        return str(self.do(DRAFTER, "POST", "/reports", kind="news", title=title)["report"])

    def write(self, report: str, body: str = BODY) -> None:
        """Once the draft is there: its subject class and body."""
        until(lambda: self.view(report)["version"])
        text = self.do(DRAFTER, "GET", f"/reports/{report}/text")
        draft = ReportText.parse(text["text"])
        head = draft.head.model_copy(update={"subject_class": SUBJECT_CLASS})
        whole = ReportText(head=head, body=body).canonical()
        self.do(DRAFTER, "PUT", f"/reports/{report}/text", text=whole, reason="写正文", seen=text["digest"])

    def draft(self, body: str = BODY, title: str = TITLE) -> str:
        """A news report ready to be submitted."""
        report = self.new(title)
        self.write(report, body)
        return report

    def submit(self, report: str) -> None:
        self.do(DRAFTER, "POST", f"/reports/{report}/submit")

    def approve(self, report: str) -> httpx.Response:
        return self._decide(HEAD, report, "approve", reason="同意")

    def clear(self, report: str) -> httpx.Response:
        answers = {one["id"]: False for one in self.do(OFFICER, "GET", "/checklist")}
        return self._decide(OFFICER, report, "clear", result="公开", answers=answers, opinion="不涉密，可以公开")

    def sign(self, report: str) -> httpx.Response:
        return self._decide(LEADER, report, "sign", reason="同意发布")

    def _decide(self, person: str, report: str, action: str, **form: Any) -> httpx.Response:
        return self.ask(person, "POST", f"/reports/{report}/{action}", digest=self.view(report)["digest"], **form)

    def plan(self, report: str, wait: str) -> str:
        """A release of this one report; its number."""
        return str(self.do(DRAFTER, "POST", "/releases", reports=[report], wait=wait)["id"])

    def view(self, report: str, person: str = DRAFTER) -> dict[str, Any]:
        """The report's line: stage, version, digest, whom it waits for."""
        return dict(self.do(person, "GET", f"/reports/{report}")["line"])

    def opened(self, report: str, person: str, action: str, within: float = 60.0) -> None:
        """Wait until the stage's flow has done its work, so that the person may take `action`."""

        def may() -> bool:
            return bool(self.do(person, "GET", f"/reports/{report}")["actions"].get(action) == [])

        until(may, within)

    def release(self, release: str) -> dict[str, Any]:
        return dict(self.do(OPERATOR, "GET", f"/releases/{release}"))

    def public_page(self, report: str) -> str:
        """The address of the report's public page."""
        return f"{self.addresses.portal}/{item_path(report)}"

    def events(self, subject: str) -> list[str]:
        """The actions of the audit events about a report, a release or a day, oldest first."""
        return [event.action for event in history(self.register.office, subject=subject)]

    # --- Prefect

    @property
    def auth(self) -> str:
        return prefect_guard.auth_string(self.home)

    def prefects(self, method: str, path: str, body: Any = None) -> Any:
        """One request to Prefect's API with the operators' password."""
        return self.prefect._send(method, path, body).json()

    def start_by_hand(self, step: str, *subjects: str) -> FlowRun:
        """A run as the Prefect UI starts one."""
        deployment = self.prefect.deployment_id(step)
        return self.prefect.create_flow_run(deployment, name="by hand", parameters={"reports": list(subjects)}).run

    def final(self, run_id: str, within: float = 60.0) -> dict[str, Any]:
        """A run once it has ended, as Prefect tells it."""
        until(lambda: (found := self.prefect.flow_run(run_id)) and found.is_final, within)
        return dict(self.prefects("GET", f"/flow_runs/{run_id}"))

    def runs_of(self, subject: str) -> list[dict[str, Any]]:
        """The runs with this tag, oldest first."""
        chosen = {"flow_runs": {"tags": {"all_": [subject]}}, "sort": "START_TIME_ASC"}
        return list(self.prefects("POST", "/flow_runs/filter", chosen))

    def page(self, key: str) -> str:
        """The newest artifact of a key; empty while there is none."""
        answer = self.prefect._send("GET", f"/artifacts/{key}/latest", accept=(404,))
        return "" if answer.status_code == 404 else str(answer.json()["data"])

    def in_prefects_database(self, words: list[str]) -> list[str]:
        """Those of the words that stand in Prefect's database or its log, as UTF-8 or as escaped JSON."""
        files = sorted((self.home / "prefect").glob("prefect.db*"))
        content = b"".join(file.read_bytes() for file in files)
        return [word for word in words if word.encode() in content or json.dumps(word)[1:-1].encode() in content]

    # --- processes

    def pids(self) -> dict[str, int]:
        """{name: process id} of the processes that `pubflow up` keeps running."""
        up = _children(self.process.pid)
        found = {pid: _command(pid) for pid in (_children(up[0]) if up else [])}
        return {name: pid for name, mark in MARKS.items() for pid, command in found.items() if mark in command}

    def threads(self) -> dict[str, set[str]]:
        """{name: ids of its threads} of the same processes."""
        return {name: {task.name for task in Path(f"/proc/{pid}/task").iterdir()} for name, pid in self.pids().items()}

    @staticmethod
    def is_alive(pid: int) -> bool:
        return bool(_command(pid))

    def kill(self, *names: str) -> dict[str, int]:
        """kill -9 for processes of the office; their process ids."""
        killed = {name: self.pids()[name] for name in names}
        for pid in killed.values():
            os.kill(pid, signal.SIGKILL)
        return killed

    def replaced(self, killed: dict[str, int]) -> bool:
        """Whether others run in the place of those."""
        now = self.pids()
        return all(now.get(name) not in (None, pid) for name, pid in killed.items())

    @contextmanager
    def standing_still(self, name: str) -> Iterator[None]:
        """One process stopped in its tracks (SIGSTOP) while the block lasts."""
        pid = self.pids()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


def start(home: Path, trace: Path) -> "subprocess.Popen[bytes]":
    """`pubflow up` on a workspace, on free ports, under strace; what it says goes to HOME/up.log."""
    up = [sys.executable, "-m", "pubflow", "up", "--home", str(home)]
    ports = [word for name in ("prefect", "desk", "portal") for word in (f"--{name}-port", "0")]
    with (home / "up.log").open("wb") as said:
        return subprocess.Popen(traced([*up, *ports], trace), stdout=said, stderr=said)


def addresses_of(home: Path, process: "subprocess.Popen[bytes]") -> Addresses:
    """Where the office is found once it is ready; fails with what it said when it ends before."""
    found = until(lambda: process.poll() is not None or read_addresses(home), within=120)
    assert isinstance(found, Addresses), (home / "up.log").read_text()
    return found


def interrupt(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGINT) -> None:
    """Ctrl-C for the `pubflow up` that strace follows; strace itself would not pass it on."""
    for pid in _children(process.pid):
        os.kill(pid, number)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop the office if it still runs, the hard way if it does not listen: its processes go with it."""
    interrupt(process)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        interrupt(process, signal.SIGKILL)
        process.wait(10)


def until(ask: Callable[[], Any], within: float = 60.0) -> Any:
    """The first true answer; fails the test when there is none within so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"nothing after {within} s")


def _children(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except FileNotFoundError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""
