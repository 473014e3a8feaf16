"""What the reconciler, the flows and the pages ask of an office, as protocols: they are tested without a database.

`pubflow.wiring.open_office` gives the real one; where the two meet, the type checker compares them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pubflow.office.due import DueStep

__all__ = ["Decision", "DueStep", "Office", "ReportStory", "StepOutcome", "StepRun", "StepRuns"]


class StepOutcome(Protocol):
    """What a step did: `text` for people ("2 reviews opened", "not due: ..."), `changed` for programs."""

    @property
    def text(self) -> str: ...
    @property
    def changed(self) -> bool: ...


class StepRun(Protocol):
    """The row that remembers which flow run was started for a due step, and who works on it until when."""

    @property
    def step(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def flow_run_id(self) -> str | None: ...
    @property
    def lease_holder(self) -> str | None: ...
    @property
    def lease_until(self) -> datetime | None: ...


class StepRuns(Protocol):
    """The rows of `step_run`. `holder` is "FLOW_RUN_ID/process id"; all instants are aware."""

    def get(self, due: DueStep) -> StepRun | None: ...
    def record(self, due: DueStep, attempt: int, flow_run_id: str | None, now: datetime) -> None:
        """Note the run asked for; None when the step is done and the run of no more interest."""

    def acquire(self, due: DueStep, holder: str, until: datetime, now: datetime) -> bool: ...
    def renew(self, due: DueStep, holder: str, until: datetime) -> bool: ...
    def release(self, due: DueStep, holder: str) -> None: ...
    def all_open(self) -> Sequence[StepRun]: ...


class Decision(Protocol):
    """One decision of a story: by which role and person id, on which version, with what result."""

    @property
    def at(self) -> datetime: ...
    @property
    def stage(self) -> str: ...
    @property
    def decision(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def version(self) -> int: ...


class ReportStory(Protocol):
    """Where a report or release stands, in what an operator may see: no names of people, no text, no early title."""

    @property
    def subject(self) -> str: ...
    @property
    def title(self) -> str | None:
        """None until released."""

    @property
    def stage(self) -> str:
        """The stage's word in English as in lifecycle, e.g. "department_review"."""

    @property
    def version(self) -> int: ...
    @property
    def waits_for(self) -> str | None:
        """A role's word, e.g. "section_head"; None when nobody is waited for."""

    @property
    def section(self) -> str | None: ...
    @property
    def person_id(self) -> str | None: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def decisions(self) -> Sequence[Decision]: ...
    @property
    def next_instant(self) -> datetime | None: ...
    @property
    def desk_link(self) -> str | None: ...


class Office(Protocol):
    """The office as the service and the flows see it."""

    @property
    def runs(self) -> StepRuns: ...
    def due_steps(self, now: datetime) -> Sequence[DueStep]: ...
    def due_version(self, step: str, subject: str) -> int | None:
        """The version for which this step is due, None if it is not."""

    def run_step(self, step: str, subject: str, now: datetime) -> StepOutcome: ...
    def story(self, subject: str) -> ReportStory | None: ...
    def board(self, now: datetime) -> Sequence[ReportStory]: ...
    def change_counter(self) -> int: ...
    def changed_since(self, seq: int) -> Sequence[str]: ...
