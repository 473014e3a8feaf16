"""The check sees every attachment: findings by their place, what no program could check, masks, and changed rules."""

import io
from datetime import timedelta

import pytest
from attached import CONTACTS, HIDDEN, SHOWN, attached, document, workbook
from builders import Given
from masked import back, confirm, let_pass, no, propose, proposed, resubmit, yes
from openpyxl import load_workbook
from PIL import Image
from watching import data_of, events, files_with, refusal

from pubflow.confidentiality.actions import findings, places, preview
from pubflow.confidentiality.files import UNCHECKED
from pubflow.confidentiality.rescans import rescan, tasks
from pubflow.confidentiality.review_form import as_html, review_form
from pubflow.drafting.attaching import detach
from pubflow.errors import BadInput, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.records.tables import Finding

TWO = [*CONTACTS, ["普查科", HIDDEN]]


def picture(colour: str = "white") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "PNG")
    return out.getvalue()


def to_officer(given: Given, report: str) -> list[Finding]:
    """From drafting to the officer; what is found there."""
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW):
        if given.edition(report).stage == stage:
            given.advance(report, stage)
    given.flows()
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK
    return findings(given.office, report)


def test_a_finding_names_its_place_blocks_the_clearance_and_stands_on_the_form(given: Given) -> None:
    report = given.report()
    attached(given, report, "附表.xlsx", workbook(CONTACTS))
    (seen,) = preview(given.office, report, given.people["lin_xiao"], given.tick())
    assert (seen.found.type, seen.place) == ("MOBILE", "附件“附表.xlsx” 工作表“一”B2")
    (one,) = to_officer(given, report)
    assert (one.type, one.attachment) == ("MOBILE", given.text(report).head.attachments[0].sha256)
    assert list(places(given.office, report).values()) == ["附件“附表.xlsx” 工作表“一”B2"]
    with refusal(given.office, StepRefused, "1 个发现项"):
        given.clear(report)
    let_pass(given, report, 0)
    given.clear(report)
    view = review_form(given.office, report, given.people["wan_ning"], given.tick())
    assert [(each["name"], each["kind"]) for each in view.form["attachments"]] == [("附表.xlsx", "电子表格")]
    page = as_html(given.office, view)
    assert "工作表“一”B2" in page
    assert "附表.xlsx（电子表格" in page
    assert files_with(given.office, SHOWN, "附表.xlsx", "工作表“一”") == []


def test_a_value_in_the_name_of_a_sheet_is_masked_in_every_place(given: Given) -> None:
    content = workbook([["项目", "邮箱"], ["联系", "zhangsan@163.example"]])
    book = load_workbook(io.BytesIO(content))
    book.worksheets[0].title = f"电话{SHOWN}"
    out = io.BytesIO()
    book.save(out)
    report = given.report()
    attached(given, report, "附表.xlsx", out.getvalue())
    to_officer(given, report)
    told = places(given.office, report).values()
    assert told
    assert not any(SHOWN in place for place in told)


def test_a_pass_lives_while_row_and_file_name_are_the_same_and_says_nothing_in_another_file(given: Given) -> None:
    report = given.report()
    attached(given, report, "附表.xlsx", workbook(CONTACTS))
    to_officer(given, report)
    let_pass(given, report, 0)
    back(given, report)
    attached(given, report, "附表.xlsx", workbook([*CONTACTS, ["人事科", "暂无"]]), replace=True)
    attached(given, report, "另一表.xlsx", workbook(CONTACTS))
    found = to_officer(given, report)
    told = places(given.office, report)
    assert {told[one.id or 0].split(" ")[0]: one.decision for one in found} == {
        "附件“附表.xlsx”": "pass", "附件“另一表.xlsx”": "",
    }  # fmt: skip
    back(given, report)
    detach(given.office, report, given.people["lin_xiao"], "另一表.xlsx", reason="不需要", now=given.tick())
    attached(given, report, "附表.xlsx", workbook([CONTACTS[0], ["综合二科", SHOWN]]), replace=True)
    (one,) = to_officer(given, report)
    assert one.decision == ""


def test_what_no_program_can_check_waits_for_a_person_and_a_decision_lives_with_the_bytes(given: Given) -> None:
    report = given.report()
    attached(given, report, "照片.png", picture())
    (one,) = to_officer(given, report)
    assert (one.type, one.masked, one.unit) == (UNCHECKED, "", -1)
    with refusal(given.office, StepRefused, "1 个发现项"):
        given.clear(report)
    with refusal(given.office, BadInput, "不能只遮盖这一处.*撤下整个附件", codes=["bad_input"]):
        propose(given, report, 0, ground="security_stability")
    let_pass(given, report, 0)
    back(given, report)
    given.write(report, "## 一、工作动态\n\n本月完成了数据发布工作。\n")
    head = given.text(report).head
    assert [each.name for each in head.attachments] == ["照片.png"]
    (same,) = to_officer(given, report)
    assert (same.decision, same.carried_from) == ("pass", one.id)
    back(given, report)
    attached(given, report, "照片.png", picture("black"), replace=True)
    (other,) = to_officer(given, report)
    assert other.decision == ""
    let_pass(given, report, 0)
    given.clear(report)
    assert given.edition(report).stage == Stage.APPROVAL


