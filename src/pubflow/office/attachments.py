"""Attachments of a report: which cleaned copies are kept for it, opening one, and what a text may list."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from pubflow.audit.events import Event
from pubflow.documents.attachments import Attached
from pubflow.documents.report_text import Head
from pubflow.errors import BadInput, NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.office.access import open_sealed, open_text, reading_objections
from pubflow.office.line import newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Attachment, Edition, Finding, Report
from pubflow.vault import SealBroken

_ATTACH = "附件用 report attach 添加，清单随之改好"


@dataclass(frozen=True)
class AttachmentView:
    """An attachment of a version. size: bytes of the cleaned copy."""

    name: str
    kind: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime


def keep_attachment(
    office: Office, tx: Tx, edition: Edition, listed: Attached, cleaned: bytes, original: bytes, *, by: str
) -> None:
    """Keep a cleaned copy for this report, sealed with its key; the same bytes once."""
    if tx.session.get(Attachment, (edition.report_id, listed.sha256)) is not None:
        return
    key = tx.session.get_one(Report, edition.report_id).wrapped_key
    tx.session.add(
        Attachment(
            report_id=edition.report_id,
            cleaned_digest=listed.sha256,
            kind=listed.kind,
            size=listed.size,
            sealed=office.vault.seal(key, cleaned, _place(edition.report_id, listed.sha256)),
            original_sha256=hashlib.sha256(original).hexdigest(),
            added_by=by,
            added_at=tx.now,
        )
    )
    tx.session.flush()


def listed_as(name: str, cleaned: bytes) -> Attached:
    """The line of a text's list for a cleaned copy. Raises pydantic's ValidationError for a name that cannot be."""
    return Attached(name=name, sha256=hashlib.sha256(cleaned).hexdigest(), size=len(cleaned))


def refuse_unkept(session: Session, edition: Edition, head: Head) -> None:
    """A text lists only what is kept for this report, under its kind and size. Raises BadInput naming the line."""
    if not head.attachments:
        return
    columns = select(Attachment.cleaned_digest, Attachment.kind, Attachment.size)
    found = session.exec(columns.where(Attachment.report_id == edition.report_id)).all()
    kept = {digest: (kind, size) for digest, kind, size in found}
    for one in head.attachments:
        if one.sha256 not in kept:
            raise BadInput(f"附件“{one.name}”没有保存在 {edition.report_id} 中", "attachments", _ATTACH)
        if kept[one.sha256] != (one.kind, one.size):
            raise BadInput(f"附件“{one.name}”的类型或大小与保存的文件不符", "attachments", _ATTACH)


def open_attachment(office: Office, session: Session, edition: Edition, listed: Attached) -> bytes:
    """The cleaned copy behind a line of a text's list. Raises NotFound, SealBroken (for other bytes as well)."""
    row = session.get(Attachment, (edition.report_id, listed.sha256))
    if row is None:
        raise NotFound(f"{edition.report_id} 的附件“{listed.name}”", "请系统管理员查看 pubflow audit verify")
    place = _place(edition.report_id, listed.sha256)
    content = open_sealed(office, session, edition, row.sealed, place)
    if hashlib.sha256(content).hexdigest() != listed.sha256:
        raise SealBroken(place)
    return content


def opened_attachments(
    office: Office, session: Session, edition: Edition, head: Head
) -> Iterator[tuple[Attached, bytes]]:
    """Each attachment that a text lists, with its bytes, one at a time. Raises NotFound, SealBroken."""
    for listed in head.attachments:
        yield listed, open_attachment(office, session, edition, listed)


def attachments_of(
    office: Office, actor: Actor, report_id: str, *, now: datetime, number: int | None = None
) -> list[AttachmentView]:
    """What a version lists, for whoever may read it; the reader is logged. Raises StepRefused, NotFound."""
    with refusals_recorded(office, actor, report_id, "read", now), office.records.reading() as session:
        edition, head = _readable(office, session, actor, report_id, number)
        columns = select(Attachment.cleaned_digest, Attachment.added_by, Attachment.added_at)
        found = session.exec(columns.where(Attachment.report_id == report_id)).all()
    kept = {digest: (by, at) for digest, by, at in found}
    office.records.record(Event("read", actor.id, report_id, digest=edition.digest, data={"what": "attachments"}), now)
    return [
        AttachmentView(one.name, one.kind, one.size, one.sha256, *kept[one.sha256])
        for one in head.attachments
        if one.sha256 in kept
    ]


def read_attachment(
    office: Office, actor: Actor, report_id: str, name: str, *, now: datetime, number: int | None = None
) -> tuple[Attached, bytes]:
    """One cleaned copy for a person. The reader is logged, a refusal too. Raises StepRefused, NotFound, SealBroken."""
    with refusals_recorded(office, actor, report_id, "read", now), office.records.reading() as session:
        edition, head = _readable(office, session, actor, report_id, number)
        listed = named(head, name, report_id)
        content = open_attachment(office, session, edition, listed)
    data = {"attachment": listed.sha256}
    office.records.record(Event("read", actor.id, report_id, digest=edition.digest, data=data), now)
    return listed, content


def named(head: Head, name: str, report_id: str) -> Attached:
    """The attachment of this name. Raises NotFound."""
    for one in head.attachments:
        if one.name == name:
            return one
    raise NotFound(f"{report_id} 的附件“{name}”", f"请用 `pubflow report attachments {report_id}` 查看文件名")


def place_of(office: Office, session: Session, edition: Edition, finding: Finding) -> str:
    """Where a finding of an attachment stands, in Chinese; empty for one of the text. Raises SealBroken."""
    if finding.place is None:
        return ""
    return open_sealed(office, session, edition, finding.place, _seal_of_place(edition, finding)).decode()


def seal_place(office: Office, session: Session, edition: Edition, finding: Finding, place: str) -> None:
    """Keep the place of a finding in an attachment, sealed: sheets and members have names that quote the draft."""
    if place:
        key = session.get_one(Report, edition.report_id).wrapped_key
        finding.place = office.vault.seal(key, place.encode(), _seal_of_place(edition, finding))


def _readable(
    office: Office, session: Session, actor: Actor, report_id: str, number: int | None
) -> tuple[Edition, Head]:
    edition = newest_edition(session, report_id)
    if reasons := reading_objections(session.get_one(Report, report_id), edition, actor):
        raise StepRefused(report_id, "查看附件", tuple(reasons))
    if not edition.version and number is None:
        raise NotFound(f"{report_id} 的附件", "初稿还没有生成，请稍后再看")
    return edition, open_text(office, session, edition, number).head


def _seal_of_place(edition: Edition, finding: Finding) -> str:
    return f"{edition.id}/finding-place/{finding.attachment}/{finding.unit}/{finding.start}"


def _place(report_id: str, digest: str) -> str:
    return f"{report_id}/attachment/{digest}"
