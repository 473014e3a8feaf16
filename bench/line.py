"""One report's pass through the line, and 200 at once: wall, CPU and database statements; register and Prefect apart.

The register alone: the same actions and machine steps in one process, no Prefect. With Prefect: a real `pubflow up`,
whose flows do the machine steps while this process acts for the people. CPU of the other processes is read from /proc.
"""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, event, func
from sqlmodel import col, select

from pubflow.confidentiality.actions import clear
from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import edit, submit
from pubflow.drafting.starting import new_report
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Stage
from pubflow.moments import utc_now
from pubflow.office.access import open_text
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.office.people import actor_of, everybody
from pubflow.office.reading import history
from pubflow.office.story import change_counter
from pubflow.publication.releases import plan
from pubflow.publication.switching import release_round
from pubflow.records.tables import Edition, Opening, Release
from pubflow.review.actions import approve
from pubflow.review.approval import sign
from pubflow.service.supervisor import running
from pubflow.wiring import Line, create_workspace

BATCH = 200
ALONE = 5  # reports that pass one after the other, for what a single one costs
SETTLED = 75.0  # seconds after which the pages of a batch are written, and nothing is left to do
BODY = "## 一、工作动态\n\n" + "本月完成了统计数据的采集、审核和发布，各项工作有序开展。" * 40 + "\n"
Row = dict[str, Any]


def measure_line() -> list[Row]:
    """Rows: what was measured; figures are per report."""
    rows = [_register_alone(1), _register_alone(BATCH)]
    for reports in (1, BATCH):
        rows += _with_prefect(reports)
    return rows


