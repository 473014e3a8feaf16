"""The rules of `config/rules/confidentiality.toml`, one class a detector: its parameters, and how it finds.

A detector reads a normalised text and yields hits with the evidence a person reads. Pure: no clock, files, environment.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from pubflow.confidentiality.normalise import GAP, PlainText
from pubflow.confidentiality.secret_marks import SHAPES

_SEPARATOR = f"[{GAP}]{{1,3}}"
_CLAUSE_ENDS = re.compile(r"[\n，。；;！？!?,|\t<>]")
_BEFORE = 16  # characters read before a number for its label
_ROW = 80  # characters read to each side for the cells of a table's row; bounded to stay linear
_AFTER = 6  # characters read after a number for its unit

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = tuple[Word, ...]


class Severity(StrEnum):
    """hard: publication waits for a person's decision on it. soft: a warning to look at."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True)
class Hit:
    """A place in the normalised text, why it was found, and the value as it may be shown."""

    start: int
    end: int
    evidence: tuple[str, ...]
    masked: str


class RuleBase(BaseModel):
    """What every rule carries: where it comes from, when it holds, and sentences that show what it does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    type: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]*$")]
    severity: Severity
    source: Annotated[str, StringConstraints(min_length=1)]
    valid_from: dt.date
    valid_to: dt.date | None = None
    hits: Annotated[tuple[str, ...], Field(min_length=1)]
    passes: Annotated[tuple[str, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "RuleBase":
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from; give a later day or leave it out")
        return self

    def holds_on(self, day: dt.date) -> bool:
        """Both days included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class MarkRule(RuleBase):
    """One shape of `secret_marks`, which is fixed in code; the entry gives its source and test sentences."""

    detector: Literal["mark"]

    @model_validator(mode="after")
    def _is_a_shape_in_its_full_strength(self) -> "MarkRule":
        shape = SHAPES.get(self.id)
        if shape is None:
            raise ValueError(f"there is no mark shape {self.id}; the shapes are: {', '.join(SHAPES)}")
        if self.type != shape.type:
            raise ValueError(f"type of {self.id} must be {shape.type}")
        if self.severity is not Severity.HARD or self.valid_to is not None:
            raise ValueError("a mark is always hard and has no end; use severity = 'hard' and no valid_to")
        return self

    def find(self, _plain: PlainText) -> Iterator[Hit]:
        """Nothing: `scan` asks `secret_marks` once for all shapes, so that door and scan never differ."""
        yield from ()


class ResidentId(RuleBase):
    """Resident identity number 居民身份证号码: GB 11643-1999, 18 characters."""

    detector: Literal["resident_id"]
    provinces: Annotated[frozenset[Annotated[str, StringConstraints(pattern=r"^\d\d$")]], Field(min_length=1)]
    earliest_birth: dt.date
    latest_birth: dt.date
    labels: Words = ()

    def find(self, plain: PlainText) -> Iterator[Hit]:
        for start, end, digits in _numbers(plain, _ID_SHAPE):
            if not self.is_valid(digits):
                continue
            evidence = ["18位，末位校验码正确（GB 11643）", "前两位是省级行政区划代码，第7至14位是存在的出生日期"]
            evidence += _label_sentence(plain.text, start, self.labels)
            yield Hit(start, end, tuple(evidence), f"{digits[:6]}********{digits[-4:]}")

    def is_valid(self, digits: str) -> bool:
        """Known province, a birth date within the bounds, right check digit. `digits`: 18, the last may be X."""
        return self.reads_like_one(digits) and check_digit(digits[:17]) == digits[17].upper()

    def reads_like_one(self, digits: str) -> bool:
        """Province and birth date are right; the check digit is not looked at."""
        if len(digits) != 18 or digits[:2] not in self.provinces:
            return False
        try:
            birth = dt.date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
        except ValueError:
            return False
        return self.earliest_birth <= birth <= self.latest_birth


class Mobile(RuleBase):
    """Mobile number 手机号码: 11 digits in one of the known segments, alone or grouped, not a figure with a unit."""

    detector: Literal["mobile"]
    segments: Annotated[frozenset[Annotated[str, StringConstraints(pattern=r"^1\d$")]], Field(min_length=1)]
    labels: Words = ()
    units: Words = ()
    not_after: Words = ()

    def find(self, plain: PlainText) -> Iterator[Hit]:
        for start, end, digits in _numbers(plain, _MOBILE_SHAPE):
            if digits[:2] not in self.segments or not _stands_alone(plain.text, start, end):
                continue
            label = _label_sentence(plain.text, start, self.labels)
            if not label and _is_a_figure(plain.text, start, end, self.units, self.not_after):
                continue
            yield Hit(start, end, ("11位，号段是手机号段", *label), f"{digits[:3]}****{digits[-4:]}")


