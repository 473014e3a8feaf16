"""An upgrade while reports wait: an older register, another workflow, a later clock; all go on as they began."""

import pytest
from flow_runs.aged_office import AgedOffice
from flow_runs.running_office import HEAD, LEADER, OFFICER

from pubflow.office.line import newest_edition

pytestmark = pytest.mark.engine

DRAFT, OPENED, UNOPENED, CHECKED, SIGNED_NEXT, SCHEDULED = (f"R-2024-{number:04d}" for number in range(2, 8))


def steps_of(aged: AgedOffice, report: str) -> list[str]:
    """The reviews of the workflow that a report has."""
    assert aged.running
    with aged.running.register.office.records.reading() as session:
        return [step["step"] for step in newest_edition(session, report).workflow["reviews"]]


def test_reports_that_waited_through_an_upgrade_go_on_with_the_workflow_they_started_with(aged: AgedOffice):
    line = aged.running
    assert line
    line.opened(UNOPENED, HEAD, "approve")  # what was due then is due now
    line.opened(OPENED, HEAD, "approve")
    assert line.approve(OPENED).is_success
    assert line.view(OPENED)["stage"] == "confidentiality_check"  # not asked for the review that was added since
    line.opened(OPENED, OFFICER, "return")
    assert line.events(OPENED).count("opened") == 2  # the old program's opening stands, and is not repeated
    assert [line.view(one)["stage"] for one in (DRAFT, UNOPENED, CHECKED, SIGNED_NEXT)] == [
        "drafting",
        "department_review",
        "confidentiality_check",
        "approval",
    ]
    line.opened(SIGNED_NEXT, LEADER, "return")

    new = line.new()
    assert (steps_of(aged, UNOPENED), len(steps_of(aged, new))) == (["section"], 2)


def test_what_was_scheduled_before_the_upgrade_is_public_once_the_office_is_back_and_only_once(aged: AgedOffice):
    line = aged.running
    assert line
    assert line.release("L-2024-0002")["state"] == "released"
    assert line.events("L-2024-0002").count("switch") == 1
    assert line.view(SCHEDULED)["stage"] == "published"
