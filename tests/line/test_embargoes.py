"""An item that says figures of a report not yet released goes back, or waits for that report."""

from datetime import timedelta

from attached import attached
from builders import Given as World
from watching import data_of, events, refusal

from pubflow.confidentiality.actions import decide, findings, places
from pubflow.errors import BadInput, StepRefused
from pubflow.lifecycle.stages import ReleaseAction, ReleaseState, Stage
from pubflow.publication.releases import change
from pubflow.records.tables import Finding
from pubflow.review.approval import sign

MONTHLY = "## 一、消费\n\n1-11月，社会消费品零售总额378.11亿元，增长11.9%。\n"
NEWS = "## 一、动态\n\n今年以来，我区社会消费品零售总额约378亿元。\n"


def checked(given: World, body: str = NEWS) -> tuple[str, list[Finding]]:
    """A news item that is with the officer, and what was found in it."""
    news = given.report(body=body)
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW):
        given.advance(news, stage)
    given.flows()
    return news, [one for one in findings(given.office, news) if one.type == "EMBARGO"]


def inherit(given: World, news: str, finding: Finding) -> None:
    decide(
        given.office,
        news,
        given.people["wan_ning"],
        finding.id or 0,
        "pass",
        digest=given.edition(news).digest,
        basis="数字与月报一致，随月报公布",
        reason="随月报同时发布",
        ground="inherit_embargo",
        now=given.tick(),
    )


def signed(given: World, news: str) -> None:
    sign(
        given.office,
        news,
        given.people["liao_jun"],
        digest=given.edition(news).digest,
        remark="同意发布",
        now=given.tick(),
    )


def test_a_figure_of_a_waiting_report_is_found_and_neither_text_nor_value_is_told(given: World) -> None:
    monthly = given.report(Stage.DEPARTMENT_REVIEW, body=MONTHLY)
    news, (one,) = checked(given)
    assert monthly in one.evidence[0]
    assert "378" not in one.masked + "".join(one.evidence)
    with refusal(given.office, StepRefused, "1 个发现项"):
        given.clear(news)


def test_what_is_public_already_or_stands_in_the_item_alone_is_no_embargoed_figure(given: World) -> None:
    first = given.report(Stage.SCHEDULED, body=MONTHLY)
    given.publish(first)
    given.report(Stage.DEPARTMENT_REVIEW, body=MONTHLY)  # a second report says it again
    assert checked(given)[1] == []


def test_who_inherits_is_signed_for_no_instant_before_the_report_it_quotes(given: World) -> None:
    monthly = given.report(Stage.APPROVAL, body=MONTHLY)
    news, (one,) = checked(given)
    inherit(given, news, one)
    given.clear(news)
    given.plan([news], release_in=timedelta(hours=1))
    given.flows()
    with refusal(given.office, StepRefused, f"{monthly} 还没有发布计划", codes=["embargo"]):
        signed(given, news)
    given.plan([monthly], release_in=timedelta(hours=2))
    with refusal(given.office, StepRefused, "不得早于它发布", codes=["embargo"]):
        given.advance(news, Stage.APPROVAL)
    later = given.release(monthly).instant + timedelta(minutes=1)
    change(
        given.office, given.release(news).id, ReleaseAction.MOVE, given.people["lin_xiao"], now=given.tick(), to=later,
        reason="随月报发布",
    )  # fmt: skip
    signed(given, news)
    assert given.edition(news).stage == Stage.SCHEDULED


def test_the_switch_refuses_an_item_whose_source_was_moved_behind_it(given: World) -> None:
    monthly = given.report(Stage.SCHEDULED, body=MONTHLY, release_in=timedelta(hours=1))
    news, (one,) = checked(given)
    inherit(given, news, one)
    given.clear(news)
    given.plan([news], release_in=timedelta(hours=2))
    given.advance(news, Stage.APPROVAL)
    change(
        given.office, given.release(monthly).id, ReleaseAction.MOVE, given.people["gong_lei"], now=given.tick(),
        to=given.now + timedelta(hours=9), reason="上级数据推迟",
    )  # fmt: skip
    given.publish(news)
    assert given.edition(news).stage == Stage.SCHEDULED
    release = given.release(news)
    assert release.state == ReleaseState.FAILED
    assert monthly in release.failure
    given.publish(monthly)
    assert given.edition(monthly).stage == Stage.PUBLISHED
    change(
        given.office, release.id, ReleaseAction.RETRY, given.people["gong_lei"], now=given.tick(), reason="月报已发布"
    )
    given.publish(news)
    assert given.edition(news).stage == Stage.PUBLISHED


def test_inheriting_is_a_ground_for_embargoed_figures_alone_and_stands_in_the_history(given: World) -> None:
    given.report(Stage.DEPARTMENT_REVIEW, body=MONTHLY)
    news, found = checked(given, NEWS + "\n联系人手机13812345678。\n")
    (mobile,) = [one for one in findings(given.office, news) if one.type == "MOBILE"]
    with refusal(given.office, BadInput, "不适用"):
        inherit(given, news, mobile)
    inherit(given, news, found[0])
    assert data_of(events(given.office, subject=news)[-1])["ground"] == "inherit_embargo"


def test_a_figure_in_an_attachment_is_found_at_its_cell(given: World) -> None:
    monthly = given.report(Stage.DEPARTMENT_REVIEW, body=MONTHLY)
    news = given.report()
    attached(given, news, "附表.csv", "指标,单位,1-11月\n社会消费品零售总额,亿元,378.1\n".encode())
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW):
        given.advance(news, stage)
    given.flows()
    (one,) = findings(given.office, news)
    assert (one.type, one.rule) == ("EMBARGO", f"embargo:{monthly}")
    assert "附表.csv" in places(given.office, news)[one.id or 0]
