"""Where a re-submission goes: to the earliest stage that has not passed this very text."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifecycle.facts import ready_facts

from pubflow.lifecycle.facts import EditionFacts, ReviewFact
from pubflow.lifecycle.masks import ReviewedTexts
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


REVIEWED, MASKED, TWICE, EDITED = "a" * 64, "b" * 64, "c" * 64, "e" * 64
MASKS = {MASKED: REVIEWED, TWICE: MASKED}  # text -> the text it was masked from


@pytest.mark.parametrize(
    ("returned_from", "text", "reviewed_whole", "confirmed", "cleared", "leads_to", "only_the_difference"),
    [
        # from the first check: unchanged, masked, edited, masked and edited
        ("check", REVIEWED, [REVIEWED], [], [], CHECK, False),
        ("check", MASKED, [REVIEWED], [], [], REVIEW, True),
        ("check", EDITED, [REVIEWED], [], [], REVIEW, False),
        # the head refuses the difference
        ("review", MASKED, [REVIEWED], [], [], REVIEW, True),
        ("review", REVIEWED, [REVIEWED], [], [], CHECK, False),
        ("review", EDITED, [REVIEWED], [], [], REVIEW, False),
        # from the second check, on the confirmed text
        ("check", MASKED, [REVIEWED], [MASKED], [], CHECK, False),
        ("check", TWICE, [REVIEWED], [MASKED], [], REVIEW, True),
        ("check", EDITED, [REVIEWED], [MASKED], [], REVIEW, False),
        ("check", TWICE, [REVIEWED], [MASKED, TWICE], [], CHECK, False),
        # masks on a difference that nobody confirmed: reviewed whole
        ("check", TWICE, [REVIEWED], [], [], REVIEW, False),
        ("check", TWICE, [REVIEWED], [TWICE], [], REVIEW, False),
        # from approval and after a recall
        ("approval", MASKED, [REVIEWED], [MASKED], [MASKED], APPROVAL, False),
        ("approval", EDITED, [REVIEWED], [MASKED], [MASKED], REVIEW, False),
        ("approval", MASKED, [REVIEWED], [MASKED], [REVIEWED], CHECK, False),
        # a confirmation without a reviewed text behind it is worth nothing
        ("review", MASKED, [], [MASKED], [], REVIEW, False),
        ("review", MASKED, [MASKED], [], [], CHECK, False),
    ],
)
def test_every_return_with_masks_goes_to_the_earliest_stage_that_has_not_passed_this_text(
    returned_from: str,
    text: str,
    reviewed_whole: list[str],
    confirmed: list[str],
    cleared: list[str],
    leads_to: Stage,
    only_the_difference: bool,
) -> None:
    texts = ReviewedTexts(frozenset(reviewed_whole), frozenset(confirmed), MASKS)
    passed = {CHECK} if text in cleared else set()
    passed |= {REVIEW} if texts.passed(text) else set()
    assert after_submit(ready_facts(Stage.DRAFTING, digest=text, passed=frozenset(passed))) is leads_to, returned_from
    if leads_to is REVIEW:
        assert (texts.difference_from(text) is not None) is only_the_difference


def test_texts_masked_from_each_other_do_not_go_round_in_circles() -> None:
    texts = ReviewedTexts(masks_of={REVIEWED: MASKED, MASKED: REVIEWED}, confirmed=frozenset({REVIEWED, MASKED}))
    assert texts.line_of(REVIEWED) == (REVIEWED, MASKED)
    assert not texts.passed(REVIEWED)


@dataclass
class PaperEdition:
    """A model of the line with pencil and paper: who passed which text is a set, what was masked from what a list."""

    text: str = "0"
    stage: Stage = Stage.DRAFTING
    proposed_on: str = ""
    passed: set[tuple[str, Stage]] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    masked_from: dict[str, str] = field(default_factory=dict)
    only_the_difference: bool = False

    def facts(self) -> EditionFacts:
        texts = ReviewedTexts(frozenset(self.whole), frozenset(self.confirmed), self.masked_from)
        passed = {at for text, at in self.passed if text == self.text and at is not REVIEW}
        if texts.passed(self.text):
            passed.add(REVIEW)
        self.only_the_difference = texts.difference_from(self.text) is not None
        return ready_facts(self.stage, passed=frozenset(passed))

    def take(self, action: str) -> None:
        facts = self.facts()
        if self.stage is Stage.DRAFTING:
            if action.startswith("edit"):
                self.text = action[-1]
            elif action == "mask" and self.proposed_on == self.text:
                self.masked_from[f"{self.text}*"] = self.text
                self.text += "*"
            elif action == "submit":
                self.stage = next_stage(facts, Action.SUBMIT)
        elif self.stage is Stage.SCHEDULED:
            if action == "return":
                self.stage = next_stage(facts, Action.RECALL)
        elif action == "return":
            self.proposed_on = self.text if self.stage is CHECK else ""
            self.stage = next_stage(facts, Action.RETURN)
        elif action == "go on":
            step = {REVIEW: Action.APPROVE, CHECK: Action.CLEAR, APPROVAL: Action.SIGN}[self.stage]
            if self.stage is REVIEW:
                (self.confirmed if self.only_the_difference else self.whole).add(self.text)
            self.passed.add((self.text, self.stage))
            self.stage = next_stage(facts, step)

    def seen_by_the_departments(self) -> bool:
        """Every star was confirmed, down to a text that was read whole."""
        text = self.text
        while text not in self.whole:
            if text not in self.confirmed or not text.endswith("*"):
                return False
            text = text[:-1]
        return True


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["edit 0", "edit 1", "submit", "submit", "go on", "go on", "go on", "return", "mask", "mask"]),
        max_size=40,
    )
)
def test_whatever_is_edited_masked_returned_and_recalled_no_text_is_scheduled_without_every_decision(
    walk: list[str],
) -> None:
    edition = PaperEdition()
    for action in walk:
        edition.take(action)
        if edition.stage in (CHECK, APPROVAL, Stage.SCHEDULED):
            assert edition.seen_by_the_departments()
        if edition.stage in (APPROVAL, Stage.SCHEDULED):
            assert (edition.text, CHECK) in edition.passed
        if edition.stage is Stage.SCHEDULED:
            assert (edition.text, APPROVAL) in edition.passed
