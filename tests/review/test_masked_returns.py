"""Where a text with accepted masks goes: the own section's head confirms the difference, nothing more is reviewed.

Every return from every stage, with the text unchanged, masked, and edited; by hand, on a real register.
"""

import pytest
from builders import Given
from masked import BODY, back, checked, confirm, let_pass, masked, no, open_steps, propose, proposed, resubmit, yes
from watching import actions_on, data_of, events, refusal

from pubflow.errors import StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Stage
from pubflow.publication.releases import recall
from pubflow.review.actions import approve

REVIEW, CHECK, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL


def edit(given: Given, report_id: str) -> None:
    given.write(report_id, given.text(report_id).body + "\n另加一句。\n", by=given.drafter(report_id))


def confirmed(given: Given) -> str:
    """A masked text before the officer again."""
    report_id = masked(given)
    assert resubmit(given, report_id) == REVIEW
    assert confirm(given, report_id) == CHECK
    return report_id


def masked_twice(given: Given) -> str:
    """One mask accepted and confirmed, then another accepted on top; in drafting."""
    report_id = checked(given)
    propose(given, report_id, 0)
    let_pass(given, report_id, 1)
    back(given, report_id)
    yes(given, report_id)
    resubmit(given, report_id)
    confirm(given, report_id)
    propose(given, report_id, 0)
    back(given, report_id)
    yes(given, report_id)
    return report_id


def test_the_head_of_the_own_section_alone_confirms_the_difference(given: Given) -> None:
    report_id = masked(given, kind="monthly", drafter="peng_cheng")  # section gongye, then zonghe
    assert resubmit(given, report_id) == REVIEW
    assert open_steps(given, report_id) == [("confirm_difference", "deng_bo")]
    with refusal(given.office, StepRefused, "gongye", codes=["other_section"]):
        confirm(given, report_id, "fang_zhi")
    assert confirm(given, report_id, "deng_bo") == CHECK
    given.clear(report_id)
    assert given.edition(report_id).stage == APPROVAL
    assert actions_on(given.office, report_id).count("approve") == 3  # two reviews, one confirmation


def test_one_more_edit_on_top_of_the_masks_is_reviewed_whole_by_everybody(given: Given) -> None:
    report_id = masked(given, kind="monthly", drafter="peng_cheng")
    edit(given, report_id)
    assert resubmit(given, report_id) == REVIEW
    assert open_steps(given, report_id) == [("section", "deng_bo"), ("data_quality", "fang_zhi")]


def test_an_edit_taken_back_leaves_the_masks_alone_and_only_they_are_confirmed(given: Given) -> None:
    report_id = masked(given)
    body = given.text(report_id).body
    edit(given, report_id)
    given.write(report_id, body)
    assert resubmit(given, report_id) == REVIEW
    assert open_steps(given, report_id) == [("confirm_difference", "fang_zhi")]


def test_the_same_words_typed_by_hand_are_no_accepted_masks(given: Given) -> None:
    report_id = checked(given)
    propose(given, report_id, 0)
    back(given, report_id)
    given.write(report_id, BODY.replace("13812345678", "＊＊＊"))
    assert resubmit(given, report_id) == REVIEW
    assert open_steps(given, report_id) == [("section", "fang_zhi")]


@pytest.mark.parametrize(
    ("returned_from", "text", "leads_to", "waits_for"),
    [
        ("confirmation", "unchanged", REVIEW, ["confirm_difference"]),
        ("confirmation", "edited", REVIEW, ["section"]),
        ("check", "unchanged", CHECK, []),
        ("check", "masked again", REVIEW, ["confirm_difference"]),
        ("check", "edited", REVIEW, ["section"]),
        ("approval", "unchanged", APPROVAL, []),
        ("approval", "edited", REVIEW, ["section"]),
        ("recall", "unchanged", APPROVAL, []),
        ("recall", "edited", REVIEW, ["section"]),
    ],
)
def test_a_masked_text_that_is_returned_goes_on_where_it_was_unless_it_is_edited(
    given: Given, returned_from: str, text: str, leads_to: Stage, waits_for: list[str]
) -> None:
    if returned_from == "confirmation":
        report_id = masked(given)
        resubmit(given, report_id)
        back(given, report_id, "fang_zhi")
    elif text == "masked again":
        report_id = masked_twice(given)
    else:
        report_id = confirmed(given)
        if returned_from != "check":
            given.clear(report_id)
            given.flows()
        if returned_from == "recall":
            given.advance(report_id, APPROVAL)
            recall(given.office, report_id, given.people["liao_jun"], reason="再核对", now=given.tick())
        else:
            back(given, report_id, {"check": "wan_ning", "approval": "liao_jun"}[returned_from])
    if text == "edited":
        edit(given, report_id)
    assert resubmit(given, report_id) == leads_to
    assert [step for step, _ in open_steps(given, report_id)] == waits_for


def test_masks_on_a_masked_text_need_both_confirmations(given: Given) -> None:
    report_id = masked_twice(given)
    resubmit(given, report_id)
    assert confirm(given, report_id) == CHECK
    assert actions_on(given.office, report_id).count("approve") == 3


def test_a_declined_proposal_alone_takes_the_unchanged_text_straight_back_to_the_officer(given: Given) -> None:
    report_id = checked(given)
    propose(given, report_id, 1)
    back(given, report_id)
    no(given, report_id, proposed(given, report_id)[0].number)
    assert resubmit(given, report_id) == CHECK


def test_whoever_accepts_is_a_writer_and_whoever_proposes_is_not(given: Given) -> None:
    report_id = masked(given)
    resubmit(given, report_id)
    digest = given.edition(report_id).digest
    head_who_accepted = Actor("lin_xiao", frozenset({"section_head"}), "zonghe")
    with refusal(given.office, StepRefused, "写过", codes=["author_decides"]):
        approve(given.office, report_id, head_who_accepted, digest=digest, remark="", now=given.tick())
    confirm(given, report_id)
    given.clear(report_id)  # by the officer who proposed
    assert given.edition(report_id).stage == APPROVAL


def test_an_approval_of_one_who_later_accepts_a_mask_does_not_count_any_more(given: Given) -> None:
    many = Actor("fang_zhi", frozenset({"section_head", "drafter"}), "zonghe")
    report_id = checked(given)
    propose(given, report_id, 0)
    let_pass(given, report_id, 1)
    back(given, report_id)
    given.people["fang_zhi"] = many
    yes(given, report_id, by="fang_zhi")
    assert resubmit(given, report_id) == REVIEW
    assert open_steps(given, report_id) == [("section", "fang_zhi")]  # whole, and by somebody else
    with refusal(given.office, StepRefused, "写过", codes=["author_decides"]):
        confirm(given, report_id)


def test_the_new_version_names_the_proposals_and_the_reviewed_text_and_quotes_nothing(given: Given) -> None:
    report_id = checked(given)
    base = given.edition(report_id).digest
    propose(given, report_id, 0)
    back(given, report_id)
    yes(given, report_id)
    last = [event for event in events(given.office, subject=report_id) if event.action == "edit"][-1]
    data = data_of(last)
    assert (data["accepted"], data["masks_of"]) == ([1], base)
    assert not any("13812345678" in event.body.decode() for event in events(given.office))
