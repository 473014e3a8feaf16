"""A review that cannot be had: forced by two persons, on this text only, a debt until a third has looked."""

from datetime import timedelta

import pytest
from builders import Given
from sqlmodel import select
from watching import data_of, events, refusal

from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.debts import all_debts, clear_debt
from pubflow.office.people import deactivate
from pubflow.office.reading import report_view
from pubflow.office.roles import change_roles
from pubflow.office.standing_in import set_absence
from pubflow.office.story import board
from pubflow.records.tables import Review
from pubflow.review.approval import sign
from pubflow.review.forcing import ask_force, confirm_force

STEP = "section"


@pytest.fixture
def stuck(given: Given) -> str:
    """A report whose section has lost its head: nobody can give its review."""
    report = given.report(Stage.DEPARTMENT_REVIEW)
    deactivate(given.office, given.people["gong_lei"], "fang_zhi", reason="调离", now=given.tick())
    return report


def ask(given: Given, report: str, by: str = "liao_jun", *, step: str = STEP, reason: str = "负责人调离") -> None:
    digest = given.edition(report).digest
    ask_force(given.office, report, given.people[by], step=step, digest=digest, reason=reason, now=given.tick())


def confirm(given: Given, report: str, by: str = "xiong_ping") -> None:
    digest = given.edition(report).digest
    confirm_force(given.office, report, given.people[by], digest=digest, reason="情况属实", now=given.tick())


def test_one_asks_a_second_confirms_and_the_row_and_the_history_name_both(given: Given, stuck: str) -> None:
    ask(given, stuck)
    assert given.edition(stuck).stage == Stage.DEPARTMENT_REVIEW  # nothing has moved yet
    confirm(given, stuck)
    assert given.edition(stuck).stage == Stage.CONFIDENTIALITY_CHECK
    with given.office.records.reading() as session:
        review = session.exec(select(Review).where(Review.state == "approved")).one()
    assert (review.forced_by, review.by) == ("liao_jun", "xiong_ping")
    forced = [event for event in events(given.office, subject=stuck) if event.action in ("force_asked", "force")]
    assert [(event.action, event.actor, event.role) for event in forced] == [
        ("force_asked", "liao_jun", "leader"),
        ("force", "xiong_ping", "chief"),
    ]
    assert data_of(forced[1])["asked_by"] == "liao_jun"


def test_the_debt_is_shown_everywhere_until_a_third_person_clears_it(given: Given, stuck: str) -> None:
    office = given.office
    ask(given, stuck)
    confirm(given, stuck)
    (debt,) = all_debts(office, given.now)
    assert (debt.kind, debt.subject, debt.persons) == ("force_review", stuck, ("liao_jun", "xiong_ping"))
    note = "审核 section 系强制通过（liao_jun 提出，xiong_ping 确认），待第三人消除"
    assert note in report_view(office, stuck, given.people["liao_jun"], given.now).notes
    assert note in next(story for story in board(office, given.now) if story.subject == stuck).notes
    assert debt.id is not None
    for person in debt.persons:
        with refusal(office, StepRefused, "第三人", codes=["third_person"]):
            clear_debt(office, given.people[person], debt.id, reason="已看", now=given.tick())
    with refusal(office, StepRefused, "起草", codes=["author_decides", "other_role"]):
        clear_debt(office, given.people["lin_xiao"], debt.id, reason="已看", now=given.tick())
    with refusal(office, StepRefused, "由该科室负责人", codes=["other_role"]):
        clear_debt(office, given.people["deng_bo"], debt.id, reason="已看", now=given.tick())  # heads another section
    with refusal(office, BadInput, "理由", codes=["bad_input"]):
        clear_debt(office, given.people["yan_fei"], debt.id, reason=" ", now=given.tick())
    clear_debt(office, given.people["yan_fei"], debt.id, reason="已补看，同意", now=given.tick())
    assert all_debts(office, given.now) == []
    assert report_view(office, stuck, given.people["liao_jun"], given.now).notes == ()
    with refusal(office, NotFound, "待消除事项", codes=["not_found"]):
        clear_debt(office, given.people["yan_fei"], debt.id, reason="再看", now=given.tick())


def test_nothing_is_forced_while_the_head_or_a_deputy_can_review(given: Given) -> None:
    office, operator = given.office, given.people["gong_lei"]
    report = given.report(Stage.DEPARTMENT_REVIEW)
    with refusal(office, StepRefused, "fang_zhi 可以审核", codes=["can_be_had"]):
        ask(given, report)
    until = given.now + timedelta(days=9)
    set_absence(office, operator, "fang_zhi", until=until, reason="住院", now=given.tick())
    with refusal(office, StepRefused, "deng_bo 可以审核", codes=["can_be_had"]):
        ask(given, report)
    set_absence(office, operator, "deng_bo", until=until, reason="出差", now=given.tick())
    ask(given, report)
    set_absence(office, operator, "fang_zhi", until=None, reason="", now=given.tick())
    with refusal(office, StepRefused, "fang_zhi 可以审核", codes=["can_be_had"]):
        confirm(given, report)