class CardSegment(BaseModel):
    """The first digits of a card number and how long such numbers are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: Annotated[str, StringConstraints(pattern=r"^\d{1,8}$")]
    lengths: Annotated[frozenset[Annotated[int, Field(ge=16, le=19)]], Field(min_length=1)]


class BankCard(RuleBase):
    """Bank card number 银行卡号: 16 to 19 digits with a known first part and the Luhn check digit (GB/T 17552)."""

    detector: Literal["bank_card"]
    segments: Annotated[tuple[CardSegment, ...], Field(min_length=1)]
    labels: Words = ()
    units: Words = ()
    not_after: Words = ()

    def find(self, plain: PlainText) -> Iterator[Hit]:
        for start, end, digits in _numbers(plain, _CARD_SHAPE):
            if not self.is_plausible(digits) or not luhn(digits) or not _stands_alone(plain.text, start, end):
                continue
            label = _label_sentence(plain.text, start, self.labels)
            # One number in ten passes Luhn by chance; 18 digits with a birth date are more likely a mistyped ID.
            if not label and (
                _carries_a_birth_date(digits) or _is_a_figure(plain.text, start, end, self.units, self.not_after)
            ):
                continue
            evidence = (f"{len(digits)}位，校验码正确（Luhn）", "开头是已知的银行卡号段", *label)
            yield Hit(start, end, evidence, "*" * (len(digits) - 4) + digits[-4:])

    def is_plausible(self, digits: str) -> bool:
        """A known segment with one of its lengths."""
        return any(digits.startswith(known.prefix) and len(digits) in known.lengths for known in self.segments)


class Email(RuleBase):
    """E-mail address, unless it belongs to one of the public domains."""

    detector: Literal["email"]
    public_domains: Words = ()

    def find(self, plain: PlainText) -> Iterator[Hit]:
        if "@" not in plain.text:
            return
        for start, end in _email_places(plain.text):
            name, domain = plain.text[start:end].rsplit("@", 1)
            if any(f".{domain.lower()}".endswith(f".{public}") for public in self.public_domains):
                continue
            yield Hit(start, end, ("有用户名、@和域名，不是登记的公务邮箱域名",), f"{name[0]}***@{domain}")


class Phrase(RuleBase):
    """Words or a pattern of the office's own, run by re2 in time linear in the text.

    A hit in a clause that holds one of `unless` passes: 不涉及工作秘密 is no mark.
    """

    detector: Literal["phrase"]
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    unless: Words = ()
    reason: Word

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern_in_linear_time(cls, pattern: str) -> str:
        try:
            compiled = re2.compile(pattern, _quiet())
        except re2.error as error:
            said = error.args[0] if error.args else error
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            raise ValueError(
                f"re2 cannot run this pattern ({text}); write it in re2 syntax, without look-around and back-references"
            ) from None
        if compiled.search(b"") is not None:
            raise ValueError("this pattern matches an empty text, so it would match everywhere; require a character")
        return pattern

    @cached_property
    def _compiled(self) -> Any:
        return re2.compile(self.pattern, _quiet())

    def find(self, plain: PlainText) -> Iterator[Hit]:
        found = (hit.span() for hit in self._compiled.finditer(plain.utf8))
        for start, end in plain.spans_of_bytes(found):
            clause = _clause(plain.text, start, end)
            if start < end and not any(word in clause for word in self.unless):
                yield Hit(start, end, (self.reason,), plain.text[start:end])


Rule = Annotated[MarkRule | ResidentId | Mobile | BankCard | Email | Phrase, Field(discriminator="detector")]


class Lexicon:
    """Plain terms an office keeps, e.g. of classified projects; found as substrings in time linear in the text."""

    def __init__(self, terms: tuple[str, ...]) -> None:
        """Longer terms win over shorter ones that begin alike. Raises ValueError when there is no term at all."""
        words = sorted({term.strip() for term in terms} - {""}, key=lambda term: (-len(term), term))
        if not words:
            raise ValueError("a lexicon needs at least one term")
        options = _quiet()
        options.max_mem = 256 << 20  # bytes, an upper bound for re2's automaton; 5,000 terms need a few MB
        self._compiled = re2.compile("|".join(re.escape(word) for word in words), options)

    def find(self, plain: PlainText) -> Iterator[Hit]:
        found = (hit.span() for hit in self._compiled.finditer(plain.utf8))
        for start, end in plain.spans_of_bytes(found):
            yield Hit(start, end, ("是词库中的敏感词",), plain.text[start] + "*" * (end - start - 1))


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


_ID_SHAPE = re.compile(rf"(?<![0-9])(?=([1-9](?:[{GAP}\n]{{0,3}}[0-9]){{16}}[{GAP}\n]{{0,3}}[0-9Xx])(?![0-9]))")
_MOBILE_SHAPE = re.compile(
    rf"(?:(?<![0-9])|(?<=(?<![0-9])86)|(?<=(?<![0-9])0086))(?=("
    rf"1[0-9]{{10}}|1[0-9]{{2}}{_SEPARATOR}[0-9]{{4}}{_SEPARATOR}[0-9]{{4}}"
    rf"|1[0-9]{{3}}{_SEPARATOR}[0-9]{{3}}{_SEPARATOR}[0-9]{{4}}|1(?:{_SEPARATOR}[0-9]){{10}})(?![0-9]))"
)
_CARD_SHAPE = re.compile(
    rf"(?<![0-9])(?=([0-9]{{16,19}}|[0-9]{{4}}(?:{_SEPARATOR}[0-9]{{4}}){{3}}(?:{_SEPARATOR}[0-9]{{1,3}})?"
    rf"|[0-9]{{6}}{_SEPARATOR}[0-9]{{10,13}}|[0-9](?:{_SEPARATOR}[0-9]){{15,18}})(?![0-9]))"
)
_EMAIL_NAME = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}$", re.ASCII)
_EMAIL_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}", re.ASCII)
_CELLS = re.compile(r"[,\t|]")
_NOT_DIGITS = re.compile(r"[^0-9Xx]")
_DECIMALS = re.compile(r"\.[0-9]")  # no comma: in a CSV file another number follows it
_MORE_DIGITS_BEFORE = re.compile(rf"[0-9][{GAP}]$")
_MORE_DIGITS_AFTER = re.compile(rf"[{GAP}][0-9]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, 5.4


def check_digit(first17: str) -> str:
    """The 18th character of a resident identity number (ISO 7064 MOD 11-2)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def luhn(digits: str) -> bool:
    """Whether the last digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(twice // 10 + twice % 10 for twice in doubled)) % 10 == 0


def _numbers(plain: PlainText, shape: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and bare digits of what has the shape and is not a part of a longer or broken number."""
    for run_start, run_end in plain.digit_runs:
        for found in shape.finditer(plain.text, run_start, run_end):
            start, end = found.span(1)
            if not _DECIMALS.match(plain.text, end) and not _DECIMALS.match(plain.text[max(0, start - 1) : start + 1]):
                yield start, end, _NOT_DIGITS.sub("", found[1])


