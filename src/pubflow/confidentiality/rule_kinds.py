"""The entries of `config/rules/confidentiality.toml`: one class a kind of detector, with the words it goes by.

Data only. How a kind finds stands in the files by subject: `numbers`, `labelled`, `persons`, `enterprises`, `tables`.
"""

import datetime as dt
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from pubflow.confidentiality.secret_marks import SHAPES

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = tuple[Word, ...]
SomeWords = Annotated[Words, Field(min_length=1)]
Digits = Annotated[str, StringConstraints(pattern=r"^\d{1,8}$")]
Signs = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class Severity(StrEnum):
    """hard: publication waits for a person's decision on it. soft: a warning to look at."""

    HARD = "hard"
    SOFT = "soft"


class RuleBase(BaseModel):
    """What every rule carries: where it comes from, when it holds, and sentences that show what it does.

    headers: words in the head of a table's column that say that its cells are of this type.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    type: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]*$")]
    severity: Severity
    source: Annotated[str, StringConstraints(min_length=1)]
    valid_from: dt.date
    valid_to: dt.date | None = None
    headers: Words = ()
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


class ResidentId(RuleBase):
    """Resident identity number 居民身份证号码: GB 11643-1999; the 15 digits of the first generation need a label."""

    detector: Literal["resident_id"]
    provinces: Annotated[frozenset[Annotated[str, StringConstraints(pattern=r"^\d\d$")]], Field(min_length=1)]
    earliest_birth: dt.date
    latest_birth: dt.date
    labels: Words = ()


class Mobile(RuleBase):
    """Mobile number 手机号码: 11 digits in one of the known segments, not a figure with a unit."""

    detector: Literal["mobile"]
    segments: Annotated[frozenset[Annotated[str, StringConstraints(pattern=r"^1\d$")]], Field(min_length=1)]
    labels: Words = ()
    units: Words = ()
    not_after: Words = ()


class CardSegment(BaseModel):
    """The first digits of a card number and how long such numbers are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: Digits
    lengths: Annotated[frozenset[Annotated[int, Field(ge=16, le=19)]], Field(min_length=1)]


class BankCard(RuleBase):
    """Bank card number 银行卡号: 16 to 19 digits with a known first part and the Luhn check digit (GB/T 17552)."""

    detector: Literal["bank_card"]
    segments: Annotated[tuple[CardSegment, ...], Field(min_length=1)]
    labels: Words = ()
    units: Words = ()
    not_after: Words = ()


class CreditCode(RuleBase):
    """Unified social credit code 统一社会信用代码 (GB 32100), unless its first digits are those of public bodies.

    public_context: words in the same line, before it, that say why the law makes it public.
    """

    detector: Literal["credit_code"]
    public_prefixes: tuple[Digits, ...] = ()
    public_context: Words = ()
    labels: Words = ()


class OrganisationCode(RuleBase):
    """Organisation code 组织机构代码 (GB 11714): nine signs, a right check sign, and a label or letters in it."""

    detector: Literal["organisation_code"]
    labels: SomeWords


class Email(RuleBase):
    """E-mail address, unless it belongs to one of the public domains."""

    detector: Literal["email"]
    public_domains: Words = ()


class Plate(RuleBase):
    """Number plate of a vehicle 机动车号牌 (GA 36): province, letter, five or six signs."""

    detector: Literal["plate"]
    provinces: Signs


class Labelled(RuleBase):
    """A value that has no form of its own and is known by the label before it: QQ 12345678.

    value: re2 pattern of the value, matched directly after the label and its punctuation.
    not_between: words between label and value that make it something public (微信公众号).
    near_marks: only in a text that carries a state-secret mark (a copy number is no secret by itself).
    weak_labels: labels that count only where the line before them holds one of `private` and none of `not_between`.
    beginnings: first signs of values that need no label at all.
    far: a clause may stand between label and value, since the value is like nothing else.
    digits: the value is of digits, so that letters in it are look-alikes.
    """

    detector: Literal["labelled"]
    labels: SomeWords
    value: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    not_between: Words = ()
    near_marks: Words = ()
    weak_labels: Words = ()
    private: Words = ()
    beginnings: Words = ()
    digits: bool = False
    far: bool = False
    reason: Word

    @field_validator("value")
    @classmethod
    def _runs_in_linear_time(cls, pattern: str) -> str:
        return linear_pattern(pattern)

    @cached_property
    def compiled(self) -> Any:
        """The pattern for re2's `match`."""
        return re2.compile(self.value, _quiet())

    @cached_property
    def compiled_at_end(self) -> Any:
        """The pattern for re2's `search` of a value that ends where the text does."""
        return re2.compile(f"(?:{self.value})$", _quiet())


