"""A table on the line: protected, kept with its origin, checked again, read by the public; and what must not pass."""

import json
from pathlib import Path

import pytest
from attached import attached
from builders import Given as World
from watching import actions_on, data_of, events, files_with, refusal

from pubflow.confidentiality.actions import findings, places
from pubflow.confidentiality.protected import CONTRADICTS, UNPROVEN, UNSAFE
from pubflow.drafting.protecting import AttachedTable, attach_table
from pubflow.errors import BadInput, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.protected_tables import table_view
from pubflow.protection.protected import Wish
from pubflow.protection.reading import Given
from pubflow.publication.pages import item_path
from pubflow.publication.tree import PublicTree

DATA = Path(__file__).parents[1] / "data"
INDUSTRIES = "行业,单位数,产值\n印刷,6,12.40\n食品,4,9.85\n医药,2,7.30\n电气,5,11.60\n其他,3,4.15\n合计,20,45.30\n"
RETAIL = (DATA / "beijing-retail-by-district-2018-08.csv").read_text(encoding="utf-8")
SMALL = {"门头沟区": 2}  # the counts are invented: the published table has none


def with_counts(table: str) -> str:
    head, *rows = table.strip().splitlines()
    counted = [f"{row},{SMALL.get(row.split(',')[0], 40) if row[:2] != '全市' else 642}" for row in rows]
    return "\n".join((f"{head},respondents", *counted)) + "\n"


def protect(
    given: World,
    report: str,
    table: str,
    *,
    name: str = "附表.csv",
    series: str = "",
    period: str = "",
    counts: str = "",
) -> AttachedTable:
    """The drafter attaches a table after a look at its structure, as the refusal tells it."""

    def attempt(structure: str) -> AttachedTable:
        return attach_table(
            given.office,
            report,
            given.people["lin_xiao"],
            name,
            Given(name, table, counts),
            Wish(seconds=1.0),
            series=series,
            period=period,
            structure=structure,
            reason="补充附表",
            now=given.tick(),
        )

    with pytest.raises(BadInput, match="还没有人确认") as told:
        attempt("")
    return attempt(told.value.remedy.split("--structure ")[1][:12])


def to_officer(given: World, report: str) -> list[str]:
    """From drafting to the officer; the rules of what is found there."""
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW):
        given.advance(report, stage)
    given.flows()
    return [one.rule for one in findings(given.office, report)]


def public_page(given: World, report: str) -> str:
    return (PublicTree(given.office.home.public).read(f"{item_path(report)}index.html") or b"").decode()


def test_the_beijing_table_goes_through_protection_check_and_review_onto_a_public_page(given: World) -> None:
    report = given.report(title="2018年8月社会消费品零售总额")
    made = protect(given, report, with_counts(RETAIL), name="分区零售额.csv")
    assert made.table.primary == ("门头沟区|month_value", "门头沟区|ytd_value")
    # Of each column the cheapest other district goes with it; the growth rates go with their cells.
    assert made.table.hidden == (
        "延庆区|month_value",
        "延庆区|ytd_value",
        "门头沟区|month_value",
        "门头沟区|ytd_value",
    )
    assert to_officer(given, report) == []
    given.clear(report)
    given.advance(report, Stage.APPROVAL)
    given.publish(report)
    page = public_page(given, report)
    assert '<th scope="row">门头沟区</th><td>…</td><td>…</td><td>…</td><td>…</td>' in page
    assert '<th scope="row">东城区</th><td>893416</td><td>5.7</td>' in page
    assert "为保护调查对象而不公布" in page
    assert "54335" not in page
    assert "429918" not in page
    assert files_with(given.office, "54335", "429918") == []  # neither on the portal nor unsealed in the register


def test_the_structure_is_confirmed_by_its_digest_and_the_event_names_it(given: World) -> None:
    report = given.report()
    with refusal(given.office, BadInput, "合计 = 印刷"):
        attach_table(
            given.office,
            report,
            given.people["lin_xiao"],
            "附表.csv",
            Given("附表.csv", INDUSTRIES),
            Wish(),
            structure="0" * 12,
            reason="",
            now=given.tick(),
        )
    made = protect(given, report, INDUSTRIES)
    data = data_of(events(given.office, subject=report)[-1])
    assert data["structure"] == made.table.sheet.structure_digest
    assert data["protected"] == 2
    assert "7.3" not in json.dumps(data)


