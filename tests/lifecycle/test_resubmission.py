"""Where a re-submission goes: to the earliest stage that has not passed this very text."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifecycle.facts import ready_facts

from pubflow.lifecycle.facts import ReviewFact
from pubflow.lifecycle.rules import after_approve, after_submit
from pubflow.lifecycle.stages import Action, Stage
from pubflow.lifecycle.steps import next_stage

REVIEW, CHECK, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL
LINE = (REVIEW, CHECK, APPROVAL)


def reviews(*states: str) -> tuple[ReviewFact, ...]:
    return tuple(ReviewFact(f"step{n}", "zonghe", state, n) for n, state in enumerate(states))


@pytest.mark.parametrize(
    ("returned_from", "passed_unchanged"),
    [(REVIEW, frozenset()), (CHECK, frozenset({REVIEW})), (APPROVAL, frozenset({REVIEW, CHECK}))],
)
def test_an_unchanged_text_goes_straight_back_and_an_edited_one_to_the_first_stage(
    returned_from: Stage, passed_unchanged: frozenset[Stage]
) -> None:
    facts = ready_facts(Stage.DRAFTING, passed=passed_unchanged)
    assert next_stage(facts, Action.SUBMIT) is returned_from
    edited = replace(facts, digest="e" * 64, passed=frozenset())
    assert next_stage(edited, Action.SUBMIT) is REVIEW


def test_a_signed_and_recalled_text_is_signed_again() -> None:
    assert after_submit(ready_facts(Stage.DRAFTING, passed=frozenset(LINE))) is APPROVAL


def test_a_first_submission_goes_to_department_review() -> None:
    assert after_submit(ready_facts(Stage.DRAFTING)) is REVIEW


@given(passed=st.frozensets(st.sampled_from(LINE)))
def test_a_submission_never_leads_past_an_undecided_stage_nor_back_to_a_decided_one(passed: frozenset[Stage]) -> None:
    to = after_submit(ready_facts(Stage.DRAFTING, passed=passed))
    assert all(stage in passed for stage in LINE[: LINE.index(to)])
    assert to not in passed or to is APPROVAL


@pytest.mark.parametrize(
    ("states", "leads_to"),
    [
        (("open",), CHECK),
        (("open", "open"), REVIEW),
        (("approved", "open"), CHECK),
        (("approved", "open", "open"), REVIEW),
    ],
)
def test_the_stage_stays_while_department_reviews_remain(states: tuple[str, ...], leads_to: Stage) -> None:
    assert after_approve(ready_facts(REVIEW, reviews=reviews(*states))) is leads_to


@dataclass
class PaperEdition:
    """A model of the line with pencil and paper: who passed which text is a set, nothing else is remembered."""

    text: int = 0
    stage: Stage = Stage.DRAFTING
    passed: set[tuple[int, Stage]] = field(default_factory=set)

    def take(self, action: str) -> None:
        facts = ready_facts(self.stage, passed=frozenset(at for text, at in self.passed if text == self.text))
        if self.stage is Stage.DRAFTING:
            if action.startswith("edit"):
                self.text = int(action[-1])
            elif action == "submit":
                self.stage = next_stage(facts, Action.SUBMIT)
        elif self.stage is Stage.SCHEDULED:
            if action == "return":
                self.stage = next_stage(facts, Action.RECALL)
        elif action == "return":
            self.stage = next_stage(facts, Action.RETURN)
        elif action == "go on":
            step = {REVIEW: Action.APPROVE, CHECK: Action.CLEAR, APPROVAL: Action.SIGN}[self.stage]
            self.passed.add((self.text, self.stage))
            self.stage = next_stage(facts, step)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(["edit 0", "edit 1", "submit", "go on", "go on", "return"]), max_size=30))
def test_whatever_is_edited_returned_and_recalled_no_text_is_scheduled_without_every_decision(walk: list[str]) -> None:
    edition = PaperEdition()
    for action in walk:
        edition.take(action)
        if edition.stage is Stage.SCHEDULED:
            assert {(edition.text, stage) for stage in LINE} <= edition.passed
        elif edition.stage in LINE:
            assert {(edition.text, stage) for stage in LINE[: LINE.index(edition.stage)]} <= edition.passed