class HomeAddress(RuleBase):
    """Where somebody lives 家庭住址: a flat or house number, or a place after a word of living there.

    offices: buildings in which a flat's number is that of an office.
    """

    detector: Literal["address"]
    labels: SomeWords
    not_after: Words = ()
    offices: Words = ()


class PersonName(RuleBase):
    """A name beside something personal 个人姓名. Officials in their office are public (see `titles`).

    roles: words after which a name is that of a private person. kin: words before a name at the end of a clause.
    attributes: personal things that follow a name in the same sentence. verbs_after: what may follow one after a role.
    person_endings: last signs of words for a person, directly before a name. honours: words directly behind one.
    given: signs of given names; where little else speaks for a name, all its signs must be among them.
    connectors: signs directly before a name inside a clause.
    place_endings: last signs of places, which no name has.
    firm_roles: words for somebody of a firm; the name behind them is private where the firm is a respondent.
    staff_headers: of columns that name who made the list, whatever else it holds.
    """

    detector: Literal["person_name"]
    surnames: Signs
    double_surnames: Words = ()
    roles: SomeWords
    kin: Words = ()
    attributes: Words = ()
    verbs_after: Words = ()
    titles: Words = ()
    not_names: Words = ()
    private_headers: Words = ()
    public_headers: Words = ()
    staff_headers: Words = ()
    person_endings: Signs
    given: str = ""
    connectors: str = ""
    honours: Words = ()
    place_endings: str = ""
    firm_roles: Words = ()


class Medical(RuleBase):
    """Illness of one person 健康信息: a disease with a word of having it, or in a table of persons.

    patients: words directly after the disease of somebody.
    causes, outcomes: 因 before the disease counts when 住院 or the like comes after it.
    """

    detector: Literal["medical"]
    verbs: SomeWords
    adverbs: Words = ()
    subjects: SomeWords
    patients: Words = ()
    causes: Words = ()
    outcomes: Words = ()
    diseases: SomeWords
    endings: Signs
    not_followed_by: Words = ()


class Household(RuleBase):
    """Facts of one household 家庭情况: at least two of them in one sentence, or a family's money beside a person.

    families: words for one family, or for what only a person gets, before an amount of money.
    """

    detector: Literal["household"]
    facts: SomeWords
    families: Words = ()
    subjects: SomeWords
    not_in: Words = ()


class EnterpriseFigures(RuleBase):
    """Figures of one enterprise 单个企业数据 (Statistics Law 2024 Art. 28): name, indicator, value with unit.

    public_context: words in the sentence that say that the figure was made public by law or by the firm.
    """

    detector: Literal["enterprise_figures"]
    endings: SomeWords
    deictic: Words = ()
    indicators: SomeWords
    units: SomeWords
    not_names: Words = ()
    public_context: Words = ()


class SmallCell(RuleBase):
    """A figure of fewer than `fewest` respondents: the column that counts them says so, or the sentence.

    headers: of the counting column. not_values: headers of columns that are no figures of the respondents.
    only: words before a count in running text; respondents: what is counted there.
    """

    detector: Literal["small_cell"]
    fewest: Annotated[int, Field(ge=2, le=20)]
    not_values: Words = ()
    only: Words = ()
    respondents: Words = ()


class SecretSeries(RuleBase):
    """Number of a document of a classified series 涉密发文字号: 〔2016〕7号 after a series word with a level in it."""

    detector: Literal["secret_series"]
    series: SomeWords
    not_series: Words = ()


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
    def _runs_in_linear_time(cls, pattern: str) -> str:
        return linear_pattern(pattern)

    @cached_property
    def compiled(self) -> Any:
        """The pattern for re2's `finditer` over UTF-8."""
        return re2.compile(self.pattern, _quiet())


Rule = Annotated[
    MarkRule
    | ResidentId
    | Mobile
    | BankCard
    | CreditCode
    | OrganisationCode
    | Email
    | Plate
    | Labelled
    | HomeAddress
    | PersonName
    | Medical
    | Household
    | EnterpriseFigures
    | SmallCell
    | SecretSeries
    | Phrase,
    Field(discriminator="detector"),
]


def linear_pattern(pattern: str) -> str:
    """`pattern`, if re2 runs it and it matches no empty text. Raises ValueError saying what to change."""
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


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
