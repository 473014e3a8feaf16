"""An office on one sheet of paper: what is due stands in a dictionary, and a step that is run is not due any more.

It keeps the contract of `pubflow.service.contract` and nothing else, so that a round of the reconciler can be looked
at by the second. What the line really does is tested on the real register.
"""
# ruff: noqa: ARG002 - the contract names the arguments, a sheet of paper needs fewer

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pubflow.office.deadlines import Due
from pubflow.office.due import DueStep, is_leased


@dataclass(frozen=True)
class PaperRun:
    step: str
    subject: str
    version: int
    attempt: int = 0
    flow_run_id: str | None = None
    lease_holder: str | None = None
    lease_until: datetime | None = None


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
    reports: Sequence[tuple[str, str]] = ()
    released_at: datetime | None = None
    lateness_ms: int | None = None
    verified_at: datetime | None = None
    due: Due | None = None
    limit: Due | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class PaperAlarm:
    subject: str
    what: str
    verb: str


class PaperOffice:
    """What is due, which runs were asked for, and the subjects that moved, in order; it is its own `runs`."""

    def __init__(self) -> None:
        self._due: list[DueStep] = []
        self._rows: dict[DueStep, PaperRun] = {}
        self._moved: list[str] = []
        self.alarming: list[PaperAlarm] = []
        self.stages: dict[str, str] = {}

    def owe(self, step: str, subject: str, version: int = 1) -> DueStep:
        """Something becomes due."""
        due = DueStep(step, subject, version)
        self._due.append(due)
        self._moved.append(subject)
        return due

    def touch(self, subject: str) -> None:
        """Something happens to a subject."""
        self._moved.append(subject)

    # the contract

    @property
    def runs(self) -> "PaperOffice":
        return self

    def due_steps(self, now: datetime) -> list[DueStep]:
        return list(self._due)

    def due_versions(self, step: str, subjects: Iterable[str]) -> dict[str, int]:
        return {due.subject: due.version for due in self._due if due.step == step and due.subject in set(subjects)}

    def run_step(self, step: str, subject: str, now: datetime) -> PaperOutcome:
        self._due = [due for due in self._due if (due.step, due.subject) != (step, subject)]
        self._moved.append(subject)
        return PaperOutcome(f"{step} of {subject} done", changed=True)

    def story(self, subject: str) -> PaperStory | None:
        return PaperStory(subject, self.stages.get(subject, "department_review")) if subject[0] == "R" else None

    def board(self, now: datetime) -> list[PaperStory]:
        return [story for due in self._due if (story := self.story(due.subject))]

    def alarms(self, now: datetime) -> list[PaperAlarm]:
        return list(self.alarming)

    def change_counter(self) -> int:
        return len(self._moved)

    def changed_since(self, seq: int) -> list[str]:
        return sorted(set(self._moved[seq:]))

    # the contract of its runs

    def rows(self, dues: Iterable[DueStep]) -> dict[DueStep, PaperRun]:
        return {due: self._rows[due] for due in dues if due in self._rows}

    def all_open(self) -> list[PaperRun]:
        return [row for row in self._rows.values() if row.flow_run_id]

    def record(self, attempts: Mapping[DueStep, int], flow_run_id: str | None, now: datetime) -> None:
        for due, attempt in attempts.items():
            self._rows[due] = replace(self._row(due), attempt=attempt, flow_run_id=flow_run_id)

    def acquire(self, dues: Iterable[DueStep], holder: str, until: datetime, now: datetime) -> list[DueStep]:
        free = [due for due in dues if self._row(due).lease_holder == holder or not is_leased(self._row(due), now)]
        for due in free:
            self._rows[due] = replace(self._row(due), lease_holder=holder, lease_until=until)
        return free

    def renew(self, holder: str, until: datetime) -> None:
        for due, row in self._rows.items():
            if row.lease_holder == holder:
                self._rows[due] = replace(row, lease_until=until)

    def release(self, holder: str) -> None:
        for due, row in self._rows.items():
            if row.lease_holder == holder:
                self._rows[due] = replace(row, lease_holder=None, lease_until=None)

    def _row(self, due: DueStep) -> PaperRun:
        return self._rows.get(due) or PaperRun(due.step, due.subject, due.version)
