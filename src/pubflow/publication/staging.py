"""Staging: everything of a release rendered, sealed and digested before its instant. The work of its flow."""

import base64
import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment
from sqlmodel import Session, select

from pubflow.audit.events import Event
from pubflow.documents.attachments import KINDS, Attached
from pubflow.documents.templates import office_templates
from pubflow.errors import PubflowError, Reason, StepRefused, StorageFailed
from pubflow.lifecycle.stages import ZH, Machine, ReleaseAction, ReleaseState, Stage
from pubflow.moments import SHANGHAI
from pubflow.office.access import open_sealed, open_text
from pubflow.office.attachments import opened_attachments
from pubflow.office.due import SCHEDULED_PUBLICATION, StepOutcome, not_due
from pubflow.office.office import Office
from pubflow.publication.pages import PublicAttachment, PublicItem, Site, attachment_path, item_pages, item_path
from pubflow.publication.releases import editions_of, read_release, unstage
from pubflow.publication.tree import staged_digest
from pubflow.records.tables import Edition, Release, Report, ReviewForm, StagedPages

_ACTOR = f"flow:{SCHEDULED_PUBLICATION}"
_SHOWN_BYTES, _SHOWN_ROWS, _SHOWN_COLUMNS = 65_536, 300, 20  # a larger table is read as a file
_OTHER_TEXT = Reason("other_text", "登记的文字不是签发的那一版，不得公开；请查看 pubflow audit verify")
Files = dict[str, bytes]


@cache
def page_templates(folder: Path) -> Environment:
    """The portal's templates of this office."""
    return office_templates(folder / "portal")


def site_of(office: Office) -> Site:
    """What every page says about the site."""
    bureau = office.settings.bureau
    return Site(**bureau.site.model_dump(), district=bureau.district)


def stage(office: Office, release_id: str, now: datetime) -> StepOutcome:
    """Render, seal and digest all pages of a confirmed release. Safe to run twice or to be killed.

    A release of which one item cannot be rendered is marked failed whole, with the reason; nothing goes out half.
    """
    with office.records.reading() as session:
        release = read_release(session, release_id)
        editions = editions_of(session, release)
        ready = release.state == ReleaseState.CONFIRMED and not release.held
        if not ready or not editions or any(edition.stage != Stage.SCHEDULED for edition in editions):
            return not_due(office, SCHEDULED_PUBLICATION, release_id)
        try:
            rendered = {edition.id: _render(office, session, edition, release) for edition in editions}
            rows = [_sealed(office, session, edition, release, rendered[edition.id]) for edition in editions]
        except StorageFailed:
            raise
        except PubflowError as error:
            return _fail(office, release, str(error), now)
    with office.records.writing(now, what=ReleaseAction.STAGE, who=_ACTOR, subject=release_id) as tx:
        unstage(tx, release)
        tx.session.add_all(rows)
        digest = whole_digest({row.edition_id: row.pages_digest for row in rows})
        tx.move(release, state=ReleaseState.STAGED.value, staged_digest=digest)
        tx.record(
            Event(
                ReleaseAction.STAGE,
                _ACTOR,
                release.id,
                Machine.FLOW,
                digest,
                ReleaseState.CONFIRMED,
                ReleaseState.STAGED,
                data={"reports": [edition.report_id for edition in editions]},
            )
        )
    pages = sum(len(files) for files in rendered.values())
    return StepOutcome(f"{release_id} staged: {len(editions)} reports, {pages} files", changed=True)


def open_staged(office: Office, session: Session, release: Release) -> dict[str, Files]:
    """The staged files by edition, opened from the vault. Raises SealBroken."""
    sealed = {row.edition_id: row.sealed for row in staged_rows(session, release)}
    return {
        edition.id: _unpacked(open_sealed(office, session, edition, sealed[edition.id], _place(release, edition)))
        for edition in editions_of(session, release)
        if edition.id in sealed
    }


def staged_rows(session: Session, release: Release) -> Sequence[StagedPages]:
    """What is staged for a release, sealed."""
    return session.exec(select(StagedPages).where(StagedPages.release_id == release.id)).all()


