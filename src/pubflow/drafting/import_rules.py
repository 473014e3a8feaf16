"""What an office may set about the import (`config/rules/import.toml`), as types; one function reads the file."""

import datetime as dt
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import re2
from pydantic import Field, ValidationError, field_validator

from pubflow.settings.entry import Dated, Entry, Slug, Words
from pubflow.settings.models import ConfigError, Problem

FILE = "rules/import.toml"
_AnyDated = TypeVar("_AnyDated", bound=Dated)


@lru_cache(maxsize=128)
def compiled(pattern: str) -> Any:
    """An office's pattern, compiled by RE2: linear time whatever an administrator types."""
    return re2.compile(pattern)


class Label(Dated):
    """How the source names one catalogue field, e.g. index_no = 索引号."""

    field: Slug
    names: tuple[Words, ...] = Field(min_length=1)


class Phrase(Dated):
    """A phrase that betrays text taken from elsewhere, and why we think so."""

    phrase: Words
    why: Words


class MixedWords(Dated):
    """Words for one thing of which a text should use only one, e.g. 处室 and 科室."""

    words: tuple[Words, ...] = Field(min_length=2)


class IndexScheme(Dated):
    """A shape of index number 索引号 whose parts have a known meaning."""

    pattern: Words

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return _checked(pattern)


class SelfReference(Dated):
    """A word by which the author speaks of itself and the ending its name must then have, e.g. 我局 and 局."""

    word: Words
    ending: Words


class Sentence(Dated):
    """The shape of one sentence the reader looks for; named groups hold the figures."""

    id: Slug
    pattern: Words

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return _checked(pattern)


class WordList(Dated):
    """A list of words the reader needs for one purpose."""

    id: Slug
    words: tuple[Words, ...] = Field(min_length=1)


class Number(Dated):
    """A number the reader needs, e.g. the first year with an annual report."""

    id: Slug
    value: int


class ImportRules(Entry):
    """All rules of the import. Call `on(day)` first: it keeps those that hold on that day."""

    label: tuple[Label, ...]
    boilerplate: tuple[Phrase, ...]
    mixed_words: tuple[MixedWords, ...]
    index_scheme: tuple[IndexScheme, ...]
    self_reference: tuple[SelfReference, ...]
    sentence: tuple[Sentence, ...]
    word_list: tuple[WordList, ...]
    number: tuple[Number, ...]

    def on(self, day: dt.date) -> "ImportRules":
        """The same rules without those that do not hold on `day`."""
        return self.model_copy(
            update={name: tuple(r for r in getattr(self, name) if r.valid_on(day)) for name in type(self).model_fields}
        )

    def labels(self) -> dict[str, str]:
        """Label in the source -> name of the catalogue field."""
        return {name: entry.field for entry in self.label for name in entry.names}

    def label_of(self, field: str) -> str:
        """The first label of a catalogue field, as a person reads it."""
        return next((entry.names[0] for entry in self.label if entry.field == field), field)

    def sentence_pattern(self, id: str) -> Any:
        """The compiled pattern of that id. Raises ConfigError when no rule is valid."""
        return compiled(_one(self.sentence, id).pattern)

    def words(self, id: str) -> tuple[str, ...]:
        """The word list of that id. Raises ConfigError when no rule is valid."""
        return _one(self.word_list, id).words

    def number_of(self, id: str) -> int:
        """The number of that id. Raises ConfigError when no rule is valid."""
        return _one(self.number, id).value


def load_import_rules(path: Path) -> ImportRules:
    """The rules in the file `path`. Raises ConfigError with every problem found: key, what is wrong, what to do."""
    try:
        return ImportRules.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        problems = [Problem(FILE, "", f"cannot be read ({error})", "Copy it again from the shipped config")]
    except tomllib.TOMLDecodeError as error:
        problems = [Problem(FILE, "", f"is not TOML ({error})", "Mend that line")]
    except ValidationError as error:
        remedy = "Compare with the shipped file"
        problems = [Problem(FILE, ".".join(map(str, item["loc"])), item["msg"], remedy) for item in error.errors()]
    raise ConfigError(tuple(problems))


def _one(entries: tuple[_AnyDated, ...], id: str) -> _AnyDated:
    for entry in entries:
        if getattr(entry, "id", "") == id:
            return entry
    raise ConfigError((Problem(FILE, id, "no such rule is valid on that day", "Add it with its source and dates"),))


def _checked(pattern: str) -> str:
    try:
        compiled(pattern)
    except re2.error as error:
        raise ValueError(f"not a pattern RE2 understands: {error}") from None
    return pattern
