"""The table of steps. Buttons, API, CLI, flows and the diagram in the docs read it; a step not listed here
cannot be taken anywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pubflow.errors import Reason
from pubflow.lifecycle import rules
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import ZH, Action, Machine, ReleaseAction, ReleaseState, Role, Stage


@dataclass(frozen=True)
class Step:
    """One row of the table.

    next: the stage it leads to, or how to tell.
    by: the roles it belongs to, any of them.
    needs: what else must hold.
    decides: a decision on content: asks for the digest shown, different persons and no writer.
    reason: a reason is required.
    """

    next: Stage | Callable[[EditionFacts], Stage]
    by: frozenset[str]
    needs: tuple[rules.Need, ...] = ()
    decides: bool = False
    reason: bool = False


def _step(
    next_: Stage | Callable[[EditionFacts], Stage],
    *by: str,
    needs: tuple[rules.Need, ...] = (),
    decides: bool = False,
    reason: bool = False,
) -> Step:
    return Step(next_, frozenset(by), needs, decides, reason)


_HEAD, _OFFICER, _LEADER = Role.SECTION_HEAD, Role.OFFICER, Role.LEADER
_RETURNING = {"decides": True, "reason": True}

STEPS: Mapping[tuple[Stage, Action], Step] = {
    (Stage.DRAFTING, Action.EDIT): _step(Stage.DRAFTING, Role.DRAFTER, needs=(rules.own_draft,)),
    (Stage.DRAFTING, Action.SUBMIT): _step(
        rules.after_submit,
        Role.DRAFTER,
        needs=(
            rules.own_draft,
            rules.complete,
            rules.checks_green,
            rules.no_open_warning,
            rules.proposals_answered,
        ),
    ),
    (Stage.DEPARTMENT_REVIEW, Action.APPROVE): _step(
        rules.after_approve, _HEAD, needs=(rules.opened, rules.head_of_an_open_review), decides=True
    ),
    (Stage.DEPARTMENT_REVIEW, Action.RETURN): _step(
        Stage.DRAFTING, _HEAD, needs=(rules.opened, rules.head_of_an_open_review), **_RETURNING
    ),
    (Stage.CONFIDENTIALITY_CHECK, Action.DECIDE): _step(
        Stage.CONFIDENTIALITY_CHECK, _OFFICER, needs=(rules.opened,), decides=True, reason=True
    ),
    (Stage.CONFIDENTIALITY_CHECK, Action.CLEAR): _step(
        Stage.APPROVAL,
        _OFFICER,
        needs=(
            rules.opened,
            rules.findings_decided,
            rules.nothing_proposed,
            rules.nothing_referred,
            rules.form_filled,
        ),
        decides=True,
    ),
    **{
        (Stage.CONFIDENTIALITY_CHECK, action): _step(
            Stage.CONFIDENTIALITY_CHECK, _OFFICER, needs=(rules.opened,), decides=True, reason=True
        )
        for action in (Action.REFER, Action.REPLY)
    },
    (Stage.CONFIDENTIALITY_CHECK, Action.RETURN): _step(Stage.DRAFTING, _OFFICER, needs=(rules.opened,), **_RETURNING),
    (Stage.APPROVAL, Action.SIGN): _step(
        Stage.SCHEDULED,
        _LEADER,
        Role.CHIEF,
        needs=(
            rules.opened,
            rules.leader_enough,
            rules.release_planned,
            rules.embargo_inherited,
            rules.consented,
            rules.faults_answered,
        ),
        decides=True,
    ),
    (Stage.APPROVAL, Action.RETURN): _step(Stage.DRAFTING, _LEADER, Role.CHIEF, needs=(rules.opened,), **_RETURNING),
    (Stage.SCHEDULED, Action.RECALL): _step(Stage.DRAFTING, _LEADER, Role.OPERATOR, reason=True),
    (Stage.SCHEDULED, Action.PUBLISH): _step(
        Stage.PUBLISHED,
        Machine.RELEASE_LOOP,
        needs=(
            rules.instant_reached,
            rules.decided_on,
            rules.findings_decided,
            rules.same_staged_digest,
            rules.decisions_stand,
            rules.embargo_over,
        ),
    ),
    (Stage.DRAFTING, Action.CANCEL): _step(Stage.CANCELLED, Role.DRAFTER, Role.OPERATOR, reason=True),
    (Stage.DEPARTMENT_REVIEW, Action.CANCEL): _step(Stage.CANCELLED, Role.OPERATOR, reason=True),
    (Stage.CONFIDENTIALITY_CHECK, Action.CANCEL): _step(Stage.CANCELLED, Role.OPERATOR, reason=True),
    (Stage.APPROVAL, Action.CANCEL): _step(Stage.CANCELLED, Role.OPERATOR, reason=True),
    (Stage.SCHEDULED, Action.CANCEL): _step(Stage.CANCELLED, Role.OPERATOR, reason=True),
    (Stage.DEPARTMENT_REVIEW, Action.FORCE): _step(
        rules.after_approve,
        _LEADER,
        Role.CHIEF,
        needs=(rules.opened, rules.forced_by_two),
        **_RETURNING,
    ),
    **{
        (stage, Action.FAST): _step(
            rules.after_change, _HEAD, _LEADER, needs=(rules.fast_lane_open, rules.fast_lane_granter), reason=True
        )
        for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW)
    },
    **{
        (stage, Action.MOVE_WORKFLOW): _step(rules.after_change, Role.OPERATOR, reason=True)
        for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)
    },
    **{
        (stage, Action.REFUSE): _step(Stage.DRAFTING, Machine.OUTSIDE, reason=True)
        for stage in (Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)
    },
    **{
        (stage, Action.VOID): _step(rules.after_change, Role.CHIEF, Role.OPERATOR, reason=True)
        for stage in (
            Stage.DRAFTING,
            Stage.DEPARTMENT_REVIEW,
            Stage.CONFIDENTIALITY_CHECK,
            Stage.APPROVAL,
            Stage.SCHEDULED,
        )
    },
}
# Taken only as part of something else: the switch, an outside answer, an act of two persons on somebody's decisions.
NO_BUTTON = frozenset({Action.PUBLISH, Action.REFUSE, Action.VOID})

RELEASE_STEPS: Mapping[tuple[ReleaseState, ReleaseAction], tuple[ReleaseState, frozenset[str]]] = {
    (ReleaseState.PLANNED, ReleaseAction.CONFIRM): (ReleaseState.CONFIRMED, frozenset({_LEADER, Role.CHIEF})),
    (ReleaseState.PLANNED, ReleaseAction.MOVE): (
        ReleaseState.PLANNED,
        frozenset({Role.DRAFTER, _HEAD, _LEADER, Role.OPERATOR}),
    ),
    (ReleaseState.CONFIRMED, ReleaseAction.MOVE): (ReleaseState.CONFIRMED, frozenset({_LEADER, Role.OPERATOR})),
    (ReleaseState.STAGED, ReleaseAction.MOVE): (ReleaseState.CONFIRMED, frozenset({_LEADER, Role.OPERATOR})),
    (ReleaseState.CONFIRMED, ReleaseAction.STAGE): (ReleaseState.STAGED, frozenset({Machine.FLOW})),
    (ReleaseState.STAGED, ReleaseAction.SWITCH): (ReleaseState.RELEASED, frozenset({Machine.RELEASE_LOOP})),
    (ReleaseState.CONFIRMED, ReleaseAction.FAIL): (
        ReleaseState.FAILED,
        frozenset({Machine.FLOW, Machine.RELEASE_LOOP}),
    ),
    (ReleaseState.STAGED, ReleaseAction.FAIL): (ReleaseState.FAILED, frozenset({Machine.RELEASE_LOOP})),
    (ReleaseState.FAILED, ReleaseAction.RETRY): (ReleaseState.CONFIRMED, frozenset({_LEADER, Role.OPERATOR})),
    **{
        (state, action): (state, frozenset({_LEADER, Role.OPERATOR}))
        for state in (ReleaseState.PLANNED, ReleaseState.CONFIRMED, ReleaseState.STAGED)
        for action in (ReleaseAction.HOLD, ReleaseAction.RESUME)
    },
    **{
        (state, ReleaseAction.CANCEL): (ReleaseState.CANCELLED, frozenset({_LEADER, Role.OPERATOR}))
        for state in (ReleaseState.PLANNED, ReleaseState.CONFIRMED, ReleaseState.STAGED, ReleaseState.FAILED)
    },
}
# Who may plan a release at all; it has no state before.
PLANNERS = frozenset({Role.DRAFTER, _HEAD, _LEADER, Role.OPERATOR})
# Who may plan one for reports of any section; the others do it for their own.
PLANS_ALL = frozenset({_LEADER, Role.OPERATOR})


_NOT_THEIRS = frozenset({"other_role", "other_section", "no_such_step"})


def objections(
    facts: EditionFacts, action: Action, actor: Actor, now: datetime, *, digest: str | None = None, reason: str = ""
) -> list[Reason]:
    """Why `actor` may not take `action` now, in words for the screen; empty means go ahead.

    A deputy may take it for an absent person. digest: the digest the person saw (first eight digits or more); asked
    for where the step decides on content.
    """
    return judged(facts, action, actor, now, digest=digest, reason=reason)[1]


def judged(
    facts: EditionFacts, action: Action, actor: Actor, now: datetime, *, digest: str | None = None, reason: str = ""
) -> tuple[Actor, list[Reason]]:
    """In whose place `actor` takes the step (own or an absent person's roles and section), and the objections.

    Objections are empty for the first mandate that may; else they are those to the first mandate to which the step
    belongs, or to the actor's own.
    """
    found = [(mandate, _objections(facts, action, mandate, now, digest, reason)) for mandate in actor.mandates()]
    theirs = [one for one in found if _NOT_THEIRS.isdisjoint(reason.code for reason in one[1])]
    return next((one for one in found if not one[1]), (theirs or found)[0])


def _objections(
    facts: EditionFacts, action: Action, actor: Actor, now: datetime, digest: str | None, reason: str
) -> list[Reason]:
    step = STEPS.get((facts.stage, action))
    if step is None:
        return [Reason("no_such_step", f"{ZH[facts.stage]}阶段没有“{ZH[action]}”这一步")]
    reasons: list[Reason] = []
    if not step.by & actor.roles:
        owners = "、".join(sorted(ZH[role] for role in step.by))
        reasons.append(Reason("other_role", f"这一步由{owners}办理"))
    if action is Action.CANCEL and Role.OPERATOR not in actor.roles:
        reasons += rules.own_draft(facts, actor, now)
    reasons += [text for need in step.needs for text in need(facts, actor, now)]
    if step.decides:
        reasons += (
            rules.not_a_writer(facts, actor) + rules.other_person(facts, actor, now) + rules.no_conflict(facts, actor)
        )
        reasons += rules.unclaimed(facts, actor, now)
        reasons += rules.digest_objections(facts, digest)
    if step.reason and not reason.strip():
        reasons.append(Reason("reason_missing", "请写明理由"))
    return reasons


def next_stage(facts: EditionFacts, action: Action) -> Stage:
    """Where an allowed step leads. Raises KeyError for a step that is not in the table."""
    leads_to = STEPS[facts.stage, action].next
    return leads_to if isinstance(leads_to, Stage) else leads_to(facts)


def release_judged(
    state: ReleaseState,
    action: ReleaseAction,
    actor: Actor,
    now: datetime,
    *,
    instant: datetime | None = None,
    to: datetime | None = None,
    reason: str = "",
    of_two: bool = False,
) -> tuple[Actor, list[Reason]]:
    """In whose place `actor` does this to a release, and the objections; as `judged` for editions."""
    found = [
        (
            mandate,
            release_objections(state, action, mandate, now, instant=instant, to=to, reason=reason, of_two=of_two),
        )
        for mandate in actor.mandates()
    ]
    return next(((mandate, reasons) for mandate, reasons in found if not reasons), found[0])


def release_objections(
    state: ReleaseState,
    action: ReleaseAction,
    actor: Actor,
    now: datetime,
    *,
    instant: datetime | None = None,
    to: datetime | None = None,
    reason: str = "",
    of_two: bool = False,
) -> list[Reason]:
    """Why `actor` may not do this to a release now. `instant` is its present instant, `to` the new one of a move.

    of_two: a second person signs as well, which a move to an earlier instant needs.
    """
    row = RELEASE_STEPS.get((state, action))
    if row is None:
        return [Reason("no_such_step", f"{ZH.get(state, state)}的发布没有“{ZH[action]}”这一步")]
    reasons: list[Reason] = []
    if not row[1] & actor.roles:
        owners = "、".join(sorted(ZH[role] for role in row[1]))
        reasons.append(Reason("other_role", f"这一步由{owners}办理"))
    if action is ReleaseAction.MOVE and to is not None:
        if to <= now:
            reasons.append(Reason("instant_past", "发布时间已经过去；请给一个将来的时间"))
        elif instant is not None and state is not ReleaseState.PLANNED and to < instant and not of_two:
            reasons.append(Reason("earlier", "已确认的发布不能由一人提前；须由另一人对同一时间用 --confirm 确认"))
    needs_reason = action in (ReleaseAction.HOLD, ReleaseAction.CANCEL) or (
        action is ReleaseAction.MOVE and state is not ReleaseState.PLANNED
    )
    if needs_reason and not reason.strip():
        reasons.append(Reason("reason_missing", "请写明理由"))
    return reasons
