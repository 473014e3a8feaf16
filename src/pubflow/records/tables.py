"""The register's tables. Names are the glossary's. Times are UTC and aware; content is sealed by the vault."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    UniqueConstraint,
    cast,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both databases; SQLite keeps no zone, so it is taken off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a naive moment: it has no meaning here."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(*, index: bool = False) -> Any:
    return Field(sa_type=UtcDateTime, index=index)


def _maybe_moment() -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=True)


class Bytes(TypeDecorator[bytes]):
    """Bytes, read as bytes whatever SQLite made of them: a hand-made UPDATE there turns a BLOB into TEXT, and such
    a change must be found and named by `audit verify`, not crash it."""

    impl = LargeBinary
    cache_ok = True

    def column_expression(self, column: ColumnElement[bytes]) -> ColumnElement[bytes]:
        """No change where the value is bytes already."""
        return type_coerce(cast(column, LargeBinary), self)


def _sealed() -> Any:
    return Field(sa_type=Bytes)


def _json() -> Any:
    return Field(sa_type=JSON)


class Section(SQLModel, table=True):
    """A section 科室 of the office."""

    __tablename__ = "section"
    id: str = Field(primary_key=True)
    name: str
    head_id: str | None = None


class Person(SQLModel, table=True):
    """Somebody of the office. `roles` holds Role values."""

    __tablename__ = "person"
    id: str = Field(primary_key=True)
    name: str
    section_id: str = Field(foreign_key="section.id")
    roles: list[str] = _json()
    deputy_id: str | None = None
    absent_until: datetime | None = _maybe_moment()
    password_hash: str | None = None
    active: bool = True


class Exemption(SQLModel, table=True):
    """The chief lets one person decide in two stages, for a while: a debt that is shown until it ends."""

    __tablename__ = "exemption"
    id: int | None = Field(default=None, primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    stage: str
    other_stage: str
    valid_from: datetime = _moment()
    valid_to: datetime = _moment(index=True)
    reason: str
    by: str


class Token(SQLModel, table=True):
    """A sign-in. Only the SHA-256 of the token is kept."""

    __tablename__ = "token"
    hash: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    revoked_at: datetime | None = _maybe_moment()


class Report(SQLModel, table=True):
    """A report through all its editions. title ... method repeat the newest version's head, for lists."""

    __tablename__ = "report"
    id: str = Field(primary_key=True)
    kind: str
    cadence: str
    section_id: str = Field(foreign_key="section.id")
    drafter_id: str = Field(foreign_key="person.id")
    title: str
    category: str
    method: str = "主动公开"
    index_no: str | None = Field(default=None, unique=True)
    sensitive: bool = False
    wrapped_key: bytes = _sealed()
    created_at: datetime = _moment()


class Source(SQLModel, table=True):
    """What a draft is made from: an imported file, figures, or nothing but a template. Kept raw, sealed."""

    __tablename__ = "source"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    kind: str
    name: str
    sha256: str
    sealed: bytes = _sealed()
    difference: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    parameters: dict[str, Any] = _json()


class Edition(SQLModel, table=True):
    """One pass down the line. The stage belongs to it; `visit` counts entries into stages."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("report_id", "number"),)
    id: str = Field(primary_key=True)
    report_id: str = Field(foreign_key="report.id", index=True)
    number: int
    stage: str = Field(index=True)
    stage_since: datetime = _moment()
    row_version: int = 1
    visit: int = 1
    version: int = 0
    digest: str = ""
    workflow: dict[str, Any] = _json()
    origin: str = "line"
    release_id: str | None = Field(default=None, foreign_key="release.id", index=True)
    published_at: datetime | None = _maybe_moment()


class Version(SQLModel, table=True):
    """An immutable text of an edition. missing_fields and broken_checks: what kept it from being submitted.

    masks_of: digest of the reviewed text from which this one differs by accepted masking proposals alone.
    """

    __tablename__ = "version"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    number: int = Field(primary_key=True)
    digest: str
    author_id: str
    reason: str
    sealed: bytes = _sealed()
    missing_fields: list[str] = _json()
    broken_checks: list[str] = _json()
    masks_of: str | None = None
    created_at: datetime = _moment()


class Attachment(SQLModel, table=True):
    """The cleaned copy of a file, kept for the report whose texts list it; the original's bytes are not kept.

    Its name stands in the text, which is sealed. cleaned_digest, original_sha256: SHA-256. kind: the suffix.
    """

    __tablename__ = "attachment"
    report_id: str = Field(foreign_key="report.id", primary_key=True)
    cleaned_digest: str = Field(primary_key=True)
    kind: str
    size: int
    sealed: bytes = _sealed()
    original_sha256: str
    added_by: str = Field(foreign_key="person.id")
    added_at: datetime = _moment()


class ProtectedTable(SQLModel, table=True):
    """What an attached table was made from: the check audits it again, later tables of its series are tied to it.

    cleaned_digest: of the attachment, as it is printed. series: keyed fingerprint of the name; period: YYYY-MM, both
    empty where there is none. structure_digest: SHA-256 of the relations that the person confirmed. sealed: the table
    with nothing hidden, respondents, contributions and what was chosen, as JSON.
    """

    __tablename__ = "protected_table"
    report_id: str = Field(foreign_key="report.id", primary_key=True)
    cleaned_digest: str = Field(primary_key=True)
    series: str = Field(default="", index=True)
    period: str = ""
    structure_digest: str
    sealed: bytes = _sealed()
    made_by: str = Field(foreign_key="person.id")
    made_at: datetime = _moment()


class ImportWarning(SQLModel, table=True):
    """An oddity of an imported file that a person must accept or mend.

    sealed: text, place and remedy as JSON; they quote the draft. by_text: a mended text answers it by itself.
    """

    __tablename__ = "import_warning"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    code: str = Field(primary_key=True)
    sealed: bytes = _sealed()
    by_text: bool = False
    state: str = "open"
    by: str | None = None
    reason: str = ""
    decided_at: datetime | None = _maybe_moment()


class Opening(SQLModel, table=True):
    """A stage's flow has done its work on one digest, once a visit."""

    __tablename__ = "opening"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    step: str = Field(primary_key=True)
    visit: int = Field(primary_key=True)
    version: int
    digest: str
    outcome: str
    opened_at: datetime = _moment()


