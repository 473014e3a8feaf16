"""What is said of a day, and of the end of a period: always with its reasons, for `pubflow clock` and the screen."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from pubflow.errors import PubflowError


@dataclass(eq=False)
class CalendarMissing(PubflowError):
    """No notice says yet whether `day` is worked; a statutory period is not counted by guessing."""

    code: ClassVar[str] = "calendar_missing"
    status: ClassVar[int] = 409
    year: int
    day: dt.date

    def __str__(self) -> str:
        return (
            f"没有{self.year}年的节假日安排，{self.day} 是否为工作日不能确定，法定期限不能推算。"
            f"请系统管理员按国务院办公厅的通知补上 config/calendar/{self.year}.toml（写法见 docs/calendar.md），再办理"
        )


@dataclass(frozen=True)
class DayFact:
    """Whether `day` is worked and why, in words for the screen.

    lacks: the year whose notice may still change this day; None when the day is settled.
    """

    day: dt.date
    works: bool
    reason: str
    lacks: int | None = None

    @property
    def settled(self) -> bool:
        """Whether the notices leave no doubt about this day."""
        return self.lacks is None


@dataclass(frozen=True)
class CountedDay:
    """One line of an explanation. number: from 1, the how-manieth working day of the count; None when skipped."""

    fact: DayFact
    number: int | None

    @property
    def day(self) -> dt.date:
        """The day the line is about."""
        return self.fact.day

    def __str__(self) -> str:
        count = "不计" if self.number is None else f"第{self.number}个工作日"
        return f"{self.day} {count}：{self.fact.reason}"


@dataclass(frozen=True)
class DueDay:
    """A due day with every day counted and skipped on the way to it, in the order they were looked at.

    provisional: a notice that may change the day has not been issued; ask again once it is there, never store it.
    """

    day: dt.date
    provisional: bool
    explanation: tuple[CountedDay, ...]

    def __str__(self) -> str:
        """The day as it is shown everywhere: a provisional one says so."""
        return f"{self.day}{_doubt(self.explanation)}"


@dataclass(frozen=True)
class WorkdayCount:
    """A number of working days, with the same explanation as a due day."""

    days: int
    provisional: bool
    explanation: tuple[CountedDay, ...]

    def __str__(self) -> str:
        return f"{self.days}个工作日{_doubt(self.explanation)}"


def _doubt(explanation: tuple[CountedDay, ...]) -> str:
    lacking = sorted({line.fact.lacks for line in explanation if line.fact.lacks is not None})
    return f"（暂定：{'、'.join(map(str, lacking))}年节假日安排尚未录入）" if lacking else ""
