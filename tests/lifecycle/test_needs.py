"""What else must hold for a step: each need taken away alone, and the reason it gives."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from lifecycle.facts import DIGEST, NOON, ready_facts

from pubflow.lifecycle.facts import Actor, ReleaseFact, ReviewFact
from pubflow.lifecycle.stages import OPENED_BY_FLOW, Action, Machine, ReleaseAction, ReleaseState, Role, Stage
from pubflow.lifecycle.steps import STEPS, objections, release_objections

DRAFTING, REVIEW, CHECK = Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK
APPROVAL, SCHEDULED = Stage.APPROVAL, Stage.SCHEDULED
LATER = NOON + timedelta(hours=1)


def release(state: ReleaseState, instant: datetime = LATER, *, held: bool = False) -> ReleaseFact:
    return ReleaseFact("L-2026-0001", state, instant, held)


def codes(stage: Stage, action: Action, actor: Actor, *, digest: str | None = DIGEST, **changes: Any) -> list[str]:
    facts = ready_facts(stage, **changes)
    return [reason.code for reason in objections(facts, action, actor, NOON, digest=digest, reason="理由")]


def person(role: str, *, id: str = "somebody", section: str = "zonghe") -> Actor:
    return Actor(id, frozenset({role}), section)


@pytest.mark.parametrize(
    ("stage", "action", "role", "taken_away", "code"),
    [
        (DRAFTING, Action.SUBMIT, Role.DRAFTER, {"missing_fields": ("生成日期",)}, "metadata_missing"),
        (DRAFTING, Action.SUBMIT, Role.DRAFTER, {"broken_checks": ("正文为空",)}, "check_failed"),
        (DRAFTING, Action.SUBMIT, Role.DRAFTER, {"open_warnings": ("W3",)}, "warning_open"),
        (DRAFTING, Action.SUBMIT, Role.DRAFTER, {"section": "gongye"}, "not_own_draft"),
        (DRAFTING, Action.EDIT, Role.DRAFTER, {"section": "gongye"}, "not_own_draft"),
        (DRAFTING, Action.CANCEL, Role.DRAFTER, {"section": "gongye"}, "not_own_draft"),
        (REVIEW, Action.APPROVE, Role.SECTION_HEAD, {"opened": False}, "not_opened"),
        (REVIEW, Action.APPROVE, Role.SECTION_HEAD, {"reviews": ()}, "no_open_review"),
        (
            REVIEW,
            Action.APPROVE,
            Role.SECTION_HEAD,
            {"reviews": (ReviewFact("section", "zonghe", "approved"),)},
            "no_open_review",
        ),
        (
            REVIEW,
            Action.APPROVE,
            Role.SECTION_HEAD,
            {"reviews": (ReviewFact("a", "gongye", "open", 1), ReviewFact("b", "zonghe", "open", 2))},
            "other_section",
        ),
        (
            REVIEW,
            Action.RETURN,
            Role.SECTION_HEAD,
            {"reviews": (ReviewFact("a", "gongye", "open"),)},
            "other_section",
        ),
        (REVIEW, Action.RETURN, Role.SECTION_HEAD, {"opened": False}, "not_opened"),
        (CHECK, Action.DECIDE, Role.OFFICER, {"opened": False}, "not_opened"),
        (CHECK, Action.CLEAR, Role.OFFICER, {"opened": False}, "not_opened"),
        (CHECK, Action.CLEAR, Role.OFFICER, {"open_findings": 1}, "findings_open"),
        (CHECK, Action.CLEAR, Role.OFFICER, {"form_filled": False}, "form_missing"),
        (CHECK, Action.CLEAR, Role.OFFICER, {"referral": "open"}, "referred"),
        (CHECK, Action.CLEAR, Role.OFFICER, {"referral": "withheld"}, "withheld"),
        (CHECK, Action.REFER, Role.OFFICER, {"opened": False}, "not_opened"),
        (CHECK, Action.REPLY, Role.OFFICER, {"opened": False}, "not_opened"),
        (SCHEDULED, Action.PUBLISH, Machine.RELEASE_LOOP, {"open_findings": 1}, "findings_open"),
        (CHECK, Action.RETURN, Role.OFFICER, {"opened": False}, "not_opened"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"opened": False}, "not_opened"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"sensitive": True}, "chief_needed"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"release": None}, "no_release"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"release": release(ReleaseState.CANCELLED)}, "no_release"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"release": release(ReleaseState.FAILED)}, "no_release"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"release": release(ReleaseState.RELEASED)}, "no_release"),
        (APPROVAL, Action.SIGN, Role.LEADER, {"release": release(ReleaseState.PLANNED, NOON)}, "instant_passed"),
        (APPROVAL, Action.RETURN, Role.LEADER, {"opened": False}, "not_opened"),
        (SCHEDULED, Action.PUBLISH, Machine.RELEASE_LOOP, {"release": None}, "not_staged"),
        (SCHEDULED, Action.PUBLISH, Machine.RELEASE_LOOP, {"release": release(ReleaseState.CONFIRMED)}, "not_staged"),
        (
            SCHEDULED,
            Action.PUBLISH,
            Machine.RELEASE_LOOP,
            {"release": release(ReleaseState.STAGED, NOON + timedelta(microseconds=1))},
            "too_early",
        ),
        (
            SCHEDULED,
            Action.PUBLISH,
            Machine.RELEASE_LOOP,
            {"release": release(ReleaseState.STAGED, NOON, held=True)},
            "held",
        ),
        (SCHEDULED, Action.PUBLISH, Machine.RELEASE_LOOP, {"staged_digest_matches": False}, "staged_digest"),
        (SCHEDULED, Action.PUBLISH, Machine.RELEASE_LOOP, {"passed": frozenset({APPROVAL})}, "not_decided"),
        (Stage.DRAFTING, Action.SUBMIT, Role.DRAFTER, {"open_proposals": (3, 4)}, "proposals_open"),
        (CHECK, Action.CLEAR, Role.OFFICER, {"open_proposals": (3,)}, "proposals_open"),
    ],
)
def test_a_step_waits_for_each_of_its_needs(
    stage: Stage, action: Action, role: str, taken_away: dict[str, Any], code: str
) -> None:
    actor = person(role)
    assert codes(stage, action, actor) == []
    assert codes(stage, action, actor, **taken_away) == [code]


def test_all_reasons_are_given_at_once() -> None:
    facts = ready_facts(CHECK, opened=False, open_findings=2, form_filled=False)
    reasons = objections(facts, Action.CLEAR, person(Role.AUDITOR, id="lin_xiao"), NOON, digest=None)
    assert [reason.code for reason in reasons] == [
        "other_role",
        "not_opened",
        "findings_open",
        "form_missing",
        "author_decides",
        "digest_missing",
    ]


def test_a_refusal_says_which_flow_is_awaited_and_what_to_do() -> None:
    for stage, flow in OPENED_BY_FLOW.items():
        facts = ready_facts(stage, opened=False)
        (reason,) = next(step for (at, _), step in STEPS.items() if at is stage).needs[0](facts, person("x"), NOON)
        assert flow in reason.text
        assert "pubflow doctor" in reason.text


def test_the_chief_signs_a_sensitive_report_and_any_other() -> None:
    assert codes(APPROVAL, Action.SIGN, person(Role.CHIEF), sensitive=True) == []
    assert codes(APPROVAL, Action.SIGN, person(Role.CHIEF)) == []


def test_a_draft_of_another_section_belongs_to_its_drafter_wherever_they_sit() -> None:
    assert codes(DRAFTING, Action.EDIT, person(Role.DRAFTER, id="lin_xiao", section="gongye")) == []
    assert codes(DRAFTING, Action.EDIT, person(Role.DRAFTER, section="gongye")) == ["not_own_draft"]
    assert codes(DRAFTING, Action.EDIT, person(Role.DRAFTER, section=""), section="") == ["not_own_draft"]


def test_an_operator_cancels_any_draft() -> None:
    assert codes(DRAFTING, Action.CANCEL, person(Role.OPERATOR, section="bangongshi")) == []


def test_every_return_recall_cancel_and_finding_decision_needs_a_reason_and_nothing_else_does() -> None:
    needing = set()
    for (stage, action), step in STEPS.items():
        facts = ready_facts(stage)
        actor = Actor("somebody", step.by, facts.section)
        blank = objections(facts, action, actor, NOON, digest=DIGEST, reason=" \t\n")
        assert [reason.code for reason in blank] in ([], ["reason_missing"])
        if blank:
            needing.add(action.value)
    assert needing == {
        "return", "recall", "cancel", "decide", "force", "fast", "move_workflow", "refuse", "void", "refer", "reply"
    }  # fmt: skip


# Different persons (design decision 4)

DECISIONS = [
    (REVIEW, Action.APPROVE, Role.SECTION_HEAD),
    (REVIEW, Action.RETURN, Role.SECTION_HEAD),
    (REVIEW, Action.FORCE, Role.LEADER),
    (CHECK, Action.DECIDE, Role.OFFICER),
    (CHECK, Action.CLEAR, Role.OFFICER),
    (CHECK, Action.REFER, Role.OFFICER),
    (CHECK, Action.REPLY, Role.OFFICER),
    (CHECK, Action.RETURN, Role.OFFICER),
    (APPROVAL, Action.SIGN, Role.LEADER),
    (APPROVAL, Action.RETURN, Role.CHIEF),
]


@pytest.mark.parametrize(("stage", "action", "role"), DECISIONS)
def test_whoever_wrote_any_part_never_decides_on_it(stage: Stage, action: Action, role: str) -> None:
    writers = frozenset({"lin_xiao", "co_writer"})
    assert codes(stage, action, person(role, id="co_writer"), writers=writers) == ["author_decides"]
    every_role = Actor("co_writer", frozenset(Role), "zonghe")
    assert codes(stage, action, every_role, writers=writers) == ["author_decides"]


@pytest.mark.parametrize(("stage", "action", "role"), DECISIONS)
def test_who_decided_in_one_stage_does_not_decide_in_another(stage: Stage, action: Action, role: str) -> None:
    for other in (REVIEW, CHECK, APPROVAL):
        found = codes(stage, action, person(role), deciders={other: frozenset({"somebody", "else"})})
        assert found == ([] if other is stage else ["same_person"]), other
        assert codes(stage, action, person(role), deciders={other: frozenset({"else"})}) == []


# An approval is for one digest (design decision 3)


@pytest.mark.parametrize(("stage", "action", "role"), DECISIONS)
@pytest.mark.parametrize(
    ("digest", "code"),
    [
        (DIGEST, None),
        (DIGEST[:8], None),
        (DIGEST[:63], None),
        (DIGEST[:12].upper(), None),
        (None, "digest_missing"),
        ("", "digest_moved"),
        (DIGEST[:7], "digest_moved"),
        (DIGEST[:7] + "f", "digest_moved"),
        (DIGEST[1:9], "digest_moved"),
        (DIGEST[:63] + "1", "digest_moved"),
        (DIGEST + "0", "digest_moved"),
        (DIGEST[:8] + " ", "digest_moved"),
    ],
)
def test_a_decision_names_the_digest_that_was_seen(
    stage: Stage, action: Action, role: str, digest: str | None, code: str | None
) -> None:
    assert codes(stage, action, person(role), digest=digest) == ([code] if code else [])


def test_steps_that_decide_nothing_ask_for_no_digest() -> None:
    deciding = {(stage, action) for stage, action, _ in DECISIONS}
    for (stage, action), step in STEPS.items():
        actor = Actor("somebody", step.by, "zonghe")
        asks = "digest_missing" in codes(stage, action, actor, digest=None)
        assert asks == ((stage, action) in deciding), (stage, action)


# Releases: never early by one person, no silent change


def of_release(state: ReleaseState, action: ReleaseAction, to: datetime | None = None, reason: str = "") -> list[str]:
    found = release_objections(state, action, person(Role.LEADER), NOON, instant=LATER, to=to, reason=reason)
    return [reason.code for reason in found]


@pytest.mark.parametrize("state", [ReleaseState.PLANNED, ReleaseState.CONFIRMED, ReleaseState.STAGED])
def test_a_release_is_never_moved_into_the_past(state: ReleaseState) -> None:
    for to in (NOON, NOON - timedelta(days=1)):
        assert of_release(state, ReleaseAction.MOVE, to, "改期") == ["instant_past"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [(ReleaseState.PLANNED, []), (ReleaseState.CONFIRMED, ["earlier"]), (ReleaseState.STAGED, ["earlier"])],
)
def test_one_person_cannot_bring_a_confirmed_release_forward(state: ReleaseState, expected: list[str]) -> None:
    assert of_release(state, ReleaseAction.MOVE, LATER - timedelta(seconds=1), "提前") == expected
    assert of_release(state, ReleaseAction.MOVE, LATER, "不变") == []


@pytest.mark.parametrize(
    ("state", "action", "needs_reason"),
    [
        (ReleaseState.PLANNED, ReleaseAction.MOVE, False),
        (ReleaseState.CONFIRMED, ReleaseAction.MOVE, True),
        (ReleaseState.STAGED, ReleaseAction.MOVE, True),
        (ReleaseState.PLANNED, ReleaseAction.HOLD, True),
        (ReleaseState.PLANNED, ReleaseAction.CANCEL, True),
        (ReleaseState.STAGED, ReleaseAction.RESUME, False),
        (ReleaseState.FAILED, ReleaseAction.RETRY, False),
    ],
)
def test_holding_cancelling_and_moving_what_was_confirmed_need_a_reason(
    state: ReleaseState, action: ReleaseAction, needs_reason: bool
) -> None:
    to = LATER + timedelta(hours=1)
    assert of_release(state, action, to, "") == (["reason_missing"] if needs_reason else [])
    assert of_release(state, action, to, "理由") == []
