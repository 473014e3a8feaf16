"""The fast lane, joint reports, and the move onto a changed configuration, on a real register."""

from dataclasses import replace
from typing import Any

import pytest
from builders import Given
from sqlmodel import select
from watching import data_of, events, refusal

from pubflow.drafting.actions import edit
from pubflow.drafting.starting import new_report
from pubflow.errors import BadInput, StepRefused, WorkspaceError
from pubflow.lifecycle.stages import Action, Stage
from pubflow.office.line import take_step
from pubflow.office.reading import inbox, report_view
from pubflow.office.roles import change_roles
from pubflow.office.sections import add_new_sections
from pubflow.publication.releases import recall
from pubflow.records.tables import Review, Section
from pubflow.review.actions import approve
from pubflow.review.workflows import grant_fast, move_workflow, workflow_difference
from pubflow.service.stuck import Stuck
from pubflow.service.stuck_workflows import stuck_workflows

LATEST = "上级要求当日发布"


def configured(given: Given, **changes: Any) -> None:
    """The office restarted with a changed kind `news`."""
    settings = given.office.settings
    kind = settings.kinds["news"].model_copy(update=changes)
    given.office = replace(
        given.office, settings=settings.model_copy(update={"kinds": {**settings.kinds, "news": kind}})
    )
    given.__post_init__()


def with_reviews(given: Given, *by: str, names: dict[str, str] | None = None, **changes: Any) -> None:
    """`own_section` or a section's name for each review, in order."""
    first = given.office.settings.kinds["news"].reviews[0]
    reviews = tuple(
        first.model_copy(
            update={
                "id": "section" if section == "own_section" else section,
                "by": section if section == "own_section" else f"section:{section}",
                "name": (names or {}).get(section, first.name),
                "round": None,
            }
        )
        for section in by
    )
    configured(given, reviews=reviews, **changes)


def yes(given: Given, report: str, *persons: str) -> None:
    for person in persons:
        digest = given.edition(report).digest
        approve(given.office, report, given.people[person], digest=digest, remark="同意", now=given.tick())


def moved(given: Given, report: str) -> dict[str, Any]:
    """Move onto the present workflow; what the history says of it."""
    move_workflow(given.office, report, given.people["gong_lei"], reason="机构调整", now=given.tick())
    return data_of([event for event in events(given.office, subject=report) if event.action == "move_workflow"][-1])


def open_steps(given: Given, report: str) -> set[str]:
    """What its flow has opened for this visit."""
    given.flows()
    edition = given.edition(report)
    with given.office.records.reading() as session:
        found = select(Review.step).where(Review.visit == edition.visit, Review.state == "open")
        return set(session.exec(found.where(Review.edition_id == edition.id)).all())


# The fast lane


def asked_fast(given: Given) -> str:
    report = new_report(
        given.office, given.people["lin_xiao"], kind="news", title="临时动态", fast=LATEST, now=given.tick()
    )
    given.flows()
    given.write(report, "## 一、动态\n\n当日情况。\n")
    return report


def test_a_drafter_asks_for_the_fast_lane_and_a_head_or_leader_decides(given: Given) -> None:
    with_reviews(given, "own_section", "bangongshi")
    report = asked_fast(given)
    assert [one[1] for one in inbox(given.office, given.people["fang_zhi"], given.now)] == [["fast"]]
    assert "已申请快速办理" in report_view(given.office, report, given.people["fang_zhi"], given.now).notes[0]
    assert [review["round"] for review in given.edition(report).workflow["reviews"]] == [1, 2]
    for person, codes in (("deng_bo", ["other_section"]), ("lin_xiao", ["other_role", "author_decides"])):
        with refusal(given.office, StepRefused, "分管领导", codes=codes):
            grant_fast(given.office, report, given.people[person], reason="急", now=given.tick())
    with refusal(given.office, StepRefused, "理由", codes=["reason_missing"]):
        grant_fast(given.office, report, given.people["fang_zhi"], reason=" ", now=given.tick())
    grant_fast(given.office, report, given.people["fang_zhi"], reason=LATEST, now=given.tick())
    reviews = given.edition(report).workflow["reviews"]
    assert [(review["round"], review["due_workdays"]) for review in reviews] == [(1, 1), (1, 1)]
    with refusal(given.office, StepRefused, "已在快速办理", codes=["fast_already"]):
        grant_fast(given.office, report, given.people["liao_jun"], reason="急", now=given.tick())


def test_the_fast_lane_still_asks_every_review_the_officer_and_the_leader(given: Given) -> None:
    with_reviews(given, "own_section", "bangongshi")
    report = given.report(Stage.DEPARTMENT_REVIEW)
    assert open_steps(given, report) == {"section", "bangongshi"}
    grant_fast(given.office, report, given.people["liao_jun"], reason=LATEST, now=given.tick())
    assert open_steps(given, report) == {"section", "bangongshi"}
    yes(given, report, "qiu_hong")  # side by side now: the second round need not wait for the first
    assert given.edition(report).stage == Stage.DEPARTMENT_REVIEW
    yes(given, report, "fang_zhi")
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK
    given.advance(report, Stage.CONFIDENTIALITY_CHECK)
    assert given.edition(report).stage == Stage.APPROVAL


