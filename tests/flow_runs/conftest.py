"""One real `pubflow up` for the whole session: starting it costs ten seconds, a report's way through it about six.

strace follows all its processes, so that the session's whole network traffic can be looked at.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from flow_runs import running_office
from flow_runs.aged_office import AgedOffice
from flow_runs.running_office import DRAFTER, HEAD, LEADER, OFFICER, PEOPLE, RunningOffice, until

from pubflow.office.due import DueStep
from pubflow.office.people import OPERATOR_ON_SITE, everybody, set_password
from pubflow.prefect_client import Prefect
from pubflow.service import prefect_guard
from pubflow.wiring import Line, create_workspace

PASSWORD = "for-tests-only"
SENTENCE = "本月走访了四十二家样本企业，核对了全部台账。"
SECRET_TITLE = "东湖区统计局样本企业走访动态"


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """A new workspace, five persons with passwords, and all processes of its office, ready."""
    home, trace = tmp_path_factory.mktemp("up") / "office", tmp_path_factory.mktemp("trace") / "calls"
    now = datetime.now(UTC)
    office = create_workspace(home, now)
    for person in PEOPLE:
        set_password(office, OPERATOR_ON_SITE, person, PASSWORD, now=now)
    process = running_office.start(home, trace)
    try:
        addresses = running_office.addresses_of(home, process)
        with Prefect(addresses.prefect_api, prefect_guard.auth_string(home), timeout=30, attempts=100) as prefect:
            tokens = {person: _token(addresses.desk, person) for person in PEOPLE}
            yield RunningOffice(home, process, trace, Line(office), addresses, prefect, tokens)
    finally:
        running_office.end(process)
        office.close()


def _token(desk: str, person: str) -> str:
    given = {"person": person, "password": PASSWORD}
    return str(httpx.post(f"{desk}/session", json=given, trust_env=False, timeout=30).json()["token"])


@dataclass
class Published:
    """A report that went the whole way, and what Prefect showed meanwhile.

    pages: its artifact page by stage; board: the board while it waited for its department; leaked: sensitive words in
    Prefect's database just before the release.
    """

    report: str
    release: str
    pages: dict[str, str]
    board: str
    leaked: list[str]


@pytest.fixture(scope="session")
def sensitive(line: RunningOffice) -> list[str]:
    """What an operator must not read in Prefect: a sentence of the draft, everybody's name."""
    return [SENTENCE, *(person.name for person in everybody(line.register.office))]


@pytest.fixture(scope="session")
def published(line: RunningOffice, sensitive: list[str]) -> Published:
    """From `report new` to its public page: people act by token, Prefect does every machine step."""
    pages: dict[str, str] = {}

    def page_says(words: str) -> str:
        return until(lambda: words in (found := line.page(report.lower())) and found)

    report = line.draft(f"## 一、工作动态\n\n{SENTENCE}\n", SECRET_TITLE)
    line.submit(report)
    line.opened(report, HEAD, "approve")
    pages["review"] = page_says("section_head")
    board = until(lambda: report in (found := line.page("the-line")) and found)
    assert line.approve(report).is_success
    line.opened(report, OFFICER, "return")
    assert line.clear(report).is_success
    line.opened(report, LEADER, "return")
    release = line.plan(report, "3s")
    leaked = line.in_prefects_database([*sensitive, SECRET_TITLE])
    assert line.sign(report).is_success
    until(lambda: line.release(release)["verified_at"])
    pages["published"] = page_says("published")
    assert line.view(report, DRAFTER)["stage"] == "published"
    return Published(report, release, pages, board, leaked)


@pytest.fixture(scope="session")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgedOffice]:
    """An office whose workspace an older program left, upgraded and running."""
    with AgedOffice.unpacked(tmp_path_factory.mktemp("aged")) as office:
        office.upgrade()
        office.start()
        yield office


@dataclass
class CutRun:
    """A report whose department-review run was cut by kill -9 of the worker: its number, the run, {worker: pid}."""

    report: str
    run: str
    killed: dict[str, int]


@pytest.fixture(scope="session")
def cut_run(line: RunningOffice) -> CutRun:
    """The worker killed while a step waits for the register, which we hold for that moment."""
    report = line.draft()
    with line.standing_still("worker"):
        line.submit(report)
        run = until(lambda: len(found := line.runs_of(report)) == 2 and found[1])["id"]
        due = DueStep("department-review", report, 2)
        until(lambda: (row := line.register.runs.rows([due]).get(due)) and row.flow_run_id == run)
        held = sqlite3.connect(line.home / "register.db", isolation_level=None)
        held.execute("begin immediate")
    with closing(held):
        until(lambda: line.prefect.flow_run(run).state_type == "RUNNING")
        killed = line.kill("worker")
        held.execute("rollback")
    return CutRun(report, run, killed)
