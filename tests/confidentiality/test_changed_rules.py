"""Changed rules: shown beforehand on what is public, scanned once for each state, and a task where something is new."""

import dataclasses
from datetime import date
from pathlib import Path

import pytest
from builders import Given
from masked import checked, let_pass
from sqlmodel import select
from watching import data_of, events, files_with, refusal, rows

from pubflow.confidentiality.bases import RULES
from pubflow.confidentiality.rescans import preview, rescan, rescan_as, settle, tasks
from pubflow.errors import BadInput, NotFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.office import Office
from pubflow.records.tables import Message
from pubflow.service.stuck import of_the_check
from pubflow.settings.notices import Channel

BODY = "## 一、工作动态\n\n联系信箱 zhangsan@mail.example。\n"
MAILBOX = "zhangsan@mail.example"


@pytest.fixture
def public(given: Given) -> str:
    """A public report with a mailbox, on which the rules of that day had nothing to say."""
    change_rules(given.office, "public_domains = [", 'public_domains = ["mail.example", ')
    report_id = given.report(Stage.APPROVAL, body=BODY)
    given.advance(report_id, Stage.APPROVAL)
    given.publish(report_id)
    return report_id


def rules_file(office: Office) -> Path:
    return office.settings.folder / RULES


def change_rules(office: Office, old: str, new: str) -> None:
    file = rules_file(office)
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def valid_from_of(office: Office) -> str:
    """The last such line of the rules: to change it is to change the rules without finding anything else."""
    lines = rules_file(office).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("valid_from")][-1]


def stricter(office: Office) -> str:
    """The same rules without the public domain: they find the mailbox."""
    return rules_file(office).read_text(encoding="utf-8").replace('"mail.example", ', "")


def test_a_preview_shows_what_changed_rules_would_flag_masked_and_keeps_only_who_asked(
    given: Given, public: str
) -> None:
    before = rows(given.office)
    found = preview(given.office, given.people["wan_ning"], stricter(given.office), now=given.tick())
    assert (found.texts, [(one.report, one.type) for one in found.added], found.gone) == (1, [(public, "EMAIL")], [])
    assert MAILBOX not in found.added[0].masked
    assert rows(given.office) == before
    assert data_of(events(given.office)[-1])["added"] == 1
    later = preview(
        given.office, given.people["wan_ning"], stricter(given.office), since=date(2027, 1, 1), now=given.now
    )
    assert (later.texts, later.added) == (0, [])


def test_a_mistaken_file_names_its_rule_and_no_path_of_ours(given: Given) -> None:
    broken = stricter(given.office).replace('severity = "hard"', 'severity = "loud"', 1)
    with pytest.raises(BadInput) as caught:
        preview(given.office, given.people["wan_ning"], broken, now=given.tick())
    assert "severity" in str(caught.value)
    assert "/tmp" not in str(caught.value)
    with refusal(given.office, StepRefused, "由保密员、系统管理员办理", codes=["other_role"]):
        preview(given.office, given.people["lin_xiao"], "", now=given.tick())


def test_a_rescan_opens_one_task_for_what_is_new_and_runs_once_for_each_state_of_the_rules(
    given: Given, public: str
) -> None:
    assert rescan(given.office, "flow:daily", given.tick()) == (1, [])
    known = len(events(given.office))
    assert rescan(given.office, "flow:daily", given.tick()) == (0, [])
    assert len(events(given.office)) == known
    rules_file(given.office).write_text(stricter(given.office), encoding="utf-8")
    assert rescan_as(given.office, given.people["gong_lei"], given.tick()) == (1, ["W-2026-0001"])
    assert rescan(given.office, "flow:daily", given.tick()) == (0, [])
    (task,) = tasks(given.office)
    assert (task.report, [one["type"] for one in task.findings]) == (public, ["EMAIL"])
    assert files_with(given.office, MAILBOX) == [] or all("public" in one for one in files_with(given.office, MAILBOX))
    assert [one.verb for one in of_the_check(given.office, given.now)] == [
        "pubflow check settle W-2026-0001 --reason REASON, or withdraw it"
    ]
    assert [one.action for one in events(given.office, subject=public)][-1] == "withdrawal_asked"


def test_the_leader_settles_a_task_with_a_reason_and_the_next_rules_do_not_ask_again(given: Given, public: str) -> None:
    rules_file(given.office).write_text(stricter(given.office), encoding="utf-8")
    rescan(given.office, "flow:daily", given.tick())
    office, leader = given.office, given.people["liao_jun"]
    with refusal(office, StepRefused, "由.*领导.*办理", codes=["other_role"]):
        settle(office, given.people["wan_ning"], "W-2026-0001", reason="对外信箱", now=given.tick())
    with refusal(office, BadInput, "没有写明理由", codes=["bad_input"]):
        settle(office, leader, "W-2026-0001", reason=" ", now=given.tick())
    with refusal(office, NotFound, "撤回事项 W-9", codes=["not_found"]):
        settle(office, leader, "W-9", reason="对外信箱", now=given.tick())
    settle(office, leader, "W-2026-0001", reason="对外信箱", now=given.tick())
    assert tasks(office) == []
    assert [one.settled_by for one in tasks(office, open_only=False)] == ["liao_jun"]
    change_rules(office, valid_from_of(office), "valid_from = 2009-01-02")
    assert rescan(office, "flow:daily", given.tick()) == (1, [])


def test_officer_and_leader_are_told_without_a_word_of_the_text(given: Given, public: str) -> None:
    group = Channel.model_validate({"id": "mail", "name": "邮件", "url_env": "PUBFLOW_NOTICE_MAIL", "to": "person"})
    notices = given.office.settings.notices.model_copy(update={"channels": {"mail": group}})
    office = dataclasses.replace(given.office, settings=given.office.settings.model_copy(update={"notices": notices}))
    rules_file(office).write_text(stricter(office), encoding="utf-8")
    rescan(office, "flow:daily", given.tick())
    with office.records.reading() as session:
        told = session.exec(select(Message).where(Message.kind == "withdrawal")).all()
    assert sorted(one.person_id or "" for one in told) == ["liao_jun", "tu_hua", "wan_ning", "yan_fei"]
    assert all(MAILBOX not in one.headline + one.body and public in one.headline for one in told)


def test_what_the_officer_has_decided_on_opens_no_task(given: Given) -> None:
    report_id = checked(given)
    let_pass(given, report_id, 0)
    let_pass(given, report_id, 1)
    given.clear(report_id)
    given.advance(report_id, Stage.APPROVAL)
    given.publish(report_id)
    assert rescan(given.office, "flow:daily", given.tick()) == (1, [])