MASKED = {
    "附表.xlsx": workbook(TWO),
    "名单.csv": "".join(f"{','.join(row)}\n" for row in TWO).encode("gb18030"),
    "说明.docx": document(f"综合科手机{SHOWN[:5]}|{SHOWN[5:]}。", f"普查科手机{HIDDEN}。"),
}


@pytest.mark.parametrize("name", MASKED)
def test_an_accepted_mask_makes_a_new_file_whose_difference_alone_is_confirmed(given: Given, name: str) -> None:
    report = given.report()
    first = attached(given, report, name, MASKED[name]).attached
    assert [one.type for one in to_officer(given, report)] == ["MOBILE", "MOBILE"]
    propose(given, report, 0, style="number")
    propose(given, report, 1, kind="remove")
    with refusal(given.office, StepRefused, "脱敏建议 1、2", codes=["proposals_open"]):
        given.clear(report)
    back(given, report)
    views = proposed(given, report)
    assert [(one.passage, one.replacement) for one in views] == [(SHOWN, "138****5678"), (HIDDEN, "")]
    assert views[0].before.startswith(f"附件“{name}” ")
    yes(given, report, views[0].number)
    yes(given, report, views[1].number)
    (listed,) = given.text(report).head.attachments
    assert (listed.name, listed.sha256 != first.sha256) == (name, True)
    assert resubmit(given, report) is Stage.DEPARTMENT_REVIEW
    assert confirm(given, report) is Stage.CONFIDENTIALITY_CHECK
    assert findings(given.office, report) == []
    told = "".join(event.body.decode() for event in events(given.office))
    assert (SHOWN in told, HIDDEN in told) == (False, False)
    assert files_with(given.office, SHOWN, HIDDEN) == []


def test_a_whole_file_can_be_taken_off_by_a_proposal_and_a_declined_one_is_open_again(given: Given) -> None:
    report = given.report()
    attached(given, report, "照片.png", picture())
    attached(given, report, "附表.xlsx", workbook(CONTACTS))
    found = to_officer(given, report)
    (at,) = [number for number, one in enumerate(found) if one.type == UNCHECKED]
    propose(given, report, at, kind="remove", ground="security_stability")
    propose(given, report, 1 - at)
    back(given, report)
    views = {one.finding: one for one in proposed(given, report)}
    whole, cell = views[found[at].id or 0], views[found[1 - at].id or 0]
    assert (whole.passage, whole.replacement) == ("附件“照片.png”", "")
    no(given, report, cell.number)
    yes(given, report, whole.number)
    assert [one.name for one in given.text(report).head.attachments] == ["附表.xlsx"]


def test_a_mask_that_cannot_be_done_wholly_is_refused_when_it_is_proposed(given: Given) -> None:
    report = given.report()
    attached(given, report, "说明.docx", document(f"综合科手机{SHOWN}。", f"再写一次，手机{SHOWN}。"))
    assert len(to_officer(given, report)) == 2
    with refusal(given.office, BadInput, "另有相同的几处.*review return", codes=["bad_input"]):
        propose(given, report, 0)
    with refusal(given.office, StepRefused, "由保密员办理"):
        propose(given, report, 0, by="fang_zhi")
    assert proposed(given, report) == []


def test_a_stranger_to_the_step_learns_nothing_of_the_file(given: Given) -> None:
    report = given.report()
    attached(given, report, "照片.png", picture())
    to_officer(given, report)
    with pytest.raises(StepRefused) as told:
        propose(given, report, 0, by="fang_zhi")
    assert "照片" not in str(told.value)


def test_an_attachment_of_a_public_report_is_scanned_again_when_rules_change(given: Given) -> None:
    file = given.office.settings.folder / "rules" / "confidentiality.toml"
    rules = file.read_text(encoding="utf-8")
    file.write_text(rules.replace("public_domains = [", 'public_domains = ["mail.example", ', 1), encoding="utf-8")
    report = given.report()
    attached(given, report, "附表.csv", b"name,mailbox\nzonghe,zhangsan@mail.example\n")
    assert to_officer(given, report) == []
    given.advance(report, Stage.CONFIDENTIALITY_CHECK)
    given.advance(report, Stage.APPROVAL, release_in=timedelta(hours=1))
    given.publish(report)
    assert rescan(given.office, "gong_lei", given.tick()) == (1, [])
    file.write_text(rules, encoding="utf-8")
    assert rescan(given.office, "gong_lei", given.tick()) == (1, ["W-2026-0001"])
    (task,) = tasks(given.office)
    assert [one["type"] for one in task.findings] == ["EMAIL"]
    assert "zhangsan" not in str(data_of(events(given.office)[-1]))
