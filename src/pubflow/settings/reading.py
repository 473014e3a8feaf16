"""The files of `config/`, each read once; what cannot be read becomes a Problem."""

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from jinja2 import Environment, TemplateSyntaxError

from pubflow.settings.models import Problem

BUREAU = "bureau.toml"
PEOPLE = "people.toml"
CATEGORIES = "categories.toml"
WORKFLOWS = "workflows.toml"
NOTICES = "notices.toml"
DISCLOSURE = "rules/disclosure.toml"
# Their schema belongs to the rooms that read them; here they must exist and name source and day of each rule.
RULES_OF_ROOMS = ("rules/import.toml", "rules/confidentiality.toml")
CALENDAR = "calendar"
WEEK = "week.toml"  # what holds every year; the other files of the calendar are one a year
REPORT_TEMPLATES = "templates/reports"
PORTAL_TEMPLATES = "templates/portal"
_COPY = "Copy it from the shipped config/ folder"


@dataclass(frozen=True)
class Files:
    """What was read. A file that could not be read is absent from `toml`; `problems` says why."""

    toml: Mapping[str, Mapping[str, Any]]
    report_templates: frozenset[str]
    problems: list[Problem] = field(default_factory=list)


def read_files(folder: Path) -> Files:
    """Everything `config/` must hold, as raw TOML tables by file name relative to `folder`."""
    problems: list[Problem] = []
    if not folder.is_dir():
        remedy = "Run `pubflow init` to make a workspace with an editable configuration, or name the right folder"
        return Files({}, frozenset(), [Problem(str(folder), "", "there is no such folder", remedy)])
    required = {BUREAU, PEOPLE, CATEGORIES, WORKFLOWS, NOTICES, DISCLOSURE, *RULES_OF_ROOMS}
    found = {str(path.relative_to(folder)) for part in ("rules", "demo") for path in (folder / part).rglob("*.toml")}
    toml = {}
    for name in sorted(required | found):
        table = _read_toml(folder, name, problems)
        if table is not None:
            toml[name] = table
    toml |= calendar_tables(folder / CALENDAR, problems)
    if not any((folder / PORTAL_TEMPLATES).glob("*")):
        problems.append(Problem(PORTAL_TEMPLATES, "", "the templates of the public pages are missing", _COPY))
    return Files(toml, _report_templates(folder, problems), problems)


def calendar_tables(folder: Path, problems: list[Problem]) -> dict[str, Mapping[str, Any]]:
    """The TOML tables of `folder` (a `config/calendar/`) by name, such as `calendar/2016.toml`."""
    years = sorted(path.name for path in folder.glob("*.toml") if path.name != WEEK)
    named = {name: _read_toml(folder.parent, f"{folder.name}/{name}", problems) for name in (WEEK, *years)}
    if not years:
        what = "there is no year, so that no statutory period can be counted"
        problems.append(Problem(folder.name, "", what, _COPY))
    return {f"{folder.name}/{name}": table for name, table in named.items() if table is not None}


def _read_toml(folder: Path, name: str, problems: list[Problem]) -> Mapping[str, Any] | None:
    text = _read_text(folder, name, problems)
    try:
        return None if text is None else tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # its message ends in "(at line 3, column 5)"
        problems.append(Problem(name, "", f"is not valid TOML: {error}", "Mend the line named; see https://toml.io"))
        return None


def _read_text(folder: Path, name: str, problems: list[Problem]) -> str | None:
    try:
        return (folder / name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problems.append(Problem(name, "", "the file is missing", _COPY))
    except OSError as error:
        problems.append(Problem(name, "", f"cannot be read ({error.strerror})", "Let the service's user read it"))
    except UnicodeDecodeError as error:
        problems.append(Problem(name, "", f"is not UTF-8 at byte {error.start}", "Save the file as UTF-8"))
    return None


def _report_templates(folder: Path, problems: list[Problem]) -> frozenset[str]:
    names = sorted(path.name for path in (folder / REPORT_TEMPLATES).glob("*.md.j2"))
    parser = Environment(autoescape=True)  # only parses here; documents/ renders, in a sandbox
    for name in names:
        file = f"{REPORT_TEMPLATES}/{name}"
        text = _read_text(folder, file, problems)
        try:
            parser.parse(text or "")
        except TemplateSyntaxError as error:
            what = f"line {error.lineno} is not valid Jinja: {error.message}"
            problems.append(Problem(file, "", what, "Mend the line named"))
    return frozenset(names)


def rule_problems(name: str, table: Mapping[str, Any]) -> Iterator[Problem]:
    """Rules without source or valid period in a file whose further schema belongs to another room.

    A table that holds a value of its own is a rule; one that holds only tables groups them. The top level groups.
    """
    for key, rule in _rules(table, ""):
        if not isinstance(rule.get("source"), str) or not rule["source"].strip():
            yield Problem(name, f"{key}.source", "is missing", "Name the law and article, or the office's decision")
        first, last = rule.get("valid_from"), rule.get("valid_to")
        if not _is_day(first):
            yield Problem(name, f"{key}.valid_from", "is missing or no date", "Write e.g. valid_from = 2026-01-31")
        if last is not None and not _is_day(last):
            yield Problem(name, f"{key}.valid_to", "is no date", "Write e.g. valid_to = 2026-01-31, or leave it out")
        if _is_day(first) and _is_day(last) and first > last:
            yield Problem(name, key, f"valid_from {first} is after valid_to {last}", "Put the two days in order")


def _rules(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in table.items():
        rows = [(f"{prefix}{key}", value)] if isinstance(value, dict) else []
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            rows = [(f"{prefix}{key}[{n}]", row) for n, row in enumerate(value)]
        for place, row in rows:
            if all(_holds_tables(inner) for inner in row.values()):
                yield from _rules(row, f"{place}.")
            else:
                yield place, row


def _holds_tables(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _is_day(value: Any) -> TypeGuard[dt.date]:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
