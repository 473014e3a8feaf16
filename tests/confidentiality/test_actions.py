"""The officer's task: findings are written by the flow, decided one by one, and the form is filled before clearing."""

import pytest
from builders import Given
from watching import actions_on, data_of, events, files_with, refusal, rows

from pubflow.confidentiality.actions import clear, decide, findings, preview, scan_version
from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.records.tables import ReviewForm
from pubflow.review.actions import send_back

CHECK = Stage.CONFIDENTIALITY_CHECK
MOBILE = "13812345678"
ID_NUMBER = "11010519491231002X"  # the example of GB 11643, its check digit is right
BODY = f"## 一、工作动态\n\n联系人电话 {MOBILE}，身份证号 {ID_NUMBER}。未涉及国家秘密、商业秘密和个人隐私。\n"


@pytest.fixture
def checked(given: Given) -> str:
    """A report before the officer, with two findings."""
    return given.report(CHECK, body=BODY)


def let_pass(given: Given, report_id: str, finding: int | None, **changes: str | None) -> None:
    asked = {"decision": "pass", "basis": "条例第十五条", "reason": "本人公开的办公电话", "by": "wan_ning"}
    asked |= {"ground": "not_what_it_seems"} | changes
    digest = asked.pop("digest", given.edition(report_id).digest)
    decide(
        given.office, report_id, given.people[str(asked["by"])], finding or 0, str(asked["decision"]), digest=digest,
        ground=str(asked["ground"]), basis=str(asked["basis"]), reason=str(asked["reason"]), now=given.tick(),
    )  # fmt: skip


def clear_with(given: Given, report_id: str, **changes: object) -> None:
    answers = {item.id: False for item in given.office.settings.checklist}
    asked = {"digest": given.edition(report_id).digest, "result": "公开", "opinion": "可以公开"} | changes
    answers |= asked.pop("answers", {})
    drop = asked.pop("without", None)
    answers.pop(drop, None)
    clear(given.office, report_id, given.people["wan_ning"], answers=answers, now=given.tick(), **asked)


def test_the_scan_finds_what_points_to_a_person_and_keeps_only_its_mask(given: Given, checked: str) -> None:
    found = findings(given.office, checked)
    assert [(each.type, each.decision) for each in found] == [("MOBILE", ""), ("CN_ID", "")]
    text = given.text(checked).canonical()
    assert [text[each.start : each.end] for each in found] == [MOBILE, ID_NUMBER]
    assert all(len(each.fingerprint) == 64 for each in found)
    assert files_with(given.office, MOBILE, ID_NUMBER) == []


def test_nothing_is_cleared_before_every_finding_is_decided(given: Given, checked: str) -> None:
    with refusal(given.office, StepRefused, "还有 2 个发现项未处理.*check findings", codes=["findings_open"]):
        given.clear(checked)
    first, second = findings(given.office, checked)
    let_pass(given, checked, first.id)
    with refusal(given.office, StepRefused, "还有 1 个发现项未处理", codes=["findings_open"]):
        given.clear(checked)
    let_pass(given, checked, second.id)
    given.clear(checked)
    assert given.edition(checked).stage == Stage.APPROVAL
    decided = [event for event in events(given.office, subject=checked) if event.action == "decide"]
    assert [data_of(event)["finding"] for event in decided] == [first.id, second.id]


def test_a_finding_is_decided_once_by_the_officer_with_basis_and_reason(given: Given, checked: str) -> None:
    office, (first, second) = given.office, findings(given.office, checked)
    with refusal(office, NotFound, "发现项 999.*check findings", codes=["not_found"]):
        let_pass(given, checked, 999)
    with refusal(office, BadInput, "没有“hide”这种处理.*pass、mask、remove.*review return", codes=["bad_input"]):
        let_pass(given, checked, first.id, decision="hide")
    with refusal(office, BadInput, "没有写明依据", codes=["bad_input"]):
        let_pass(given, checked, first.id, basis=" ")
    with refusal(office, StepRefused, "请写明理由", codes=["reason_missing"]):
        let_pass(given, checked, first.id, reason=" ")
    with refusal(office, StepRefused, "由保密员办理", codes=["other_role", "same_person"]):
        let_pass(given, checked, first.id, by="fang_zhi")
    with refusal(office, StepRefused, "由保密员办理", codes=["other_role", "author_decides"]):
        let_pass(given, checked, first.id, by="lin_xiao")
    with refusal(office, StepRefused, "稿件已变动", codes=["digest_moved"]):
        let_pass(given, checked, first.id, digest="0" * 64)
    for words in ({"basis": "机密★10年"}, {"reason": "机密★10年"}):
        with refusal(office, SecretMarkFound, "国家秘密标志"):
            let_pass(given, checked, second.id, **words)
    let_pass(given, checked, first.id)
    with refusal(office, BadInput, f"发现项 {first.id} 已处理（pass，wan_ning）", codes=["bad_input"]):
        let_pass(given, checked, first.id)