def test_a_regular_kind_has_no_fast_lane(given: Given) -> None:
    with refusal(given.office, BadInput, "统计月报没有快速办理", codes=["bad_input"]):
        new_report(given.office, given.people["lin_xiao"], kind="monthly", title="月报", fast="急", now=given.tick())
    report = given.report(kind="bulletin")
    with refusal(given.office, StepRefused, "没有快速办理", codes=["no_fast_lane"]):
        grant_fast(given.office, report, given.people["fang_zhi"], reason="急", now=given.tick())


# Joint reports: what a section does; what an organ outside does stands in test_outside.py


def jointly(given: Given, report: str, names: str) -> None:
    text = given.text(report)
    new = text.model_copy(update={"head": text.head.model_copy(update={"co_producers": names})}).canonical()
    edit(given.office, report, given.people["lin_xiao"], new, reason="联合", seen=None, now=given.tick())


def test_a_co_producing_section_reviews_in_the_same_round_whatever_the_quorum(given: Given) -> None:
    configured(given, quorum={"1": 1})
    report = given.report()
    jointly(given, report, "工业能源科")
    given.advance(report, Stage.DRAFTING)
    assert open_steps(given, report) == {"section", "joint_gongye"}
    yes(given, report, "fang_zhi")
    assert given.edition(report).stage == Stage.DEPARTMENT_REVIEW
    yes(given, report, "deng_bo")
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK


def test_naming_another_co_producer_is_an_edit_that_voids_every_decision(given: Given) -> None:
    report = given.report()
    jointly(given, report, "工业能源科")
    given.advance(report, Stage.DRAFTING)
    given.flows()
    yes(given, report, "fang_zhi", "deng_bo")
    given.flows()
    take_step(
        given.office, report, Action.RETURN, given.people["wan_ning"], digest=given.edition(report).digest,
        reason="请核对", now=given.tick(),
    )  # fmt: skip
    jointly(given, report, "")
    given.advance(report, Stage.DRAFTING)
    assert given.edition(report).stage == Stage.DEPARTMENT_REVIEW
    assert open_steps(given, report) == {"section"}


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ("综合科", "本单位自己"),
        ("南昌市东湖区统计局", "本单位自己"),
        ("gongye", "请写名称：工业能源科"),
        ("甲、甲", "each once"),
    ],
)
def test_a_co_producer_is_somebody_else_by_name_and_once(given: Given, names: str, why: str) -> None:
    report = given.report()
    with refusal(given.office, BadInput, why, codes=["bad_input"]):
        text = given.text(report).canonical()
        head = text.replace("+++\n", f'+++\nco_producers = "{names}"\n', 1)
        edit(given.office, report, given.people["lin_xiao"], head, reason="联合", seen=None, now=given.tick())


# A changed workflow


@pytest.mark.parametrize(
    "stage", [Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL]
)
def test_a_new_review_is_asked_in_every_stage_and_what_was_decided_stands(given: Given, stage: Stage) -> None:
    report = given.report(stage)
    with_reviews(given, "own_section", "bangongshi")
    told = moved(given, report)
    assert told["new"] == ["bangongshi"]
    later = stage in (Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)
    assert told["standing"] == (["section"] if later else [])
    if stage is Stage.DRAFTING:
        assert given.edition(report).stage == Stage.DRAFTING
        given.advance(report, Stage.DRAFTING)
    assert given.edition(report).stage == Stage.DEPARTMENT_REVIEW
    assert open_steps(given, report) == ({"bangongshi"} if later else {"section", "bangongshi"})
    yes(given, report, *([] if later else ["fang_zhi"]), "qiu_hong")
    # A clearance of this very text stands; where there was none, the officer is next.
    assert given.edition(report).stage == (Stage.APPROVAL if stage is Stage.APPROVAL else Stage.CONFIDENTIALITY_CHECK)


@pytest.mark.parametrize(
    "stage", [Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL]
)
def test_a_review_that_is_gone_is_not_waited_for_any_more(given: Given, stage: Stage) -> None:
    with_reviews(given, "own_section", "bangongshi")
    report = given.report(stage)
    if stage is Stage.DEPARTMENT_REVIEW:
        yes(given, report, "fang_zhi")
    with_reviews(given, "own_section")
    assert moved(given, report)["gone"] == ["bangongshi"]
    expected = Stage.CONFIDENTIALITY_CHECK if stage is Stage.DEPARTMENT_REVIEW else stage
    assert given.edition(report).stage == expected


@pytest.mark.parametrize(
    "stage", [Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL]
)
def test_a_renamed_review_is_the_same_review(given: Given, stage: Stage) -> None:
    report = given.report(stage)
    with_reviews(given, "own_section", names={"own_section": "负责人审核"})
    told = moved(given, report)
    assert (told["renamed"], told["new"], told["voided"]) == (["section"], [], [])
    assert given.edition(report).stage == stage
    assert given.edition(report).workflow["reviews"][0]["name"] == "负责人审核"


