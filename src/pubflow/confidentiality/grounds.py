"""The grounds of decisions on findings, E1-E8 of the rules dossier: data with law and article, checked for fitness."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from pubflow.confidentiality.data_files import entries, entry, read_toml
from pubflow.errors import BadInput
from pubflow.settings.entry import Dated, Slug, Words

FILE = "rules/grounds.toml"
ANY = "any"
CONSENT, OVERRIDE = "consent", "override"
_PLACEHOLDERS = frozenset({"count", "grounds"})


class Ground(Dated):
    """Why a value may be public, or why it is left out.

    decisions: what it carries. fits: interests it speaks of. needs: what must be on record before (consent of the
    right holder, public-interest override). items: questions of the review form that may be answered yes with it.
    code: E1-E8.
    """

    id: Slug
    name: Words
    decisions: tuple[Literal["pass", "mask", "remove"], ...] = Field(min_length=1)
    fits: tuple[Slug, ...] = Field(min_length=1)
    needs: Literal["", "consent", "override"] = ""
    items: tuple[Slug, ...] = ()
    code: str = Field(default="", pattern=r"^(E[1-8])?$")


class Interest(Dated):
    """A protected interest 受保护的利益 and the types of findings behind it."""

    id: Slug
    types: tuple[Words, ...] = Field(min_length=1)


class Separated(Dated):
    """What the public page says where something was left out 区分处理."""

    note: Words

    @field_validator("note")
    @classmethod
    def _both_places(cls, note: str) -> str:
        if set(re.findall(r"\{([^{}]*)\}", note)) != _PLACEHOLDERS:
            raise ValueError("write {count} and {grounds} in it, and no other braces")
        return note


@dataclass(frozen=True)
class Grounds:
    """All grounds of an office. interests: the types of findings behind each protected interest."""

    grounds: tuple[Ground, ...]
    interests: Mapping[str, frozenset[str]]
    separated: Separated

    @cached_property
    def by_id(self) -> Mapping[str, Ground]:
        """Every ground, whatever its period."""
        return {ground.id: ground for ground in self.grounds}

    def fitting(self, type_: str, decision: str, day: dt.date) -> list[Ground]:
        """The grounds that may carry this decision on a finding of this type on this day."""
        concerned = {name for name, types in self.interests.items() if type_ in types} | {ANY}
        return [
            ground
            for ground in self.grounds
            if decision in ground.decisions and ground.valid_on(day) and concerned & set(ground.fits)
        ]

    def of(self, ground_id: str, type_: str, decision: str, day: dt.date, *, where: str) -> Ground:
        """The ground a decision names. Raises BadInput listing those that fit."""
        fitting = self.fitting(type_, decision, day)
        for ground in fitting:
            if ground.id == ground_id:
                return ground
        known = "；".join(f"{ground.id}（{ground.name}，{ground.source}）" for ground in fitting)
        what = f"理由“{ground_id}”不适用于 {type_} 的这种处理" if ground_id else "没有写明理由代码"
        raise BadInput(what, where, f"请用 --ground 选一项：{known or '没有适用的理由，请退回起草人'}")

    def left_out(self, used: Sequence[str]) -> str:
        """The sentence for the public page about passages left out, whose grounds are `used` (ids, one a passage)."""
        sources = dict.fromkeys(self.by_id[one].source for one in used)
        return self.separated.note.format(count=len(used), grounds="；".join((self.separated.source, *sources)))


@lru_cache(maxsize=8)
def load_grounds(path: Path) -> Grounds:
    """The file of grounds, checked as a whole. Raises BadInput (English) naming file, entry, key and remedy."""
    raw = read_toml(path, ("interest", "ground", "separated"))
    interests = entries(path, "interest", raw["interest"], Interest)
    known = [*(interest.id for interest in interests), ANY]
    grounds = entries(path, "ground", raw["ground"], Ground)
    for ground in grounds:
        for name in ground.fits:
            if name not in known:
                raise BadInput(f"{name} is no interest", f"{path} [{ground.id}].fits", f"Known: {', '.join(known)}")
    separated = entry(path, "separated", raw["separated"], Separated)
    return Grounds(grounds, {one.id: frozenset(one.types) for one in interests}, separated)
