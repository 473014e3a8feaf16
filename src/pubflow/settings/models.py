"""What an office may set, as types: bureau, sections, people, categories, report kinds and dated rules.

Every validity period is inclusive at both ends; `valid_to = None` means "until further notice".
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, field_validator, model_validator

from pubflow.errors import BadInput, PubflowError
from pubflow.settings.calendar_models import CalendarData
from pubflow.settings.entry import SLUG, Dated, Entry, Slug, Words
from pubflow.settings.exceptional import Exceptional, FastLane
from pubflow.settings.notices import Notices
from pubflow.settings.schedules import IssueSchedule, StageDays

_SERIAL = re.compile(r"\{(N+)\}")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class Problem:
    """One mistake in the configuration: where it stands, what is wrong, what to do. English, for the administrator."""

    file: str
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.what}. {self.remedy}"


@dataclass(eq=False)
class ConfigError(PubflowError):
    """The configuration cannot be used. Holds all problems found, not only the first."""

    code: ClassVar[str] = "config"
    status: ClassVar[int] = 500
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        count = len(self.problems)
        return f"{count} problem{'' if count == 1 else 's'} in the configuration:\n" + "\n".join(
            f"- {problem}" for problem in self.problems
        )


class Role(StrEnum):
    """What a person may be in the line (design section 1)."""

    DRAFTER = "drafter"
    SECTION_HEAD = "section_head"
    OFFICER = "officer"
    LEADER = "leader"
    CHIEF = "chief"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Section(Entry):
    """A section 科室. `head` is a person's id, or None where nobody drafts or reviews."""

    id: Slug
    name: Words
    head: Slug | None = None


class PersonEntry(Entry):
    """A person of the office with roles; `deputy` is the id of who stands in, or empty.

    contact: where a channel of notices.toml reaches the person, by the channel's id. Personal data: it stays here.
    """

    id: Slug
    name: Words
    section: Slug
    roles: tuple[Role, ...] = Field(min_length=1)
    deputy: Annotated[str, Field(pattern=rf"^({SLUG})?$")] = ""
    contact: dict[Slug, Words] = Field(default_factory=dict)


class Category(Dated):
    """A catalogue category 目录分类; `named_in_scheme` is False for a label the figures use but the scheme does not."""

    id: Slug
    name: Words
    art20: Words
    aliases: tuple[Words, ...] = ()
    named_in_scheme: StrictBool


class Cadence(Entry):
    """How often a kind is due: 常规 regular, 临时 occasional, 固定 standing."""

    id: Literal["regular", "occasional", "standing"]
    name: Words


RoundNumber = Annotated[str, Field(pattern=r"^[1-9]\d*$")]  # a TOML key is text


class ReviewStep(Entry):
    """One department review. `by` is `own_section` (the drafter's) or `section:<id>`.

    round: reviews of one round go side by side, rounds one after the other; without it a review is a round of its
    own. due_workdays: how long it may take.
    """

    id: Slug
    name: Words
    round: Annotated[StrictInt, Field(ge=1)] | None = None
    due_workdays: Annotated[StrictInt, Field(ge=1)] = 3
    by: Annotated[str, Field(pattern=rf"^(own_section|section:{SLUG})$")]

    @property
    def section(self) -> str | None:
        """The id of the named section; None for the drafter's own."""
        return self.by.removeprefix("section:") if self.by.startswith("section:") else None


class Kind(Entry):
    """A report kind 体裁: where it belongs, who reviews it in which order, and how it ends."""

    id: Slug
    name: Words
    category: Slug
    cadence: Literal["regular", "occasional", "standing"]
    template: Annotated[str, Field(pattern=r"^[a-z0-9_-]+\.md\.j2$")]
    reviews: tuple[ReviewStep, ...] = Field(min_length=1)
    quorum: dict[RoundNumber, Annotated[StrictInt, Field(ge=1)]] = Field(default_factory=dict)
    fast: FastLane | None = None
    due_workdays: StageDays = StageDays()
    schedule: IssueSchedule | None = None
    ends_in: Literal["publish", "deliver"]
    sensitive: StrictBool
    index_scheme: Words
    source: Words

    @field_validator("index_scheme")
    @classmethod
    def _only_known_placeholders(cls, scheme: str) -> str:
        unknown = [
            p for p in _PLACEHOLDER.findall(scheme) if p not in {"{org_code}", "{YYYY}"} and not _SERIAL.match(p)
        ]
        if unknown or len(_SERIAL.findall(scheme)) != 1:
            raise ValueError("use {org_code}, {YYYY} and exactly one serial such as {NNNNN}")
        return scheme

    @model_validator(mode="after")
    def _each_review_once(self) -> "Kind":
        ids = [step.id for step in self.reviews]
        if len(set(ids)) != len(ids):
            raise ValueError(f"two reviews have the same id: {', '.join(ids)}")
        return self

    @model_validator(mode="after")
    def _fast_where_occasional(self) -> "Kind":
        if self.fast is not None and self.cadence != "occasional":
            raise ValueError(f"a fast lane is for occasional kinds, and this one is {self.cadence}")
        return self

    @model_validator(mode="after")
    def _schedule_fits(self) -> "Kind":
        objection = self.schedule.objection(self.cadence) if self.schedule else None
        if objection:
            raise ValueError(objection)
        return self

    @model_validator(mode="after")
    def _rounds_without_gaps(self) -> "Kind":
        given = [step.round for step in self.reviews]
        if None in given and given != [None] * len(given):
            raise ValueError("give every review its round, or none")
        rounds = [number for number, _ in self.rounds]
        if rounds != sorted(rounds) or set(rounds) != set(range(1, len(set(rounds)) + 1)):
            raise ValueError("rounds are numbered 1, 2, 3 ... in the order of the reviews")
        for number, needed in self.quorum.items():
            if needed > rounds.count(int(number)):
                raise ValueError(f"quorum {needed} of round {number} is more than its reviews")
        return self

    @property
    def rounds(self) -> tuple[tuple[int, ReviewStep], ...]:
        """Each review with the number of its round, from 1."""
        return tuple((step.round or place, step) for place, step in enumerate(self.reviews, 1))

    def index_number(self, *, org_code: str, year: int, serial: int) -> str:
        """The index number 索引号 of a new item, e.g. `A25010/2026-00001` (dossier 3.2)."""
        text = self.index_scheme.replace("{org_code}", org_code).replace("{YYYY}", f"{year:04d}")
        return _SERIAL.sub(lambda found: str(serial).zfill(len(found[1])), text)


