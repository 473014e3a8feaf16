"""Where several may decide, one takes the task; the others see who has it, and it never blocks for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import Given
from processes import at_once
from watching import data_of, events, refusal

from pubflow.errors import BadInput, SecretMarkFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Stage
from pubflow.office.office import Office
from pubflow.office.people import deactivate
from pubflow.office.reading import inbox, report_view
from pubflow.office.standing_in import set_absence
from pubflow.review.actions import approve, send_back
from pubflow.review.approval import sign
from pubflow.review.claims import claim, release_claim
from pubflow.review.conflict import declare_conflict

REVIEW, CHECK, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL
FOUR_HOURS = timedelta(hours=4)  # the office's rule claim_hours


@pytest.fixture
def waiting(given: Given) -> str:
    """A report that either leader may sign."""
    report_id = given.report(APPROVAL)
    given.plan([report_id], release_in=timedelta(days=30))
    return report_id


def take(given: Given, report_id: str, by: str) -> None:
    claim(given.office, report_id, given.people[by], now=given.tick())


def sign_it(given: Given, report_id: str, by: str) -> str:
    digest = given.edition(report_id).digest
    return sign(given.office, report_id, given.people[by], digest=digest, remark="", now=given.tick()).stage


def holders(given: Given, report_id: str) -> list[str]:
    view = report_view(given.office, report_id, given.people["xiong_ping"], given.now)
    return [one.person for one in view.claims]


def test_a_claimed_task_is_decided_by_its_holder_and_by_nobody_else(given: Given, waiting: str) -> None:
    take(given, waiting, "liao_jun")
    with refusal(given.office, StepRefused, r"已由 liao_jun 领办，至 2026-11-23 16:00", codes=["claimed"]):
        sign_it(given, waiting, "yan_fei")
    digest = given.edition(waiting).digest
    with refusal(given.office, StepRefused, "领办", codes=["claimed"]):
        send_back(given.office, waiting, given.people["yan_fei"], digest=digest, reason="a", place="b", now=given.now)
    assert sign_it(given, waiting, "liao_jun") == Stage.SCHEDULED
    (taken,) = (event for event in events(given.office, subject=waiting) if event.action == "claim")
    assert data_of(taken)["step"] == "approval"


def test_a_second_claim_is_refused_with_who_and_until_when_and_ones_own_is_prolonged(
    given: Given, waiting: str
) -> None:
    take(given, waiting, "liao_jun")
    with refusal(given.office, StepRefused, "已由 liao_jun 领办，至", codes=["claimed"]):
        take(given, waiting, "yan_fei")
    given.now += timedelta(hours=3)
    take(given, waiting, "liao_jun")
    given.now += timedelta(hours=3)
    with refusal(given.office, StepRefused, "已由 liao_jun 领办", codes=["claimed"]):
        sign_it(given, waiting, "yan_fei")


def lapse(given: Given) -> None:
    given.now += FOUR_HOURS


def away(given: Given) -> None:
    until = given.now + timedelta(days=9)
    set_absence(given.office, given.people["gong_lei"], "liao_jun", until=until, reason="出差", now=given.tick())


def gone(given: Given) -> None:
    deactivate(given.office, given.people["gong_lei"], "liao_jun", reason="调离", now=given.tick())


def in_conflict(given: Given) -> None:
    declare_conflict(given.office, "R-2026-0001", given.people["liao_jun"], reason="亲属", now=given.tick())


def given_up(given: Given) -> None:
    release_claim(given.office, "R-2026-0001", given.people["liao_jun"], reason="", now=given.tick())


def freed(given: Given) -> None:
    release_claim(given.office, "R-2026-0001", given.people["gong_lei"], reason="联系不上", now=given.tick())


@pytest.mark.parametrize("ends", [lapse, away, gone, in_conflict, given_up, freed])
def test_a_claim_ends_by_time_absence_leaving_conflict_its_holder_or_the_operator(
    given: Given, waiting: str, ends: Callable[[Given], None]
) -> None:
    take(given, waiting, "liao_jun")
    ends(given)
    assert holders(given, waiting) == []
    take(given, waiting, "yan_fei")
    assert holders(given, waiting) == ["yan_fei"]
    assert sign_it(given, waiting, "yan_fei") == Stage.SCHEDULED


def test_a_claim_lives_until_its_last_second_and_back_from_an_absence_it_counts_again(
    given: Given, waiting: str
) -> None:
    take(given, waiting, "liao_jun")
    taken = given.now
    until = given.now + timedelta(hours=1)
    set_absence(given.office, given.people["gong_lei"], "liao_jun", until=until, reason="会议", now=given.tick())
    assert holders(given, waiting) == []
    given.now = until
    assert holders(given, waiting) == ["liao_jun"]
    given.now = taken + FOUR_HOURS - timedelta(seconds=1)
    assert holders(given, waiting) == ["liao_jun"]
    given.now = taken + FOUR_HOURS
    assert holders(given, waiting) == []


def test_the_next_visit_to_the_stage_begins_without_a_claim(given: Given) -> None:
    report_id = given.report(CHECK)
    take(given, report_id, "wan_ning")
    digest = given.edition(report_id).digest
    send_back(given.office, report_id, given.people["wan_ning"], digest=digest, reason="a", place="b", now=given.tick())
    given.advance(report_id, Stage.DRAFTING)
    given.flows()
    assert holders(given, report_id) == []
    given.clear(report_id, by="tu_hua")


def test_of_two_departments_side_by_side_each_has_its_own_task(given: Given) -> None:
    settings = given.office.settings
    news = settings.kinds["news"]
    own = news.reviews[0].model_copy(update={"round": 1})
    other = own.model_copy(update={"id": "gongye", "by": "section:gongye"})
    kind = news.model_copy(update={"reviews": (own, other)})
    kinds = {**settings.kinds, "news": kind}
    given.office = replace(given.office, settings=settings.model_copy(update={"kinds": kinds}))
    given.__post_init__()
    report_id = given.report(REVIEW)
    take(given, report_id, "fang_zhi")
    take(given, report_id, "deng_bo")
    assert sorted(holders(given, report_id)) == ["deng_bo", "fang_zhi"]
    deputy = replace(given.people["luo_qin"], stands_in_for=(given.people["fang_zhi"],))
    with refusal(given.office, StepRefused, "已由 fang_zhi 领办", codes=["claimed"]):
        claim(given.office, report_id, deputy, now=given.tick())
    digest = given.edition(report_id).digest
    approve(given.office, report_id, given.people["deng_bo"], digest=digest, remark="", now=given.tick())


def test_a_deputy_claims_in_the_place_of_the_absent_and_the_history_says_so(given: Given) -> None:
    report_id = given.report(REVIEW)
    deputy = replace(given.people["deng_bo"], stands_in_for=(given.people["fang_zhi"],))
    claim(given.office, report_id, deputy, now=given.tick())
    assert data_of(events(given.office, subject=report_id)[-1])["stands_in_for"] == ["fang_zhi"]


def test_only_who_may_decide_here_claims(given: Given, waiting: str) -> None:
    for person, code in (("wan_ning", "other_role"), ("lin_xiao", "other_role"), ("gong_lei", "other_role")):
        reasons = ["other_role", "same_person"] if person == "wan_ning" else [code]
        reasons += ["author_decides"] if person == "lin_xiao" else []
        with refusal(given.office, StepRefused, "分管领导", codes=reasons):
            take(given, waiting, person)
    draft = given.report(Stage.DRAFTING)
    with refusal(given.office, StepRefused, "没有等待", codes=["stage"]):
        take(given, draft, "liao_jun")
    sensitive = given.report(APPROVAL, kind="official")
    with refusal(given.office, StepRefused, "主要领导", codes=["chief_needed"]):
        take(given, sensitive, "liao_jun")
    take(given, sensitive, "xiong_ping")


def test_a_claim_is_given_up_by_its_holder_or_freed_by_the_operator_with_a_reason(given: Given, waiting: str) -> None:
    office = given.office
    with refusal(office, BadInput, "没有人领办", codes=["bad_input"]):
        release_claim(office, waiting, given.people["liao_jun"], reason="", now=given.tick())
    take(given, waiting, "liao_jun")
    with refusal(office, StepRefused, "由 liao_jun 领办；只有本人", codes=["not_own_claim"]):
        release_claim(office, waiting, given.people["yan_fei"], reason="我来办", now=given.tick())
    with refusal(office, BadInput, "解除他人的领办须写明理由", codes=["bad_input"]):
        release_claim(office, waiting, given.people["gong_lei"], reason=" ", now=given.tick())
    with refusal(office, SecretMarkFound, "国家秘密标志"):
        release_claim(office, waiting, given.people["gong_lei"], reason="机密★10年", now=given.tick())
    assert release_claim(office, waiting, given.people["gong_lei"], reason="离岗", now=given.tick()) == ["liao_jun"]
    last = events(office, subject=waiting)[-1]
    assert (last.action, last.actor, last.reason) == ("release_claim", "gong_lei", "离岗")
    assert data_of(last) == {"step": "approval", "held_by": "liao_jun"}


def test_the_inbox_says_who_has_a_task_and_keeps_it_in_sight_of_the_others(given: Given, waiting: str) -> None:
    def seen_by(person: str) -> list[tuple[list[str], list[str]]]:
        found = inbox(given.office, given.people[person], given.now)
        return [(actions, [one.person for one in claims]) for _, actions, claims in found]

    assert seen_by("yan_fei") == [(["sign", "return"], [])]
    take(given, waiting, "liao_jun")
    assert seen_by("liao_jun") == [(["sign", "return"], ["liao_jun"])]
    assert seen_by("yan_fei") == [([], ["liao_jun"])]
    assert seen_by("wan_ning") == []


def test_two_claims_at_once_make_one_holder(given: Given, waiting: str) -> None:
    now = given.tick()

    def once(who: Actor) -> Callable[[Office], str]:
        return lambda own: claim(own, waiting, who, now=now).person_id

    answers = at_once(given.office, [once(given.people["liao_jun"]), once(given.people["yan_fei"])])
    (winner,) = set(answers) - {"refused: refused"}
    assert holders(given, waiting) == [winner]
