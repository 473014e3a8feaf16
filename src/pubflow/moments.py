"""Time: kept in UTC and aware, shown in Asia/Shanghai. Rules take `now` as an argument; only edges call utc_now."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pubflow.errors import BadInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
_SPAN = re.compile(r"(\d+)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def utc_now() -> datetime:
    """The wall clock, aware, in UTC."""
    return datetime.now(UTC)


def shown(moment: datetime, *, seconds: bool = False) -> str:
    """`2026-12-01 09:30` as the office reads it, Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def iso(moment: datetime) -> str:
    """`2026-12-01T01:30:00.000000Z`: the one spelling of a moment in records and events.

    Raises ValueError for a naive moment, which has no meaning here.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """An instant with its offset, e.g. `2026-12-01T09:30+08:00`; without an offset it is Asia/Shanghai.

    Raises BadInput for a date that does not exist or a text that is no instant.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(
            f"“{text}”不是一个存在的时间", remedy="请写成 2026-12-01T09:30+08:00 的样子，并核对日期是否存在"
        ) from None


def parse_span(text: str) -> timedelta:
    """A span such as `20s`, `15m`, `2h`, `1d`. Raises BadInput for anything else."""
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise BadInput(f"“{text}”不是一段时间", remedy="请写成 20s、15m、2h 或 1d 的样子")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise BadInput(f"“{text}”太长", remedy="请给一个近一些的时间") from None