class Site(Entry):
    """What every public page says about the site (dossier 3.4): meta tags and footer."""

    site_name: Words
    site_domain: Words
    site_id_code: Annotated[str, Field(pattern=r"^\d{10}$")]
    organiser: Words
    operator: Words
    phone: Words
    icp: Words
    police_record: Words


class Bureau(Entry):
    """The bureau itself; `org_code` goes into index numbers and is opaque."""

    id: Slug
    name: Words
    short_name: Words
    district: Words
    org_code: Words
    publisher: Words
    site: Site
    desk_timezone: Words = "Asia/Shanghai"

    @field_validator("desk_timezone")
    @classmethod
    def _a_zone_that_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"there is no time zone {name}") from None
        return name


class ChecklistItem(Entry):
    """A question of the review form 保密审查审批表 (dossier 5.1)."""

    id: Slug
    name: Words
    source: Words


class Mask(Entry):
    """How a masked passage looks: `text` instead of it, or of what lies between its first and last characters."""

    id: Slug
    name: Words
    text: Annotated[str, Field(min_length=1, pattern=r'^[^"\\\r\n]*$')]
    keep_first: Annotated[StrictInt, Field(ge=0)] = 0
    keep_last: Annotated[StrictInt, Field(ge=0)] = 0
    source: Words

    def of(self, passage: str) -> str:
        """The passage masked; one too short to keep anything of is replaced whole."""
        if self.keep_first + self.keep_last >= len(passage):
            return self.text
        return passage[: self.keep_first] + self.text + passage[len(passage) - self.keep_last :]


class Rule(Dated):
    """A number or date the law or the office sets, e.g. `proactive_working_days` = 20 working days."""

    id: Slug
    value: StrictInt | StrictStr
    unit: Words


class Settings(BaseModel):
    """The whole configuration, read once and checked across files; see `load_settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    bureau: Bureau
    sections: dict[str, Section]
    people: dict[str, PersonEntry]
    categories: dict[str, Category]
    cadences: dict[str, Cadence]
    kinds: dict[str, Kind]
    checklist: tuple[ChecklistItem, ...]
    review_results: tuple[str, ...]
    masks: dict[str, Mask]
    exceptional: Exceptional
    notices: Notices
    rules: tuple[Rule, ...]
    calendar: CalendarData

    @property
    def templates(self) -> Path:
        """The folder of templates: `reports/`, `portal/`."""
        return self.folder / "templates"

    def category(self, name_or_id: str, on: dt.date) -> Category:
        """The category of that id, name or alias which is valid on `on`; BadInput names the valid ones."""
        valid = {key: entry for key, entry in self.categories.items() if entry.valid_on(on)}
        for entry in valid.values():
            if name_or_id.strip() in {entry.id, entry.name, *entry.aliases}:
                return entry
        raise BadInput(f"没有名为“{name_or_id}”的目录分类", remedy=f"{on} 可用的分类：{_names(valid)}")

    def kind(self, name_or_id: str) -> Kind:
        """The report kind of that id or name; BadInput names the valid ones."""
        for entry in self.kinds.values():
            if name_or_id.strip() in {entry.id, entry.name}:
                return entry
        raise BadInput(f"没有名为“{name_or_id}”的体裁", remedy=f"可用的体裁：{_names(self.kinds)}")

    def rule(self, id: str, on: dt.date) -> Rule:
        """The rule of that id valid on `on`. Raises ConfigError when there is none: a limit is never guessed."""
        for entry in self.rules:
            if entry.id == id and entry.valid_on(on):
                return entry
        known = sorted({entry.id for entry in self.rules})
        what = f"no rule is valid on {on}" if id in known else "there is no such rule"
        remedy = f"Add a [[rule]] with this id and its source; known ids: {', '.join(known)}"
        raise ConfigError((Problem("rules/disclosure.toml", id, what, remedy),))

    def mask(self, id: str) -> Mask:
        """The masking style of that id; BadInput names those there are."""
        if id not in self.masks:
            known = "、".join(f"{mask.id}（{mask.name}）" for mask in self.masks.values())
            raise BadInput(f"没有名为“{id}”的脱敏样式", remedy=f"可用的样式：{known}")
        return self.masks[id]


def _names(entries: Mapping[str, Category] | Mapping[str, Kind]) -> str:
    return "、".join(f"{entry.name}（{key}）" for key, entry in entries.items())