def test_a_review_that_went_to_another_section_is_given_again_by_that_section(given: Given) -> None:
    with_reviews(given, "own_section", "bangongshi")
    report = given.report(Stage.CONFIDENTIALITY_CHECK)
    second = given.office.settings.kinds["news"].reviews[1].model_copy(update={"by": "section:maoyi"})
    configured(given, reviews=(given.office.settings.kinds["news"].reviews[0], second))
    told = moved(given, report)
    assert (told["new"], told["gone"], told["voided"], told["standing"]) == (
        ["bangongshi"], ["bangongshi"], ["bangongshi"], ["section"],
    )  # fmt: skip
    assert given.edition(report).stage == Stage.DEPARTMENT_REVIEW
    assert open_steps(given, report) == {"bangongshi"}
    yes(given, report, "luo_qin")
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK


def test_a_raised_quorum_sends_the_report_back_for_the_missing_voice_and_a_lowered_one_lets_it_go(given: Given) -> None:
    first = given.office.settings.kinds["news"].reviews[0].model_copy(update={"round": 1})
    both = (first, first.model_copy(update={"id": "gongye", "by": "section:gongye"}))
    configured(given, reviews=both, quorum={"1": 1})
    report = given.report(Stage.DEPARTMENT_REVIEW)
    yes(given, report, "fang_zhi")
    given.flows()
    configured(given, quorum={"1": 2})
    assert moved(given, report)["changed"] == ["quorum"]
    assert given.edition(report).stage == Stage.DEPARTMENT_REVIEW
    assert open_steps(given, report) == {"gongye"}
    configured(given, quorum={"1": 1})
    moved(given, report)
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK


def test_only_the_operator_moves_a_report_with_a_reason_where_something_changes_and_before_the_signature(
    given: Given,
) -> None:
    office = given.office
    report = given.report(Stage.APPROVAL)
    with refusal(office, BadInput, "没有差别", codes=["bad_input"]):
        move_workflow(office, report, given.people["gong_lei"], reason="调整", now=given.tick())
    with_reviews(given, "own_section", "bangongshi")
    office = given.office
    with refusal(office, StepRefused, "系统管理员", codes=["other_role"]):
        move_workflow(office, report, given.people["liao_jun"], reason="调整", now=given.tick())
    with refusal(office, StepRefused, "系统管理员", codes=["other_role"]):
        workflow_difference(office, report, given.people["lin_xiao"], now=given.tick())
    with refusal(office, StepRefused, "理由", codes=["reason_missing"]):
        move_workflow(office, report, given.people["gong_lei"], reason=" ", now=given.tick())
    assert workflow_difference(office, report, given.people["gong_lei"], now=given.tick()).new == ("bangongshi",)
    given.advance(report, Stage.APPROVAL)
    with refusal(office, StepRefused, "没有“换用现行流程”这一步", codes=["no_such_step"]):
        move_workflow(office, report, given.people["gong_lei"], reason="调整", now=given.tick())
    recall(office, report, given.people["liao_jun"], reason="机构调整", now=given.tick())
    assert moved(given, report)["new"] == ["bangongshi"]


def test_a_section_that_is_no_more_is_told_with_the_verb_and_the_verb_frees_the_report(given: Given) -> None:
    with_reviews(given, "own_section", "renkou")
    report = given.report(Stage.DEPARTMENT_REVIEW, open_it=False)
    verb = f"pubflow report move-workflow {report} --reason REASON"
    what = f"{report}: its review renkou is for section renkou, which does not exist"
    assert list(stuck_workflows(given.office, given.now)) == [Stuck(report, what, verb)]
    with pytest.raises(WorkspaceError, match="move-workflow"):
        given.flows()
    with_reviews(given, "own_section")
    moved(given, report)
    assert list(stuck_workflows(given.office, given.now)) == []
    assert open_steps(given, report) == {"section"}


def test_a_section_without_a_head_is_told_until_its_review_is_given(given: Given) -> None:
    report = given.report(Stage.DEPARTMENT_REVIEW)
    operator = given.people["gong_lei"]
    change_roles(
        given.office, operator, "fang_zhi", give=["drafter"], take=["section_head"], reason="免职", now=given.tick()
    )
    (told,) = stuck_workflows(given.office, given.now)
    assert (told.subject, told.verb) == (report, "pubflow people roles PERSON --give section_head --reason REASON")


def test_a_section_the_configuration_has_got_since_is_known_after_a_restart(given: Given) -> None:
    settings = given.office.settings
    new = settings.sections["maoyi"].model_copy(update={"id": "renkou", "name": "人口科"})
    office = replace(
        given.office, settings=settings.model_copy(update={"sections": {**settings.sections, "renkou": new}})
    )
    assert add_new_sections(office, given.tick()) == ["renkou"]
    assert add_new_sections(office, given.tick()) == []
    with office.records.reading() as session:
        assert session.get_one(Section, "renkou").name == "人口科"
