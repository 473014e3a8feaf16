"""The drafter meets a proposal: sees its difference, accepts exactly that, or declines with a reason."""

import pytest
from builders import Given
from masked import BODY, MOBILE, OTHER_MOBILE, back, checked, no, propose, proposed, resubmit, yes
from watching import files_with, refusal

from pubflow.audit.events import Event
from pubflow.confidentiality.actions import findings
from pubflow.confidentiality.proposals import declined_before
from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import submit
from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.proposals import proposal_views
from pubflow.records.tables import Finding


@pytest.fixture
def returned(given: Given) -> str:
    """A draft with two proposals: mask the first number, remove the second."""
    report_id = checked(given)
    propose(given, report_id, 0, style="number")
    propose(given, report_id, 1, kind="remove")
    back(given, report_id)
    return report_id


def test_each_proposal_is_shown_with_its_place_and_what_would_stand_there(given: Given, returned: str) -> None:
    text = given.text(returned).canonical()
    one, two = proposed(given, returned)
    assert (one.kind, one.passage, one.replacement, one.state) == ("mask", MOBILE, "138****5678", "open")
    assert (two.kind, two.passage, two.replacement) == ("remove", OTHER_MOBILE, "")
    assert text[one.start : one.end] == MOBILE
    assert one.before.endswith("联系人张三，电话 ")
    assert one.after.startswith("。\n\n值班电话")
    assert (one.by, one.basis, one.reason) == ("wan_ning", "个人信息保护法第二十五条", "私人号码")
    assert files_with(given.office, MOBILE, OTHER_MOBILE) == []


def test_accepting_makes_exactly_these_replacements_and_no_other_change(given: Given, returned: str) -> None:
    before = given.text(returned)
    yes(given, returned)
    expected = BODY.replace(MOBILE, "138****5678").replace(f"值班电话 {OTHER_MOBILE}", "值班电话 ")
    assert given.text(returned) == ReportText(head=before.head, body=expected)
    assert given.edition(returned).version == 3


def test_of_two_proposals_on_one_passage_one_is_accepted_and_the_other_declined(given: Given) -> None:
    report_id = checked(given)
    outer, inner = findings(given.office, report_id)
    with given.office.records.writing(given.tick(), what="test", who="test", subject=report_id) as tx:
        tx.session.get_one(Finding, outer.id).end = inner.end  # a row of a table holds a number in it
        tx.record(Event("widened", "test", report_id))
    propose(given, report_id, 0, kind="remove")
    propose(given, report_id, 1)
    back(given, report_id)
    first, second = (one.number for one in proposed(given, report_id))
    with refusal(given.office, BadInput, f"{first} 与 {second} 的位置重叠.*接受其中一项", codes=["bad_input"]):
        yes(given, report_id, first, second)
    yes(given, report_id, first)
    with refusal(given.office, BadInput, "位置重叠", codes=["bad_input"]):
        yes(given, report_id, second)
    no(given, report_id, second)
    assert MOBILE not in given.text(report_id).body
    assert OTHER_MOBILE not in given.text(report_id).body


def test_proposals_accepted_one_after_the_other_make_the_same_text(given: Given, returned: str) -> None:
    second, first = (one.number for one in reversed(proposed(given, returned)))
    yes(given, returned, second)
    yes(given, returned, first)
    assert MOBILE not in given.text(returned).body
    assert OTHER_MOBILE not in given.text(returned).body
    assert given.edition(returned).version == 4
    assert resubmit(given, returned) == Stage.DEPARTMENT_REVIEW


def test_a_draft_is_not_submitted_before_every_proposal_is_answered(given: Given, returned: str) -> None:
    one, two = (one.number for one in proposed(given, returned))
    for still_open, answer in ((f"{one}、{two}", one), (str(two), two)):
        with refusal(given.office, StepRefused, f"脱敏建议 {still_open} 未答复", codes=["proposals_open"]):
            submit(given.office, returned, given.people["lin_xiao"], now=given.tick())
        yes(given, returned, answer)
    assert resubmit(given, returned) == Stage.DEPARTMENT_REVIEW