class Review(SQLModel, table=True):
    """A decision of a person on one digest: a department review, the officer's clearance, the signature.

    forced_by: who asked for a review that two persons forced; `by` is then who confirmed it.
    """

    __tablename__ = "review"
    id: int | None = Field(default=None, primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    visit: int
    stage: str
    step: str
    round: int = 1
    section_id: str
    version: int
    digest: str
    state: str = "open"
    assigned_to: str | None = None
    by: str | None = None
    reason: str = ""
    place: str = ""
    opened_at: datetime = _moment()
    decided_at: datetime | None = _maybe_moment()
    forced_by: str | None = None


class Finding(SQLModel, table=True):
    """What the scan found in one digest. The value itself is not kept: its mask and keyed fingerprints are.

    life: keyed fingerprint of rule, value and clause; a pass lives as long as it is the same. carried_from: the
    finding of an earlier version whose pass holds on. ground: id of the ground; right_holder: the record it rests on.
    attachment: digest of the cleaned copy it was found in, empty for the text; start and end then count within its
    unit. place: where that is, in Chinese, sealed since sheets and members have names.
    """

    __tablename__ = "finding"
    id: int | None = Field(default=None, primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    version: int
    digest: str
    rule: str
    type: str
    severity: str
    start: int
    end: int
    masked: str
    evidence: list[str] = _json()
    fingerprint: str
    life: str = ""
    decision: str = ""
    ground: str = ""
    basis: str = ""
    reason: str = ""
    by: str | None = None
    decided_at: datetime | None = _maybe_moment()
    carried_from: int | None = None
    right_holder: str | None = None
    attachment: str = ""
    unit: int = 0
    place: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)


class RightHolder(SQLModel, table=True):
    """A right holder 权利人 behind one value: has consented to its publication, or is told of an override.

    kind: consent or override. life: of the finding. holder: commitment to a personal value. given_on: day of the
    consent or of the letter. sealed: the letter of an override, as it was sent; letter_digest its SHA-256.
    """

    __tablename__ = "right_holder"
    id: str = Field(primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    finding_id: int = Field(foreign_key="finding.id")
    life: str
    kind: str
    holder: str
    given_on: str
    how: str
    document_no: str
    reason: str
    letter_digest: str = ""
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    by: str
    recorded_at: datetime = _moment()


class Referral(SQLModel, table=True):
    """报审: the officer is unsure of one digest and asks the competent organ. answer: empty while it is open."""

    __tablename__ = "referral"
    id: str = Field(primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    digest: str
    organ: str
    reason: str
    by: str
    asked_at: datetime = _moment()
    answer: str = ""
    document_no: str = ""
    answered_by: str | None = None
    answered_at: datetime | None = _maybe_moment()


class Rescan(SQLModel, table=True):
    """A public edition was scanned again with these rules and facts. hard: new hard findings nobody has decided."""

    __tablename__ = "rescan"
    rules_digest: str = Field(primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    hard: int
    scanned_at: datetime = _moment()


class WithdrawalTask(SQLModel, table=True):
    """A public text in which changed rules find something hard: somebody decides whether it is withdrawn or stays.

    findings: rule, type and masked value of each. state: open or settled.
    """

    __tablename__ = "withdrawal_task"
    id: str = Field(primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    rules_digest: str
    findings: list[dict[str, Any]] = _json()
    state: str = Field(default="open", index=True)
    opened_at: datetime = _moment()
    settled_by: str | None = None
    reason: str = ""
    settled_at: datetime | None = _maybe_moment()


class Conflict(SQLModel, table=True):
    """Somebody has declared a conflict of interest in an edition and takes no decision on it."""

    __tablename__ = "conflict"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    person_id: str = Field(foreign_key="person.id", primary_key=True)
    reason: str
    declared_at: datetime = _moment()


class Proposal(SQLModel, table=True):
    """The officer's proposal to mask or remove one finding in the text of one digest; the drafter answers it.

    sealed: the passage and what would stand there instead, as JSON. state: open, accepted, declined or withdrawn.
    """

    __tablename__ = "proposal"
    id: int | None = Field(default=None, primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    finding_id: int = Field(foreign_key="finding.id")
    version: int
    digest: str
    kind: str
    start: int
    end: int
    sealed: bytes = _sealed()
    state: str = "open"
    by: str
    basis: str
    reason: str
    proposed_at: datetime = _moment()
    answered_by: str | None = None
    answer: str = ""
    answered_at: datetime | None = _maybe_moment()


class Claim(SQLModel, table=True):
    """One of several who may decide has taken a task of the present visit: a department review, or a later stage."""

    __tablename__ = "claim"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    visit: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    taken_at: datetime = _moment()
    until: datetime = _moment()


class Remark(SQLModel, table=True):
    """A remark on a passage of one digest, or an answer to one (`answers`: the number of the first of its thread).

    sealed: the passage, which of its like it is, and the remark's text, as JSON.
    """

    __tablename__ = "remark"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    number: int = Field(primary_key=True)
    answers: int | None = None
    version: int
    digest: str
    start: int
    end: int
    sealed: bytes = _sealed()
    by: str
    made_at: datetime = _moment()
    resolved_by: str | None = None
    resolved_at: datetime | None = _maybe_moment()


class Countersign(SQLModel, table=True):
    """What one person asks for and a second one must confirm in time: a forced review, an earlier instant, decisions
    of somebody deactivated for cause. A forced review then is a debt until a third person clears it.

    subject: the report, release or person. about: what exactly (a review's step and digest, the instants).
    """

    __tablename__ = "countersign"
    id: int | None = Field(default=None, primary_key=True)
    act: str
    subject: str = Field(index=True)
    about: dict[str, Any] = _json()
    asked_by: str = Field(foreign_key="person.id")
    asked_at: datetime = _moment()
    reason: str
    confirm_until: datetime = _moment()
    confirmed_by: str | None = None
    confirmed_at: datetime | None = _maybe_moment()
    confirm_reason: str = ""
    cleared_by: str | None = None
    cleared_at: datetime | None = _maybe_moment()
    clear_reason: str = ""


class OutsideCheck(SQLModel, table=True):
    """A one-time link by which somebody outside checks facts or consents for a co-producing organ, for one digest.

    organ: the co-producer that consents, empty for a fact check. person, answered_by: commitments to personal values.
    sealed: the passages shown, as JSON; none means the whole text. sealed_answer: what was answered, as JSON.
    state: open, answered or voided. answer: correct, wrong, agreed or refused.
    """

    __tablename__ = "outside_check"
    id: str = Field(primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", index=True)
    kind: str
    organ: str = ""
    person: str
    version: int
    digest: str
    token_hash: str = Field(unique=True)
    sealed: bytes = _sealed()
    state: str = "open"
    asked_by: str
    asked_at: datetime = _moment()
    expires_at: datetime = _moment()
    answer: str = ""
    sealed_answer: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    answered_by: str | None = None
    answered_at: datetime | None = _maybe_moment()
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = _maybe_moment()
    acknowledgement: str = ""


class ReviewForm(SQLModel, table=True):
    """The review form 保密审查审批表 of one digest. `answers` maps checklist items to true (applies) or false.

    public_note: what the public page says where something was left out 区分处理. sealed: the whole form as JSON, as it
    was when the officer signed it; form_digest its SHA-256.
    """

    __tablename__ = "review_form"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    digest: str = Field(primary_key=True)
    result: str
    answers: dict[str, bool] = _json()
    opinion: str
    by: str
    filled_at: datetime = _moment()
    number: str = ""
    public_note: str = ""
    form_digest: str = ""
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)


class Release(SQLModel, table=True):
    """An instant and one or more editions that become public together."""

    __tablename__ = "release"
    id: str = Field(primary_key=True)
    instant: datetime = _moment(index=True)
    state: str = Field(index=True)
    held: bool = False
    row_version: int = 1
    planned_by: str
    staged_digest: str = ""
    failure: str = ""
    released_at: datetime | None = _maybe_moment()
    lateness_ms: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    verified_at: datetime | None = _maybe_moment()


class StagedPages(SQLModel, table=True):
    """The rendered pages of one edition of a release, sealed until shortly before the instant."""

    __tablename__ = "staged_pages"
    release_id: str = Field(foreign_key="release.id", primary_key=True)
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    version_digest: str
    pages_digest: str
    sealed: bytes = _sealed()


class Publication(SQLModel, table=True):
    """One edition on one target: where, which bytes, since when, and the proof that it was seen there."""

    __tablename__ = "publication"
    edition_id: str = Field(foreign_key="edition.id", primary_key=True)
    target: str = Field(primary_key=True)
    release_id: str = Field(foreign_key="release.id", index=True)
    path: str
    digest: str
    published_at: datetime = _moment()
    receipt: str = ""
    verified_at: datetime | None = _maybe_moment()


class Counter(SQLModel, table=True):
    """Serial numbers, taken in the transaction that uses them, so that none is lost or given twice."""

    __tablename__ = "counter"
    name: str = Field(primary_key=True)
    value: int


class AuditEvent(SQLModel, table=True):
    """Append-only; triggers refuse everything else. Columns repeat the body for queries."""

    __tablename__ = "audit_event"
    # INTEGER on SQLite makes seq the row id, so that the newest event is found without an index of its own.
    seq: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)
    )
    at: str = Field(index=True)
    action: str
    actor: str
    subject: str = Field(index=True)
    role: str
    digest: str
    from_state: str
    to_state: str
    reason: str
    body: bytes = _sealed()
    leaf: bytes = _sealed()
    chain: bytes = _sealed()


class AuditNode(SQLModel, table=True):
    """A complete subtree of the history's Merkle tree: leaves place * 2^level .. (place + 1) * 2^level - 1.

    Kept so that roots and proofs need not read the whole history; `audit verify` does not believe it.
    """

    __tablename__ = "audit_node"
    level: int = Field(primary_key=True)
    place: int = Field(sa_column=Column(BigInteger(), primary_key=True, autoincrement=False))
    hash: bytes = _sealed()


class SignedCheckpoint(SQLModel, table=True):
    """A checkpoint as it was signed; triggers refuse a change. It is about the history, so it is no event of it."""

    __tablename__ = "checkpoint"
    size: int = Field(sa_column=Column(BigInteger(), primary_key=True, autoincrement=False))
    note: str
    made_at: datetime = _moment()


class PersonalValue(SQLModel, table=True):
    """What an event may not hold: a personal value. The event has the commitment; this row may be erased.

    sealed: 32 bytes of salt and the value, sealed with a key of its own (wrapped_key), so that nobody who reads the
    register can try names against a commitment, and nothing opens after the row is gone.
    """

    __tablename__ = "personal_value"
    commitment: str = Field(primary_key=True)
    kind: str
    subject: str = Field(index=True)
    wrapped_key: bytes = _sealed()
    sealed: bytes = _sealed()


class StepRun(SQLModel, table=True):
    """Which Prefect run was asked for a due step, and who works on it. Machine bookkeeping: no audit event."""

    __tablename__ = "step_run"
    step: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    attempt: int = 0
    flow_run_id: str | None = None
    requested_at: datetime | None = _maybe_moment()
    lease_holder: str | None = None
    lease_until: datetime | None = _maybe_moment()


class Message(SQLModel, table=True):
    """One message to one person or group by one channel, written with what causes it and sent after the commit.

    id: made of `key`, which says what it is about, so that the same message is never written twice. person_id: None
    for a group. edition_id, visit and step: the task it is about, which may be done before it is sent. uncertain: how
    often nobody knows whether it arrived. Which step asked is in the history; sending is machine bookkeeping.
    """

    __tablename__ = "message"
    id: str = Field(primary_key=True)
    key: str
    kind: str
    channel: str
    person_id: str | None = None
    subject: str = Field(index=True)
    edition_id: str | None = None
    visit: int | None = None
    step: str = ""
    headline: str
    body: str
    created_at: datetime = _moment()
    state: str = Field(default="waiting", index=True)
    attempts: int = 0
    uncertain: int = 0
    next_try: datetime = _moment()
    lease_token: str | None = None
    lease_until: datetime | None = _maybe_moment()
    last_error: str = ""
    receipt: str = ""
    settled_at: datetime | None = _maybe_moment()


# Rows of these tables are machine bookkeeping and change without an audit event; all others need one.
OPERATIONAL = frozenset({"step_run", "message", "alembic_version", "audit_node", "checkpoint"})
