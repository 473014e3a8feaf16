"""What the reconciler, the flows and the pages ask of an office, as protocols: they are tested without a database.

`pubflow.wiring.open_office` gives the real one; where the two meet, the type checker compares them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pubflow.office.due import DueStep

__all__ = ["Alarm", "Decision", "Due", "DueStep", "Office", "ReportStory", "StepOutcome", "StepRun", "StepRuns"]


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

    def rows(self, dues: Iterable[DueStep]) -> Mapping[DueStep, StepRun]: ...
    def all_open(self) -> Sequence[StepRun]: ...
    def record(self, attempts: Mapping[DueStep, int], flow_run_id: str | None, now: datetime) -> None:
        """Note the run asked for; None when the steps are done and the run of no more interest."""

    def acquire(self, dues: Iterable[DueStep], holder: str, until: datetime, now: datetime) -> Sequence[DueStep]:
        """Take the leases that nobody else holds; returns which."""

    def renew(self, holder: str, until: datetime) -> None: ...
    def release(self, holder: str) -> None: ...


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


class Due(Protocol):
    """By when: the day as it is shown (a provisional one says so), whether it has passed, and how it was counted."""

    @property
    def text(self) -> str: ...
    @property
    def overdue(self) -> bool: ...
    @property
    def workdays_left(self) -> int: ...
    @property
    def explanation(self) -> Sequence[str]: ...


class Alarm(Protocol):
    """What stands still and should not: about what, in words, and the verb that frees it."""

    @property
    def subject(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def verb(self) -> str: ...


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
    @property
    def due(self) -> Due | None:
        """By when who is waited for is to act; None when nobody is."""

    @property
    def notes(self) -> Sequence[str]:
        """What is out of the usual: a debt, a lost role, an outside check. Person ids only."""

    @property
    def limit(self) -> Due | None:
        """By when it must be public on the organ's own motion; None where no limit runs."""

    @property
    def reports(self) -> Sequence[tuple[str, str]]:
        """Of a release: its reports and their stages."""

    @property
    def released_at(self) -> datetime | None: ...
    @property
    def lateness_ms(self) -> int | None: ...
    @property
    def verified_at(self) -> datetime | None: ...


class Office(Protocol):
    """The office as the service and the flows see it."""

    @property
    def runs(self) -> StepRuns: ...
    def due_steps(self, now: datetime) -> Sequence[DueStep]: ...
    def due_versions(self, step: str, subjects: Iterable[str]) -> Mapping[str, int]:
        """{subject: version} for those for which this step is due."""

    def run_step(self, step: str, subject: str, now: datetime) -> StepOutcome: ...
    def story(self, subject: str) -> ReportStory | None: ...
    def board(self, now: datetime) -> Sequence[ReportStory]: ...
    def alarms(self, now: datetime) -> Sequence[Alarm]: ...
    def change_counter(self) -> int: ...
    def changed_since(self, seq: int) -> Sequence[str]: ...
