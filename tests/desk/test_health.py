"""What a monitor reads without a token: numbers only, and 503 while a release needs somebody."""

from datetime import datetime, timedelta

import pytest
from builders import Given
from fastapi.testclient import TestClient

from pubflow.desk import api
from pubflow.desk.api import application
from pubflow.lifecycle.stages import Stage


def _started(step: str, reports: list[str]) -> tuple[str, str]:
    return f"{step} {reports}", "run"


@pytest.fixture
def at(given: Given, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A list whose last element is what the API's clock shows."""
    clock = [given.now]
    monkeypatch.setattr(api, "utc_now", lambda: clock[-1])
    return clock


def test_health_is_200_while_all_goes_on_and_503_within_a_minute_after_an_instant_was_missed(
    given: Given, at: list[datetime]
) -> None:
    release = given.release(given.report(Stage.SCHEDULED))
    client = TestClient(application(given.office, _started))
    at.append(release.instant - timedelta(seconds=1))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "overdue": 0, "not_staged": 0, "failed": 0, "late_reports": 0},
    )
    at.append(release.instant + timedelta(seconds=59))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["overdue"]) == (503, "alarm", 1)
    assert release.id not in answer.text  # nobody signed in: which release it is stays unsaid


def test_a_report_whose_reviewer_is_late_is_counted_and_no_alarm(given: Given, at: list[datetime]) -> None:
    given.report(Stage.DEPARTMENT_REVIEW)
    at.append(given.now + timedelta(days=60))
    answer = TestClient(application(given.office, _started)).get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["late_reports"]) == (200, "ok", 1)
