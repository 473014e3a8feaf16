"""Without its service the line stands still: nobody can decide what its flow has not opened."""

import pytest
from flow_runs.running_office import HEAD, RunningOffice

pytestmark = pytest.mark.engine


def test_without_the_service_an_approval_is_refused_and_soon_after_it_is_back_it_goes_through(line: RunningOffice):
    report = line.draft()
    with line.standing_still("service"):
        line.submit(report)
        run = line.final(line.start_by_hand("department-review", f"{report}@1").id)
        assert run["state"]["message"] == f"not due: {report} is at version 2, asked was 1; nothing was changed"
        refused = line.approve(report)
        assert refused.status_code == 409
        assert [reason["code"] for reason in refused.json()["reasons"]] == ["not_opened"]
        assert line.view(report)["stage"] == "department_review"
        assert [run["name"] for run in line.runs_of(report)] == [f"{report} drafting"]
    line.opened(report, HEAD, "approve", within=10)
    assert line.approve(report).json()["stage"] == "confidentiality_check"
    assert line.events(report).count("refused") == 1
