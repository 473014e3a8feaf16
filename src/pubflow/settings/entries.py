"""Raw TOML tables into typed entries; each mistake becomes a Problem with file, key and remedy."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from pubflow.settings.entry import Entry
from pubflow.settings.exceptional import Exceptional
from pubflow.settings.models import (
    Bureau,
    Cadence,
    Category,
    ChecklistItem,
    Kind,
    Mask,
    PersonEntry,
    Problem,
    Rule,
    Section,
)
from pubflow.settings.notices import Channel, Rung, Sending, Wording
from pubflow.settings.reading import BUREAU, CATEGORIES, DISCLOSURE, NOTICES, PEOPLE, WORKFLOWS, Files

E = TypeVar("E", bound=Entry)
_TOP_LEVEL = {
    BUREAU: ("bureau", "sections"),
    PEOPLE: ("people",),
    CATEGORIES: ("categories",),
    WORKFLOWS: ("review_results", "cadences", "kinds", "checklist", "masks", "exceptional"),
    NOTICES: ("sending", "asked", "returned", "secret_mark", "withdrawal", "rungs", "channels"),
    DISCLOSURE: ("rule",),
}


@dataclass
class Entries:
    """What could be made of the files. A mistaken entry is absent; `written` still holds its id.

    written: ids as they stand in a table, by table name; a table that could not be read is absent.
    rules: with the place of each, so that an overlap can be named.
    """

    bureau: Bureau | None = None
    sections: dict[str, Section] = field(default_factory=dict)
    people: dict[str, PersonEntry] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    cadences: dict[str, Cadence] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    checklist: tuple[ChecklistItem, ...] = ()
    review_results: tuple[str, ...] = ()
    masks: dict[str, Mask] = field(default_factory=dict)
    exceptional: Exceptional | None = None
    sending: Sending | None = None
    asked: Wording | None = None
    returned: Wording | None = None
    secret_mark: Wording | None = None
    withdrawal: Wording | None = None
    rungs: tuple[Rung, ...] = ()
    channels: dict[str, Channel] = field(default_factory=dict)
    rules: tuple[tuple[str, Rule], ...] = ()
    written: dict[str, frozenset[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def complete(self, table: str, entries: Mapping[str, Any]) -> bool:
        """Whether `table` was read and none of its entries was mistaken."""
        return table in self.written and len(self.written[table]) == len(entries)


def make_entries(files: Files) -> Entries:
    """Typed entries of all files that could be read."""
    made = Entries()
    for file, keys in _TOP_LEVEL.items():
        if file in files.toml:
            made.problems += _top_level_problems(file, keys, files.toml[file])
    made.bureau = _one(files, made, BUREAU, "bureau", Bureau)
    made.sections = _by_id(files, made, BUREAU, "sections", Section)
    made.people = _by_id(files, made, PEOPLE, "people", PersonEntry)
    made.categories = _by_id(files, made, CATEGORIES, "categories", Category)
    made.kinds = _by_id(files, made, WORKFLOWS, "kinds", Kind)
    made.cadences = _cadences(files, made)
    made.checklist = tuple(item for _, item in _rows(files, made, WORKFLOWS, "checklist", ChecklistItem))
    made.review_results = _review_results(files, made)
    made.masks = _by_id(files, made, WORKFLOWS, "masks", Mask)
    made.exceptional = _one(files, made, WORKFLOWS, "exceptional", Exceptional)
    made.sending = _one(files, made, NOTICES, "sending", Sending)
    made.asked = _one(files, made, NOTICES, "asked", Wording)
    made.returned = _one(files, made, NOTICES, "returned", Wording)
    made.secret_mark = _one(files, made, NOTICES, "secret_mark", Wording)
    made.withdrawal = _one(files, made, NOTICES, "withdrawal", Wording)
    made.rungs = tuple(rung for _, rung in _rows(files, made, NOTICES, "rungs", Rung))
    made.channels = _by_id(files, made, NOTICES, "channels", Channel)
    made.rules = tuple(_rows(files, made, DISCLOSURE, "rule", Rule))
    return made


def nearest(key: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known: the one it resembles, else the list of known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(key, names, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(names) or 'none'}"


def _top_level_problems(file: str, keys: tuple[str, ...], table: Mapping[str, Any]) -> list[Problem]:
    unknown = [Problem(file, key, "unknown key", nearest(key, keys)) for key in table if key not in keys]
    missing = [Problem(file, key, "is missing", "Add it; see the shipped file") for key in keys if key not in table]
    return unknown + missing


def _one(files: Files, made: Entries, file: str, table: str, model: type[E]) -> E | None:
    """The one entry of `[table]`."""
    raw = files.toml.get(file, {}).get(table)
    return None if raw is None else validated(model, raw, file, table, made.problems)


def _by_id(files: Files, made: Entries, file: str, table: str, model: type[E]) -> dict[str, E]:
    """The entries of `[table.<id>]`; the id is the name of the table."""
    raw = files.toml.get(file, {}).get(table)
    if not isinstance(raw, dict):
        if raw is not None:
            made.problems.append(Problem(file, table, "is not a table", f"Write [{table}.<id>] for each entry"))
        return {}
    made.written[table] = frozenset(raw)
    entries = {}
    for id, row in raw.items():
        key = f"{table}.{id}"
        if isinstance(row, dict) and "id" in row:
            made.problems.append(Problem(file, f"{key}.id", "unknown key", "The id is the name of the table"))
            continue
        entry = validated(model, {"id": id, **row} if isinstance(row, dict) else row, file, key, made.problems)
        if entry is not None:
            entries[id] = entry
    return entries


def _rows(files: Files, made: Entries, file: str, table: str, model: type[E]) -> list[tuple[str, E]]:
    """The entries of `[[table]]` with their places, in the order of the file."""
    raw = files.toml.get(file, {}).get(table, [])
    if not isinstance(raw, list) or (table in files.toml.get(file, {}) and not raw):
        made.problems.append(Problem(file, table, "is not a list of entries", f"Write [[{table}]] for each entry"))
        return []
    rows = []
    for number, row in enumerate(raw):
        key = f"{table}[{number}]"
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            key += f" {row['id']}"
        entry = validated(model, row, file, key, made.problems)
        if entry is not None:
            rows.append((key, entry))
    return rows


def _cadences(files: Files, made: Entries) -> dict[str, Cadence]:
    raw = files.toml.get(WORKFLOWS, {}).get("cadences")
    if not isinstance(raw, dict):
        if raw is not None:
            made.problems.append(Problem(WORKFLOWS, "cadences", "is not a table", "Write [cadences] with id = name"))
        return {}
    made.written["cadences"] = frozenset(raw)
    entries = {}
    for id, name in raw.items():
        entry = validated(Cadence, {"id": id, "name": name}, WORKFLOWS, f"cadences.{id}", made.problems)
        if entry is not None:
            entries[id] = entry
    return entries


def _review_results(files: Files, made: Entries) -> tuple[str, ...]:
    raw = files.toml.get(WORKFLOWS, {}).get("review_results")
    if raw is None:
        return ()
    words = raw if isinstance(raw, list) else []
    if not words or not all(isinstance(word, str) and word.strip() for word in words) or len(set(words)) != len(words):
        remedy = 'Write e.g. review_results = ["公开", "部分公开", "不予公开", "需报审"]'
        made.problems.append(Problem(WORKFLOWS, "review_results", "is not a list of different words", remedy))
        return ()
    return tuple(words)


def validated(model: type[E], raw: Any, file: str, key: str, problems: list[Problem]) -> E | None:
    """The entry `raw` at `key`; None when it is mistaken, with its mistakes added to `problems`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        found: dict[str, Problem] = {}
        details = error.errors()
        for detail in details:
            if any(_below(other["loc"], detail["loc"]) for other in details):
                continue  # "too few roles" only because one of them is mistaken
            place, owner = _place(model, detail["loc"])
            # A union reports each of its types; one message per place is enough.
            found.setdefault(place, _problem(file, key + place, owner, detail))
        problems.extend(found.values())
        return None


