"""What people do with releases: plan, move, hold, resume, cancel, retry; and taking an edition off one again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session, col, delete, select

from pubflow.audit.events import Event
from pubflow.errors import AlreadyMoved, BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.rules import embargo_objections
from pubflow.lifecycle.stages import ZH, Action, ReleaseAction, ReleaseState, Stage
from pubflow.lifecycle.steps import PLANNERS, PLANS_ALL, RELEASE_STEPS, release_judged
from pubflow.moments import iso, shown
from pubflow.office.line import absent_behind, facts_of, newest_edition, refusals_recorded, take_step
from pubflow.office.office import Office
from pubflow.publication.moving_earlier import ask_earlier, confirm_earlier
from pubflow.publication.tree import PublicTree
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Release, Report, StagedPages

_PLANNABLE = (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)
_MOVE_OF_PLANNED = (ReleaseState.PLANNED, ReleaseAction.MOVE)
_ENDED = (ReleaseState.CANCELLED, ReleaseState.RELEASED)


def plan(office: Office, report_ids: Sequence[str], actor: Actor, *, instant: datetime, now: datetime) -> Release:
    """A release of one or more reports at one instant: all of them become public together, or none.

    Raises BadInput for an instant in the past, StepRefused for a report that cannot join, NotFound.
    """
    subject = report_ids[0] if report_ids else "-"
    with (
        refusals_recorded(office, actor, subject, ReleaseAction.PLAN, now),
        office.records.writing(now, what=ReleaseAction.PLAN, who=actor.id, subject=subject) as tx,
    ):
        if not report_ids or len(set(report_ids)) != len(report_ids):
            raise BadInput("没有写明报告，或同一报告写了两次", remedy="请列出要一起发布的报告编号")
        if instant <= now:
            raise BadInput(f"发布时间 {shown(instant, seconds=True)} 已经过去", remedy="请给一个将来的时间")
        planners = [mandate for mandate in actor.mandates() if mandate.roles & PLANNERS]
        if not planners:
            raise StepRefused(subject, ZH[ReleaseAction.PLAN], (Reason("other_role", "您的角色不能计划发布"),))
        release = Release(id=tx.next_id("L"), instant=instant, state=ReleaseState.PLANNED.value, planned_by=actor.id)
        tx.session.add(release)
        tx.session.flush()
        used: list[Actor] = []
        for report_id in report_ids:
            edition = newest_edition(tx.session, report_id)
            used.append(_may_plan(tx, edition, planners))
            _join(tx, edition, release)
        tx.record(
            Event(
                ReleaseAction.PLAN,
                actor.id,
                release.id,
                ",".join(sorted(used[0].roles & PLANNERS)),
                to_state=ReleaseState.PLANNED,
                data={"reports": list(report_ids), "instant": iso(instant), **_in_whose_place(actor, used)},
            )
        )
        for report_id in report_ids:
            tx.record(Event("planned", actor.id, report_id, data={"release": release.id, "instant": iso(instant)}))
    return release


def _may_plan(tx: Tx, edition: Edition, planners: Sequence[Actor]) -> Actor:
    """A drafter or section head plans for reports of the own section; leader and operator for all.

    planners: the person's mandates that plan at all; the one that may plan this report.
    """
    report = tx.session.get_one(Report, edition.report_id)
    for mandate in planners:
        if mandate.roles & PLANS_ALL or mandate.section == report.section_id:
            return mandate
    why = Reason("not_own_draft", f"{report.id} 属于 {report.section_id} 科室，由该科室、分管领导或系统管理员计划发布")
    raise StepRefused(report.id, ZH[ReleaseAction.PLAN], (why,))


def _in_whose_place(actor: Actor, used: Sequence[Actor]) -> dict[str, list[str]]:
    """The absent persons whose mandates a deputy used, for the event."""
    absent = sorted({one for acting in used if acting is not actor for one in absent_behind(actor, acting)})
    return {"stands_in_for": absent} if absent else {}


def _join(tx: Tx, edition: Edition, release: Release) -> None:
    if edition.stage not in _PLANNABLE:
        why = Reason("stage", f"{edition.report_id} 在{ZH[Stage(edition.stage)]}阶段，不能再计划发布")
        raise StepRefused(edition.report_id, ZH[ReleaseAction.PLAN], (why,))
    if edition.release_id is not None:
        why = Reason("planned_already", f"{edition.report_id} 已列入发布 {edition.release_id}；改时间请用 release move")
        raise StepRefused(edition.report_id, ZH[ReleaseAction.PLAN], (why,))
    tx.move(edition, release_id=release.id)


def change(
    office: Office,
    release_id: str,
    action: ReleaseAction,
    actor: Actor,
    *,
    now: datetime,
    to: datetime | None = None,
    reason: str = "",
    confirm: bool = False,
) -> Release:
    """Move, hold, resume, cancel or retry a release. What was staged for another instant is dropped.

    A confirmed release is moved to an earlier instant by two: one person's move asks for it and changes nothing yet,
    and another one confirms the very same instant (`confirm`).
    Raises StepRefused with every reason, AlreadyMoved when the switch was faster, NotFound, BadInput for a move
    without its new instant, SecretMarkFound.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, release_id, action, now),
        office.records.writing(now, what=action, who=actor.id, subject=release_id) as tx,
    ):
        release = read_release(tx.session, release_id)
        _not_public_yet(office, release)
        if action is ReleaseAction.MOVE and to is None:
            raise BadInput("没有写明新的发布时间", release_id, "请给出时间，例如 2026-12-01T09:30+08:00")
        state = ReleaseState(release.state)
        signed = _signed(tx.session, release)
        # A signature is for an instant: with the first one a move is judged as that of a confirmed release.
        judged = ReleaseState.CONFIRMED if signed and (state, action) == _MOVE_OF_PLANNED else state
        earlier = judged is not ReleaseState.PLANNED and to is not None and to < release.instant
        of_two = earlier and action is ReleaseAction.MOVE
        acting, reasons = release_judged(
            judged, action, actor, now, instant=release.instant, to=to, reason=reason, of_two=of_two
        )
        reasons += _further_objections(action, signed)
        if action is ReleaseAction.MOVE and to is not None:
            for edition in editions_of(tx.session, release):
                reasons += embargo_objections(facts_of(tx.session, edition), to)
        if confirm and not of_two:
            reasons.append(Reason("nothing_asked", "没有等待确认的提前申请；只有提前已确认的发布才需要两人"))
        if reasons:
            raise StepRefused(release_id, ZH[action], tuple(reasons))
        place = _in_whose_place(actor, [acting])
        if of_two and to is not None and not confirm:
            ask_earlier(office, tx, release, acting, to=to, reason=reason, place=place)
            return release
        next_state, by = RELEASE_STEPS[state, action]
        changes: dict[str, Any] = {"state": next_state.value}
        data: dict[str, Any] = {"reports": reports_of(tx.session, release), **place}
        if action is ReleaseAction.MOVE and to is not None:
            changes["instant"] = to
            data |= {"from": iso(release.instant), "to": iso(to)}
            if of_two:
                data["asked_by"] = confirm_earlier(tx, release, acting, to=to, reason=reason)
        if action in (ReleaseAction.HOLD, ReleaseAction.RESUME):
            changes["held"] = action is ReleaseAction.HOLD
        if action is ReleaseAction.RETRY:
            changes["failure"] = ""
        if next_state is not ReleaseState.STAGED:
            unstage(tx, release)
            changes["staged_digest"] = ""
        if action is ReleaseAction.CANCEL:
            for edition in editions_of(tx.session, release):
                tx.move(edition, release_id=None)
        tx.move(release, **changes)
        role = ",".join(sorted(by & acting.roles))
        tx.record(
            Event(action, actor.id, release.id, role, "", state.value, next_state.value, reason=reason, data=data)
        )
    return release


