"""A report from first draft to public page, people by token and machine steps by Prefect; what Prefect shows."""

import httpx
import pytest
from flow_runs.conftest import SECRET_TITLE, SENTENCE, Published
from flow_runs.running_office import RunningOffice, until

pytestmark = pytest.mark.engine


def test_a_report_goes_from_new_to_published_and_its_page_is_public(line: RunningOffice, published: Published):
    answer = httpx.get(line.public_page(published.report), timeout=60)
    assert answer.status_code == 200
    assert SENTENCE in answer.text
    assert line.release(published.release)["state"] == "released"
    assert line.release(published.release)["lateness_ms"] >= 0
    assert line.verb("gong_lei", "audit", "verify")["events"] > 10


def test_each_machine_step_is_one_run_named_and_tagged_after_what_it_moves(line: RunningOffice, published: Published):
    runs = line.runs_of(published.report)
    assert [run["name"] for run in runs] == [
        f"{published.report} drafting",
        f"{published.report} department-review v2",
        f"{published.report} confidentiality-check v2",
        f"{published.report} approval v2",
    ]
    staged, verified = line.runs_of(published.release)
    assert staged["name"] == verified["name"] == f"{published.release} scheduled-publication"
    assert {run["state_name"] for run in [*runs, staged, verified]} == {"Completed"}
    assert [run["parameters"] for run in runs[1:2]] == [{"reports": [f"{published.report}@2"]}]


def test_the_reports_page_says_whom_it_waits_for_and_then_what_was_decided(published: Published):
    waiting, public = published.pages["review"], published.pages["published"]
    assert "部门审核 department_review" in waiting
    assert "section_head" in waiting
    assert "zonghe" in waiting
    assert SECRET_TITLE not in waiting
    assert SECRET_TITLE in public
    assert [person for person in ("fang_zhi", "wan_ning", "liao_jun") if person not in public] == []


def test_the_board_lists_the_waiting_report_and_the_release_has_a_page(line: RunningOffice, published: Published):
    assert published.board.startswith("# 全线情况")
    assert f"| [{published.report}](/artifacts/key/{published.report.lower()}) |" in published.board
    page = until(lambda: "released" in (found := line.page(published.release.lower())) and found)
    assert f"[{published.report}](/artifacts/key/{published.report.lower()}) 已发布 published" in page
    assert "Nothing stands still" in line.page("failures")


def test_a_page_is_one_artifact_however_often_it_changed(line: RunningOffice, published: Published):
    key = published.report.lower()
    line.prefect.write_page(key, line.page(key), published.report)  # as a service that was started anew does
    versions = line.prefects("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})
    assert len(versions) == 1
    assert [page.is_newest for page in line.prefect.pages() if page.key == key] == [True]


def test_prefects_database_holds_no_text_no_name_and_no_title_before_its_release(
    line: RunningOffice, published: Published, sensitive: list[str]
):
    assert published.leaked == []
    assert line.in_prefects_database(sensitive) == []
    # The look finds what is there: the title, once it is public.
    assert line.in_prefects_database([published.report, SECRET_TITLE]) == [published.report, SECRET_TITLE]
