"""The office's lexicons 词库: lists of terms, each with owner, version and a day to look again."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from pubflow.confidentiality.data_files import entries, read_toml
from pubflow.confidentiality.lexicon import Lexicon
from pubflow.errors import BadInput
from pubflow.settings.entry import Day, Entry, Slug, Words

FILE, FOLDER = "rules/lexicons.toml", "rules/lexicons"
SOON = dt.timedelta(days=30)
SHORTEST = 2  # characters of a term: a single one stands in every text
MOST = 200_000  # terms of one lexicon
_HEAD = "# Lexicons 词库 of this office; see the shipped file for what each key means.\n"


class ListedLexicon(Entry):
    """One list of terms. terms: its file in `lexicons/`. expires: the last day it counts."""

    id: Slug
    name: Words
    version: Words
    owner: Slug
    source: Words
    terms: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*\.txt$")
    valid_from: Day
    expires: Day

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "ListedLexicon":
        if self.valid_from > self.expires:
            raise ValueError(f"valid_from {self.valid_from} is after expires {self.expires}")
        return self

    def holds_on(self, day: dt.date) -> bool:
        """Both days included."""
        return self.valid_from <= day <= self.expires


def load_lexicons(config: Path) -> tuple[ListedLexicon, ...]:
    """The lexicons of a configuration folder, each with a readable file of terms.

    Raises BadInput (English, for the administrator) naming file, entry or line, and remedy.
    """
    path = config / FILE
    listed = entries(path, "lexicon", read_toml(path, ("lexicon",))["lexicon"], ListedLexicon)
    for one in listed:
        read_terms(config / FOLDER / one.terms)
    return listed


def lexicon_on(config: Path, day: dt.date) -> Lexicon | None:
    """All terms that hold on `day` as one lexicon; None without any. Read anew when a file changed. Raises BadInput."""
    return _loaded(config, _changed(config), day)


def ending(lexicons: Sequence[ListedLexicon], day: dt.date, within: dt.timedelta = SOON) -> list[ListedLexicon]:
    """Lexicons that have ended by `day`, or end within so many days: somebody must look at them again."""
    return [one for one in lexicons if one.expires <= day + within]


def lexicons_digest(config: Path, day: dt.date) -> str:
    """SHA-256 over the terms that hold on `day`: it changes with a file, and with a date. Raises BadInput."""
    lexicon = lexicon_on(config, day)
    return hashlib.sha256("\n".join(lexicon.terms if lexicon else ()).encode()).hexdigest()


def read_terms(path: Path) -> tuple[str, ...]:
    """The terms of a file, one a line, UTF-8; empty lines and those that begin with # are none. Raises BadInput."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", str(path), "Import the lexicon again") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"is not UTF-8 at byte {error.start}", str(path), "Save it as UTF-8") from None
    terms = {line.strip(): number for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")}
    short = next(((term, number) for term, number in terms.items() if len(term) < SHORTEST), None)
    if short:
        what = f"the term {short[0]!r} has fewer than {SHORTEST} characters and would stand everywhere"
        raise BadInput(what, f"{path} line {short[1]}", "Take it out, or write it in full")
    if not terms or len(terms) > MOST:
        raise BadInput(f"holds {len(terms)} terms", str(path), f"Give it 1 to {MOST:,}, one a line")
    return tuple(terms)


def import_lexicon(config: Path, file: Path, listed: ListedLexicon) -> int:
    """Take a file of terms into the configuration, in place of the lexicon of the same id. Returns how many terms.

    The terms are written before the entry that names them, both whole or not at all. Raises BadInput.
    """
    terms = read_terms(file)
    known = [one for one in load_lexicons(config) if one.id != listed.id]
    folder = config / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / listed.terms, "".join(f"{term}\n" for term in terms))
    _write(config / FILE, _HEAD + "".join(map(_entry, (*known, listed))))
    return len(terms)


def _entry(one: ListedLexicon) -> str:
    """As TOML: its strings are written as those of JSON are."""
    lines = [
        f"{key} = {value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)}\n"
        for key, value in one.model_dump().items()
    ]
    return "\n[[lexicon]]\n" + "".join(lines)


def _write(path: Path, content: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch(mode=0o600)
        part.write_text(content, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(
            f"cannot be written ({error.strerror})", str(path), "Mend the folder's rights or space"
        ) from None


def _changed(config: Path) -> tuple[int, ...]:
    """When each file changed last; a missing one is told by whoever reads it."""
    files = [config / FILE, *sorted((config / FOLDER).glob("*.txt"))]
    return tuple(file.stat().st_mtime_ns for file in files if file.exists())


@lru_cache(maxsize=4)
def _loaded(config: Path, changed: tuple[int, ...], day: dt.date) -> Lexicon | None:  # noqa: ARG001 - a changed file is read again
    held = [one for one in load_lexicons(config) if one.holds_on(day)]
    terms = [term for one in held for term in read_terms(config / FOLDER / one.terms)]
    return Lexicon(tuple(terms)) if terms else None
