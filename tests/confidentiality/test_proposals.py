"""The officer proposes to mask or remove a finding: the text stays, clearing waits, the return names the proposals."""

import pytest
from builders import Given
from masked import MOBILE, back, checked, finding, let_pass, propose, proposed
from sqlmodel import select
from watching import data_of, events, refusal

from pubflow.confidentiality.actions import findings
from pubflow.errors import BadInput, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.records.tables import Proposal, Review


@pytest.mark.parametrize(
    ("style", "becomes"), [("", "＊＊＊"), ("stars", "＊＊＊"), ("number", "138****5678"), ("company", "某企业")]
)
def test_a_mask_looks_as_its_style_in_the_configuration_says(given: Given, style: str, becomes: str) -> None:
    report_id = checked(given)
    propose(given, report_id, 0, style=style)
    assert proposed(given, report_id)[0].replacement == becomes


def test_a_proposal_changes_no_text_and_with_one_the_text_is_not_cleared(given: Given) -> None:
    report_id = checked(given)
    digest = given.edition(report_id).digest
    propose(given, report_id, 0)
    let_pass(given, report_id, 1)
    assert given.edition(report_id).digest == digest
    with refusal(given.office, StepRefused, "已提出脱敏建议 1；请用 review return", codes=["proposals_open"]):
        given.clear(report_id)


def test_a_return_without_place_and_reason_names_the_proposals(given: Given) -> None:
    report_id = checked(given)
    with refusal(given.office, StepRefused, "请写明理由", codes=["reason_missing"]):
        back(given, report_id, reason="", place="")
    propose(given, report_id, 0)
    propose(given, report_id, 1, kind="remove")
    back(given, report_id, reason="", place="")
    with given.office.records.reading() as session:
        row = session.exec(select(Review).where(Review.state == "returned")).one()
    assert (row.reason, row.place) == ("脱敏建议 1、2", "脱敏建议 1、2")
    assert MOBILE not in row.reason + row.place


def test_the_officer_may_think_again_before_the_text_goes_back(given: Given) -> None:
    report_id = checked(given)
    propose(given, report_id, 0)
    propose(given, report_id, 0, kind="remove")
    let_pass(given, report_id, 0)
    assert [one.state for one in proposed(given, report_id)] == ["withdrawn", "withdrawn"]
    decided = [data_of(event) for event in events(given.office, subject=report_id) if event.action == "decide"]
    assert [data.get("withdrawn") for data in decided] == [None, 1, 2]
    let_pass(given, report_id, 1)
    given.clear(report_id)
    assert given.edition(report_id).stage == Stage.APPROVAL


def test_an_unknown_style_or_a_mask_that_changes_nothing_is_refused(given: Given) -> None:
    report_id = checked(given)
    with refusal(given.office, BadInput, "没有名为“zebra”的脱敏样式.*stars（星号）", codes=["bad_input"]):
        propose(given, report_id, 0, style="zebra")
    let_pass(given, report_id, 0)
    with refusal(given.office, BadInput, "已处理（pass，wan_ning）", codes=["bad_input"]):
        propose(given, report_id, 0)


def test_only_the_officer_proposes_on_the_digest_that_was_read(given: Given) -> None:
    report_id = checked(given)
    with refusal(given.office, StepRefused, "由保密员办理", codes=["other_role", "same_person"]):
        propose(given, report_id, 0, by="fang_zhi")
    with refusal(given.office, StepRefused, "稿件已变动", codes=["digest_moved"]):
        propose(given, report_id, 0, digest="0" * 64)


def test_the_passage_is_sealed_and_no_event_quotes_it(given: Given) -> None:
    report_id = checked(given)
    propose(given, report_id, 0)
    with given.office.records.reading() as session:
        row = session.exec(select(Proposal)).one()
    assert MOBILE.encode() not in row.sealed
    assert (row.finding_id, row.start) == (finding(given, report_id, 0), findings(given.office, report_id)[0].start)
    assert not any(MOBILE in event.body.decode() for event in events(given.office))