def _email_places(text: str) -> Iterator[tuple[int, int]]:
    """Each @ with a name before and a domain after it; reading from the @ spares the rest of the text."""
    at = text.find("@")
    while at >= 0:
        name = _EMAIL_NAME.search(text[max(0, at - 65) : at])
        domain = _EMAIL_DOMAIN.match(text, at + 1)
        if name and domain:
            yield at - len(name[0]), domain.end()
        at = text.find("@", at + 1)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Not a part of a code such as HT-13812345678 or of a row of figures with spaces between."""
    before = text[max(0, start - 3) : start]
    if before[-1:].isascii() and before[-1:].isalpha():
        return bool(re.search(r"(?i)(?:tel|phone|mobile)$", text[max(0, start - 6) : start]))
    if re.search(r"[A-Za-z0-9][-_]$", before) and not before.endswith("86-"):
        return False
    if text[end : end + 1].isascii() and text[end : end + 1].isalpha():
        return False
    if text[start:end].isdigit():
        return True
    return not (_MORE_DIGITS_BEFORE.search(before) and not before.rstrip(" -").endswith("86")) and not (
        _MORE_DIGITS_AFTER.match(text, end)
    )


def _is_a_figure(text: str, start: int, end: int, units: Words, not_after: Words) -> bool:
    """A unit follows or has a cell of the same row, or a word goes before that announces another kind of number."""
    before = text[max(0, start - _BEFORE) : start].rstrip(" ：:为是达#\"'（(")
    if text[end : end + _AFTER].lstrip(" ").startswith(units) or before.endswith(not_after):
        return True
    row = text[max(0, start - _ROW) : start].rpartition("\n")[2] + text[start : end + _ROW].partition("\n")[0]
    return any(cell.strip().startswith(units) and len(cell.strip()) <= _AFTER for cell in _CELLS.split(row)[1:])


def _carries_a_birth_date(digits: str) -> bool:
    if len(digits) != 18:
        return False
    try:
        return 1900 <= dt.date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14])).year <= 2100
    except ValueError:
        return False


def _clause(text: str, start: int, end: int) -> str:
    """The clause around a place, at most 40 characters to each side."""
    left = _CLAUSE_ENDS.split(text[max(0, start - 40) : start])[-1]
    return left + text[start:end] + _CLAUSE_ENDS.split(text[end : end + 40])[0]


def _label_sentence(text: str, start: int, labels: Words) -> list[str]:
    before = _CLAUSE_ENDS.split(text[max(0, start - _BEFORE) : start])[-1].lower()
    return next(([f"前面写有“{label}”"] for label in labels if label.lower() in before), [])