def _register_alone(reports: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        office = create_workspace(Path(folder) / "office", utc_now())
        _pass(office, 1, _inline(office))  # templates, rules and the password hash are loaded once
        statements = _count_statements(office)
        wall, cpu = time.perf_counter(), time.process_time()
        _pass(office, reports, _inline(office))
        return _row("register alone", reports, time.perf_counter() - wall, time.process_time() - cpu, len(statements))


def _with_prefect(reports: int) -> list[Row]:
    """One report at a time, ALONE of them one after the other, or a whole batch at once."""
    passes = ALONE if reports == 1 else 1
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "office"
        office = create_workspace(home, utc_now())
        with running(home, say=lambda _line: None) as (_, supervisor):
            _pass(office, 1, _patiently(office))
            pids = supervisor.pids()
            before, seen = {name: _cpu(pid) for name, pid in pids.items()}, change_counter(office)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(passes):
                _pass(office, reports, _patiently(office))
            took, own = (time.perf_counter() - wall) / passes, (time.process_time() - cpu) / passes
            spent = {name: (_cpu(pid) - before[name]) / passes for name, pid in pids.items()}
            waits = _from_decision_to_next_step(office, seen)
            time.sleep(SETTLED)
            idle = _idle(pids)
    total = sum(spent.values()) + own
    rows = [_row("with Prefect, all processes", reports, took, total, None)]
    rows += [_row(f"  of it {name}", reports, took, cpu, None) for name, cpu in sorted(spent.items())]
    rows.append(_row("  of it people (this process)", reports, took, own, None))
    rows += [_row(f"decision to next step, {name}", reports, wait, 0.0, None) for name, wait in waits.items()]
    return [*rows, idle]


def _from_decision_to_next_step(office: Office, after: int) -> dict[str, float]:
    """Seconds from a person's decision to the event that opens the next person's task, as the register has them."""
    decided: dict[str, datetime] = {}
    waits: list[float] = []
    for one in history(office, after=after, limit=1_000_000):
        if one.action in ("submit", "approve", "clear"):
            decided[one.subject] = datetime.fromisoformat(one.at)
        elif one.action == "opened" and one.subject in decided:
            waits.append((datetime.fromisoformat(one.at) - decided.pop(one.subject)).total_seconds())
    waits.sort()
    return {"median": waits[len(waits) // 2], "95 % within": waits[int(len(waits) * 0.95)]}


def _idle(pids: dict[str, int]) -> Row:
    seconds = 10.0
    before = sum(_cpu(pid) for pid in pids.values())
    time.sleep(seconds)
    spent = sum(_cpu(pid) for pid in pids.values()) - before
    return _row("idle `pubflow up`, CPU s per 10 s", 1, seconds, spent, None)


def _row(what: str, reports: int, wall: float, cpu: float, statements: int | None) -> Row:
    return {
        "what": what,
        "reports": reports,
        "wall s": round(wall, 3),
        "CPU s per report": round(cpu / reports, 4),
        "statements per report": round(statements / reports, 1) if statements is not None else "",
    }


Until = Callable[[list[str], Stage], None]


def _pass(office: Office, reports: int, machines: Until) -> None:
    """`reports` reports through the whole line; `machines` returns when all of them are opened in a stage."""
    people = {person.id: actor_of(person) for person in everybody(office)}
    now = utc_now
    ids = [
        new_report(office, people["lin_xiao"], kind="news", title=f"工作动态第{number}期", now=now())
        for number in range(1, reports + 1)
    ]
    machines(ids, Stage.DRAFTING)
    digests = {report: _write(office, report, people["lin_xiao"]) for report in ids}
    for report in ids:
        submit(office, report, people["lin_xiao"], now=now())
    machines(ids, Stage.DEPARTMENT_REVIEW)
    for report in ids:
        approve(office, report, people["fang_zhi"], digest=digests[report], remark="同意", now=now())
    machines(ids, Stage.CONFIDENTIALITY_CHECK)
    answers = {item.id: False for item in office.settings.checklist}
    for report in ids:
        clear(
            office,
            report,
            people["wan_ning"],
            digest=digests[report],
            result="公开",
            answers=answers,
            opinion="可以公开",
            now=now(),
        )
    machines(ids, Stage.APPROVAL)
    # The signatures must all be given before the instant; then it is moved to now, so that waiting is not measured.
    release = plan(office, ids, people["lin_xiao"], instant=now() + timedelta(hours=1), now=now())
    for report in ids:
        sign(office, report, people["liao_jun"], digest=digests[report], remark="同意", now=now())
    _let_it_be_due(office, release.id)
    machines(ids, Stage.PUBLISHED)


def _let_it_be_due(office: Office, release_id: str) -> None:
    from pubflow.audit.events import Event

    with office.records.writing(utc_now()) as tx:
        release = tx.session.get_one(Release, release_id)
        tx.move(release, instant=utc_now())
        tx.record(Event("bench_instant_now", "bench", release_id))


def _write(office: Office, report: str, drafter: Actor) -> str:
    with office.records.reading() as session:
        text = open_text(office, session, newest_edition(session, report))
    head = text.head.model_copy(update={"subject_class": "统计"})
    new = ReportText(head=head, body=BODY)
    return edit(office, report, drafter, new.canonical(), reason="写正文", seen=None, now=utc_now()).digest


def _inline(office: Office) -> Until:
    """Machine steps in this process, as the flows would do them."""
    line = Line(office)

    def machines(_ids: list[str], stage: Stage) -> None:
        for due in line.due_steps(utc_now()):
            line.run_step(due.step, due.subject, utc_now())
        if stage is Stage.PUBLISHED:
            release_round(office, utc_now)
            for due in line.due_steps(utc_now()):
                line.run_step(due.step, due.subject, utc_now())

    return machines


def _patiently(office: Office) -> Until:
    """Machine steps by the running office; looks a few times a second whether they are done."""

    def machines(ids: list[str], stage: Stage) -> None:
        deadline = time.monotonic() + 600
        while waiting := len(ids) - _how_many_are_there(office, ids, stage):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{waiting} reports still wait in {stage}")
            time.sleep(0.2)

    return machines


def _how_many_are_there(office: Office, ids: list[str], stage: Stage) -> int:
    mine = col(Edition.report_id).in_(ids)
    found = select(func.count()).select_from(Edition).where(mine)
    if stage is Stage.DRAFTING:
        found = found.where(Edition.version > 0)
    elif stage is Stage.PUBLISHED:
        found = found.join(Release).where(col(Release.verified_at).is_not(None))
    else:
        this_visit = and_(col(Opening.edition_id) == col(Edition.id), col(Opening.visit) == col(Edition.visit))
        found = found.join(Opening, this_visit).where(Opening.step == stage.value.replace("_", "-"))
    with office.records.reading() as session:
        return session.exec(found).one()


def _count_statements(office: Office) -> list[str]:
    seen: list[str] = []

    @event.listens_for(office.records.engine, "before_cursor_execute")
    def _count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    return seen


def _cpu(pid: int) -> float:
    """CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