def whole_digest(pages_digests: dict[str, str]) -> str:
    """SHA-256 over the pages' digests of all editions: one value for all bytes of a release."""
    lines = "".join(f"{pages_digests[edition]}  {edition}\n" for edition in sorted(pages_digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def public_item(office: Office, session: Session, edition: Edition, instant: datetime) -> PublicItem:
    """What the public will see of an edition released at `instant`. Raises StepRefused, BadInput, SealBroken."""
    report = session.get_one(Report, edition.report_id)
    text = open_text(office, session, edition)
    if text.digest != edition.digest:  # what was signed is the digest; a row pointing elsewhere must not go out
        raise StepRefused(report.id, ZH[ReleaseAction.STAGE], (_OTHER_TEXT,))
    head = text.head
    category = office.settings.category(head.category, instant.astimezone(SHANGHAI).date())
    return PublicItem(
        report_id=report.id,
        edition=edition.number,
        title=head.title,
        kind_name=office.settings.kind(report.kind).name,
        category_id=category.id,
        category_name=category.name,
        index_no=report.index_no or head.index_no,
        subject_class=head.subject_class,
        publisher=head.publisher,
        author_org=head.author_org,
        co_producers=head.co_producers,
        date_created=head.date_created,
        doc_no=head.doc_no,
        validity=head.validity,
        scope=head.scope,
        method=head.method,
        summary=head.summary,
        keywords=head.keywords,
        source=head.source,
        published_at=instant,
        body_markdown=text.body,
        notes=_notes(session, edition),
        attachments=tuple(
            PublicAttachment(one.name, KINDS[one.kind], one.size, one.sha256, attachment_path(one))
            for one in head.attachments
        ),
    )


def _rows(listed: Attached, content: bytes) -> tuple[tuple[str, ...], ...]:
    """A small CSV as rows, so that readers see the table without opening a file; nothing for any other."""
    if listed.kind != "csv" or listed.size > _SHOWN_BYTES:
        return ()
    try:
        rows = tuple(tuple(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if any(row))
    except (UnicodeDecodeError, csv.Error):
        return ()
    return rows if 1 < len(rows) <= _SHOWN_ROWS and len(rows[0]) <= _SHOWN_COLUMNS else ()


def _notes(session: Session, edition: Edition) -> tuple[str, ...]:
    """What the page says beside the text: that something was left out, and by which law (区分处理)."""
    form = session.get(ReviewForm, (edition.id, edition.digest))
    return (form.public_note,) if form is not None and form.public_note else ()


def _render(office: Office, session: Session, edition: Edition, release: Release) -> Files:
    item = public_item(office, session, edition, release.instant)
    head, folder = open_text(office, session, edition).head, item_path(item.report_id)
    files: Files = {}
    listed: list[PublicAttachment] = []
    for shown, (one, content) in zip(item.attachments, opened_attachments(office, session, edition, head), strict=True):
        files[f"{folder}{attachment_path(one)}"] = content
        listed.append(replace(shown, rows=_rows(one, content)))
    whole = replace(item, attachments=tuple(listed))
    return item_pages(whole, site_of(office), page_templates(office.settings.templates)) | files


def _sealed(office: Office, session: Session, edition: Edition, release: Release, files: Files) -> StagedPages:
    key = session.get_one(Report, edition.report_id).wrapped_key
    return StagedPages(
        release_id=release.id,
        edition_id=edition.id,
        version_digest=edition.digest,
        pages_digest=staged_digest(files),
        sealed=office.vault.seal(key, _packed(files), _place(release, edition)),
    )


def _fail(office: Office, release: Release, why: str, now: datetime) -> StepOutcome:
    with office.records.writing(now, what=ReleaseAction.FAIL, who=_ACTOR, subject=release.id) as tx:
        before = release.state
        tx.move(release, state=ReleaseState.FAILED.value, failure=why)
        tx.record(
            Event(
                ReleaseAction.FAIL, _ACTOR, release.id, Machine.FLOW, "", before, ReleaseState.FAILED, data={"why": why}
            )
        )
    return StepOutcome(
        f"{release.id} failed: {why} Mend it, then run `pubflow release retry {release.id}`.", changed=True
    )


def _place(release: Release, edition: Edition) -> str:
    return f"{release.id}/{edition.id}"


def _packed(files: Files) -> bytes:
    return json.dumps({path: base64.b64encode(content).decode() for path, content in files.items()}).encode()


def _unpacked(packed: bytes) -> Files:
    return {path: base64.b64decode(content) for path, content in json.loads(packed).items()}
