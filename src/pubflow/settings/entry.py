"""What every entry of the configuration has: known keys only, ids, words, days, and where it matters a period."""

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

SLUG = r"[a-z][a-z0-9_-]*"
Slug = Annotated[str, Field(pattern=rf"^{SLUG}$")]
Words = Annotated[str, Field(min_length=1, pattern=r"^\S(.*\S)?$")]
Day = Annotated[dt.date, Field(strict=True)]


class Entry(BaseModel):
    """A frozen entry of the configuration; a key it does not know is an error, not a silent nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Dated(Entry):
    """An entry with a source and the days it is valid on, both ends included."""

    source: Words
    valid_from: Day
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Dated":
        if self.valid_to is not None and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is after valid_to {self.valid_to}")
        return self

    def valid_on(self, day: dt.date) -> bool:
        """Whether this entry holds on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
