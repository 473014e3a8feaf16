"""Moments: one spelling, one zone to show, no guesses."""

from datetime import UTC, datetime, timedelta

import pytest

from pubflow.errors import BadInput
from pubflow.moments import iso, parse_instant, parse_span, shown, utc_now

HALF_PAST_ONE = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01T09:30+08:00",
        "2026-12-01T01:30Z",
        "2026-12-01T01:30:00.000+00:00",
        "2026-12-01T09:30",
        " 2026-12-01 09:30 ",
        "2026-11-30T20:30-05:00",
    ],
)
def test_an_instant_is_read_with_its_offset_and_without_one_it_is_shanghai(text: str) -> None:
    assert parse_instant(text) == HALF_PAST_ONE
    assert parse_instant(text).utcoffset() == timedelta(0)


def test_a_day_alone_begins_at_midnight_in_shanghai() -> None:
    assert parse_instant("2026-12-01") == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-02-30T09:30", "2026-13-01", "2026-12-01T25:00", "明天", "", "2026年12月1日"])
def test_a_date_that_does_not_exist_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="不是一个存在的时间") as refused:
        parse_instant(text)
    assert "2026-12-01T09:30+08:00" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("20s", timedelta(seconds=20)),
        ("15m", timedelta(minutes=15)),
        (" 2 h ", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("0s", timedelta(0)),
    ],
)
def test_a_span_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "20", "s", "1.5h", "-1h", "1h30m", "20 seconds", "2周"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="不是一段时间"):
        parse_span(text)


def test_records_spell_a_moment_in_one_way() -> None:
    assert iso(HALF_PAST_ONE) == "2026-12-01T01:30:00.000000Z"
    assert iso(datetime.fromisoformat("2026-12-01T09:30:00.5+08:00")) == "2026-12-01T01:30:00.500000Z"
    with pytest.raises(ValueError, match="has no time zone"):
        iso(HALF_PAST_ONE.replace(tzinfo=None))


def test_the_office_reads_shanghai_time() -> None:
    assert shown(HALF_PAST_ONE) == "2026-12-01 09:30"
    assert shown(datetime(2026, 12, 31, 16, 0, 1, tzinfo=UTC), seconds=True) == "2027-01-01 00:00:01"


def test_now_is_aware_and_utc() -> None:
    assert utc_now().utcoffset() == timedelta(0)
