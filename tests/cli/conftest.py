"""A real office behind a real `pubflow serve-api`, one for the session; verbs run as people type them."""

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from pubflow.cli import main
from pubflow.office.people import OPERATOR_ON_SITE, set_password
from pubflow.wiring import Line, create_workspace, open_office

PASSWORD = "for-tests-only"
PEOPLE = ("lin_xiao", "fang_zhi", "wan_ning", "liao_jun", "gong_lei", "shu_yan")
SUBJECT_CLASS = "国民经济管理、国有资产监管/统计"


class _Prefect(BaseHTTPRequestHandler):
    """As much of Prefect's API as a run started by hand and one idle round of the reconciler ask for."""

    started: list[dict[str, Any]] = []  # noqa: RUF012 - one server for the session

    def _answer(self, body: object, status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        if "/deployments/name/" in self.path:
            self._answer({"id": self.path.rpartition("/")[2]})
        else:
            self._answer({"token": "t"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/create_flow_run"):
            self._answer([])
            return
        self.started.append(body)
        now = datetime.now(UTC).isoformat()
        state = {"type": "SCHEDULED", "timestamp": now}
        run = {"id": "run-1", "name": body["name"], "parameters": body["parameters"], "state": state, "created": now}
        self._answer(run, 201)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Ran:
    """How a verb ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """The running office: its folder, its address, a token for each person, and the machines' hands."""

    home: Path
    url: str
    tokens: dict[str, str]
    line: Line
    prefect: list[dict[str, Any]]

    def flows(self) -> None:
        """Do every machine step that is due, as the flows would."""
        now = datetime.now(UTC)
        for due in self.line.due_steps(now):
            self.line.run_step(due.step, due.subject, now)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The office of the session."""
    home = tmp_path_factory.mktemp("cli") / "office"
    now = datetime.now(UTC)
    office = create_workspace(home, now)
    for person in PEOPLE:
        set_password(office, OPERATOR_ON_SITE, person, PASSWORD, now=now)
    office.close()
    prefect = ThreadingHTTPServer(("127.0.0.1", 0), _Prefect)
    threading.Thread(target=prefect.serve_forever, daemon=True).start()
    environment = os.environ | {
        "PUBFLOW_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{prefect.server_port}/api",
        "PREFECT_API_AUTH_STRING": "operator:x",
    }
    command = [sys.executable, "-m", "pubflow", "serve-api", "--port", "0", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        tokens = {person: _token(url, person) for person in PEOPLE}
        line = open_office(home)
        yield Desk(home, url, tokens, line, _Prefect.started)
        line.office.close()
        server.terminate()
        assert server.wait(10) == 0
    prefect.shutdown()
    prefect.server_close()


def _token(url: str, person: str) -> str:
    given = {"person": person, "password": PASSWORD}
    return str(httpx.post(f"{url}/session", json=given, trust_env=False, timeout=30).json()["token"])


Pubflow = Callable[..., Ran]


@pytest.fixture
def pubflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pubflow:
    """Run one verb in this process, without any office known to it; `stdin` is what it reads there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # texts that could not be saved are kept here
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in ("PUBFLOW_HOME", "PUBFLOW_URL", "PUBFLOW_TOKEN", "PUBFLOW_DEBUG", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        code = main(list(words))
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert "unexpectedly" not in said.err
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def by(desk: Desk, pubflow: Pubflow, monkeypatch: pytest.MonkeyPatch) -> Pubflow:
    """Run a verb against the office as a person: `by("lin_xiao", "report", "list")`."""

    def run(person: str, *words: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setenv("PUBFLOW_URL", desk.url)
        monkeypatch.setenv("PUBFLOW_HOME", str(desk.home))
        monkeypatch.setenv("PUBFLOW_TOKEN", desk.tokens[person])
        return pubflow(*words, stdin=stdin)

    return run


@dataclass
class Story:
    """A news report brought to a stage by verbs alone."""

    desk: Desk
    by: Pubflow

    def ok(self, person: str, *words: str, stdin: bytes = b"") -> Any:
        done = self.by(person, *words, "--json", stdin=stdin)
        assert done.code == 0, done.err
        return done.json

    def draft(
        self, body: str = "## 一、动态\n\n本月完成了统计数据发布。\n", title: str = "东湖区统计局工作动态"
    ) -> str:
        report = str(self.ok("lin_xiao", "report", "new", "--kind", "news", "--title", title, "--no-wait")["report"])
        self.desk.flows()
        text = self.ok("lin_xiao", "report", "show", report, "--text")["text"]
        head = text[: text.index("+++", 3) + 3].replace('subject_class = ""', f'subject_class = "{SUBJECT_CLASS}"')
        if "subject_class" not in head:
            head = head.removesuffix("+++") + f'subject_class = "{SUBJECT_CLASS}"\n+++'
        whole = f"{head}\n{body}".encode()
        self.ok("lin_xiao", "report", "edit", report, "--file", "-", "--reason", "写正文", stdin=whole)
        return report

    def digest(self, report: str) -> str:
        return str(self.ok("lin_xiao", "report", "show", report)["line"]["digest"])

    def in_review(self) -> tuple[str, str]:
        report = self.draft()
        self.ok("lin_xiao", "report", "submit", report)
        self.desk.flows()
        return report, self.digest(report)

    def in_check(self) -> tuple[str, str]:
        report, digest = self.in_review()
        self.ok("fang_zhi", "review", "approve", report, "--digest", digest[:8], "--reason", "同意")
        self.desk.flows()
        return report, digest

    def in_approval(self) -> tuple[str, str]:
        report, digest = self.in_check()
        words = ("--result", "公开", "--opinion", "不涉密，可以公开", "--all-no")
        self.ok("wan_ning", "check", "clear", report, "--digest", digest[:8], *words)
        self.desk.flows()
        return report, digest


@pytest.fixture
def story(desk: Desk, by: Pubflow) -> Story:
    """Reports brought along by verbs."""
    return Story(desk, by)