def test_a_finding_of_another_report_is_not_found(given: Given, checked: str) -> None:
    other = given.report(CHECK, body=BODY)
    foreign = findings(given.office, other)[0].id
    with refusal(given.office, NotFound, f"发现项 {foreign}", codes=["not_found"]):
        let_pass(given, checked, foreign)


def test_the_form_must_be_whole_and_say_that_nothing_applies(given: Given) -> None:
    report_id = given.report(CHECK)
    for changes, message in [
        ({"without": "privacy"}, "审批表未填：是否涉及个人隐私"),
        ({"answers": {"weather": False}}, "审批表没有这些项目：weather"),
        ({"answers": {"work_secret": True}}, "审批表认为涉及：是否涉及工作秘密，不能通过.*review return"),
        ({"result": "不予公开"}, "结果“不予公开”不能通过"),
        ({"opinion": " "}, "没有写明审查意见"),
    ]:
        with refusal(given.office, BadInput, message, codes=["bad_input"]):
            clear_with(given, report_id, **changes)
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        clear_with(given, report_id, opinion="机密★10年")
    clear_with(given, report_id, opinion="没有不予公开的内容")
    with given.office.records.reading() as session:
        form = session.get_one(ReviewForm, (f"{report_id}/1", given.edition(report_id).digest))
    assert (form.result, form.opinion, form.by) == ("公开", "没有不予公开的内容", "wan_ning")
    assert form.answers["state_secret"] is False
    assert len(form.answers) == 8


def test_a_second_scan_of_the_same_text_changes_nothing(given: Given, checked: str) -> None:
    let_pass(given, checked, findings(given.office, checked)[0].id)
    before, known = rows(given.office), len(events(given.office))
    again = scan_version(given.office, checked, given.tick())
    assert not again.changed
    assert again.text.startswith(f"not due: confidentiality-check {checked}")
    assert rows(given.office) == before
    assert len(events(given.office)) == known


def test_decisions_on_findings_hold_for_an_unchanged_text_and_not_for_an_edited_one(given: Given, checked: str) -> None:
    for finding in findings(given.office, checked):
        let_pass(given, checked, finding.id)
    digest = given.edition(checked).digest
    send_back(
        given.office, checked, given.people["wan_ning"], digest=digest, reason="再核对", place="全文", now=given.tick()
    )
    given.advance(checked, Stage.DRAFTING)
    given.flows()
    assert [finding.decision for finding in findings(given.office, checked)] == ["pass", "pass"]
    send_back(
        given.office, checked, given.people["wan_ning"], digest=digest, reason="改一句", place="全文", now=given.tick()
    )
    given.write(checked, BODY.replace("联系人", "联系人的") + "\n另一句。\n")
    given.advance(checked, Stage.DRAFTING)
    given.advance(checked, Stage.DEPARTMENT_REVIEW)
    given.flows()
    assert [finding.decision for finding in findings(given.office, checked)] == ["", ""]


def test_a_preview_shows_the_findings_and_writes_only_who_looked(given: Given) -> None:
    report_id = given.report(Stage.DRAFTING, body=BODY)
    before = rows(given.office)
    assert len(preview(given.office, report_id, given.people["lin_xiao"], given.tick())) == 2
    assert rows(given.office) == before
    assert actions_on(given.office, report_id)[-1] == "read"
    with refusal(given.office, StepRefused, "未发布稿件只向本科室", codes=["may_not_read"]):
        preview(given.office, report_id, given.people["peng_cheng"], given.tick())
