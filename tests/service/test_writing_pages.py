"""When pages are written: only with a change, soon for a few, gathered for many, and not kept for ever."""

from datetime import timedelta

import pytest
from service.paper_office import PaperAlarm, PaperOffice
from service.paper_prefect import NOON, PaperPrefect

from pubflow.prefect_client import PageRow
from pubflow.service.reconciler import Reconciler

SECOND = timedelta(seconds=1)


@pytest.fixture
def office() -> PaperOffice:
    return PaperOffice()


@pytest.fixture
def prefect() -> PaperPrefect:
    return PaperPrefect()


def written(prefect: PaperPrefect) -> set[str]:
    """The keys written since the last look."""
    keys, prefect.written = set(prefect.written), []
    return keys


def test_pages_are_written_when_the_register_moved_and_not_otherwise(office: PaperOffice, prefect: PaperPrefect):
    office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    assert written(prefect) == {"r-2026-0001", "the-line", "failures"}
    for second in range(1, 30):
        rounds.round(NOON + second * SECOND)
    assert written(prefect) == set()
    office.stages["R-2026-0001"] = "approval"
    office.touch("R-2026-0001")
    rounds.round(NOON + 30 * SECOND)
    assert written(prefect) == {"r-2026-0001", "the-line"}


def test_an_event_that_changes_nothing_to_be_seen_writes_nothing(office: PaperOffice, prefect: PaperPrefect):
    office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    written(prefect)
    office.touch("R-2026-0001")  # somebody read it
    rounds.round(NOON + 2 * SECOND)
    assert written(prefect) == set()


def test_many_pages_wait_up_to_a_minute_and_are_then_written_once_each(office: PaperOffice, prefect: PaperPrefect):
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    subjects = [f"R-2026-00{number:02d}" for number in range(11, 51)]
    for subject in subjects:
        office.owe("approval", subject)
    for second in range(1, 60):
        for subject in subjects:
            office.stages[subject] = ("approval", "department_review", "drafting")[second % 3]
            office.touch(subject)
        rounds.round(NOON + second * SECOND)
    assert not any(key.startswith("r-") for key in prefect.written)
    assert prefect.written.count("the-line") >= 5  # the board does not wait
    rounds.round(NOON + 61 * SECOND)
    assert sorted(key for key in prefect.written if key.startswith("r-")) == [one.lower() for one in subjects]


def test_an_alarm_stands_on_the_board_and_on_the_page_of_failures_within_ten_seconds_without_any_event(
    office: PaperOffice, prefect: PaperPrefect
):
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    assert "Nothing stands still" in prefect.pages_by_key["failures"]
    office.alarming = [PaperAlarm("L-2026-0001", "L-2026-0001 is overdue", "pubflow release resume L-2026-0001")]
    prefect.away = True  # the loop's log has it even then, once
    said = [line for second in range(1, 16) for line in rounds.round(NOON + second * SECOND) if "ALARM" in line]
    assert said == ["ALARM L-2026-0001 is overdue: pubflow release resume L-2026-0001"]
    prefect.away = False
    rounds.round(NOON + 16 * SECOND)
    for key in ("failures", "the-line"):
        assert "| L-2026-0001 is overdue | `pubflow release resume L-2026-0001` |" in prefect.pages_by_key[key]
    office.alarming = []
    rounds.round(NOON + 27 * SECOND)
    assert "Nothing stands still" in prefect.pages_by_key["failures"]
    assert "overdue" not in prefect.pages_by_key["the-line"]


def test_why_a_run_failed_stands_on_the_pages_until_its_step_is_done(office: PaperOffice, prefect: PaperPrefect):
    office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    prefect.set("run-1", "FAILED", "R-2026-0001: disk full. Run `pubflow doctor`")
    rounds.round(NOON + SECOND)
    for key in ("failures", "the-line", "r-2026-0001"):
        assert "disk full" in prefect.pages_by_key[key]
    assert "[failed](/runs/flow-run/run-1)" in prefect.pages_by_key["failures"]
    office.run_step("approval", "R-2026-0001", NOON)
    rounds.round(NOON + 4 * SECOND)
    for key in ("failures", "the-line", "r-2026-0001"):
        assert "disk full" not in prefect.pages_by_key[key]


def test_pages_of_what_ended_over_a_month_ago_and_second_versions_are_deleted_once_a_day(
    office: PaperOffice, prefect: PaperPrefect
):
    office.owe("approval", "R-2026-0001")
    old, new = NOON - timedelta(days=31), NOON - timedelta(days=29)
    kept = [
        PageRow("1", "r-2026-0001", old, is_newest=True),  # still on the line
        PageRow("2", "r-2026-0002", new, is_newest=True),
        PageRow("3", "the-line", old, is_newest=True),
    ]
    prefect.kept = [
        *kept,
        PageRow("4", "r-2026-0003", old, is_newest=True),
        PageRow("5", "l-2026-0001", old, is_newest=True),
        PageRow("6", "r-2026-0001", new, is_newest=False),
    ]
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    assert len(prefect.kept) == 6  # a start has more urgent things to do
    rounds.round(NOON + timedelta(minutes=2))
    assert prefect.kept == kept
    prefect.kept.append(PageRow("7", "r-2026-0004", old, is_newest=True))
    rounds.round(NOON + timedelta(hours=23))
    assert len(prefect.kept) == 4
    rounds.round(NOON + timedelta(hours=25))
    assert prefect.kept == [kept[0], kept[2]]  # a month has passed for the other one too


def test_a_due_day_that_passes_is_shown_the_next_morning_without_any_event(office: PaperOffice, prefect: PaperPrefect):
    office.owe("approval", "R-2026-0001")
    rounds = Reconciler(office, prefect)
    rounds.round(NOON)
    written(prefect)
    office.stages["R-2026-0001"] = "approval"  # stands for a page that the new day changes
    rounds.round(NOON + timedelta(hours=11, minutes=59))
    assert written(prefect) == set()
    rounds.round(NOON + timedelta(hours=12))  # midnight in Shanghai
    assert written(prefect) == {"r-2026-0001", "the-line"}
