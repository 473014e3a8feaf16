"""The release loop on the wall clock: on time, stopping at once, and not to be killed by an error."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from builders import Given

from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.moments import utc_now
from pubflow.office.office import Office
from pubflow.publication.releases import change
from pubflow.publication.switching import Clock, Switched
from pubflow.publication.tree import PublicTree
from pubflow.service import release_loop
from pubflow.service.release_loop import run_release_loop


@contextmanager
def running(office: Office) -> Iterator[threading.Event]:
    """The loop in a thread, as the service runs it; stopped at the end, which must not take long."""
    stop = threading.Event()
    thread = threading.Thread(target=run_release_loop, args=(office, stop, utc_now))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        asked = time.monotonic()
        thread.join(5)
        assert not thread.is_alive()
        assert time.monotonic() - asked < 1


def wait_for_page(given: Given, report_id: str, *, seconds: float) -> bool:
    """Look every 2 ms; what counts is what is seen, not what is on record."""
    tree, end = PublicTree(given.office.home.public), time.monotonic() + seconds
    while time.monotonic() < end:
        if tree.read(f"items/2026/00/{report_id}/index.html") is not None:
            return True
        time.sleep(0.002)
    return False


@pytest.fixture
def given(office: Office) -> Given:
    """On the wall clock."""
    return Given(office, now=utc_now() - timedelta(minutes=1))


def due_in(given: Given, seconds: float) -> str:
    """A staged report whose instant comes so many seconds from now."""
    report_id = given.report(Stage.APPROVAL)
    given.plan([report_id], at=utc_now() + timedelta(seconds=seconds))
    given.advance(report_id, Stage.APPROVAL)
    given.flows()
    return report_id


def test_an_idle_loop_switches_within_250_ms_of_the_instant_and_never_before(given: Given) -> None:
    reports = [due_in(given, 2.0), due_in(given, 2.2)]
    with running(given.office):
        for report_id in reports:
            instant = given.release(report_id).instant
            assert wait_for_page(given, report_id, seconds=6)
            assert utc_now() >= instant
    late = sorted(given.release(report_id).lateness_ms or 0 for report_id in reports)
    assert late[0] >= 0
    assert late[0] < 250
    assert late[1] < 3000  # on a machine that other tests keep busy


def test_a_hold_just_before_the_instant_is_noticed(given: Given) -> None:
    report_id = due_in(given, 1.2)
    release = given.release(report_id)
    with running(given.office):
        change(given.office, release.id, ReleaseAction.HOLD, given.people["gong_lei"], now=utc_now(), reason="核对")
        time.sleep(max(0.0, (release.instant - utc_now()).total_seconds()) + 0.3)
    assert given.release(report_id).state == "staged"
    assert PublicTree(given.office.home.public).read(f"items/2026/00/{report_id}/index.html") is None


def test_an_error_in_a_round_is_logged_and_the_next_round_tries_again(
    given: Given, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    report_id = due_in(given, 0.5)
    real, calls = release_loop.release_round, []

    def sometimes(office: Office, clock: Clock) -> list[Switched]:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a planted error")
        return real(office, clock)

    monkeypatch.setattr(release_loop, "release_round", sometimes)
    with caplog.at_level(logging.INFO, "pubflow.release"), running(given.office):
        assert wait_for_page(given, report_id, seconds=5)
        time.sleep(0.05)
    assert "the round failed; the next one tries again" in caplog.text
    assert f"{given.release(report_id).id} is public," in caplog.text


def test_a_loop_without_work_stops_at_once(given: Given) -> None:
    with running(given.office):
        time.sleep(0.05)
