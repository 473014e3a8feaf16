"""Runs that a person starts, many reports in one run, runs that fail, and the one that a clock starts."""

import sqlite3

import pytest
from flow_runs.conftest import Published
from flow_runs.running_office import OPERATOR, RunningOffice, until

pytestmark = pytest.mark.engine
STEPS = ("drafting", "department-review", "confidentiality-check", "approval")


def test_runs_by_hand_for_steps_that_are_not_due_say_so_and_change_nothing(line: RunningOffice, published: Published):
    before = line.events(published.report), line.events(published.release)
    runs = [line.start_by_hand(step, published.report) for step in STEPS]
    runs.append(line.start_by_hand("scheduled-publication", published.release))
    ended = [line.final(run.id) for run in runs]
    assert [run["state_name"] for run in ended] == ["NotDue"] * 5
    assert ended[1]["state"]["message"] == (
        f"not due: department-review {published.report}: the report stands in published (已发布), v2; "
        "nothing was changed"
    )
    assert ended[1]["name"] == f"{published.report} department-review"
    assert (line.events(published.report), line.events(published.release)) == before


def test_pubflow_flow_run_for_a_step_that_is_not_due_records_the_start_alone(line: RunningOffice, published: Published):
    before = line.events(published.report)
    started = line.verb(OPERATOR, "flow", "run", "confidentiality-check", published.report)
    assert started["name"] == f"{published.report} confidentiality-check"
    assert line.final(started["id"])["state_name"] == "NotDue"
    assert line.events(published.report) == [*before, "flow_started"]


def test_a_failed_step_names_the_verb_that_mends_it(line: RunningOffice):
    run = line.final(line.start_by_hand("approval", "R-1999-0001").id)
    assert run["state"]["type"] == "FAILED"
    assert "R-1999-0001" in run["state"]["message"]
    assert "pubflow flow run approval R-1999-0001" in run["state"]["message"]


@pytest.mark.parametrize("many", [6, 21])
def test_many_reports_due_for_one_step_share_a_run_whose_tasks_are_named_after_them(line: RunningOffice, many: int):
    with line.standing_still("service"):
        reports = [line.new(f"第{number}份工作动态") for number in range(1, many + 1)]
    until(lambda: all(line.view(report)["version"] == 1 for report in reports))
    (run,) = [one for one in line.runs_of("batch") if one["name"] == f"drafting, {many} reports"]
    assert line.final(run["id"])["state"]["message"] == f"{many} reports: {many} done, 0 not due, 0 failed"
    expected = reports if many == 6 else [f"{reports[0]} … {reports[-1]}"]
    assert sorted(until(lambda: len(found := _task_names(line, run["id"])) == len(expected) and found)) == expected


def _task_names(line: RunningOffice, run_id: str) -> list[str]:
    with sqlite3.connect(f"file:{line.home / 'prefect' / 'prefect.db'}?mode=ro", uri=True) as database:
        return [row[0] for row in database.execute("select name from task_run where flow_run_id = ?", (run_id,))]


def test_the_day_is_planned_at_five_past_six_in_shanghai(line: RunningOffice):
    chosen = {
        "deployment_id": {"any_": [line.prefect.deployment_id("daily")]},
        "state": {"type": {"any_": ["SCHEDULED"]}},
    }
    planned = until(lambda: line.prefects("POST", "/flow_runs/filter", {"flow_runs": chosen}))
    assert {row["expected_start_time"][11:16] for row in planned} == {"22:05"}  # UTC