def _further_objections(action: ReleaseAction, signed: Sequence[str]) -> list[Reason]:
    if action is ReleaseAction.CONFIRM:
        return [Reason("by_signature", "发布由最后一份稿件的签发确认，不能单独确认")]
    if action is ReleaseAction.CANCEL and signed:
        return [Reason("signed", f"{'、'.join(signed)} 已签发待发布；请先用 report recall 撤回，再取消发布")]
    return []


def _signed(session: Session, release: Release) -> list[str]:
    return [edition.report_id for edition in editions_of(session, release) if edition.stage == Stage.SCHEDULED]


def _not_public_yet(office: Office, release: Release) -> None:
    """The loop may have died between the switch and its record: what everybody can see is no longer held or moved."""
    if release.state == ReleaseState.RELEASED:
        return  # on record: the table of steps says it
    manifest = PublicTree(office.home.public).manifest()
    if manifest is not None and (manifest.release, manifest.digest) == (release.id, release.staged_digest):
        raise AlreadyMoved(release.id, ZH[ReleaseState(release.state)])


def recall(office: Office, report_id: str, actor: Actor, *, reason: str, now: datetime) -> Edition:
    """Take a signed report back to drafting before its instant; its release is held."""
    return take_step(office, report_id, Action.RECALL, actor, now=now, reason=reason, also=partial(_recalled, office))


