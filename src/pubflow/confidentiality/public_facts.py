"""Public facts 公开事实: values that may stand in a public text, each with owner, reason and a day to look again."""

import datetime as dt
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from pubflow.confidentiality.data_files import entries, read_toml
from pubflow.errors import BadInput
from pubflow.settings import Settings
from pubflow.settings.entry import Day, Entry, Slug, Words

FILE = "rules/public-facts.toml"
SOON = dt.timedelta(days=30)


class Fact(Entry):
    """One value that is public. expires: the last day it counts, so that its owner looks at it again.

    office: the post of an official. same_as: the key of bureau.toml that must hold the same value.
    """

    id: Slug
    type: str = Field(pattern=r"^[A-Z][A-Z_]*$")
    value: Words
    owner: Slug
    reason: Words
    source: Words
    office: str = ""
    same_as: str = Field(default="", pattern=r"^(bureau(\.[a-z_]+)+)?$")
    valid_from: Day
    expires: Day

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Fact":
        if self.valid_from > self.expires:
            raise ValueError(f"valid_from {self.valid_from} is after expires {self.expires}")
        if not normal_form(self.value):
            raise ValueError("value has no letter or digit")
        return self

    def covers_on(self, day: dt.date) -> bool:
        """Both days included."""
        return self.valid_from <= day <= self.expires


class PublicFacts:
    """The facts of an office, found by type and normal form of the value."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = tuple(facts)
        found: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            found.setdefault((fact.type, normal_form(fact.value)), []).append(fact)
        self._found: Mapping[tuple[str, str], list[Fact]] = found

    def covers(self, type: str, value: str, day: dt.date) -> Fact | None:
        """The fact by which a found value is public on `day`; None where there is none, or none any more."""
        known = self._found.get((type, normal_form(value)), ())
        return next((fact for fact in known if fact.covers_on(day)), None)

    def ending(self, day: dt.date, within: dt.timedelta = SOON) -> list[Fact]:
        """Facts that have ended by `day`, or end within so many days: somebody must look at them again."""
        return [fact for fact in self.facts if fact.expires <= day + within]


def normal_form(value: str) -> str:
    """How values are compared: NFKC and upper case; a number by its digits alone, other values by letters and digits.

    An address keeps its sign @ and its dots and hyphens, so that two mailboxes never fall together.
    """
    text = unicodedata.normalize("NFKC", value).upper()
    if "@" in text:
        return "".join(sign for sign in text if sign.isalnum() or sign in "@.-_+")
    if any(sign.isdecimal() for sign in text) and not any(sign.isalpha() for sign in text):
        return "".join(sign for sign in text if sign.isdecimal())
    return "".join(sign for sign in text if sign.isalnum())


def load_public_facts(path: Path) -> PublicFacts:
    """The file of facts, checked as a whole. Raises BadInput (English) naming file, entry, key and remedy."""
    return _loaded(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=8)
def _loaded(path: Path, changed: int) -> PublicFacts:  # noqa: ARG001 - a changed file is read again
    raw = read_toml(path, ("fact",))
    return PublicFacts(entries(path, "fact", raw["fact"], Fact))


def disagreements(facts: PublicFacts, settings: Settings, path: Path) -> list[BadInput]:
    """Where the facts do not agree with the rest of the configuration: owners and values that stand twice."""
    found = []
    for fact in facts.facts:
        where = f"{path} [{fact.id}]"
        if fact.owner not in settings.sections:
            known = ", ".join(settings.sections)
            found.append(BadInput(f"{fact.owner} is no section", f"{where}.owner", f"Known: {known}"))
        if not fact.same_as:
            continue
        value = _value_at(settings, fact.same_as)
        if value is None:
            found.append(BadInput(f"bureau.toml has no {fact.same_as}", f"{where}.same_as", "Mend its spelling"))
        elif normal_form(value) != normal_form(fact.value):
            what = f"{fact.value!r} is not the {value!r} of bureau.toml ({fact.same_as})"
            found.append(BadInput(what, f"{where}.value", "Mend the one that is wrong"))
    return found


def _value_at(settings: Settings, key: str) -> str | None:
    place: object = settings
    for part in key.split("."):
        place = getattr(place, part, None)
    return place if isinstance(place, str) else None
