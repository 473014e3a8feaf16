"""Reports: bringing them onto the line, reading, editing, submitting."""

import base64
import binascii
import difflib
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator

from pubflow.audit.events import data_in
from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.drafting import actions, starting
from pubflow.errors import BadInput
from pubflow.lifecycle.facts import ClaimFact
from pubflow.lifecycle.stages import Role
from pubflow.moments import utc_now
from pubflow.office import reading
from pubflow.office.access import open_difference, open_source, read_text
from pubflow.office.line import newest_edition
from pubflow.office.reading import ReportLine, ReportView
from pubflow.records.tables import AuditEvent, Source

router = APIRouter()
HISTORY_READERS = frozenset({Role.AUDITOR, Role.OPERATOR, Role.CHIEF})


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None


# In the body and in memory, not as a form part: a form part would be spooled to disk before the door has looked at it.
Base64 = Annotated[bytes, BeforeValidator(_decoded)]


class GivenFile(BaseModel):
    """A file with its name."""

    name: str
    content: Base64


class ImportIn(BaseModel):
    """An old report to import. fast: why it should go the fast lane, if it should."""

    file: GivenFile
    title: str | None = None
    kind: str = "yearly_report"
    category: str = ""
    fast: str = ""


class WarningOut(BaseModel):
    """An import warning and its answer."""

    code: str
    text: str
    place: str
    remedy: str
    state: str
    by: str | None = None
    reason: str = ""


class ImportOut(BaseModel):
    """What was read. The drafting flow makes the first version; its warnings wait for answers."""

    report: str
    encoding: str
    pinyin_removed: int
    characters_converted: int
    fields: dict[str, str]
    sections: list[str]
    counts: dict[str, int]
    total: int | None
    items_in_year: int | None
    warnings: list[WarningOut]


class NewIn(BaseModel):
    """A report to start from its template. fast: why it should go the fast lane, if it should."""

    kind: str
    title: str
    category: str = ""
    period: str = ""
    co_producers: list[str] = []
    fast: str = ""
    figures: GivenFile | None = None


class Started(BaseModel):
    """The number of a new report."""

    report: str


class TextOut(BaseModel):
    """A version's text."""

    report: str
    version: int
    digest: str
    text: str


class TextIn(BaseModel):
    """A text to save. `seen`: the digest of the version the editor began with."""

    text: str
    reason: str
    seen: str | None = None


class Saved(BaseModel):
    """A version saved, or a step taken."""

    report: str
    stage: str
    version: int
    digest: str


class AnswerIn(BaseModel):
    """The answer to an import warning."""

    answer: str
    reason: str


class DiffOut(BaseModel):
    """A unified difference between two versions."""

    report: str
    old: int
    new: int
    diff: str


class InboxLine(BaseModel):
    """What waits for the person who asks, what the person may do, and who has taken it."""

    report: ReportLine
    actions: list[str]
    claims: list[ClaimFact]


@router.post("/reports/import", status_code=201)
def import_report(given: ImportIn, office: TheOffice, actor: SignedIn) -> ImportOut:
    """Import an old report; the answer says what was read and which oddities a person must answer."""
    report_id, read = starting.import_report(
        office,
        actor,
        given.file.content,
        given.file.name,
        title=given.title,
        kind=given.kind,
        category=given.category,
        fast=given.fast,
        now=utc_now(),
    )
    return ImportOut(
        report=report_id,
        encoding=read.encoding,
        pinyin_removed=read.pinyin_removed,
        characters_converted=read.characters_converted,
        fields=read.fields,
        sections=[section.heading for section in read.sections],
        counts=read.figures.counts or {},
        total=read.figures.total,
        items_in_year=read.figures.items_in_year,
        warnings=[
            WarningOut(
                code=warning.code,
                text=warning.text,
                place="；".join(map(str, warning.places)),
                remedy=warning.remedy,
                state="open",
            )
            for warning in read.warnings
        ],
    )


@router.post("/reports", status_code=201)
def new_report(given: NewIn, office: TheOffice, actor: SignedIn) -> Started:
    """Start a report; the drafting flow makes its first version from the template and the figures."""
    figures = (given.figures.name, given.figures.content) if given.figures else None
    fields = given.model_dump(exclude={"figures"})
    return Started(report=starting.new_report(office, actor, **fields, figures=figures, now=utc_now()))


@router.get("/reports")
def listed(office: TheOffice, actor: SignedIn, open_only: bool = False) -> list[ReportLine]:
    """All reports, newest first."""
    return reading.report_lines(office, actor, utc_now(), open_only=open_only)


@router.get("/inbox")
def inbox(office: TheOffice, actor: SignedIn) -> list[InboxLine]:
    """What waits for me, oldest first."""
    waiting = reading.inbox(office, actor, utc_now())
    return [InboxLine(report=line, actions=possible, claims=list(claims)) for line, possible, claims in waiting]


