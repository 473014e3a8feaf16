"""How far the exceptional ways of the line go: acts of two persons, the fast lane, links for persons outside."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from pubflow.settings.entry import Entry, Words

Many = Annotated[StrictInt, Field(ge=1)]
Stands = Literal["keep", "hold"]


class FastLane(Entry):
    """How an occasional kind is reviewed when there is no time: shorter limits, and all reviews side by side."""

    due_workdays: Many
    side_by_side: StrictBool


class LostRole(Entry):
    """Whether a decision still carries a release after its decider has lost the role: keep it, or hold the release."""

    department_review: Stands
    confidentiality_check: Stands
    approval: Stands


class Exceptional(Entry):
    """The office's limits. link_address: where persons outside reach the API; empty means as the asker does.

    wrong_links within wrong_link_minutes from one address, and it is refused for as long.
    """

    source: Words
    confirm_hours: Many
    link_workdays: Many
    link_workdays_at_most: Many
    link_address: Annotated[str, Field(pattern=r"^(https?://\S*[^\s/])?$")]
    wrong_links: Many
    wrong_link_minutes: Many
    lost_role: LostRole
