"""Instants that peers get wrong: the edges of days and years, the leap day, a clock that is set, a run that is stale.

The days are written by hand: Shanghai is eight hours ahead of UTC all the year round (since 1991).
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from builders import Given
from hypothesis import given as over
from hypothesis import strategies as st
from watching import actions_on, data_of, events

from flows._line import today
from pubflow.audit.verify import verify
from pubflow.errors import BadInput
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.moments import iso, parse_instant, shown
from pubflow.publication.pages import item_path
from pubflow.publication.releases import change
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.review.approval import sign

SECOND = timedelta(seconds=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def page(given: Given, report_id: str) -> str:
    return (PublicTree(given.office.home.public).read(f"{item_path(report_id)}index.html") or b"").decode()


def go_round(given: Given, at: datetime) -> list[str]:
    given.now = at
    return [switched.release_id for switched in release_round(given.office, lambda: at)]


def published_at(given: Given, instant: str) -> str:
    """A report planned for an instant, as a person types it; looked at a microsecond before, and published then."""
    asked = parse_instant(instant)
    given.now = asked - timedelta(hours=1)
    report_id = given.report(Stage.APPROVAL)
    given.plan([report_id], at=asked)
    given.advance(report_id, Stage.APPROVAL)
    given.flows()
    assert go_round(given, asked - timedelta(microseconds=1)) == []
    assert page(given, report_id) == ""
    assert go_round(given, asked) == [given.release(report_id).id]
    return report_id


@pytest.mark.parametrize(
    ("typed", "kept", "day"),
    [
        ("2028-02-29T09:30", "2028-02-29T01:30:00.000000Z", "2028-02-29 09:30"),  # a leap day
        ("2028-02-29T00:00", "2028-02-28T16:00:00.000000Z", "2028-02-29 00:00"),  # its midnight is the 28th in UTC
        ("2028-03-01T00:00", "2028-02-29T16:00:00.000000Z", "2028-03-01 00:00"),
        ("2026-12-01T00:00", "2026-11-30T16:00:00.000000Z", "2026-12-01 00:00"),  # midnight, end of a month
        ("2026-12-01T07:59:59", "2026-11-30T23:59:59.000000Z", "2026-12-01 07:59"),
        ("2026-12-01T08:00", "2026-12-01T00:00:00.000000Z", "2026-12-01 08:00"),  # midnight in UTC
        ("2027-01-01T00:00", "2026-12-31T16:00:00.000000Z", "2027-01-01 00:00"),  # the year, in Shanghai
        ("2026-12-31T23:59", "2026-12-31T15:59:00.000000Z", "2026-12-31 23:59"),
        ("2026-12-31T23:59Z", "2026-12-31T23:59:00.000000Z", "2027-01-01 07:59"),  # typed in UTC: next year here
    ],
)
def test_a_release_at_the_edge_of_a_day_goes_out_at_its_instant_and_shows_the_day_of_shanghai(
    given: Given, typed: str, kept: str, day: str
) -> None:
    report_id = published_at(given, typed)
    (switch,) = events(given.office, subject=given.release(report_id).id)[-1:]
    assert (switch.action, switch.at) == ("switch", kept)
    assert iso(given.release(report_id).instant) == kept
    assert f'<meta name="PubDate" content="{day}">' in page(given, report_id)


@pytest.mark.parametrize("typed", ["2026-02-29T09:30", "2100-02-29T09:30", "2027-02-29"])
def test_the_29th_of_february_is_refused_in_a_year_that_has_none(typed: str) -> None:
    with pytest.raises(BadInput):
        parse_instant(typed)


# --- numbers of a year: the year is that of Shanghai when the number is taken


@pytest.mark.parametrize(
    ("signed", "year"),
    [("2026-12-31T15:59:59+00:00", "2026"), ("2026-12-31T16:00:00+00:00", "2027")],
)
def test_the_index_number_has_the_year_of_shanghai_at_the_signature(given: Given, signed: str, year: str) -> None:
    given.now = moment(signed) - timedelta(hours=1)
    report_id = given.report(Stage.APPROVAL)
    given.plan([report_id], release_in=timedelta(hours=5))
    digest = given.edition(report_id).digest
    sign(given.office, report_id, given.people["liao_jun"], digest=digest, remark="同意", now=moment(signed))
    (signature,) = [event for event in events(given.office, subject=report_id) if event.action == "sign"]
    assert data_of(signature)["index_no"] == f"A25010/{year}-00001"


def test_the_serials_of_reports_and_releases_begin_anew_at_midnight_in_shanghai(given: Given) -> None:
    given.now = moment("2026-12-31T15:59:57+00:00")
    assert given.report() == "R-2026-0001"
    given.now = moment("2026-12-31T15:59:58+00:00")
    late = given.report(Stage.DRAFTING, open_it=False)
    given.now = moment("2026-12-31T16:00:00+00:00")
    assert (late, given.report()) == ("R-2026-0002", "R-2027-0001")


@pytest.mark.parametrize(
    ("now", "subject"),
    [
        ("2026-11-22T15:59:59+00:00", "2026-11-22"),
        ("2026-11-22T16:00:00+00:00", "2026-11-23"),
        ("2028-02-28T22:05:00+00:00", "2028-02-29"),  # five past six of a leap day
        ("2026-12-31T22:05:00+00:00", "2027-01-01"),
    ],
)
def test_the_daily_run_is_of_the_day_in_shanghai(now: str, subject: str) -> None:
    assert today(moment(now)) == subject


# --- a clock that is set


def test_a_clock_set_forward_publishes_late_at_most_and_set_back_never_takes_anything_back(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    instant = given.release(report_id).instant
    assert go_round(given, instant - 30 * SECOND) == []
    assert go_round(given, instant + timedelta(hours=1)) == [given.release(report_id).id]  # an hour was skipped
    assert given.release(report_id).lateness_ms == 3_600_000
    for earlier in (instant + timedelta(minutes=1), instant - timedelta(hours=3)):  # set back, before the instant too
        assert go_round(given, earlier) == []
        assert page(given, report_id)
    assert actions_on(given.office, report_id).count("publish") == 1
    assert verify(events(given.office)).good


def test_a_clock_set_back_before_the_instant_waits_for_it_again(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    instant = given.release(report_id).instant
    go_round(given, instant - SECOND)
    for back in (timedelta(hours=1), timedelta(hours=2)):  # an hour is shown twice
        assert go_round(given, instant - back) == []
        assert page(given, report_id) == ""
    assert go_round(given, instant) == [given.release(report_id).id]


# --- stale and duplicate runs


@pytest.mark.parametrize("prepared", [True, False])
def test_a_run_of_the_old_schedule_does_not_publish_what_was_moved(given: Given, prepared: bool) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)
    if prepared:
        go_round(given, release.instant - 2 * SECOND)
    later = release.instant + timedelta(days=1)
    operator = given.people["gong_lei"]
    change(given.office, release.id, ReleaseAction.MOVE, operator, to=later, reason="改期", now=given.tick())
    due = given.line.run_step("scheduled-publication", release.id, release.instant)  # the run somebody had planned
    again = given.line.run_step("scheduled-publication", release.id, release.instant)
    assert (due.text, again.text) != ("", "")
    assert go_round(given, release.instant) == []
    assert go_round(given, later - timedelta(microseconds=1)) == []
    assert page(given, report_id) == ""
    given.flows()
    assert go_round(given, later) == [release.id]
    assert actions_on(given.office, release.id).count("switch") == 1


def test_a_run_for_another_version_or_a_finished_step_says_it_is_not_due_and_changes_nothing(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    given.publish(report_id)
    release, known = given.release(report_id).id, len(events(given.office))
    for step, subject in (
        ("scheduled-publication", release),
        ("drafting", report_id),
        ("department-review", report_id),
        ("confidentiality-check", report_id),
        ("approval", report_id),
    ):
        assert not given.line.run_step(step, subject, given.tick()).changed, step
    assert [event.action for event in events(given.office, after=known) if event.action not in ("not_due",)] == []


# --- what is shown and what is kept agree, wherever a person sits


OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1992, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@over(INSTANTS, OFFSETS)
def test_what_shanghai_is_shown_and_what_is_kept_are_eight_hours_apart(instant: datetime, zone: timezone) -> None:
    typed = instant.astimezone(zone).isoformat()
    assert iso(parse_instant(typed)) == iso(instant)
    naive = instant.replace(tzinfo=None) + timedelta(hours=8)
    assert shown(instant, seconds=True) == f"{naive:%Y-%m-%d %H:%M:%S}"
    assert parse_instant(naive.isoformat()) == instant  # without an offset it is Shanghai
    assert today(instant) == f"{naive:%Y-%m-%d}"
