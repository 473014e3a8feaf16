"""Rounds of the reconciler against a sheet of what is due and a Prefect on paper."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from service.paper_office import PaperOffice
from service.paper_prefect import NOON, PaperPrefect

from pubflow.prefect_client import FINAL
from pubflow.service.reconciler import Reconciler, reconcile

GRACE = timedelta(seconds=30)


@pytest.fixture
def office() -> PaperOffice:
    return PaperOffice()


@pytest.fixture
def prefect() -> PaperPrefect:
    return PaperPrefect()


def test_what_is_due_gets_one_run_named_after_it_and_no_second(office, prefect):
    office.owe("confidentiality-check", "R-2026-0042", 3)
    assert reconcile(office, prefect, NOON) == ["started R-2026-0042 confidentiality-check v3"]
    assert prefect.runs["run-1"].reports == ("R-2026-0042@3",)
    assert reconcile(office, prefect, NOON + timedelta(seconds=2)) == []


def test_killed_between_starting_and_recording_the_next_round_finds_the_same_run(office, prefect, monkeypatch):
    office.owe("approval", "R-2026-0001")
    with monkeypatch.context() as patched:
        patched.setattr(PaperOffice, "record", _killed)
        with pytest.raises(KeyboardInterrupt):
            reconcile(office, prefect, NOON)
    prefect.deployment_steps = dict  # it does not even see that the live run is one of this step
    reconcile(office, prefect, NOON)
    assert list(prefect.runs) == ["run-1"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("state", FINAL)
def test_a_run_that_ended_while_its_step_is_still_due_is_followed_by_another_attempt(office, prefect, state):
    due = office.owe("approval", "R-2026-0001")
    reconcile(office, prefect, NOON)
    prefect.set("run-1", state)
    assert reconcile(office, prefect, NOON) == []  # a second's pause first
    assert reconcile(office, prefect, NOON + timedelta(seconds=1)) == ["started R-2026-0001 approval v1, attempt 2"]
    assert (office.rows([due])[due].attempt, office.rows([due])[due].flow_run_id) == (2, "run-2")


def test_a_run_that_prefect_forgot_is_followed_by_another_attempt(office, prefect):
    office.owe("approval", "R-2026-0001")
    reconcile(office, prefect, NOON)
    prefect.runs.clear()
    prefect.keys.clear()
    assert reconcile(office, prefect, NOON) == ["started R-2026-0001 approval v1, attempt 2"]


def test_a_step_that_keeps_failing_is_tried_less_and_less_often_but_never_given_up(office, prefect):
    office.owe("approval", "R-2026-0001")
    started = []
    for second in [*range(0, 80, 2), *range(80, 1500, 10)]:
        prefect.now = NOON + timedelta(seconds=second)
        if reconcile(office, prefect, prefect.now):
            started.append(second)
            prefect.set(f"run-{len(started)}", "FAILED")
    pauses = [later - earlier for earlier, later in pairwise(started)]
    assert pauses[:6] == [2, 2, 4, 8, 16, 32]
    assert pauses[-1] == 300


def test_a_register_restored_from_a_backup_does_not_take_an_old_run_for_a_new_one(office, prefect):
    office.owe("approval", "R-2026-0001")
    reconcile(office, prefect, NOON)
    prefect.set("run-1", "COMPLETED")
    restored = PaperOffice()  # the same step is due, its attempts are forgotten
    restored.owe("approval", "R-2026-0001")
    assert reconcile(restored, prefect, NOON) == ["started R-2026-0001 approval v1, attempt 2"]


def test_a_step_due_again_under_the_same_version_gets_a_new_key(office, prefect):
    due = office.owe("scheduled-publication", "L-2026-0001", 0)
    reconcile(office, prefect, NOON)
    prefect.set("run-1", "COMPLETED")
    office.run_step("scheduled-publication", "L-2026-0001", NOON)
    reconcile(office, prefect, NOON)
    assert office.rows([due])[due].flow_run_id is None  # done, and forgotten
    office.owe("scheduled-publication", "L-2026-0001", 0)
    assert reconcile(office, prefect, NOON) == ["started L-2026-0001 scheduled-publication, attempt 2"]


def test_a_lease_protects_a_report_whose_recorded_run_is_over(office, prefect):
    due = office.owe("approval", "R-2026-0001")
    reconcile(office, prefect, NOON)
    prefect.set("run-1", "CANCELLED")
    office.acquire([due], "run-by-hand/7", NOON + timedelta(seconds=60), NOON)
    assert reconcile(office, prefect, NOON + timedelta(seconds=59)) == []
    assert reconcile(office, prefect, NOON + timedelta(seconds=61)) == ["started R-2026-0001 approval v1, attempt 2"]


@pytest.mark.parametrize("state", ["PENDING", "RUNNING"])
def test_a_run_without_a_lease_is_crashed_only_after_the_grace(office, prefect, state):
    office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect, GRACE)
    rounds.round(NOON)
    prefect.set("run-1", state)
    assert [rounds.round(NOON + timedelta(seconds=after)) for after in (2, 20, 32)] == [[], [], []]
    assert rounds.round(NOON + timedelta(seconds=33))[0] == "crashed R-2026-0001 approval v1: no lease for 30 s"
    assert prefect.runs["run-1"].state_type == "CRASHED"


def test_a_run_whose_lease_is_renewed_is_left_alone_for_hours(office, prefect):
    due = office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect, GRACE)
    rounds.round(NOON)
    prefect.set("run-1", "RUNNING")
    for minute in range(180):
        now = NOON + timedelta(minutes=minute)
        office.acquire([due], "run-1/7", now + timedelta(seconds=90), now)
        assert rounds.round(now) == []


def test_more_than_five_due_reports_share_one_run_which_counts_for_each(office, prefect):
    for number in range(6):
        office.owe("approval", f"R-2026-000{number}")
    assert reconcile(office, prefect, NOON) == ["started approval, 6 reports"]
    assert len(prefect.runs["run-1"].reports) == 6
    assert reconcile(office, prefect, NOON) == []


def test_up_to_five_due_reports_get_a_run_each(office, prefect):
    for number in range(5):
        office.owe("approval", f"R-2026-000{number}")
    assert len(reconcile(office, prefect, NOON)) == 5


def test_a_live_run_started_by_hand_counts(office, prefect):
    office.owe("approval", "R-2026-0001", 2)
    prefect.create_flow_run("approval", name="by hand", parameters={"reports": ["R-2026-0001"]})
    assert reconcile(office, prefect, NOON) == []


def test_a_run_of_another_step_or_version_does_not_count(office, prefect):
    office.owe("approval", "R-2026-0001", 2)
    prefect.create_flow_run("drafting", name="by hand", parameters={"reports": ["R-2026-0001"]})
    prefect.create_flow_run("approval", name="by hand", parameters={"reports": ["R-2026-0001@1"]})
    assert reconcile(office, prefect, NOON) == ["started R-2026-0001 approval v2"]


def test_a_server_that_is_away_ends_the_round_and_the_next_one_starts_all(office, prefect):
    office.owe("approval", "R-2026-0001")
    prefect.away = True
    assert "asked again in the next round" in reconcile(office, prefect, NOON)[0]
    prefect.away = False
    assert reconcile(office, prefect, NOON) == ["started R-2026-0001 approval v1"]


def test_reports_that_come_due_one_after_the_other_share_runs_instead_of_having_one_each(office, prefect):
    """Forty in twenty seconds: five go at once, the others gather behind them."""
    rounds = Reconciler(office, prefect)
    for number in range(40):
        office.owe("approval", f"R-2026-00{number:02d}")
        prefect.now = NOON + timedelta(seconds=number / 2)
        rounds.round(prefect.now)
        if number == 20:  # the first five are done
            for run in list(prefect.runs.values()):
                office.run_step("approval", run.reports[0].partition("@")[0], NOON)
                prefect.set(run.id, "COMPLETED")
    assert [len(run.reports) for run in prefect.runs.values()] == [1, 1, 1, 1, 1, 17]


def test_a_run_that_hangs_holds_up_those_behind_it_for_twenty_seconds_only(office, prefect):
    rounds = Reconciler(office, prefect)
    for number in range(6):
        office.owe("approval", f"R-2026-000{number}")
    rounds.round(NOON)
    assert [len(run.reports) for run in prefect.runs.values()] == [6]
    office.owe("approval", "R-2026-0007")
    assert rounds.round(NOON + timedelta(seconds=19)) == []
    assert rounds.round(NOON + timedelta(seconds=20)) == ["started R-2026-0007 approval v1"]


def test_while_nothing_is_due_prefect_is_looked_at_every_ten_seconds_and_at_once_when_something_is(office, prefect):
    looks = []
    prefect.live_flow_runs = lambda before: looks.append(before) or []
    rounds = Reconciler(office, prefect)
    for second in range(0, 40, 2):
        rounds.round(NOON + timedelta(seconds=second))
    assert len(looks) == 4
    office.owe("approval", "R-2026-0001")
    assert rounds.round(NOON + timedelta(seconds=41)) == ["started R-2026-0001 approval v1"]


def test_a_lease_taken_under_a_clock_that_was_ahead_protects_nobody(office, prefect):
    """The clock was an hour ahead when a process took the lease and died; then it was set right."""
    due = office.owe("approval", "R-2026-0001")
    office.acquire([due], "run-0/7", NOON + timedelta(hours=1, seconds=20), NOON + timedelta(hours=1))
    assert reconcile(office, prefect, NOON) == ["started R-2026-0001 approval v1"]
    assert office.acquire([due], "run-1/8", NOON + timedelta(seconds=20), NOON) == [due]


def test_a_run_asked_for_under_a_clock_that_was_ahead_is_not_waited_for(office, prefect):
    office.owe("approval", "R-2026-0001")
    ahead = NOON + timedelta(hours=1)
    reconcile(office, prefect, ahead)
    prefect.runs["run-1"] = replace(prefect.runs["run-1"], expected_start=ahead)
    prefect.live_flow_runs = lambda _before: [one for one in prefect.runs.values() if one.expected_start is None]
    assert reconcile(office, prefect, NOON) == ["started R-2026-0001 approval v1, attempt 2"]


@pytest.mark.parametrize("state", ["FAILED", "RUNNING"])
def test_a_run_that_ended_or_began_in_the_future_is_replaced_all_the_same(office, prefect, state):
    office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect, GRACE)
    rounds.round(NOON)
    prefect.now = NOON + timedelta(hours=1)
    prefect.set("run-1", state)
    for after in range(0, 40, 2):
        rounds.round(NOON + timedelta(seconds=after))
    assert len(prefect.runs) >= 2
