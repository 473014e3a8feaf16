"""Saving a text: a new immutable version, sealed, with what it still lacks."""

from typing import Any

from sqlmodel import col, select

from pubflow.documents.report_text import ReportText
from pubflow.drafting.import_oddities import oddities
from pubflow.drafting.rules import broken_checks, missing_fields
from pubflow.errors import BadInput
from pubflow.lifecycle.workflow import joined
from pubflow.moments import SHANGHAI
from pubflow.office.attachments import refuse_unkept
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, ImportWarning, Report, Source, Version


def save_version(
    office: Office,
    tx: Tx,
    edition: Edition,
    text: ReportText,
    *,
    author: str,
    reason: str,
    masks_of: str | None = None,
) -> dict[str, Any]:
    """Write the next version of `edition`; returns the changes its row needs, for the guarded update.

    masks_of: the reviewed text's digest, when this one was made by accepting proposals on it alone.

    Raises BadInput for a category or kind the office does not have, or an attachment not kept for this report.
    """
    today = tx.now.astimezone(SHANGHAI).date()
    category = office.settings.category(text.head.category, today)
    if text.head.kind:
        office.settings.kind(text.head.kind)
    refuse_unkept(tx.session, edition, text.head)
    report = tx.session.get_one(Report, edition.report_id)
    number = edition.version + 1
    tx.session.add(
        Version(
            edition_id=edition.id,
            number=number,
            digest=text.digest,
            author_id=author,
            reason=reason,
            sealed=office.vault.seal(report.wrapped_key, text.canonical().encode(), f"{edition.id}/v{number}"),
            missing_fields=missing_fields(text.head, imported=_is_imported(tx, edition)),
            broken_checks=broken_checks(text),
            masks_of=masks_of,
            created_at=tx.now,
        )
    )
    report.title, report.category, report.method = text.head.title, category.id, text.head.method
    return {"version": number, "digest": text.digest, "workflow": _with_co_producers(office, edition, text, report)}


def _is_imported(tx: Tx, edition: Edition) -> bool:
    source = tx.session.get(Source, edition.id)
    return source is not None and source.kind == "import"


def _with_co_producers(office: Office, edition: Edition, text: ReportText, report: Report) -> dict[str, Any]:
    """A co-producing section of the bureau reviews; another organ consents. Raises BadInput for the own section."""
    sections = {section.name: section.id for section in office.settings.sections.values()}
    names = text.head.co_producing
    if any(sections.get(name) == report.section_id or name == text.head.author_org for name in names):
        raise BadInput("联合发布写的是本单位自己", "co_producers", "只写其他科室或其他机关")
    mistaken = next((name for name in names if name in sections.values()), None)
    if mistaken is not None:
        named = next(name for name, id_ in sections.items() if id_ == mistaken)
        raise BadInput(f"联合发布写了科室代号 {mistaken}", "co_producers", f"请写名称：{named}")
    own = [sections[name] for name in names if name in sections]
    return joined(edition.workflow, own, [name for name in names if name not in sections])


def mend_warnings(tx: Tx, edition: Edition, text: ReportText, *, by: str, reason: str) -> list[str]:
    """Close the warnings about a destroyed run that this text has mended, or open them again if it is back.

    Returns the codes whose state changed. What a person has accepted stays accepted.
    """
    if not _is_imported(tx, edition):  # only an import has warnings
        return []
    before, after = ("mended", "open") if oddities(text.body) else ("open", "mended")
    changing = tx.session.exec(
        select(ImportWarning).where(
            ImportWarning.edition_id == edition.id, ImportWarning.state == before, col(ImportWarning.by_text).is_(True)
        )
    ).all()
    for warning in changing:
        warning.state, warning.by, warning.reason, warning.decided_at = after, by, reason, tx.now
    return [warning.code for warning in changing]


def parse_edit(text: str) -> ReportText:
    """The text a person saved. Raises BadInput with line and field."""
    if not text.strip():
        raise BadInput("保存的内容为空", remedy="请写入正文，或用 report cancel 取消稿件")
    return ReportText.parse(text)
