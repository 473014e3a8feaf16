"""Every stage x action x role against tables written by hand from section 4 of the design, not from the code.

A `D` is the drafter, H the section head, O the officer, L the leader in charge, C the chief, P the operator,
A the auditor, f the flows, r the release loop, x somebody outside. Nobody may do what is not in these tables.
"""

from datetime import timedelta
from itertools import product

import pytest
from lifecycle.facts import NOON, ready_facts

from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ZH, Action, Machine, ReleaseAction, ReleaseState, Role, Stage
from pubflow.lifecycle.steps import PLANNERS, RELEASE_STEPS, next_stage, objections, release_objections

LETTERS = {
    "D": "drafter", "H": "section_head", "O": "officer", "L": "leader", "C": "chief", "P": "operator", "A": "auditor",
    "f": "flow", "r": "release_loop", "x": "outside",
}  # fmt: skip

# stage -> action -> (who may, where it leads when everything else is in order)
WHO_MAY = {
    "drafting": {
        "edit": ("D", "drafting"), "submit": ("D", "department_review"), "cancel": ("DP", "cancelled"),
        "fast": ("HL", "drafting"), "move_workflow": ("P", "drafting"), "void": ("CP", "drafting"),
    },
    "department_review": {
        "approve": ("H", "confidentiality_check"), "return": ("H", "drafting"), "cancel": ("P", "cancelled"),
        "force": ("LC", "confidentiality_check"), "fast": ("HL", "department_review"),
        "move_workflow": ("P", "department_review"), "refuse": ("x", "drafting"), "void": ("CP", "department_review"),
    },
    "confidentiality_check": {
        "refer": ("O", "confidentiality_check"), "reply": ("O", "confidentiality_check"),
        "decide": ("O", "confidentiality_check"), "clear": ("O", "approval"), "return": ("O", "drafting"),
        "cancel": ("P", "cancelled"),
        # Nothing has passed in these facts: what must be decided anew begins with department review.
        "move_workflow": ("P", "department_review"), "refuse": ("x", "drafting"), "void": ("CP", "department_review"),
    },
    "approval": {
        "sign": ("LC", "scheduled"), "return": ("LC", "drafting"), "cancel": ("P", "cancelled"),
        "move_workflow": ("P", "department_review"), "refuse": ("x", "drafting"), "void": ("CP", "department_review"),
    },
    "scheduled": {
        "recall": ("LP", "drafting"), "publish": ("r", "published"), "cancel": ("P", "cancelled"),
        "void": ("CP", "department_review"),
    },
    "published": {},
    "superseded": {},
    "withdrawn": {},
    "cancelled": {},
}  # fmt: skip

# release state -> action -> (who may, the next state)
WHO_MAY_WITH_A_RELEASE = {
    "planned": {
        "confirm": ("LC", "confirmed"), "move": ("DHLP", "planned"), "hold": ("LP", "planned"),
        "resume": ("LP", "planned"), "cancel": ("LP", "cancelled"),
    },
    "confirmed": {
        "move": ("LP", "confirmed"), "hold": ("LP", "confirmed"), "resume": ("LP", "confirmed"),
        "stage": ("f", "staged"), "fail": ("fr", "failed"), "cancel": ("LP", "cancelled"),
    },
    "staged": {
        "move": ("LP", "confirmed"), "hold": ("LP", "staged"), "resume": ("LP", "staged"),
        "switch": ("r", "released"), "fail": ("r", "failed"), "cancel": ("LP", "cancelled"),
    },
    "failed": {"retry": ("LP", "confirmed"), "cancel": ("LP", "cancelled")},
    "released": {},
    "cancelled": {},
}  # fmt: skip

EVERYBODY = (*Role, *Machine)
EDITION_CASES = list(product(Stage, Action, EVERYBODY))
RELEASE_CASES = list(product(ReleaseState, ReleaseAction, EVERYBODY))


def test_nothing_is_left_out_of_the_walk() -> None:
    assert {LETTERS[letter] for letter in LETTERS} == set(EVERYBODY)
    assert set(WHO_MAY) == set(Stage)
    assert set(WHO_MAY_WITH_A_RELEASE) == set(ReleaseState)
    assert len(EDITION_CASES) == 9 * 17 * 10 == 1530
    assert len(RELEASE_CASES) == 6 * 10 * 10 == 600


@pytest.mark.parametrize(("stage", "action"), list(product(Stage, Action)))
def test_each_step_belongs_to_the_roles_of_the_table_and_to_nobody_else(
    stage: Stage, action: Action, record_walk: list[str]
) -> None:
    letters, leads_to = WHO_MAY[stage.value].get(action.value, ("", ""))
    allowed = {LETTERS[letter] for letter in letters}
    facts = ready_facts(stage)
    if action is Action.VOID:  # it leads on from what still stands; here nothing does any more
        facts = ready_facts(stage, passed=frozenset())
    for role in EVERYBODY:
        actor = Actor("somebody", frozenset({role}), facts.section)
        codes = {reason.code for reason in objections(facts, action, actor, NOON, digest=facts.digest, reason="理由")}
        record_walk.append(f"{stage} {action} {role}")
        if not letters:
            assert codes == {"no_such_step"}, role
        elif role in allowed:
            assert codes == set(), role
            assert next_stage(facts, action) == leads_to
        else:
            assert codes == {"other_role"}, role


@pytest.mark.parametrize(("state", "action"), list(product(ReleaseState, ReleaseAction)))
def test_each_change_of_a_release_belongs_to_the_roles_of_the_table_and_to_nobody_else(
    state: ReleaseState, action: ReleaseAction, record_walk: list[str]
) -> None:
    letters, _ = WHO_MAY_WITH_A_RELEASE[state.value].get(action.value, ("", ""))
    allowed = {LETTERS[letter] for letter in letters}
    instant = NOON + timedelta(hours=2)
    for role in EVERYBODY:
        actor = Actor("somebody", frozenset({role}), "zonghe")
        later = instant + timedelta(hours=1)
        reasons = release_objections(state, action, actor, NOON, instant=instant, to=later, reason="理由")
        expected = set() if role in allowed else {"other_role"} if letters else {"no_such_step"}
        record_walk.append(f"release {state} {action} {role}")
        assert {reason.code for reason in reasons} == expected, role


def test_each_change_of_a_release_leads_to_the_state_of_the_table() -> None:
    by_hand = {
        (state, action): leads_to
        for state, row in WHO_MAY_WITH_A_RELEASE.items()
        for action, (_, leads_to) in row.items()
    }
    assert {key: leads_to for key, (leads_to, _) in RELEASE_STEPS.items()} == by_hand


def test_a_release_is_planned_by_drafter_section_head_leader_or_operator() -> None:
    assert frozenset({"drafter", "section_head", "leader", "operator"}) == PLANNERS


def test_every_word_of_the_line_has_a_chinese_name() -> None:
    words = (*Stage, *Action, *ReleaseState, *ReleaseAction, *Role, *Machine)
    assert [word for word in words if not ZH.get(word)] == []


def test_a_person_without_any_role_may_do_nothing() -> None:
    for stage, action in product(Stage, Action):
        facts = ready_facts(stage)
        nobody = Actor("somebody", frozenset(), facts.section)
        assert objections(facts, action, nobody, NOON, digest=facts.digest, reason="理由"), (stage, action)
