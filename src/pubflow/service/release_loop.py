"""The release loop: the switch itself is no Prefect run, because a run may start early, or minutes late.

It sleeps until shortly before the next instant, then goes round; the guarded update decides between two loops.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from pubflow.errors import PubflowError
from pubflow.office.office import Office
from pubflow.publication.switching import next_instant, release_round

LOOK_AGAIN = 0.5  # seconds; a hold or a new release is noticed within this
log = logging.getLogger("pubflow.release")


def run_release_loop(office: Office, stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Go round until `stop` is set. An error is logged and the next round tries again: the loop never ends itself."""
    while not stop.is_set():
        try:
            for switched in release_round(office, clock):
                late = switched.lateness / timedelta(milliseconds=1)
                log.info("%s is public, %.0f ms after its instant", switched.release_id, late)
            pause = _pause(office, clock())
        except PubflowError as error:
            log.error("%s", error)
            pause = LOOK_AGAIN
        except Exception:
            log.exception("the round failed; the next one tries again")
            pause = LOOK_AGAIN
        stop.wait(pause)


def _pause(office: Office, now: datetime) -> float:
    """Seconds to sleep: until the next instant if it is near, so that the switch is not late by the loop's own beat."""
    instant = next_instant(office)
    if instant is None:
        return LOOK_AGAIN
    return min(LOOK_AGAIN, max((instant - now).total_seconds(), 0.0))