class ChecklistOut(BaseModel):
    """One question of the review form 保密审查审批表."""

    id: str
    name: str


@router.get("/checklist")
def checklist(office: TheOffice, actor: SignedIn) -> list[ChecklistOut]:
    """The questions of the review form."""
    return [ChecklistOut(id=item.id, name=item.name) for item in office.settings.checklist]


@router.get("/reports/{report_id}")
def show(report_id: str, office: TheOffice, actor: SignedIn) -> ReportView:
    """One report: stage, versions, decisions, and what I may do or why not."""
    return reading.report_view(office, report_id, actor, utc_now())


@router.get("/reports/{report_id}/text")
def text(report_id: str, office: TheOffice, actor: SignedIn, version: int | None = None) -> TextOut:
    """The text of a version; the reader is logged."""
    edition, found = read_text(office, actor, report_id, now=utc_now(), number=version)
    number = edition.version if version is None else version
    return TextOut(report=report_id, version=number, digest=found.digest, text=found.canonical())


@router.put("/reports/{report_id}/text")
def edit(report_id: str, given: TextIn, office: TheOffice, actor: SignedIn) -> Saved:
    """Save a new version."""
    saved = actions.edit(office, report_id, actor, given.text, reason=given.reason, seen=given.seen, now=utc_now())
    return Saved(report=report_id, stage=saved.stage, version=saved.version, digest=saved.digest)


@router.get("/reports/{report_id}/diff")
def diff(report_id: str, office: TheOffice, actor: SignedIn, old: int, new: int | None = None) -> DiffOut:
    """What changed between two versions."""
    if old < 1:
        raise BadInput(f"没有第 {old} 版", report_id, "版本从 1 开始")
    _, before = read_text(office, actor, report_id, now=utc_now(), number=old)
    edition, after = read_text(office, actor, report_id, now=utc_now(), number=new)
    number = edition.version if new is None else new
    lines = difflib.unified_diff(
        before.canonical().splitlines(keepends=True),
        after.canonical().splitlines(keepends=True),
        f"v{old}",
        f"v{number}",
    )
    return DiffOut(report=report_id, old=old, new=number, diff="".join(lines))


class SourceOut(BaseModel):
    """What a draft was made from: the raw file as it came, and what the import changed in it."""

    report: str
    name: str
    sha256: str
    content: str
    difference: str


@router.get("/reports/{report_id}/source")
def source(report_id: str, office: TheOffice, actor: SignedIn) -> SourceOut:
    """The raw source of a draft (base64) and the difference the import made; the reader is logged."""
    read_text(office, actor, report_id, now=utc_now())
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        row = session.get_one(Source, edition.id)
        raw = open_source(office, session, edition)
        difference = open_difference(office, session, edition)
    content = base64.b64encode(raw).decode()
    return SourceOut(report=report_id, name=row.name, sha256=row.sha256, content=content, difference=difference)


@router.get("/reports/{report_id}/warnings")
def warnings(report_id: str, office: TheOffice, actor: SignedIn) -> list[WarningOut]:
    """The import warnings and their answers."""
    read_text(office, actor, report_id, now=utc_now())  # they quote the text: whoever may not read it may not see them
    return [WarningOut(**asdict(warning)) for warning in reading.warnings_of(office, report_id)]


@router.post("/reports/{report_id}/warnings/{code}", status_code=204)
def answer(report_id: str, code: str, given: AnswerIn, office: TheOffice, actor: SignedIn) -> None:
    """Accept an import warning or say that it was mended."""
    actions.answer_warning(office, report_id, actor, code, given.answer, reason=given.reason, now=utc_now())


@router.post("/reports/{report_id}/submit")
def submit(report_id: str, office: TheOffice, actor: SignedIn) -> Saved:
    """Send the draft on."""
    moved = actions.submit(office, report_id, actor, now=utc_now())
    return Saved(report=report_id, stage=moved.stage, version=moved.version, digest=moved.digest)


class EventOut(BaseModel):
    """One audit event. data: small facts, such as the step and the codes of a refusal."""

    seq: int
    at: str
    action: str
    actor: str
    subject: str
    role: str
    digest: str
    from_state: str
    to_state: str
    reason: str
    data: dict[str, Any]


def event_out(event: AuditEvent) -> EventOut:
    """One event as it is shown."""
    columns = event.model_dump(include=set(EventOut.model_fields) - {"data"})
    return EventOut(**columns, data=data_in(event.body))


@router.get("/reports/{report_id}/history")
def history(report_id: str, office: TheOffice, actor: SignedIn, after: int = 0) -> list[EventOut]:
    """The events of one report, oldest first, for those who may read it and for those who watch over the history."""
    if not actor.roles & HISTORY_READERS:
        read_text(office, actor, report_id, now=utc_now())
    events = reading.history(office, subject=report_id, after=after)
    return [event_out(event) for event in events]