def _below(loc: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    return len(loc) > len(other) and loc[: len(other)] == other


def _place(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, type[BaseModel]]:
    """`.reviews[0].by` for ("reviews", 0, "by") and the model that owns the last key; type tags are dropped."""
    place, owner, leaf = "", model, False
    for part in loc:
        if isinstance(part, int):
            place += f"[{part}]"
        elif not leaf:
            place += f".{part}"
            inner = _inner_model(owner, part)
            leaf = inner is None
            owner = inner or owner
    return place, owner


def _inner_model(owner: type[BaseModel], name: str) -> type[BaseModel] | None:
    field_ = owner.model_fields.get(name)
    kinds = [field_.annotation, *get_args(field_.annotation)] if field_ else []
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _problem(file: str, key: str, owner: type[BaseModel], detail: Any) -> Problem:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "missing":
        return Problem(file, key, "is missing", "Add it; see the shipped file")
    if kind == "extra_forbidden":
        known = [info.alias or attribute for attribute, info in owner.model_fields.items()]
        return Problem(file, key, "unknown key", nearest(name, known))
    if kind == "enum" or kind == "literal_error":
        return Problem(file, key, f"{given!r} is not known", f"Write one of {context['expected']}")
    if kind == "date_type":
        return Problem(file, key, f"{given!r} is no date", "Write it without quotes, e.g. 2026-01-31")
    if kind == "string_pattern_mismatch":
        return Problem(file, key, f"{given!r} does not have the right form", _form(context["pattern"]))
    if kind == "value_error":
        return Problem(file, key, str(context["error"]), "Mend this entry")
    return Problem(file, key, f"{given!r}: {detail['msg']}", "See the same key in the shipped file")


def _form(pattern: str) -> str:
    if "〔" in pattern:
        return "Write the number as the notice has it, such as 国办发明电〔2023〕7号"
    if pattern.startswith(r"^\S"):
        return "Write some words, without blanks at the ends"
    if "own_section" in pattern:
        return "Write own_section or section:<id of a section>"
    if r"\.md" in pattern:
        return "Write the name of a file in templates/reports, such as news.md.j2"
    if r"0[1-9]" in pattern:
        return "Write month and day, such as 12-25"
    if "https?" in pattern:
        return "Write an address such as https://duban.donghu.example, without a slash at its end, or leave it empty"
    if "PUBFLOW_" in pattern:
        return "Write the name of an environment variable, such as PUBFLOW_NOTICE_MAIL"
    if r"\d{10}" in pattern:
        return "Write ten digits: the area code and four more"
    return "An id is lower-case ascii: letters, digits, _ and -, starting with a letter"
