"""An office on one sheet: what is due stands in a small SQLite file, so that a test and the worker see the same.

It keeps the contract of `pubflow.service.contract` and nothing else: a step takes as long as the sheet says, and then
is not due any more. What the line really does is tested below the flows, on the real register.
"""
# ruff: noqa: ARG002 - the contract names the arguments, a sheet of paper needs fewer

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pubflow.errors import StorageFailed
from pubflow.office.due import DueStep

SHEET = """
create table if not exists due (step, subject, version integer, seconds real, done integer default 0, fails integer);
create table if not exists did (step, subject, version integer, by);
create table if not exists run (step, subject, version integer, attempt integer default 0, flow_run_id, holder, until,
                                primary key (step, subject, version));
"""


@dataclass(frozen=True)
class PaperRun:
    step: str
    subject: str
    version: int
    attempt: int
    flow_run_id: str | None
    lease_holder: str | None
    lease_until: datetime | None


@dataclass(frozen=True)
class PaperOutcome:
    text: str
    changed: bool


@dataclass(frozen=True)
class PaperStory:
    subject: str
    stage: str = "department_review"
    version: int = 1
    title: str | None = None
    waits_for: str | None = "section_head"
    section: str | None = "zonghe"
    person_id: str | None = "liu"
    since: datetime | None = None
    decisions: Sequence[object] = ()
    next_instant: datetime | None = None
    desk_link: str | None = None


class PaperOffice:
    """The sheet in the folder `home`; it is its own `runs`."""

    def __init__(self, home: Path) -> None:
        self._file = home / "paper.db"
        home.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._file)) as sheet:
            sheet.executescript(SHEET)

    def _ask(self, question: str, *values: object) -> list[tuple]:
        with closing(sqlite3.connect(self._file, timeout=10, isolation_level=None)) as sheet:
            return sheet.execute(question, values).fetchall()

    # what a test writes and reads

    def owe(self, step: str, subject: str, version: int = 1, *, seconds: float = 0.0, fails: bool = False) -> DueStep:
        self._ask("insert into due values (?, ?, ?, ?, 0, ?)", step, subject, version, seconds, fails)
        return DueStep(step, subject, version)

    def hurry(self, subject: str) -> None:
        self._ask("update due set seconds = 0, fails = 0 where subject = ?", subject)

    def times_done(self, subject: str) -> int:
        return self._ask("select count(*) from did where subject = ?", subject)[0][0]

    # the contract

    @property
    def runs(self) -> "PaperOffice":
        return self

    def due_steps(self, now: datetime | None = None) -> list[DueStep]:
        return [DueStep(*row) for row in self._ask("select step, subject, version from due where done = 0")]

    def due_version(self, step: str, subject: str) -> int | None:
        return next((due.version for due in self.due_steps() if (due.step, due.subject) == (step, subject)), None)

    def run_step(self, step: str, subject: str, now: datetime) -> PaperOutcome:
        rows = self._ask(
            "select version, seconds, fails from due where done = 0 and step = ? and subject = ?", step, subject
        )
        if not rows:
            return PaperOutcome(f"not due: {subject} waits in approval for liu; nothing was changed", changed=False)
        version, seconds, fails = rows[0]
        time.sleep(seconds)
        if fails:
            raise StorageFailed("disk full")
        self._ask("update due set done = 1 where step = ? and subject = ?", step, subject)
        self._ask("insert into did values (?, ?, ?, ?)", step, subject, version, os.getpid())
        return PaperOutcome(f"{step} of {subject} done", changed=True)

    def story(self, subject: str) -> PaperStory | None:
        return PaperStory(subject) if subject.startswith("R-") else None

    def board(self, now: datetime) -> list[PaperStory]:
        return [PaperStory(due.subject) for due in self.due_steps() if due.subject.startswith("R-")]

    def change_counter(self) -> int:
        return self._ask("select count(*) from did")[0][0] + self._ask("select count(*) from due")[0][0]

    def changed_since(self, seq: int) -> list[str]:
        return [row[0] for row in self._ask("select distinct subject from did")]

    # the contract of its runs

    def get(self, due: DueStep) -> PaperRun | None:
        return next((run for run in self._runs() if (run.step, run.subject, run.version) == _key(due)), None)

    def all_open(self) -> list[PaperRun]:
        return [run for run in self._runs() if run.flow_run_id]

    def _runs(self) -> list[PaperRun]:
        rows = self._ask("select step, subject, version, attempt, flow_run_id, holder, until from run")
        return [PaperRun(*row[:6], datetime.fromisoformat(row[6]) if row[6] else None) for row in rows]

    def record(self, due: DueStep, attempt: int, flow_run_id: str | None, now: datetime) -> None:
        self._change(due, "attempt = ?, flow_run_id = ?", attempt, flow_run_id)

    def acquire(self, due: DueStep, holder: str, until: datetime, now: datetime) -> bool:
        run = self.get(due)
        if run and run.lease_holder not in (None, holder) and run.lease_until and run.lease_until > now:
            return False
        self._change(due, "holder = ?, until = ?", holder, until.isoformat())
        return True

    def renew(self, due: DueStep, holder: str, until: datetime) -> bool:
        run = self.get(due)
        if run is None or run.lease_holder != holder:
            return False
        self._change(due, "until = ?", until.isoformat())
        return True

    def release(self, due: DueStep, holder: str) -> None:
        self._change(due, "holder = null, until = null")

    def _change(self, due: DueStep, change: str, *values: object) -> None:
        self._ask("insert or ignore into run (step, subject, version) values (?, ?, ?)", *_key(due))
        self._ask(f"update run set {change} where step = ? and subject = ? and version = ?", *values, *_key(due))


def _key(due: DueStep) -> tuple[str, str, int]:
    return (due.step, due.subject, due.version)


def open_office(home: Path | None = None) -> PaperOffice:
    return PaperOffice(home or Path(os.environ["PUBFLOW_HOME"]))
