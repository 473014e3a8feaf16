"""What only a real Prefect server can show: its guard, the resident worker, runs by hand, runs that died, its pages."""

import os
import signal
import sqlite3
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from flow_runs.conftest import Line, until
from flow_runs.network_watch import browser, load, outside, read

from pubflow.errors import WorkspaceError
from pubflow.office.due import DueStep
from pubflow.prefect_client import LookAgain, Prefect
from pubflow.service.reconciler import Reconciler

pytestmark = pytest.mark.engine


def test_the_api_answers_401_without_the_password_and_200_with_it(line: Line):
    version = f"{line.addresses.prefect_api}/admin/version"
    name, _, password = line.auth.partition(":")
    assert httpx.get(version).status_code == 401
    assert httpx.get(version, auth=(name, "guess")).status_code == 401
    assert httpx.get(version, auth=(name, password)).status_code == 200
    # The password alone does not write: a page of another site could send it, but never the token.
    assert httpx.post(f"{line.addresses.prefect_api}/flows/filter", auth=(name, password)).status_code == 403


def test_the_server_listens_on_this_machine_only_and_its_files_are_its_owners(line: Line):
    assert line.addresses.prefect.startswith("http://127.0.0.1:")
    for file in ("prefect/auth", "prefect/prefect.db", "logs/prefect.log", "run/addresses.json"):
        assert (line.home / file).stat().st_mode & 0o077 == 0, file


def test_other_origins_are_not_allowed_to_read_the_api(line: Line):
    health = f"{line.addresses.prefect_api}/health"
    own, other = (httpx.get(health, headers={"Origin": at}) for at in (line.addresses.prefect, "http://example.org"))
    assert own.headers.get("access-control-allow-origin") == line.addresses.prefect
    assert "access-control-allow-origin" not in other.headers


def test_the_second_ui_is_not_served_and_the_first_has_the_page_policy(line: Line):
    assert "second UI is not served here" in httpx.get(f"{line.addresses.prefect}/v2/").text
    assert (
        "Content-Security-Policy"
        in httpx.get(f"{line.addresses.prefect}/dashboard", headers={"Accept": "text/html"}).text
    )


def test_a_wrong_password_is_a_matter_for_the_administrator_and_a_missing_server_is_not(line: Line):
    wrong = Prefect(line.addresses.prefect_api, "operator:wrong")
    with wrong as stranger, pytest.raises(WorkspaceError, match="refused our password"):
        stranger.deployment_id("approval")
    with Prefect("http://127.0.0.1:9/api", None) as nobody, pytest.raises(LookAgain, match="Nothing is lost"):
        nobody.deployment_id("approval")


def test_a_run_of_a_due_step_is_done_once_by_the_resident_worker(line: Line):
    line.office.owe("approval", "R-2026-0001", 3)
    run = line.final(line.ask_for("approval", "R-2026-0001@3"))
    assert (run.state_type, run.name) == ("COMPLETED", "R-2026-0001 approval v3")
    assert run.message == "approval of R-2026-0001 done"
    assert line.office.times_done("R-2026-0001") == 1
    again = line.final(line.ask_for("approval", "R-2026-0001@3"))
    assert again.message.startswith("not due: R-2026-0001")
    assert line.office.times_done("R-2026-0001") == 1


def test_a_run_by_hand_for_a_step_that_is_not_due_says_so_and_changes_nothing(line: Line):
    run = line.final(line.ask_for("department-review", "R-2026-0404"))
    assert run.state_type == "COMPLETED"
    assert run.message == "not due: R-2026-0404 waits in approval for liu; nothing was changed"
    assert line.office.times_done("R-2026-0404") == 0


def test_a_run_for_an_older_version_changes_nothing(line: Line):
    line.office.owe("approval", "R-2026-0002", 5)
    run = line.final(line.ask_for("approval", "R-2026-0002@4"))
    assert run.message == "not due: R-2026-0002 is at version 5, asked was 4; nothing was changed"
    line.office.hurry("R-2026-0002")
    line.final(line.ask_for("approval", "R-2026-0002"))


def test_many_reports_of_one_run_are_tasks_named_after_them(line: Line):
    names = [f"R-2026-1{number:03}" for number in range(6)]
    for name in names:
        line.office.owe("confidentiality-check", name)
    said = Reconciler(line.office, line.prefect).round(datetime.now(UTC))
    assert said == ["started confidentiality-check, 6 reports"]
    until(lambda: all(line.office.times_done(name) == 1 for name in names))
    recorded = line.office.get(DueStep("confidentiality-check", names[0], 1))
    run = line.final(line.prefect.flow_run(recorded.flow_run_id))
    assert run.message == "6 reports: 6 done, 0 not due, 0 failed"
    task_names = until(lambda: len(found := _task_names(line, run.id)) == 6 and found)
    assert sorted(task_names) == [f"{name}@1" for name in names]


def _task_names(line: Line, run_id: str) -> list[str]:
    with sqlite3.connect(f"file:{line.home / 'prefect' / 'prefect.db'}?mode=ro", uri=True) as database:
        return [row[0] for row in database.execute("select name from task_run where flow_run_id = ?", (run_id,))]


