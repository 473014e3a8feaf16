"""An office on one sheet of paper: what is due stands in a dictionary, and a step that is run is not due any more.

It keeps the contract of `pubflow.service.contract` and nothing else, so that a round of the reconciler can be looked
at by the second. What the line really does is tested on the real register.
"""
# ruff: noqa: ARG002 - the contract names the arguments, a sheet of paper needs fewer

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pubflow.office.due import DueStep


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


class PaperOffice:
    """What is due, which runs were asked for, and the subjects that moved, in order; it is its own `runs`."""

    def __init__(self) -> None:
        self._due: list[DueStep] = []
        self._rows: dict[DueStep, PaperRun] = {}
        self._moved: list[str] = []

    def owe(self, step: str, subject: str, version: int = 1) -> DueStep:
        """Something becomes due."""
        due = DueStep(step, subject, version)
        self._due.append(due)
        self._moved.append(subject)
        return due

    # the contract

    @property
    def runs(self) -> "PaperOffice":
        return self

    def due_steps(self, now: datetime) -> list[DueStep]:
        return list(self._due)

    def due_version(self, step: str, subject: str) -> int | None:
        return next((due.version for due in self._due if (due.step, due.subject) == (step, subject)), None)

    def run_step(self, step: str, subject: str, now: datetime) -> PaperOutcome:
        self._due = [due for due in self._due if (due.step, due.subject) != (step, subject)]
        self._moved.append(subject)
        return PaperOutcome(f"{step} of {subject} done", changed=True)

    def story(self, subject: str) -> PaperStory | None:
        return PaperStory(subject) if subject.startswith("R-") else None

    def board(self, now: datetime) -> list[PaperStory]:
        return [PaperStory(due.subject) for due in self._due if due.subject.startswith("R-")]

    def change_counter(self) -> int:
        return len(self._moved)

    def changed_since(self, seq: int) -> list[str]:
        return sorted(set(self._moved[seq:]))

    # the contract of its runs

    def get(self, due: DueStep) -> PaperRun | None:
        return self._rows.get(due)

    def all_open(self) -> list[PaperRun]:
        return [row for row in self._rows.values() if row.flow_run_id]

    def record(self, due: DueStep, attempt: int, flow_run_id: str | None, now: datetime) -> None:
        self._rows[due] = replace(self._row(due), attempt=attempt, flow_run_id=flow_run_id)

    def acquire(self, due: DueStep, holder: str, until: datetime, now: datetime) -> bool:
        row = self._row(due)
        if row.lease_holder not in (None, holder) and row.lease_until and row.lease_until > now:
            return False
        self._rows[due] = replace(row, lease_holder=holder, lease_until=until)
        return True

    def renew(self, due: DueStep, holder: str, until: datetime) -> bool:
        if self._row(due).lease_holder != holder:
            return False
        self._rows[due] = replace(self._row(due), lease_until=until)
        return True

    def release(self, due: DueStep, holder: str) -> None:
        if self._row(due).lease_holder == holder:
            self._rows[due] = replace(self._row(due), lease_holder=None, lease_until=None)

    def _row(self, due: DueStep) -> PaperRun:
        return self._rows.get(due) or PaperRun(due.step, due.subject, due.version)
