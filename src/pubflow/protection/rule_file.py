"""`config/rules/protection.toml` as rules; one mistake is named with file, entry, key and remedy."""

import datetime as dt
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pubflow.errors import BadInput
from pubflow.protection.sensitivity import Dominance, Prior, Rule, Threshold
from pubflow.settings.entries import validated
from pubflow.settings.entry import Dated, Slug
from pubflow.settings.models import Problem

FILE = "rules/protection.toml"
_Percent = Annotated[float, Field(gt=0, le=100)]


class ThresholdEntry(Dated):
    """The least number of respondents."""

    id: Slug
    kind: Literal["threshold"]
    minimum: Annotated[int, Field(ge=2, le=100)]
    protection: _Percent

    def rule(self) -> Rule:
        """As the program applies it."""
        return Threshold(self.minimum, self.protection)


class DominanceEntry(Dated):
    """The (n,k) rule."""

    id: Slug
    kind: Literal["dominance"]
    n: Annotated[int, Field(ge=1, le=10)]
    k: _Percent

    def rule(self) -> Rule:
        """As the program applies it."""
        return Dominance(self.n, self.k)


class PriorEntry(Dated):
    """The p % and (p,q) rules."""

    id: Slug
    kind: Literal["p-percent"]
    p: _Percent
    q: _Percent = 100.0

    def rule(self) -> Rule:
        """As the program applies it."""
        return Prior(self.p, self.q)


_KINDS: dict[str, type[ThresholdEntry] | type[DominanceEntry] | type[PriorEntry]] = {
    "threshold": ThresholdEntry,
    "dominance": DominanceEntry,
    "p-percent": PriorEntry,
}


def load_rules(path: Path, day: dt.date) -> tuple[Rule, ...]:
    """The rules valid on `day`. Raises BadInput (English, for the administrator) for a mistake, or when none holds."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", str(path), "Restore it from the shipped config/") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"is not TOML in UTF-8 ({error})", str(path), "Mend the line named") from None
    rows = raw.get("rule")
    if set(raw) != {"rule"} or not isinstance(rows, list):
        raise BadInput("is not a list of [[rule]] and nothing else", str(path), "See the shipped file")
    found = [
        entry.rule() for entry in (_entry(path, number, row) for number, row in enumerate(rows)) if entry.valid_on(day)
    ]
    if not found:
        raise BadInput(f"no rule holds on {day}", str(path), "Add one; without rules every table would pass")
    return tuple(found)


def _entry(path: Path, number: int, row: Any) -> ThresholdEntry | DominanceEntry | PriorEntry:
    kind = row.get("kind") if isinstance(row, dict) else None
    if kind not in _KINDS:
        raise BadInput("unknown kind", f"{path} rule[{number}].kind", f"Known: {', '.join(_KINDS)}")
    problems: list[Problem] = []
    made = validated(_KINDS[kind], row, str(path), f"rule[{number}]", problems)
    if made is None:
        raise BadInput(problems[0].what, f"{path} {problems[0].key}", problems[0].remedy)
    return made
