"""When the pages in Prefect's UI are written: soon for a few reports, gathered for many, never without a change.

A page is written over in place, so that Prefect's database keeps one version of each; pages of reports that ended long
ago are deleted. Losing them loses nothing: they are written again from the register.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from pubflow.moments import SHANGHAI
from pubflow.prefect_client import PageRow
from pubflow.service.contract import Alarm, Office
from pubflow.service.pages import (
    BOARD_DESCRIPTION,
    BOARD_KEY,
    FAILURES_DESCRIPTION,
    FAILURES_KEY,
    FailedRun,
    board_page,
    failures_page,
    page_key,
    report_page,
    stamped,
)

FEW = 10  # so many stale pages are written at once
WITHIN = timedelta(seconds=60)  # when more are stale, a page waits so long, and its report's next steps with it
A_ROUND = 50
ROWS_A_SECOND = 10  # a board of 200 rows is written at most every 20 s
KEPT = timedelta(days=30)  # the page of a report or release that has ended
CLEANED_EVERY = timedelta(days=1)
_PAGES_OF_REPORTS = ("r-", "l-")


class PageApi(Protocol):
    """What is asked of Prefect for pages."""

    def write_page(self, key: str, markdown: str, description: str) -> None: ...
    def pages(self) -> Iterable[PageRow]: ...
    def delete_page(self, page: PageRow) -> None: ...


class PageWriter:
    """Writes what changed. What it keeps only saves work: a fresh one writes every open page once more."""

    def __init__(self, office: Office, prefect: PageApi) -> None:
        self._office = office
        self._prefect = prefect
        self._seq: int | None = None
        self._day: date | None = None
        self._stale: dict[str, datetime] = {}
        self._written: dict[str, str] = {}
        self._board_is_stale = True
        self._board_after: tuple[datetime, timedelta] | None = None
        self._alarms: Sequence[Alarm] = ()
        self._failed: Sequence[FailedRun] = ()
        self._cleaned_at: datetime | None = None

    def refresh(self, alarms: Sequence[Alarm], failed: Sequence[FailedRun], now: datetime) -> None:
        """Write the pages that are due. failed: how the last runs of steps that are still due ended."""
        self._note_what_moved(now)
        self._write_failures(alarms, failed, now)
        few = len(self._stale) <= FEW
        due = [subject for subject, since in self._stale.items() if few or is_over(since, WITHIN, now)]
        for subject in due[:A_ROUND]:
            self._write_story(subject, now)
            del self._stale[subject]
        if self._board_is_stale and (self._board_after is None or is_over(*self._board_after, now)):
            self._write_board(now)
        self._clean(now)

    def _note_what_moved(self, now: datetime) -> None:
        seq, day = self._office.change_counter(), now.astimezone(SHANGHAI).date()
        if self._seq is None or day != self._day:  # a fresh start, or a due day has come: all that is open
            moved = [story.subject for story in self._office.board(now)]
            self._board_is_stale = True
        elif seq != self._seq:
            moved = list(self._office.changed_since(self._seq))
            self._board_is_stale = True
        else:
            moved = []
        self._seq, self._day = seq, day
        for subject in moved:
            self._stale.setdefault(subject, now)

    def _write_failures(self, alarms: Sequence[Alarm], failed: Sequence[FailedRun], now: datetime) -> None:
        """Alarms and failures stand on a page of their own, on the board, and a failure on its report's page."""
        if (list(alarms), list(failed)) == (list(self._alarms), list(self._failed)) and FAILURES_KEY in self._written:
            return
        for run in {*failed} ^ {*self._failed}:
            self._stale.setdefault(run.subject, now)
        self._alarms, self._failed = alarms, failed
        self._board_is_stale, self._board_after = True, None  # an alarm does not wait
        self._write(FAILURES_KEY, FAILURES_DESCRIPTION, lambda: failures_page(alarms, failed), now)

    def _write_story(self, subject: str, now: datetime) -> None:
        story = self._office.story(subject)
        if story is not None:
            failed = [run for run in self._failed if run.subject == subject]
            self._write(page_key(subject), subject, lambda: report_page(story, failed), now)

    def _write_board(self, now: datetime) -> None:
        stories = self._office.board(now)
        self._write(BOARD_KEY, BOARD_DESCRIPTION, lambda: board_page(stories, self._alarms, self._failed, now), now)
        self._board_is_stale = False
        self._board_after = (now, timedelta(seconds=len(stories) / ROWS_A_SECOND))

    def _write(self, key: str, description: str, page: Callable[[], str], now: datetime) -> None:
        text = page()
        digest = hashlib.sha256(text.encode()).hexdigest()
        if self._written.get(key) != digest:
            self._prefect.write_page(key, stamped(text, now), description)
            self._written[key] = digest

    def _clean(self, now: datetime) -> None:
        """Once a day, and not in the first round: delete pages of what ended long ago, and second versions."""
        if self._cleaned_at is None:
            self._cleaned_at = now - CLEANED_EVERY + WITHIN
        if not is_over(self._cleaned_at, CLEANED_EVERY, now):
            return
        self._cleaned_at = now
        still_open = {page_key(story.subject) for story in self._office.board(now)}
        for page in list(self._prefect.pages()):
            ended = page.key.startswith(_PAGES_OF_REPORTS) and page.key not in still_open
            if not page.is_newest or (ended and page.updated < now - KEPT):
                self._prefect.delete_page(page)
                self._written.pop(page.key, None)


def is_over(since: datetime, span: timedelta, now: datetime) -> bool:
    """Whether `span` has passed; a clock that was set back since does not make anybody wait for it."""
    return not since <= now < since + span
