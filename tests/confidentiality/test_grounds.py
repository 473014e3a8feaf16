"""Each decision names a ground that fits; consent and public interest need their record; 部分公开 says what it left."""

from datetime import date
from pathlib import Path

import pytest
from builders import Given
from masked import MOBILE, back, checked, confirm, finding, let_pass, propose, resubmit, yes
from watching import data_of, events, files_with, refusal

from pubflow.confidentiality.actions import clear, findings
from pubflow.confidentiality.grounds import load_grounds
from pubflow.confidentiality.right_holders import letter, record_consent, record_override
from pubflow.errors import BadInput, NotFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.publication.pages import item_path
from pubflow.publication.tree import PublicTree
from pubflow.settings import shipped_config

HOLDER = {"holder": "王某某", "how": "书面", "document_no": "来函3号", "reason": "同意公开联系电话"}


def clear_partly(given: Given, report_id: str, result: str = "部分公开", **applies: bool) -> None:
    answers = {item.id: False for item in given.office.settings.checklist} | applies
    clear(
        given.office, report_id, given.people["wan_ning"], digest=given.edition(report_id).digest, result=result,
        answers=answers, opinion="已去除个人信息", now=given.tick(),
    )  # fmt: skip


def test_a_pass_without_a_ground_that_fits_its_type_is_refused_with_those_that_do(given: Given) -> None:
    report_id = checked(given)
    for ground, said in (
        ("", "没有写明理由代码"),
        ("privacy", "理由“privacy”不适用于 MOBILE"),
        ("respondent_data", "不适用"),
    ):
        with refusal(given.office, BadInput, f"{said}.*--ground.*not_what_it_seems.*consent", codes=["bad_input"]):
            propose(given, report_id, 0, kind="pass", ground=ground)
    with refusal(given.office, BadInput, "--ground.*privacy（", codes=["bad_input"]):
        propose(given, report_id, 0, kind="mask", ground="consent")


def test_a_ground_holds_only_in_its_period_and_never_for_an_unknown_type() -> None:
    grounds = load_grounds(shipped_config() / "rules" / "grounds.toml")
    assert [one.id for one in grounds.fitting("MOBILE", "pass", date(2018, 1, 1))] == ["not_what_it_seems"]
    assert [one.id for one in grounds.fitting("NOT_LISTED", "pass", date(2026, 1, 1))] == ["not_what_it_seems"]
    assert [one.id for one in grounds.fitting("SECRET_MARK", "pass", date(2026, 1, 1))] == ["not_what_it_seems"]
    assert {one.code for one in grounds.grounds if one.code} == {"E2", "E3", "E4", "E5", "E6", "E7", "E8"}


def test_consent_passes_only_once_it_is_on_record_for_this_very_value(given: Given) -> None:
    report_id, officer = checked(given), given.people["wan_ning"]
    with refusal(given.office, BadInput, "权利人同意公开.*缺少登记.*check consent", codes=["bad_input"]):
        propose(given, report_id, 0, kind="pass", ground="consent")
    number = record_consent(
        given.office, report_id, officer, finding(given, report_id, 0), digest=given.edition(report_id).digest,
        on=date(2026, 11, 20), now=given.tick(), **HOLDER,
    )  # fmt: skip
    with refusal(given.office, BadInput, "缺少登记", codes=["bad_input"]):
        propose(given, report_id, 1, kind="pass", ground="consent")
    propose(given, report_id, 0, kind="pass", ground="consent")
    assert findings(given.office, report_id)[0].right_holder == number
    assert files_with(given.office, "王某某") == []
    let_pass(given, report_id, 1)
    with refusal(given.office, BadInput, "审批表认为涉及：是否涉及工作秘密", codes=["bad_input"]):
        clear_partly(given, report_id, "公开", work_secret=True)
    clear_partly(given, report_id, "公开", privacy=True)  # it applies, and the consent answers it


def test_a_consent_of_tomorrow_an_empty_field_and_another_person_are_refused(given: Given) -> None:
    report_id, number = checked(given), 0
    number = finding(given, report_id, 0)
    asked = {"digest": given.edition(report_id).digest, "on": date(2026, 11, 20), **HOLDER}
    office, officer = given.office, given.people["wan_ning"]
    with refusal(office, BadInput, "还没有到", codes=["bad_input"]):
        record_consent(office, report_id, officer, number, now=given.tick(), **(asked | {"on": date(2027, 1, 1)}))
    with refusal(office, BadInput, "没有填写", codes=["bad_input"]):
        record_consent(office, report_id, officer, number, now=given.tick(), **(asked | {"document_no": " "}))
    with refusal(office, StepRefused, "由保密员办理"):
        record_consent(office, report_id, given.people["liao_jun"], number, now=given.tick(), **asked)
    with refusal(office, NotFound, "发现项 999"):
        record_consent(office, report_id, officer, 999, now=given.tick(), **asked)


def test_an_override_makes_the_letter_that_names_what_and_why_and_keeps_it(given: Given) -> None:
    report_id, officer = checked(given), given.people["wan_ning"]
    number = record_override(
        given.office, report_id, officer, finding(given, report_id, 0), digest=given.edition(report_id).digest,
        now=given.tick(), **(HOLDER | {"reason": "关系公众安全"}),
    )  # fmt: skip
    row, text = letter(given.office, officer, report_id, number, given.tick())
    for words in ("王某某", number, "来函3号", "关系公众安全", "第三十二条", "南昌市东湖区统计局", "行政复议"):
        assert words in text
    assert MOBILE not in text
    (event,) = (one for one in events(given.office, subject=report_id) if one.action == "override_recorded")
    assert data_of(event)["letter"] == row.letter_digest
    propose(given, report_id, 0, kind="pass", ground="public_interest")
    with pytest.raises(NotFound, match="告知书"):
        letter(given.office, officer, report_id, "T-2026-9999", given.tick())


def test_partly_public_names_its_grounds_on_the_public_page(given: Given) -> None:
    report_id = checked(given)
    with refusal(given.office, BadInput, "不是部分公开", codes=["bad_input"]):
        clear_partly(given, report_id)
    propose(given, report_id, 0)
    propose(given, report_id, 1)
    back(given, report_id)
    yes(given, report_id)
    resubmit(given, report_id)
    confirm(given, report_id)
    clear_partly(given, report_id)
    given.advance(report_id, Stage.APPROVAL)
    given.publish(report_id)
    page = (PublicTree(given.office.home.public).read(f"{item_path(report_id)}index.html") or b"").decode()
    assert "本文对2处依法不予公开的内容作了区分处理" in page
    assert "条例（2019）第三十七条；条例（2019）第十五条；个人信息保护法第二十五条" in page


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('fits = ["respondent"]', 'fits = ["nobody"]', r"nobody is no interest.*Known: state_secret"),
        ('id = "process"', 'id = "privacy"', "the id privacy is used twice"),
        ("{count}处", "几处", r"write \{count\} and \{grounds\}"),
        ("[separated]", "[separate]", "separate：unknown key"),
    ],
)
def test_a_mistaken_file_is_refused_with_entry_and_remedy(tmp_path: Path, old: str, new: str, said: str) -> None:
    shipped = (shipped_config() / "rules" / "grounds.toml").read_text(encoding="utf-8")
    assert old in shipped
    file = tmp_path / "grounds.toml"
    file.write_text(shipped.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        load_grounds(file)