def test_why_price_and_alternatives_are_for_the_line_and_intervals_for_the_officer(given: World) -> None:
    report = given.report()
    protect(given, report, INDUSTRIES)
    seen = table_view(given.office, given.people["lin_xiao"], report, "附表.csv", intervals=False, now=given.tick())
    assert seen.told["why"] == {"其他": "否则可推算：医药", "医药": "本身须隐去：调查对象过少"}
    assert [one["by"] for one in seen.told["alternatives"]] == ["按数值", "按格数"]
    assert seen.intervals == []
    with refusal(given.office, StepRefused, "推算区间只向保密员开放"):
        table_view(given.office, given.people["lin_xiao"], report, "附表.csv", intervals=True, now=given.tick())
    to_officer(given, report)
    officer = table_view(given.office, given.people["wan_ning"], report, "附表.csv", intervals=True, now=given.tick())
    assert {(one.cell, one.low, round(one.high or 0, 2)) for one in officer.intervals} == {
        ("医药", 0.0, 11.45),
        ("其他", 0.0, 11.45),
    }
    assert actions_on(given.office, report)[-1] == "read"


@pytest.mark.parametrize(
    ("table", "rule", "said"),
    [
        (INDUSTRIES.replace("7.30", "…"), UNPROVEN, "没有原表"),
        (INDUSTRIES, UNSAFE, "1 格须隐去而未隐去：医药"),
        (INDUSTRIES.replace("45.30", "46.30"), CONTRADICTS, "相差"),
    ],
)
def test_a_table_attached_by_hand_is_judged_all_the_same(given: World, table: str, rule: str, said: str) -> None:
    report = given.report()
    attached(given, report, "附表.csv", table.encode())
    assert rule in to_officer(given, report)
    assert any(said in place for place in places(given.office, report).values())


def test_a_table_in_the_text_that_hides_something_is_found(given: World) -> None:
    body = "| 行业 | 单位数 | 产值 |\n|---|---|---|\n| 印刷 | 6 | 12.40 |\n| 医药 | 2 | … |\n| 合计 | 8 | 19.70 |\n"
    report = given.report(body=f"## 一、分行业\n\n{body}")
    assert UNPROVEN in to_officer(given, report)


OCTOBER = "行业,单位数,本月,累计\n印刷,6,1.00,10.00\n医药,5,2.00,20.00\n其他,9,5.00,45.00\n合计,20,8.00,75.00\n"
NOVEMBER = "行业,本月,累计\n印刷,1.00,11.00\n医药,2.00,22.00\n其他,5.00,50.00\n合计,8.00,83.00\n"
COUNTS = "行业,本月,累计\n印刷,6,6\n医药,2,5\n其他,9,9\n合计,17,20\n"  # only one month is small


def publish_october(given: World) -> None:
    first = given.report()
    protect(given, first, OCTOBER, series="分行业产值", period="2026-10")
    assert to_officer(given, first) == []
    given.clear(first)
    given.advance(first, Stage.APPROVAL)
    given.publish(first)


def test_last_months_published_table_is_part_of_what_an_outsider_knows(given: World) -> None:
    publish_october(given)
    second = given.report()
    made = protect(given, second, NOVEMBER, series="分行业产值", period="2026-11", counts=COUNTS)
    assert "医药|本月 = 医药|累计 - 2026-10 医药|累计" in made.table.sheet.structure
    assert set(made.table.hidden) == {"医药|本月", "医药|累计", "印刷|本月", "印刷|累计"}
    assert made.table.primary == ("医药|本月",)


def test_what_becomes_public_meanwhile_is_found_at_the_check(given: World) -> None:
    second = given.report()
    made = protect(given, second, NOVEMBER, series="分行业产值", period="2026-11", counts=COUNTS)
    assert set(made.table.hidden) == {"医药|本月", "印刷|本月"}
    publish_october(given)
    assert UNSAFE in to_officer(given, second)
    assert any("医药|本月" in place for place in places(given.office, second).values())
