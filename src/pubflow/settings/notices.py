"""Who is told what, when, and by which channel: `config/notices.toml` as types. Secrets stand in the environment."""

import re
from typing import Annotated, Literal

from pydantic import Field, StrictInt, field_validator, model_validator

from pubflow.settings.entry import Entry, Slug, Words

Many = Annotated[StrictInt, Field(ge=1)]
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS = frozenset({"report", "stage", "task", "whom", "due", "late", "desk"})


class Channel(Entry):
    """A way to reach people. url_env: the environment variable with its address (it may hold a secret).

    to: `person` sends each message to the address that people.toml has for that person and channel; `group` sends
    one message to everybody at once, and names in it whom it is for.
    """

    id: Slug
    name: Words
    url_env: Annotated[str, Field(pattern=r"^PUBFLOW_NOTICE_[A-Z0-9_]+$")]
    to: Literal["person", "group"]


class Rung(Entry):
    """One rung of the escalation: told `workdays` working days after the due day (before it when negative).

    about: a `step` that waits for somebody, the 20-day `limit` of an item, the next `issue` that a kind owes.
    to: the actor (or an absent actor's deputy), the deputy, the leader in charge.
    again_every_workdays: told again each time so many working days have gone by.
    """

    id: Slug
    workdays: StrictInt
    about: tuple[Literal["step", "limit", "issue"], ...] = Field(min_length=1)
    to: tuple[Literal["actor", "deputy", "leader"], ...] = Field(min_length=1)
    again_every_workdays: Many | None = None
    headline: Words
    text: Words
    source: Words

    @field_validator("headline", "text")
    @classmethod
    def _known_placeholders(cls, text: str) -> str:
        return checked_text(text)


class Wording(Entry):
    """The words of a message that a step sends by itself."""

    headline: Words
    text: Words

    @field_validator("headline", "text")
    @classmethod
    def _known_placeholders(cls, text: str) -> str:
        return checked_text(text)


class Sending(Entry):
    """How hard is tried: waits double from the first to the longest; after `attempts` refusals a message is given up.

    desk: the sentence that says how to get to the office.
    """

    attempts: Many
    first_wait_seconds: Many
    longest_wait_seconds: Many
    desk: Words
    source: Words

    @model_validator(mode="after")
    def _in_order(self) -> "Sending":
        if self.first_wait_seconds > self.longest_wait_seconds:
            raise ValueError("first_wait_seconds is longer than longest_wait_seconds")
        return self


class Notices(Entry):
    """The whole of notices.toml."""

    sending: Sending
    asked: Wording
    returned: Wording
    secret_mark: Wording
    withdrawal: Wording
    rungs: tuple[Rung, ...]
    channels: dict[str, Channel]


def checked_text(text: str) -> str:
    """The text, if all it wants filled in is known. Raises ValueError."""
    unknown = sorted(set(_PLACEHOLDER.findall(text)) - PLACEHOLDERS)
    if unknown or _PLACEHOLDER.sub("", text).strip("{}") != _PLACEHOLDER.sub("", text):
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        raise ValueError(f"{'、'.join(unknown) or 'a lone brace'} cannot be filled in; known: {known}")
    return text
