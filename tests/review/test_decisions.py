"""Approve and sign: by whom, on what, and what a signature fixes."""

from datetime import timedelta

import pytest
from builders import Given
from watching import actions_on, refusal

from pubflow.drafting.actions import edit
from pubflow.errors import NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ReleaseAction, Role, Stage
from pubflow.office.people import actor_of, add_person
from pubflow.publication.releases import cancel, change, recall
from pubflow.records.tables import Report
from pubflow.review.actions import approve
from pubflow.review.approval import sign

REVIEW, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.APPROVAL
LEGACY = "A25010-7481-1397-0846-6018-8139"


def yes(given: Given, report_id: str, by: str | Actor, digest: str | None = "") -> None:
    actor = given.people[by] if isinstance(by, str) else by
    digest = given.edition(report_id).digest if digest == "" else digest
    approve(given.office, report_id, actor, digest=digest, remark="同意", now=given.tick())


def signed(given: Given, report_id: str, by: str | Actor = "liao_jun") -> str | None:
    actor = given.people[by] if isinstance(by, str) else by
    digest = given.edition(report_id).digest
    sign(given.office, report_id, actor, digest=digest, remark="同意", now=given.tick())
    return index_no(given, report_id)


def index_no(given: Given, report_id: str) -> str | None:
    with given.office.records.reading() as session:
        return session.get_one(Report, report_id).index_no


def colleague(given: Given, *roles: str, section: str = "zonghe") -> Actor:
    """Somebody with several roles."""
    person = add_person(
        given.office, given.people["gong_lei"], id="duo_mian", name="多面", section=section, roles=list(roles),
        now=given.tick(),
    )  # fmt: skip
    given.people[person.id] = actor_of(person)
    return actor_of(person)


def test_whoever_wrote_any_of_it_never_decides_on_it(given: Given) -> None:
    author = colleague(given, Role.DRAFTER, Role.SECTION_HEAD, Role.OFFICER, Role.LEADER)
    report_id = given.report(Stage.DRAFTING)
    given.write(report_id, "## 一、工作动态\n\n同事写的一句。\n", by=author.id)
    given.write(report_id, "## 一、工作动态\n\n最后由起草人写成。\n")
    given.advance(report_id, Stage.DRAFTING)
    given.flows()
    with refusal(given.office, StepRefused, "写过其中任何部分的人不能对它作决定", codes=["author_decides"]):
        yes(given, report_id, author)
    given.advance(report_id, REVIEW)
    given.flows()
    with refusal(given.office, StepRefused, "请由同事办理", codes=["author_decides"]):
        given.clear(report_id, by=author.id)
    given.advance(report_id, Stage.CONFIDENTIALITY_CHECK)
    given.plan([report_id])
    given.flows()
    with refusal(given.office, StepRefused, "请由同事办理", codes=["author_decides"]):
        signed(given, report_id, author)


def test_reviewer_officer_and_leader_of_one_text_are_three_persons(given: Given) -> None:
    many = colleague(given, Role.SECTION_HEAD, Role.OFFICER, Role.LEADER)
    report_id = given.report(REVIEW)
    yes(given, report_id, many)
    given.flows()
    with refusal(given.office, StepRefused, "您已在部门审核阶段对这一版本作过决定", codes=["same_person"]):
        given.clear(report_id, by=many.id)
    given.clear(report_id)
    given.plan([report_id])
    given.flows()
    with refusal(given.office, StepRefused, "须由不同的人办理", codes=["same_person"]):
        signed(given, report_id, many)
    assert signed(given, report_id) == "A25010/2026-00001"


@pytest.mark.parametrize(
    ("digest", "code", "message"),
    [
        (None, "digest_missing", "--digest"),
        ("0" * 64, "digest_moved", "稿件已变动"),
        ("short", "digest_moved", "摘要是"),
    ],
)
def test_an_approval_is_for_the_digest_that_was_seen(given: Given, digest: str | None, code: str, message: str) -> None:
    report_id = given.report(REVIEW)
    with refusal(given.office, StepRefused, message, codes=[code]):
        yes(given, report_id, "fang_zhi", digest)


def test_others_than_the_section_head_do_not_approve(given: Given) -> None:
    report_id = given.report(REVIEW)
    for who, codes in [
        ("deng_bo", ["other_section"]),
        ("lin_xiao", ["other_role", "author_decides"]),
        ("tang_yue", ["other_role"]),
        ("liao_jun", ["other_role", "other_section"]),
        ("shu_yan", ["other_role", "other_section"]),
    ]:
        with refusal(given.office, StepRefused, f"{report_id} 不能执行 审核通过", codes=codes):
            yes(given, report_id, who)
    with refusal(given.office, NotFound, "找不到 报告 R-2026-0099", codes=["not_found"]):
        approve(given.office, "R-2026-0099", given.people["fang_zhi"], digest="0" * 64, remark="", now=given.tick())