def test_a_failed_step_names_the_verb_that_mends_it_and_keeps_no_text_of_the_draft(line: Line):
    line.office.owe("approval", "R-2026-0003", fails=True)
    run = line.final(line.ask_for("approval", "R-2026-0003"))
    assert run.state_type == "FAILED"
    assert "disk full" in run.message
    assert "pubflow flow run approval R-2026-0003" in run.message
    line.office.hurry("R-2026-0003")
    line.final(line.ask_for("approval", "R-2026-0003"))


def test_a_deployment_that_prefect_yaml_does_not_list_is_refused_by_the_worker(line: Line):
    listed = line.prefect._send("GET", "/deployments/name/approval/approval").json()
    planted = {
        "name": "planted",
        "flow_id": listed["flow_id"],
        "entrypoint": "evil.py:run",
        "work_pool_name": "pubflow",
    }
    deployment = line.prefect._send("POST", "/deployments/", planted).json()["id"]
    run = line.prefect.create_flow_run(deployment, name="planted", parameters={}).run
    final = line.final(run)
    assert final.state_type == "CRASHED"
    assert "not listed in deployments/prefect.yaml" in final.message
    line.prefect._send("DELETE", f"/deployments/{deployment}")


def test_a_worker_killed_in_the_middle_of_a_step_is_replaced_and_the_step_done_by_a_second_attempt(line: Line):
    due = line.office.owe("department-review", "R-2026-0005", seconds=60)
    reconciler = Reconciler(line.office, line.prefect, grace=timedelta(seconds=1))
    reconciler.round(datetime.now(UTC))
    held = until(lambda: (row := line.office.get(due)) and row.lease_holder and row)
    line.office.hurry("R-2026-0005")  # the next attempt will be quick
    os.kill(int(held.lease_holder.partition("/")[2]), signal.SIGKILL)
    assert reconciler.round(datetime.now(UTC)) == []  # the lease protects it for up to 20 s

    line.office.release(due, held.lease_holder)  # as if they were over
    now = datetime.now(UTC)
    assert reconciler.round(now) == []  # first look at a run without a lease: it may be about to end
    assert reconciler.round(now + timedelta(seconds=2)) == [
        "crashed R-2026-0005 department-review v1: no lease for 1 s",
        "started R-2026-0005 department-review v1, attempt 2",
    ]
    until(lambda: line.office.times_done("R-2026-0005") == 1, within=40)
    assert line.prefect.flow_run(held.flow_run_id).state_type == "CRASHED"
    assert line.office.get(due).attempt == 2


def test_the_reports_page_and_the_board_are_in_prefect(line: Line):
    line.office.owe("approval", "R-2026-0006")
    line.final(line.ask_for("approval", "R-2026-0006"))
    Reconciler(line.office, line.prefect).round(datetime.now(UTC))
    page = line.prefect._send("GET", "/artifacts/r-2026-0006/latest").json()
    assert "部门审核 department_review" in page["data"]
    assert line.prefect._send("GET", "/artifacts/the-line/latest").json()["data"].startswith("# 全线情况")


def test_the_day_is_planned_at_five_past_six_in_shanghai(line: Line):
    planned = until(lambda: line.prefect._send("POST", "/flow_runs/filter", _planned(line)).json(), within=40)
    assert {row["expected_start_time"][11:16] for row in planned} == {"22:05"}  # UTC


def _planned(line: Line) -> dict:
    chosen = {
        "deployment_id": {"any_": [line.prefect.deployment_id("daily")]},
        "state": {"type": {"any_": ["SCHEDULED"]}},
    }
    return {"flow_runs": chosen}


UI_PAGES = [
    "dashboard",
    "runs",
    "flows",
    "deployments",
    "work-pools",
    "work-pools/create",
    "work-pools/work-pool/pubflow",
    "blocks",
    "blocks/catalog",
    "variables",
    "automations",
    "automations/create",
    "events",
    "artifacts",
    "artifacts/key/r-2026-0006",
    "concurrency-limits",
    "settings",
    "notifications",
]


@pytest.mark.browser
def test_no_page_of_the_ui_and_no_process_tries_to_leave_this_machine(line: Line):
    with browser() as (page, visit):
        page.goto(f"{line.addresses.prefect}/login")
        page.evaluate("auth => localStorage.setItem('prefect-password', btoa(auth))", line.auth)
        run = line.final(line.ask_for("approval", "R-2026-0006"))
        pages = [*UI_PAGES, f"runs/flow-run/{run.id}", f"deployments/deployment/{line.prefect.deployment_id('daily')}"]
        load(page, visit, [f"{line.addresses.prefect}/{name}" for name in pages])
    assert visit.outside == []
    assert all("Automations" in text or "create" in at for at, text in visit.texts.items())  # signed in, and not blank
    assert "R-2026-0006 approval" in visit.texts[f"{line.addresses.prefect}/runs/flow-run/{run.id}"]
    assert any("img-src" in why for why in visit.stopped)  # logos of the work-pool page, wished and held back
    assert outside(read(line.trace)) == []
