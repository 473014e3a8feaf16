"""The whole of Prefect's database is lost while reports wait in each stage and a release is scheduled."""

import pytest
from flow_runs.aged_office import AgedOffice
from flow_runs.running_office import HEAD, LEADER, OFFICER, until
from flow_runs.test_old_register import CHECKED, DRAFT, OPENED, SIGNED_NEXT, UNOPENED

from pubflow.office.reading import history

pytestmark = pytest.mark.engine


def test_all_go_on_and_nothing_happens_twice(aged: AgedOffice):
    line = aged.running
    assert line
    release = line.plan(SIGNED_NEXT, "20s")
    line.opened(SIGNED_NEXT, LEADER, "return")
    assert line.sign(SIGNED_NEXT).is_success
    until(lambda: line.release(release)["state"] == "staged")
    with line.standing_still("worker"):
        line.submit(DRAFT)  # due, its run asked for, and never begun
        until(lambda: any(run["name"].startswith(f"{DRAFT} department-review") for run in line.runs_of(DRAFT)))
    before = {one: line.events(one) for one in (DRAFT, OPENED, UNOPENED, CHECKED)}
    aged.stop()
    for file in (aged.home / "prefect").glob("prefect.db*"):
        file.unlink()

    line = aged.start()
    line.opened(DRAFT, HEAD, "approve")
    assert line.approve(UNOPENED).is_success
    line.opened(UNOPENED, OFFICER, "return")
    assert line.clear(CHECKED).is_success
    line.opened(CHECKED, LEADER, "return")
    until(lambda: line.release(release)["verified_at"])
    assert line.view(SIGNED_NEXT)["stage"] == "published"
    assert line.events(release).count("switch") == 1
    assert line.events(OPENED) == before[OPENED]
    for one, more in ((DRAFT, 1), (UNOPENED, 1), (CHECKED, 1)):
        assert line.events(one).count("opened") == before[one].count("opened") + more
    assert {run["state_name"] for run in line.runs_of(UNOPENED)} == {"Completed"}
    assert "approval" in until(lambda: line.page(CHECKED.lower()))  # the pages of what is open are there again
    assert line.verb("gong_lei", "audit", "verify")["events"] > 60
    line.verb("gong_lei", "flow", "run", "daily")  # the old workspace had never had its daily look
    until(lambda: any(event.action == "daily" for event in history(line.register.office, limit=10_000)))
    assert line.verb("gong_lei", "doctor")["problems"] == []
    aged.stop()  # nobody else asks for this office; idle, it would take a quarter of a processor from the others
