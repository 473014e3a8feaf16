"""One item of a release cannot be published: nothing of it goes out, it is told at once, and nobody else waits."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from builders import Given
from watching import actions_on

from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.gauges import gauges
from pubflow.office.office import Office
from pubflow.publication import switching
from pubflow.publication.releases import change
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.records.tables import Release

SECOND = timedelta(seconds=1)


def is_public(given: Given, report: str) -> bool:
    return PublicTree(given.office.home.public).read(f"items/2026/00/{report}/index.html") is not None


def beside(given: Given, release: Release) -> str:
    """A report of another release at the same instant, staged."""
    other = given.report(Stage.APPROVAL, title="另一份")
    given.plan([other], at=release.instant)
    given.advance(other, Stage.APPROVAL)
    given.flows()
    return other


def test_it_is_reported_as_failed_within_a_minute_keeps_its_schedule_and_can_be_resumed(given: Given) -> None:
    good, bad = given.together(2)
    given.flows()
    release = given.release(good)
    other = beside(given, release)
    with closing(sqlite3.connect(given.office.home.path / "register.db", isolation_level=None)) as register:
        register.execute("update staged_pages set sealed = zeroblob(64) where edition_id = ?", (given.edition(bad).id,))

    given.now = release.instant - 5 * SECOND
    release_round(given.office, lambda: given.now)
    (told,) = gauges(given.office, given.now).failed
    assert (told.release, told.verb) == (release.id, f"pubflow release retry {release.id}")
    assert told.why

    given.now = release.instant
    assert [one.release_id for one in release_round(given.office, lambda: given.now)] == [given.release(other).id]
    assert [is_public(given, one) for one in (good, bad, other)] == [False, False, True]
    assert given.release(bad).instant == release.instant

    change(given.office, release.id, ReleaseAction.RETRY, given.people["gong_lei"], now=given.tick())
    given.publish(good)
    assert [is_public(given, one) for one in (good, bad)] == [True, True]
    assert actions_on(given.office, release.id)[-5:] == ["fail", "retry", "stage", "switch", "verify"]


def test_an_error_nobody_foresaw_in_one_release_does_not_hold_up_the_others_either(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = given.report(Stage.SCHEDULED)
    release = given.release(bad)
    other = beside(given, release)
    real = switching._prepare

    def broken(office: Office, tree: PublicTree, one: Release) -> str:
        if one.id == release.id:
            raise RuntimeError("a planted error")
        return real(office, tree, one)

    given.now = release.instant + 20 * SECOND
    with monkeypatch.context() as patched:
        patched.setattr(switching, "_prepare", broken)
        with pytest.raises(RuntimeError, match="planted"):
            release_round(given.office, lambda: given.now)
    assert [is_public(given, one) for one in (bad, other)] == [False, True]
    assert [one.release for one in gauges(given.office, given.now).overdue] == [release.id]
    release_round(given.office, lambda: given.now)
    assert is_public(given, bad)
    assert actions_on(given.office, release.id).count("switch") == 1


def test_nothing_is_switched_upon_a_release_that_is_public_and_could_not_be_recorded(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next generation would hide which one is unrecorded, and it would be published a second time."""
    first = given.report(Stage.SCHEDULED)
    release = given.release(first)
    other = beside(given, release)
    given.now = release.instant
    with monkeypatch.context() as patched:
        patched.setattr(switching, "_record", _broken)
        with pytest.raises(RuntimeError, match="planted"):
            release_round(given.office, lambda: given.now)
    assert [is_public(given, one) for one in (first, other)] == [True, False]
    release_round(given.office, lambda: given.now)
    assert [is_public(given, one) for one in (first, other)] == [True, True]
    assert [actions_on(given.office, given.release(one).id).count("switch") for one in (first, other)] == [1, 1]


def _broken(*_: object) -> None:
    raise RuntimeError("a planted error")
