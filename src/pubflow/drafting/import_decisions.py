"""A person's answers to import warnings as data: accept one with a reason, or mend the text it points at. Pure."""

from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from pubflow.errors import BadInput
from pubflow.settings.entry import Entry, Words

DESTROYED = "W9"  # the only warning that the text itself can answer


class Mend(Entry):
    """An exact replacement in the body of a report, e.g. of a destroyed run, with the reason."""

    old: str = Field(min_length=1)
    new: str
    reason: Words


class Decision(Entry):
    """The answer to one warning; `mend` needs the replacements that mend it."""

    code: Words
    decision: Literal["accept", "mend"]
    reason: Words
    mends: tuple[Mend, ...] = ()

    @model_validator(mode="after")
    def _mends_when_it_says_so(self) -> "Decision":
        if (self.decision == "mend") != bool(self.mends):
            raise ValueError("decision = mend 须有 mends，decision = accept 不得有 mends")
        return self


class ImportDecisions(Entry):
    """All that a person decides about one file: what it is, and the answer to each warning."""

    file: Words
    title: Words
    kind: Words
    category: Words
    source: Words
    decisions: tuple[Decision, ...]

    @model_validator(mode="after")
    def _one_answer_each(self) -> "ImportDecisions":
        codes = [entry.code for entry in self.decisions]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"对{'、'.join(twice)}有两个决定")
        return self


def read_decisions(data: dict[str, Any], where: str) -> ImportDecisions:
    """The decisions from their TOML tables. Raises BadInput naming every key that is wrong."""
    try:
        return ImportDecisions.model_validate(data)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()]
        raise BadInput("；".join(problems), where, "请改正后再试") from None


def mend(body: str, change: Mend) -> str:
    """The body with one run replaced. Raises BadInput unless `old` stands in it exactly once and differs from `new`."""
    times = body.count(change.old)
    if times != 1:
        what = "正文中找不到" if not times else f"正文中有{times}处"
        raise BadInput(f"{what}“{change.old}”", remedy="请把要替换的文字写得与正文完全一致，并长到只出现一次")
    if change.old == change.new:
        raise BadInput(f"“{change.old}”替换前后相同，没有更正什么", remedy="请写出更正后的文字")
    return body.replace(change.old, change.new)