def test_a_signature_needs_a_planned_instant_that_lies_ahead(given: Given) -> None:
    report_id = given.report(APPROVAL)
    with refusal(given.office, StepRefused, "还没有发布计划；请先用 release plan", codes=["no_release"]):
        signed(given, report_id)
    given.plan([report_id], release_in=timedelta(minutes=5))
    given.now += timedelta(minutes=6)
    with refusal(given.office, StepRefused, "时间已过；请先用 release move", codes=["instant_passed"]):
        signed(given, report_id)
    release = given.release(report_id)
    change(
        given.office, release.id, ReleaseAction.MOVE, given.people["lin_xiao"], now=given.tick(),
        to=given.now + timedelta(hours=1),
    )  # fmt: skip
    signed(given, report_id)
    assert given.release(report_id).state == "confirmed"


def test_a_sensitive_report_is_signed_by_the_chief(given: Given) -> None:
    report_id = given.report(APPROVAL, kind="official")
    given.plan([report_id])
    with refusal(given.office, StepRefused, "敏感稿件由主要领导签发", codes=["chief_needed"]):
        signed(given, report_id, "liao_jun")
    signed(given, report_id, "xiong_ping")
    assert given.edition(report_id).stage == Stage.SCHEDULED


def test_index_numbers_are_gapless_and_a_report_keeps_its_own(given: Given) -> None:
    first, second = given.report(APPROVAL), given.report(APPROVAL)
    given.plan([first])
    with refusal(given.office, StepRefused, "还没有发布计划", codes=["no_release"]):
        signed(given, second)  # a refused signature takes no number
    assert signed(given, first) == "A25010/2026-00001"
    recall(given.office, first, given.people["liao_jun"], reason="再核对", now=given.tick())
    given.plan([second])
    assert signed(given, second) == "A25010/2026-00002"
    given.advance(first, Stage.DRAFTING)
    given.advance(first, APPROVAL)
    assert index_no(given, first) == "A25010/2026-00001"


def to_approval(given: Given, report_id: str, number: str) -> None:
    """Give a report the number of an old record and bring it before the leader."""
    text = given.text(report_id)
    head = text.head.model_copy(update={"index_no": number, "subject_class": "统计"})
    edit(
        given.office, report_id, given.people["lin_xiao"], text.model_copy(update={"head": head}).canonical(),
        reason="旧索引号", seen=None, now=given.tick(),
    )  # fmt: skip
    for stage in (Stage.DRAFTING, REVIEW, Stage.CONFIDENTIALITY_CHECK):
        given.advance(report_id, stage)
    given.plan([report_id])
    given.flows()


def test_an_old_record_keeps_its_number_and_no_other_report_gets_it(given: Given) -> None:
    first, second = given.report(Stage.DRAFTING), given.report(Stage.DRAFTING)
    to_approval(given, first, LEGACY)
    to_approval(given, second, LEGACY)
    assert signed(given, first) == LEGACY
    with refusal(given.office, StepRefused, f"索引号 {LEGACY} 已由 {first} 使用", codes=["index_taken"]):
        signed(given, second)


def test_a_new_number_passes_over_one_that_an_old_record_brought(given: Given) -> None:
    old = given.report(Stage.DRAFTING)
    to_approval(given, old, "A25010/2026-00001")
    assert signed(given, old) == "A25010/2026-00001"
    new = given.report(APPROVAL)
    given.plan([new])
    assert signed(given, new) == "A25010/2026-00002"


def test_a_release_is_confirmed_by_the_last_signature_only(given: Given) -> None:
    first, second = given.report(APPROVAL), given.report(APPROVAL)
    release = given.plan([first, second])
    given.advance(first, APPROVAL)
    assert given.release(first).state == "planned"
    assert given.flows() == []  # nothing to stage yet
    given.advance(second, APPROVAL)
    assert given.release(first).state == "confirmed"
    assert actions_on(given.office, release.id) == ["plan", "confirm"]


def test_a_cancelled_report_is_signed_by_nobody(given: Given) -> None:
    report_id = given.report(APPROVAL)
    cancel(given.office, report_id, given.people["gong_lei"], reason="不再需要", now=given.tick())
    with refusal(given.office, StepRefused, "已取消阶段没有“签发”这一步"):
        signed(given, report_id)
