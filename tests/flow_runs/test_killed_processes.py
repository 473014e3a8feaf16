"""kill -9 of every process of an office: `pubflow up` starts it again, and reports in flight get done."""

import httpx
import pytest
from flow_runs.conftest import CutRun
from flow_runs.running_office import HEAD, LEADER, OFFICER, RunningOffice, until

pytestmark = pytest.mark.engine


def test_a_worker_killed_in_the_middle_of_a_step_is_started_again(line: RunningOffice, cut_run: CutRun):
    until(lambda: line.replaced(cut_run.killed))
    assert "worker ended (signal SIGKILL)" in (line.home / "up.log").read_text()


def test_service_server_api_and_portal_are_started_again_and_the_report_in_flight_is_published(line: RunningOffice):
    report = line.draft()
    line.submit(report)
    killed = line.kill("service", "prefect", "api", "portal")
    places = (f"{line.addresses.desk}/healthz", line.addresses.portal)
    until(lambda: line.replaced(killed) and all(map(_answers, places)), within=90)

    line.opened(report, HEAD, "approve", within=90)
    assert line.approve(report).is_success
    line.opened(report, OFFICER, "return")
    assert line.clear(report).is_success
    line.opened(report, LEADER, "return")
    release = line.plan(report, "3s")
    assert line.sign(report).is_success
    until(lambda: line.release(release)["verified_at"])
    assert httpx.get(line.public_page(report), timeout=60).status_code == 200


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False
