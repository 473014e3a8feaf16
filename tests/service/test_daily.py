"""The daily look over the line: what is overdue, and an audit history that does not verify."""

from datetime import timedelta

import pytest
from builders import Given
from watching import data_of, events, rows

from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.checkpoints import files as checkpoint_files
from pubflow.publication.releases import change
from pubflow.service.daily import daily


def look(given: Given, day: str = "2026-11-23") -> dict[str, object]:
    given.line.run_step("daily", day, given.tick())
    return data_of(events(given.office, subject=day)[-1])


def test_a_quiet_line_is_looked_at_and_that_is_written_down(given: Given) -> None:
    known = len(events(given.office))
    said = daily(given.office, "2026-11-23", given.tick())
    assert said.text == f"{known} events verify, 0 reports and 0 releases are overdue, 0 reminders written"
    quiet = {"events": known, "overdue": [], "overdue_releases": [], "reminders": 0, "withdrawal_tasks": []}
    assert data_of(events(given.office)[-1]) == quiet


def test_what_is_past_its_due_day_is_named_from_the_day_after(given: Given) -> None:
    drafted, checked = given.report(Stage.DRAFTING), given.report(Stage.CONFIDENTIALITY_CHECK)
    given.now += timedelta(days=3)  # Thursday: the check of a piece of news was due today
    assert look(given)["overdue"] == []
    given.now += timedelta(days=1)
    fresh = given.report(Stage.APPROVAL)
    assert look(given)["overdue"] == [checked]
    given.now += timedelta(days=4)  # Tuesday: the draft was due on Monday, the signature today
    assert look(given)["overdue"] == [drafted, checked]
    assert fresh not in look(given)["overdue"]


def test_a_release_past_its_instant_is_named_whatever_holds_it_up(given: Given) -> None:
    held, unsigned, public = given.report(Stage.SCHEDULED), given.report(Stage.APPROVAL), given.report(Stage.SCHEDULED)
    given.plan([unsigned])
    release = given.release(held)
    change(given.office, release.id, ReleaseAction.HOLD, given.people["gong_lei"], now=given.tick(), reason="核对")
    given.publish(public)
    given.now = release.instant - timedelta(seconds=1)
    assert look(given)["overdue_releases"] == []  # at the instant itself it is not late yet
    given.now = given.release(unsigned).instant
    assert look(given)["overdue_releases"] == sorted([release.id, given.release(unsigned).id])


def test_a_second_look_changes_nothing_but_its_own_event(given: Given) -> None:
    given.report(Stage.SCHEDULED)
    look(given)
    before, known = rows(given.office), len(events(given.office))
    look(given)
    signed = {"checkpoint": rows(given.office)["checkpoint"], "audit_node": rows(given.office)["audit_node"]}
    assert rows(given.office) == before | signed
    assert [event.action for event in events(given.office, after=known)] == ["daily"]


def test_every_look_signs_the_history_with_its_own_event(given: Given) -> None:
    given.report()
    look(given)
    notes = [path.read_text() for path in checkpoint_files(given.office.home)]
    assert [note.split("\n")[1] for note in notes] == [str(len(events(given.office)))]
    look(given)
    assert len(checkpoint_files(given.office.home)) == 2


def test_a_history_that_does_not_meet_its_checkpoint_fails_the_run_and_is_not_signed(given: Given) -> None:
    look(given)
    before = checkpoint_files(given.office.home)
    with given.office.records.engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("DROP TRIGGER audit_event_no_delete")
        driver.execute("DELETE FROM audit_event WHERE seq > 9")
    with pytest.raises(WorkspaceError, match="only 9 are there; the last ones were deleted"):
        daily(given.office, "2026-11-23", given.tick())
    assert checkpoint_files(given.office.home) == before


def test_a_broken_audit_history_fails_the_run_and_names_the_event(given: Given) -> None:
    given.report()
    with given.office.records.engine.connect() as connection:
        driver = connection.connection.driver_connection
        for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            driver.execute(f"DROP TRIGGER {name}")
        driver.execute("UPDATE audit_event SET body = replace(body, 'start', 'START') WHERE action = 'start'")
    bad = next(event.seq for event in events(given.office) if event.action == "start")
    with pytest.raises(WorkspaceError, match=rf"Event {bad} is bad: its content was changed.*pubflow audit verify"):
        daily(given.office, "2026-11-23", given.tick())
    assert events(given.office)[-1].action == "daily"  # that it was looked at is written down all the same