def cancel(office: Office, report_id: str, actor: Actor, *, reason: str, now: datetime) -> Edition:
    """End this edition before publication. A release left empty is cancelled; another one waits for a new staging."""
    leave = partial(_leave_release, office)
    return take_step(office, report_id, Action.CANCEL, actor, now=now, reason=reason, also=leave)


def _recalled(office: Office, tx: Tx, edition: Edition, _facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
    return {"release": hold_for(office, tx, edition, "recalled")}


def hold_for(office: Office, tx: Tx, edition: Edition, why: str) -> str:
    """Hold the release of a signed edition that goes back, and forget what was staged; its number."""
    release = tx.session.get_one(Release, edition.release_id)
    _not_public_yet(office, release)
    unstage(tx, release)
    before = release.state
    # One that still waits for other signatures goes on waiting for them.
    after = ReleaseState.PLANNED if before == ReleaseState.PLANNED else ReleaseState.CONFIRMED
    tx.move(release, state=after.value, held=True, staged_digest="", failure="")
    tx.record(
        Event(
            ReleaseAction.HOLD,
            "register",
            release.id,
            from_state=before,
            to_state=release.state,
            data={why: edition.report_id},
        )
    )
    return release.id


def _leave_release(
    office: Office, tx: Tx, edition: Edition, _facts: EditionFacts, _acting: Actor
) -> Mapping[str, Any] | None:
    if edition.release_id is None:
        return None
    release = tx.session.get_one(Release, edition.release_id)
    _not_public_yet(office, release)
    before = release.state
    unstage(tx, release)
    others = [other for other in editions_of(tx.session, release) if other.id != edition.id]
    tx.move(edition, release_id=None)
    after = ReleaseState.CANCELLED.value if not others else before
    # Without the one that left, the others may all be signed: nobody else would confirm the release then.
    unsigned = [other.id for other in others if other.stage != Stage.SCHEDULED]
    if after == ReleaseState.STAGED or (after == ReleaseState.PLANNED and not unsigned):
        after = ReleaseState.CONFIRMED.value
    tx.move(release, state=after, staged_digest="")
    tx.record(
        Event(
            ReleaseAction.CANCEL if not others else "left",
            "register",
            release.id,
            from_state=before,
            to_state=after,
            data={"cancelled": edition.report_id},
        )
    )
    return {"release": release.id}


def read_release(session: Session, release_id: str) -> Release:
    """Raises NotFound."""
    release = session.get(Release, release_id)
    if release is None:
        raise NotFound(f"发布 {release_id}", "请用 `pubflow release list` 查看编号")
    return release


def editions_of(session: Session, release: Release) -> list[Edition]:
    """The editions that become public together, by report number; their reports are in the session with them."""
    found = select(Edition, Report).join(Report, col(Report.id) == col(Edition.report_id))
    found = found.where(Edition.release_id == release.id).order_by(col(Edition.report_id))
    return [edition for edition, _ in session.exec(found)]


def reports_of(session: Session, release: Release) -> list[str]:
    """Their report numbers."""
    found = select(Edition.report_id).where(Edition.release_id == release.id).order_by(col(Edition.report_id))
    return list(session.exec(found).all())


def all_releases(office: Office) -> list[tuple[Release, list[str]]]:
    """Every release with its reports, the next instant first."""
    with office.records.reading() as session:
        releases = session.exec(select(Release).order_by(col(Release.instant))).all()
        return [(release, reports_of(session, release)) for release in releases]


def is_ended(release: Release) -> bool:
    """Released or cancelled: nothing more happens to it."""
    return release.state in _ENDED


def unstage(tx: Tx, release: Release) -> None:
    """Forget what was rendered for a release; it is staged anew."""
    tx.session.exec(delete(StagedPages).where(col(StagedPages.release_id) == release.id))
