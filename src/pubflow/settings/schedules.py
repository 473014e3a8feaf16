"""How long each step of a kind may take, and when a kind owes its next issue: parts of `config/workflows.toml`."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator

from pubflow.settings.entry import Entry, Slug, Words

Workdays = Annotated[StrictInt, Field(ge=1)]


class StageDays(Entry):
    """Working days that a stage may take, counted from the day after it began; department reviews name their own."""

    drafting: Workdays = 5
    confidentiality_check: Workdays = 7
    approval: Workdays = 2
    source: Words = "本局默认"


class IssueSchedule(Entry):
    """When a kind owes its next issue.

    every_months, lag_months, day: one issue every so many months, out by `day` of the month that is `lag_months` after
    the period's last month; for a 固定 kind the look-through every so many months, without a day.
    rule: instead of a day, the rule of rules/disclosure.toml that sets the date.
    section: whose head is reminded; nobody when it is left out.
    """

    every_months: Workdays
    lag_months: Annotated[StrictInt, Field(ge=0)] = 0
    day: Annotated[StrictInt, Field(ge=1, le=31)] | None = None
    rule: Literal["yearly_report_due"] | None = None
    section: Slug | None = None
    source: Words

    @model_validator(mode="after")
    def _a_day_or_a_rule(self) -> "IssueSchedule":
        if self.day is not None and self.rule is not None:
            raise ValueError("a schedule has a day or a rule, not both")
        if self.rule is not None and (self.every_months, self.lag_months) != (12, 0):
            raise ValueError(f"{self.rule} is a date of each year: every_months = 12, no lag_months")
        return self

    def objection(self, cadence: str) -> str | None:
        """Why a kind of this cadence cannot have this schedule; None when it can."""
        dated = self.day is not None or self.rule is not None
        if cadence == "occasional":
            return "an occasional kind has no schedule: each item is due from its own creation"
        if cadence == "regular" and not dated:
            return "a regular kind's schedule needs a day or a rule"
        if cadence == "standing" and (dated or self.lag_months):
            return "a standing kind is looked through every_months; it has no day, rule or lag"
        return None
