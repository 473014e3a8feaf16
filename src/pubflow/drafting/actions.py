"""What drafters do with a draft: edit, answer import warnings, submit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pubflow.audit.events import Event
from pubflow.documents.report_text import ReportText
from pubflow.drafting.versions import mend_warnings, parse_edit, save_version
from pubflow.errors import AlreadyMoved, BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import ZH, Action, Role, Stage
from pubflow.lifecycle.steps import objections
from pubflow.office.line import facts_of, move_edition, newest_edition, refusals_recorded, take_step
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, ImportWarning

ANSWERS = ("accepted", "mended")


def edit(
    office: Office, report_id: str, actor: Actor, text: str, *, reason: str, seen: str | None, now: datetime
) -> Edition:
    """Save a new version. `seen`: digest of the version the editor began with; a newer one is never overwritten.

    Raises BadInput (line and field), SecretMarkFound, StepRefused, AlreadyMoved, StorageFailed.
    """
    with refusals_recorded(office, actor, report_id, Action.EDIT, now):
        office.admit(actor, text, "", now)
        office.admit(actor, reason, "", now)
        new = parse_edit(text)
        if not reason.strip():
            raise BadInput("没有写明修改理由", "reason", "请用 --reason 写明改了什么、为什么")
        for listed in new.head.attachments:
            office.admit(actor, "", listed.name, now)
        with office.records.writing(now, what=Action.EDIT, who=actor.id, subject=report_id) as tx:
            edition = may_edit(tx.session, report_id, actor, now)
            if seen is not None and (len(seen) < 8 or not edition.digest.startswith(seen.lower())):
                raise AlreadyMoved(report_id, f"版本 {seen[:12]}")
            save_edit(office, tx, edition, new, actor, reason=reason)
    return edition


def may_edit(session: Session, report_id: str, actor: Actor, now: datetime) -> Edition:
    """The newest edition, if `actor` may edit it now. Raises StepRefused with every reason, NotFound."""
    edition = newest_edition(session, report_id)
    refused = objections(facts_of(session, edition), Action.EDIT, actor, now)
    if not edition.version:  # an edit now would go past the warnings of the import
        refused.append(Reason("not_drafted", "流程 drafting 尚未由来源生成第一版，几秒后再试"))
    if refused:
        raise StepRefused(report_id, ZH[Action.EDIT], tuple(refused))
    return edition


def save_edit(
    office: Office,
    tx: Tx,
    edition: Edition,
    new: ReportText,
    actor: Actor,
    *,
    reason: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """The next version of an edition that `actor` may edit, with its event. Raises BadInput, AlreadyMoved."""
    if new.digest == edition.digest:
        raise BadInput("内容没有变化，没有生成新版本", edition.report_id, "修改后再保存")
    mended = mend_warnings(tx, edition, new, by=actor.id, reason=reason)
    changes = save_version(office, tx, edition, new, author=actor.id, reason=reason)
    told = {"version": changes["version"], "mended": mended, **(data or {})}
    move_edition(tx, edition, Stage(edition.stage), Action.EDIT, actor, reason=reason, data=told, **changes)


def answer_warning(
    office: Office, report_id: str, actor: Actor, code: str, answer: str, *, reason: str, now: datetime
) -> None:
    """Accept an import warning, or say that it was mended, with a reason. Belongs to the edit step.

    Raises StepRefused, NotFound, BadInput.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, "warnings", now),
        office.records.writing(now, what="warnings", who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        refused = objections(facts_of(tx.session, edition), Action.EDIT, actor, now)
        if refused:
            raise StepRefused(report_id, "处理导入提示", tuple(refused))
        warning = tx.session.get(ImportWarning, (edition.id, code.upper()))
        if warning is None:
            raise NotFound(f"{report_id} 的导入提示 {code}", "请用 `pubflow report warnings` 查看")
        if answer not in ANSWERS or not reason.strip():
            raise BadInput("处理导入提示须写明接受或已修正，并写明理由", code, "用 --accept 或 --mended，加 --reason")
        if warning.state != "open":
            raise BadInput(f"导入提示 {warning.code} 已处理（{warning.state}）", report_id, "不必再处理")
        if warning.by_text and answer == "mended":
            raise BadInput(
                f"正文中仍有损坏的文字，{warning.code} 还没有修正",
                report_id,
                "请用 report edit 改正正文，系统会自动识别",
            )
        warning.state, warning.by, warning.reason, warning.decided_at = answer, actor.id, reason, now
        tx.record(
            Event(
                "warning_answered",
                actor.id,
                report_id,
                Role.DRAFTER,
                edition.digest,
                reason=reason,
                data={"code": warning.code, "answer": answer},
            )
        )


def submit(office: Office, report_id: str, actor: Actor, *, now: datetime) -> Edition:
    """Send the draft on; the table of steps says where to. Raises StepRefused with everything that is missing."""
    return take_step(office, report_id, Action.SUBMIT, actor, now=now, also=_version_in_event)


def _version_in_event(_tx: Tx, edition: Edition, _facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
    return {"version": edition.version}
