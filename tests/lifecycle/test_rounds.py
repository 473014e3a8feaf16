"""Rounds of department reviews, quorum, deputies, exemptions, conflicts: the rules alone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifecycle.facts import DIGEST, NOON, ready_facts

from pubflow.lifecycle.facts import Actor, ExemptionFact, ReviewFact
from pubflow.lifecycle.rules import after_approve, waiting_reviews
from pubflow.lifecycle.stages import Action, Role, Stage
from pubflow.lifecycle.steps import judged, objections

REVIEW, CHECK, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL


def head(id_: str, section: str) -> Actor:
    return Actor(id_, frozenset({Role.SECTION_HEAD}), section)


def codes(facts, action: Action, actor: Actor) -> list[str]:  # type: ignore[no-untyped-def]
    return [reason.code for reason in objections(facts, action, actor, NOON, digest=DIGEST, reason="有误")]


def test_reviews_of_one_round_go_side_by_side_and_the_next_round_waits() -> None:
    reviews = (
        ReviewFact("a", "gongye", "open", 1),
        ReviewFact("b", "zonghe", "open", 1),
        ReviewFact("c", "bangongshi", "open", 2),
    )
    facts = ready_facts(REVIEW, reviews=reviews)
    assert [review.step for review in waiting_reviews(facts)] == ["a", "b"]
    assert codes(facts, Action.APPROVE, head("deng_bo", "gongye")) == []
    assert codes(facts, Action.APPROVE, head("fang_zhi", "zonghe")) == []
    assert codes(facts, Action.APPROVE, head("qiu_hong", "bangongshi")) == ["other_section"]


@pytest.mark.parametrize(
    ("states", "quorum", "stage"),
    [
        (["open"], {}, CHECK),
        (["open", "open"], {}, REVIEW),
        (["approved", "open"], {}, CHECK),
        (["open", "open"], {1: 1}, CHECK),
        (["open", "open", "open"], {1: 2}, REVIEW),
        (["approved", "open", "open"], {1: 2}, CHECK),
        (["not_needed", "approved", "open"], {1: 2}, CHECK),
    ],
)
def test_a_round_is_done_with_its_quorum(states: list[str], quorum: dict[int, int], stage: Stage) -> None:
    reviews = tuple(ReviewFact(f"r{n}", "zonghe", state, 1) for n, state in enumerate(states))
    assert after_approve(ready_facts(REVIEW, reviews=reviews, quorum=quorum)) is stage


def test_the_stage_stays_while_a_later_round_is_open() -> None:
    reviews = (ReviewFact("a", "zonghe", "open", 1), ReviewFact("b", "gongye", "open", 2))
    assert after_approve(ready_facts(REVIEW, reviews=reviews)) is REVIEW


@given(
    rounds=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    quorums=st.lists(st.integers(1, 4), min_size=4, max_size=4),
)
def test_every_workflow_ends_after_exactly_its_quorums(rounds: list[int], quorums: list[int]) -> None:
    quorum = {number: min(quorums[number - 1], size) for number, size in enumerate(rounds, 1)}
    reviews = [
        ReviewFact(f"{number}.{place}", "zonghe", "open", number)
        for number, size in enumerate(rounds, 1)
        for place in range(size)
    ]
    approvals = 0
    while True:
        facts = ready_facts(REVIEW, reviews=tuple(reviews), quorum=quorum)
        chosen = waiting_reviews(facts)[0]
        leads_to = after_approve(facts)
        approvals += 1
        done = sum(r.round == chosen.round and r.state == "approved" for r in reviews) + 1 >= quorum[chosen.round]
        reviews = [
            ReviewFact(r.step, r.section, "approved", r.round)
            if r is chosen
            else ReviewFact(r.step, r.section, "not_needed", r.round)
            if done and r.round == chosen.round and r.state == "open"
            else r
            for r in reviews
        ]
        if leads_to is CHECK:
            break
    assert approvals == sum(quorum.values())


def test_a_deputy_acts_for_an_absent_head_under_the_own_name() -> None:
    absent = head("fang_zhi", "zonghe")
    deputy = Actor("deng_bo", frozenset({Role.SECTION_HEAD}), "gongye", stands_in_for=(absent,))
    acting, reasons = judged(ready_facts(REVIEW), Action.APPROVE, deputy, NOON, digest=DIGEST)
    assert reasons == []
    assert (acting.id, acting.section) == ("deng_bo", "zonghe")
    without = Actor("deng_bo", frozenset({Role.SECTION_HEAD}), "gongye")
    assert codes(ready_facts(REVIEW), Action.APPROVE, without) == ["other_section"]


def test_a_deputy_who_wrote_the_text_or_decided_before_is_refused_like_anybody() -> None:
    officer = Actor("wan_ning", frozenset({Role.OFFICER}))
    writer = Actor("lin_xiao", frozenset({Role.DRAFTER}), "zonghe", stands_in_for=(officer,))
    assert "author_decides" in codes(ready_facts(CHECK), Action.CLEAR, writer)
    reviewer = Actor("fang_zhi", frozenset({Role.SECTION_HEAD}), "zonghe", stands_in_for=(officer,))
    facts = ready_facts(CHECK, deciders={REVIEW: frozenset({"fang_zhi"})})
    assert "same_person" in codes(facts, Action.CLEAR, reviewer)


def test_the_chiefs_exemption_allows_one_doubling_while_it_lasts_and_never_the_writer() -> None:
    both = Actor("wan_ning", frozenset({Role.OFFICER, Role.LEADER}))
    earlier = {CHECK: frozenset({"wan_ning"})}
    assert codes(ready_facts(APPROVAL, deciders=earlier), Action.SIGN, both) == ["same_person"]
    exempt = ExemptionFact("wan_ning", frozenset({CHECK, APPROVAL}), NOON, NOON + timedelta(days=1))
    facts = ready_facts(APPROVAL, deciders=earlier, exemptions=(exempt,))
    assert codes(facts, Action.SIGN, both) == []
    for late in (NOON - timedelta(seconds=1), NOON + timedelta(days=1)):
        refused = objections(facts, Action.SIGN, both, late, digest=DIGEST)
        assert "same_person" in [reason.code for reason in refused]
    for other in ({REVIEW, APPROVAL}, {REVIEW, CHECK}):
        elsewhere = ExemptionFact("wan_ning", frozenset(other), NOON, NOON + timedelta(days=1))
        facts = ready_facts(APPROVAL, deciders=earlier, exemptions=(elsewhere,))
        assert codes(facts, Action.SIGN, both) == ["same_person"]
    wrote = ready_facts(APPROVAL, writers=frozenset({"wan_ning"}), exemptions=(exempt,))
    assert codes(wrote, Action.SIGN, both) == ["author_decides"]


@pytest.mark.parametrize(
    ("stage", "action", "role"),
    [
        (REVIEW, Action.APPROVE, Role.SECTION_HEAD),
        (REVIEW, Action.RETURN, Role.SECTION_HEAD),
        (CHECK, Action.CLEAR, Role.OFFICER),
        (CHECK, Action.DECIDE, Role.OFFICER),
        (APPROVAL, Action.SIGN, Role.LEADER),
        (APPROVAL, Action.RETURN, Role.CHIEF),
    ],
)
def test_whoever_declared_a_conflict_decides_nothing(stage: Stage, action: Action, role: Role) -> None:
    actor = Actor("x", frozenset({role}), "zonghe")
    assert codes(ready_facts(stage), action, actor) == []
    assert codes(ready_facts(stage, conflicted=frozenset({"x"})), action, actor) == ["conflict"]