@pytest.mark.parametrize(
    ("by", "codes"),
    [("lin_xiao", ["other_role", "author_decides"]), ("deng_bo", ["other_role"]), ("xiong_ping", ["other_role"])],
)
def test_only_a_leader_or_the_operator_asks_and_never_a_writer(
    given: Given, stuck: str, by: str, codes: list[str]
) -> None:
    with refusal(given.office, StepRefused, "分管领导或系统管理员", codes=codes):
        ask(given, stuck, by)


def test_the_one_who_asked_does_not_confirm_and_neither_does_the_operator(given: Given, stuck: str) -> None:
    with refusal(given.office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        confirm(given, stuck)
    ask(given, stuck)
    with refusal(given.office, StepRefused, "另一人", codes=["second_person"]):
        confirm(given, stuck, "liao_jun")
    with refusal(given.office, StepRefused, "由.*办理", codes=["other_role"]):
        confirm(given, stuck, "gong_lei")
    with refusal(given.office, StepRefused, "已提出同样的申请", codes=["asked_already"]):
        ask(given, stuck, "gong_lei")


def test_a_request_lapses_with_its_time_with_an_edit_and_with_its_asker(given: Given, stuck: str) -> None:
    office = given.office
    ask(given, stuck)
    given.now += timedelta(hours=24)
    with refusal(office, StepRefused, "已过期", codes=["nothing_asked"]):
        confirm(given, stuck)
    ask(given, stuck, "yan_fei")
    deactivate(office, given.people["gong_lei"], "yan_fei", reason="调离", now=given.tick())
    with refusal(office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        confirm(given, stuck)
    with refusal(office, StepRefused, "摘要", codes=["digest_moved"]):
        ask_force(
            office, stuck, given.people["liao_jun"], step=STEP, digest="0" * 64, reason="负责人调离", now=given.tick()
        )


def test_a_request_needs_a_waiting_review_a_reason_and_no_secret(given: Given, stuck: str) -> None:
    with refusal(given.office, StepRefused, "没有等待中的审核“data”", codes=["no_open_review"]):
        ask(given, stuck, step="data")
    with refusal(given.office, StepRefused, "理由", codes=["reason_missing"]):
        ask(given, stuck, reason=" ")
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        ask(given, stuck, reason="机密★10年")


@pytest.mark.parametrize("stage", [Stage.DRAFTING, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL, Stage.SCHEDULED])
def test_no_other_stage_can_be_forced(given: Given, stage: Stage) -> None:
    report = given.report(stage)
    with refusal(given.office, StepRefused, "没有可以强制通过的部门审核", codes=["no_such_step"]):
        ask(given, report)
    with refusal(given.office, StepRefused, "没有“强制通过”这一步", codes=["no_such_step"]):
        confirm(given, report)


def test_both_of_the_two_have_decided_and_neither_signs(given: Given, stuck: str) -> None:
    ask(given, stuck, "liao_jun")
    confirm(given, stuck, "xiong_ping")
    given.flows()
    given.clear(stuck)
    given.plan([stuck])
    given.flows()
    digest = given.edition(stuck).digest
    for person in ("liao_jun", "xiong_ping"):
        with refusal(given.office, StepRefused, "不同的人", codes=["same_person"]):
            sign(given.office, stuck, given.people[person], digest=digest, remark="", now=given.tick())
    sign(given.office, stuck, given.people["yan_fei"], digest=digest, remark="", now=given.tick())
    assert given.edition(stuck).stage == Stage.SCHEDULED


def test_roles_are_given_and_taken_by_the_operator_and_never_to_oneself(given: Given) -> None:
    office, operator = given.office, given.people["gong_lei"]

    def change(by: str = "gong_lei", person: str = "tang_yue", **changes: object) -> None:
        asked: dict[str, object] = {"give": ["section_head"], "take": [], "reason": "任职"} | changes
        change_roles(office, given.people[by], person, **asked, now=given.tick())  # type: ignore[arg-type]

    with refusal(office, StepRefused, "系统管理员", codes=["other_role"]):
        change(by="liao_jun")
    with refusal(office, StepRefused, "自己", codes=["own_roles"]):
        change(person="gong_lei")
    with refusal(office, BadInput, "没有名为 boss", codes=["bad_input"]):
        change(give=["boss"])
    with refusal(office, BadInput, "没有变化", codes=["bad_input"]):
        change(give=["drafter"])
    with refusal(office, BadInput, "没有任何角色", codes=["bad_input"]):
        change(give=[], take=["drafter"])
    with refusal(office, BadInput, "理由", codes=["bad_input"]):
        change(reason="")
    with refusal(office, NotFound, "nobody", codes=["not_found"]):
        change(person="nobody")
    change()
    (changed,) = [event for event in events(office) if event.action == "roles_changed"]
    assert (changed.actor, changed.subject) == (operator.id, "tang_yue")
    assert data_of(changed) == {"before": ["drafter"], "after": ["drafter", "section_head"]}