def test_a_declined_proposal_opens_its_finding_again_and_the_officer_sees_why(given: Given, returned: str) -> None:
    one, two = (one.number for one in proposed(given, returned))
    no(given, returned, one, reason="负责人的办公手机，已对外公布")
    no(given, returned, two)
    resubmit(given, returned)
    first, second = findings(given.office, returned)
    assert (first.decision, first.by, second.decision) == ("", None, "")
    assert (first.ground, first.basis, first.right_holder, first.carried_from) == ("", "", None, None)
    assert declined_before(given.office, returned) == {
        first.id: "负责人的办公手机，已对外公布", second.id: "这是对外公布的值班电话",
    }  # fmt: skip
    with refusal(given.office, StepRefused, "还有 2 个发现项未处理", codes=["findings_open"]):
        given.clear(returned)


def test_the_reason_of_a_declined_proposal_follows_the_value_into_the_masked_version(
    given: Given, returned: str
) -> None:
    one, two = (one.number for one in proposed(given, returned))
    no(given, returned, one, reason="已对外公布")
    yes(given, returned, two)
    resubmit(given, returned)
    given.advance(returned, Stage.DEPARTMENT_REVIEW)
    given.flows()
    (left,) = findings(given.office, returned)
    assert (left.decision, declined_before(given.office, returned)) == ("", {left.id: "已对外公布"})


def test_an_edited_draft_takes_no_proposal_and_needs_no_answer(given: Given, returned: str) -> None:
    number = proposed(given, returned)[0].number
    given.write(returned, BODY + "\n另加一句。\n")
    with refusal(given.office, StepRefused, "另有修改", codes=["draft_changed"]):
        yes(given, returned, number)
    assert resubmit(given, returned) == Stage.DEPARTMENT_REVIEW


def test_a_text_taken_back_behind_an_accepted_mask_takes_the_other_one_alone(given: Given, returned: str) -> None:
    one, two = (one.number for one in proposed(given, returned))
    yes(given, returned, one)
    given.write(returned, BODY)
    yes(given, returned, two)
    assert MOBILE in given.text(returned).body
    assert OTHER_MOBILE not in given.text(returned).body


def test_proposals_are_answered_by_those_who_may_edit_and_once(given: Given, returned: str) -> None:
    one, two = (one.number for one in proposed(given, returned))
    with refusal(given.office, StepRefused, "起草", codes=["other_role", "not_own_draft"]):
        yes(given, returned, one, by="wan_ning")
    with refusal(given.office, StepRefused, "起草", codes=["not_own_draft"]):
        yes(given, returned, one, by="peng_cheng")
    with refusal(given.office, NotFound, "脱敏建议 99", codes=["not_found"]):
        yes(given, returned, 99)
    with refusal(given.office, BadInput, "同一编号写了两次", codes=["bad_input"]):
        yes(given, returned, one, one)
    with refusal(given.office, BadInput, "理由", codes=["bad_input"]):
        no(given, returned, one, reason=" ")
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        no(given, returned, one, reason="机密★10年")
    yes(given, returned, one)
    with refusal(given.office, BadInput, f"脱敏建议 {one}（accepted） 已处理", codes=["bad_input"]):
        yes(given, returned, one)
    no(given, returned, two)
    with refusal(given.office, BadInput, f"脱敏建议 {two}（declined） 已处理", codes=["bad_input"]):
        no(given, returned, two)


def test_a_colleague_of_the_section_may_accept_and_becomes_a_writer(given: Given, returned: str) -> None:
    yes(given, returned, by="tang_yue")
    assert given.edition(returned).version == 3


def test_only_who_may_read_the_draft_sees_the_proposals(given: Given, returned: str) -> None:
    with refusal(given.office, StepRefused, "未发布稿件只向本科室", codes=["may_not_read"]):
        proposal_views(given.office, given.people["peng_cheng"], returned, given.tick())


def test_a_removal_that_would_make_a_secret_mark_of_its_neighbours_is_refused(given: Given) -> None:
    report_id = given.report(Stage.CONFIDENTIALITY_CHECK, body=f"## 一、甲\n\n机 {MOBILE} 密★10年。\n")
    propose(given, report_id, 0, kind="remove")
    back(given, report_id)
    number = proposed(given, report_id)[0].number
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        yes(given, report_id, number)
