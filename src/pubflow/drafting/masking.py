"""The drafter answers the officer's proposals: accepts them as a new version, or declines with a reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.documents.report_text import ReportText
from pubflow.drafting.versions import mend_warnings, save_version
from pubflow.errors import AlreadyMoved, BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Action, Role, Stage
from pubflow.lifecycle.steps import objections
from pubflow.office.attachments import keep_attachment
from pubflow.office.line import facts_of, move_edition, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.office.proposals import MaskedFile, changed_text, proposals_of
from pubflow.records.tables import Edition, Finding, Proposal

_STEP = "答复脱敏建议"
_CHANGED = Reason(
    "draft_changed", "稿件在建议之后另有修改，建议的位置不再可靠；请自行修改正文，或先改回原来的文字再接受"
)


def accept(office: Office, report_id: str, actor: Actor, numbers: Sequence[int], *, now: datetime) -> Edition:
    """A new version with exactly the replacements of these proposals. Whoever accepts is a writer of it.

    Refused when the draft was changed otherwise since the proposals were made. Raises StepRefused, NotFound,
    BadInput, AlreadyMoved, SecretMarkFound.
    """
    reason = f"接受脱敏建议 {'、'.join(map(str, numbers))}"
    with refusals_recorded(office, actor, report_id, "accept_proposals", now):
        with office.records.reading() as session:
            edition = newest_edition(session, report_id)
            asked = _asked(session, edition, actor, numbers, now)
            text, files = _accepted_text(office, session, edition, asked)
            seen = edition.digest
        office.admit(actor, text.canonical(), "", now)
        with office.records.writing(now, what="accept_proposals", who=actor.id, subject=report_id) as tx:
            edition = newest_edition(tx.session, report_id)
            asked = _asked(tx.session, edition, actor, numbers, now)
            if edition.digest != seen:  # what was accepted before makes this digest, so that both are the same
                raise AlreadyMoved(report_id, _STEP)
            for file in files:
                keep_attachment(office, tx, edition, file.listed, file.content, file.before, by=actor.id)
            for proposal in asked:
                proposal.state, proposal.answered_by, proposal.answered_at = "accepted", actor.id, now
            mended = mend_warnings(tx, edition, text, by=actor.id, reason=reason)
            base = asked[0].digest
            changes = save_version(office, tx, edition, text, author=actor.id, reason=reason, masks_of=base)
            data = {"version": changes["version"], "accepted": list(numbers), "masks_of": base, "mended": mended}
            move_edition(tx, edition, Stage.DRAFTING, Action.EDIT, actor, reason=reason, data=data, **changes)
    return edition


def decline(office: Office, report_id: str, actor: Actor, number: int, *, reason: str, now: datetime) -> None:
    """Decline one proposal; its finding is open again, and the officer sees the reason.

    Raises StepRefused, NotFound, BadInput, SecretMarkFound.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, "decline_proposal", now),
        office.records.writing(now, what="decline_proposal", who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        (proposal,) = _asked(tx.session, edition, actor, [number], now)
        if not reason.strip():
            raise BadInput("没有写明理由", str(number), "不接受脱敏建议须用 --reason 写明理由，保密员会看到")
        proposal.state, proposal.answered_by = "declined", actor.id
        proposal.answer, proposal.answered_at = reason, now
        finding = tx.session.get_one(Finding, proposal.finding_id)
        finding.decision = finding.ground = finding.basis = finding.reason = ""
        finding.by = finding.decided_at = finding.right_holder = finding.carried_from = None
        data = {"proposal": number, "finding": finding.id}
        tx.record(
            Event("decline_proposal", actor.id, report_id, Role.DRAFTER, edition.digest, reason=reason, data=data)
        )


def _asked(session: Session, edition: Edition, actor: Actor, numbers: Sequence[int], now: datetime) -> list[Proposal]:
    """The open proposals of these numbers, locked. Answering belongs to the edit step."""
    facts = facts_of(session, edition)
    refused = objections(facts, Action.EDIT, actor, now)
    if refused:
        raise StepRefused(edition.report_id, _STEP, tuple(refused))
    if not numbers or len(set(numbers)) != len(numbers):
        raise BadInput("没有写明建议的编号，或同一编号写了两次", edition.report_id, "请用 report proposals 查看编号")
    found = select(Proposal).where(Proposal.edition_id == edition.id, col(Proposal.id).in_(numbers))
    asked = list(session.exec(found.order_by(col(Proposal.id)).with_for_update()).all())
    if missing := [number for number in numbers if number not in {one.id for one in asked}]:
        raise NotFound(
            f"{edition.report_id} 的脱敏建议 {'、'.join(map(str, missing))}", "请用 report proposals 查看编号"
        )
    if answered := [one for one in asked if one.state != "open"]:
        told = "、".join(f"{one.id}（{one.state}）" for one in answered)
        raise BadInput(f"脱敏建议 {told} 已处理", edition.report_id, "不必再处理")
    if not {one.id for one in asked} <= set(facts.open_proposals):
        raise StepRefused(edition.report_id, _STEP, (_CHANGED,))
    return asked


def _accepted_text(
    office: Office, session: Session, edition: Edition, asked: Sequence[Proposal]
) -> tuple[ReportText, list[MaskedFile]]:
    """The reviewed text with what was accepted of it before, and with `asked`: nothing else may differ.

    And the attachments that these change.
    """
    base = asked[0].digest
    before: list[Proposal] = []
    if edition.digest != base:
        before = [one for one in proposals_of(session, edition, state="accepted") if one.digest == base]
        if not before or changed_text(office, session, edition, before)[0].digest != edition.digest:
            raise StepRefused(edition.report_id, _STEP, (_CHANGED,))
    return changed_text(office, session, edition, [*before, *asked])
