"""The review form is filled from the register, kept with its digest, and shown to whoever may read the draft."""

import hashlib
import json

import pytest
from builders import Given
from masked import MOBILE, back, checked, let_pass
from watching import data_of, events, files_with, refusal

from pubflow.confidentiality.review_form import as_html, review_form
from pubflow.errors import StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.publication.releases import recall


def test_a_cleared_form_is_kept_as_it_was_signed_and_the_signature_is_added_later(given: Given) -> None:
    report_id, officer = checked(given), given.people["wan_ning"]
    before = review_form(given.office, report_id, officer, given.tick())
    assert (before.kept, before.form["result"], [one["decision"] for one in before.form["findings"]]) == (
        False, "", ["", ""],
    )  # fmt: skip
    let_pass(given, report_id, 0)
    let_pass(given, report_id, 1)
    given.clear(report_id)
    view = review_form(given.office, report_id, officer, given.tick())
    form = view.form
    assert (view.kept, form["number"], form["result"], form["drafter"]) == (True, "S-2026-0001", "公开", "林晓")
    assert [(one["masked"] != MOBILE, one["ground"], one["by"]) for one in form["findings"]] == [
        (True, "not_what_it_seems", "万宁")
    ] * 2
    assert [one["by"] for one in form["sections"]] == ["方志"]
    assert (form["officer"]["by"], form["officer"]["opinion"]) == ("万宁", "不涉密，可以公开")
    assert [item["applies"] for item in form["checklist"]] == [False] * 8
    content = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(content).hexdigest() == view.form_digest
    (event,) = (one for one in events(given.office, subject=report_id) if one.action == "clear")
    assert data_of(event)["form_digest"] == view.form_digest
    assert view.signature is None
    given.advance(report_id, Stage.APPROVAL)
    signed = review_form(given.office, report_id, officer, given.tick())
    assert (signed.form_digest, signed.signature and signed.signature["by"]) == (view.form_digest, "廖俊")


def test_the_page_shows_it_without_any_value_and_the_register_holds_no_word_of_it(given: Given) -> None:
    report_id = checked(given)
    let_pass(given, report_id, 0)
    let_pass(given, report_id, 1)
    given.clear(report_id)
    page = as_html(given.office, review_form(given.office, report_id, given.people["wan_ning"], given.tick()))
    for words in ("政府信息公开保密审查审批表", "S-2026-0001", "误报：不是该类信息", "不涉密，可以公开", "综合科"):
        assert words in page
    assert MOBILE not in page
    assert "尚未由保密员签署" not in page
    assert files_with(given.office, "误报：不是该类信息") == []


def test_only_whoever_may_read_the_draft_sees_its_form(given: Given) -> None:
    report_id = checked(given)
    with refusal(given.office, StepRefused, "未发布稿件只向本科室", codes=["may_not_read"]):
        review_form(given.office, report_id, given.people["peng_cheng"], given.tick())


@pytest.mark.parametrize("changed", ["本月完成了统计数据发布。 \n\n联系电话 13812345678。\n"])
def test_one_changed_byte_after_the_signature_waits_for_the_scan_and_its_decisions(given: Given, changed: str) -> None:
    report_id = given.report(Stage.APPROVAL)
    given.advance(report_id, Stage.APPROVAL)
    recall(given.office, report_id, given.people["liao_jun"], reason="更正", now=given.tick())
    given.write(report_id, changed)
    given.advance(report_id, Stage.DRAFTING)
    assert given.edition(report_id).stage == Stage.DEPARTMENT_REVIEW
    given.advance(report_id, Stage.DEPARTMENT_REVIEW)
    given.flows()
    with refusal(given.office, StepRefused, "还有 1 个发现项未处理", codes=["findings_open"]):
        given.clear(report_id)
    back(given, report_id)
    assert not review_form(given.office, report_id, given.people["wan_ning"], given.tick()).kept
