"""The pages an operator reads in Prefect."""

import datetime as dt
from dataclasses import dataclass
from datetime import UTC, datetime

from service.paper_office import PaperStory

from pubflow.office.deadlines import Due
from pubflow.service.pages import board_page, page_key, report_page

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


@dataclass(frozen=True)
class PaperDecision:
    at: datetime = NINE
    stage: str = "department_review"
    decision: str = "approve"
    role: str = "section_head"
    person_id: str = "liu"
    version: int = 2


def test_a_report_page_says_where_it_stands_for_whom_it_waits_and_what_was_decided():
    story = PaperStory(
        "R-2026-0042", "confidentiality_check", 2, None, "officer", "zonghe", "chen", NINE, [PaperDecision()]
    )
    page = report_page(story)
    assert page.startswith("# R-2026-0042\n")
    assert "| 环节 stage | 保密审查 confidentiality_check |" in page
    assert "| 等待 waits for | 保密员 officer，zonghe，chen |" in page
    assert "| 自 since | 2026-11-23 09:00 |" in page
    assert (
        "| 2026-11-23 09:00 | v2 | 部门审核 department_review | 审核通过 approve | 科室负责人 section_head liu |"
        in page
    )


def test_a_title_is_shown_as_plain_text_and_only_when_the_story_has_one():
    assert "年报" not in report_page(PaperStory("R-2026-0042"))
    page = report_page(PaperStory("R-2026-0042", "published", title="年报 | <b>[x](http://evil)\n# 大"))
    assert "年报 \\| &lt;b>\\[x](http://evil) # 大" in page


def test_the_board_groups_by_stage_in_the_order_of_the_line_with_the_longest_wait_first():
    late = PaperStory("R-2026-0003", "department_review", since=NINE.replace(hour=3))
    early = PaperStory("R-2026-0009", "department_review", since=NINE)
    approval = PaperStory("R-2026-0001", "approval", since=NINE)
    release = PaperStory("L-2026-0001", "confirmed", 0, waits_for=None, next_instant=NINE)
    board = board_page([release, approval, late, early], (), (), NINE)
    order = [
        board.index(word) for word in ("部门审核", "R-2026-0009", "R-2026-0003", "审签", "R-2026-0001", "L-2026-0001")
    ]
    assert order == sorted(order)
    assert "在办 3 件" in board
    assert "| [L-2026-0001](/artifacts/key/l-2026-0001) | 已确认 confirmed | 2026-11-23 09:00 |" in board


def test_an_empty_board_says_so():
    assert "在办 0 件" in board_page([], (), (), NINE)


def test_a_page_key_is_one_that_prefect_takes():
    assert page_key("R-2026-0042") == "r-2026-0042"


def due(text: str, *, left: int, overdue: bool) -> Due:
    return Due(
        "科室审核", dt.date(2026, 11, 26), False, text, left, overdue, ("2026-11-23 开始，不计", f"到期日：{text}")
    )


def test_a_report_page_shows_its_due_day_and_how_it_was_counted():
    provisional = "2027-01-05（暂定：2027年节假日安排尚未录入）"
    page = report_page(PaperStory("R-2026-0042", due=due(provisional, left=3, overdue=False)))
    assert f"| 期限 due | {provisional} |" in page
    assert "| 主动公开期限 limit | — |" in page
    assert "- 2026-11-23 开始，不计\n" in page


def test_page_and_board_mark_what_is_overdue():
    late = PaperStory("R-2026-0042", since=NINE, due=due("2026-11-26", left=-2, overdue=True))
    assert "| 期限 due | 2026-11-26 **逾期2个工作日 overdue** |" in report_page(late)
    assert "2026-11-26 **逾期2个工作日 overdue** |" in board_page([late], (), (), NINE)
