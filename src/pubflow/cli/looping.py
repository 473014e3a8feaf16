"""`pubflow service`: the reconciler, the release loop and the senders of messages, each a thread, until a signal.

None ends itself."""

import contextlib
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from pubflow.cli.prefect import connect
from pubflow.errors import PubflowError, WorkspaceError
from pubflow.moments import utc_now
from pubflow.publication.switching import release_round
from pubflow.service.calling import call_worker
from pubflow.service.reconciler import Reconciler, reconcile
from pubflow.service.release_loop import run_release_loop
from pubflow.service.sender import start_senders
from pubflow.wiring import Line, open_office

BEAT = 2.0  # seconds between two rounds when nothing changes
LOOK = 0.2  # seconds; a change of the register is noticed within this
STOP_WITHIN = 8.0  # seconds for a round under way; it may be cut, the next one does the rest
log = logging.getLogger("pubflow.service")


def run_service(home: Path) -> None:
    """Run both loops until SIGTERM or Ctrl-C. Raises WorkspaceError for a workspace that cannot be used."""
    _log_to_stderr()
    line = open_office(home)
    stop = threading.Event()

    def end(number: int, _frame: FrameType | None) -> None:
        log.info("%s: stopping", signal.Signals(number).name)
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    loops = [
        threading.Thread(target=_reconcile, args=(line, home, stop), name="reconciler", daemon=True),
        threading.Thread(target=run_release_loop, args=(line.office, stop, utc_now), name="release", daemon=True),
        *start_senders(line.office, stop, utc_now),
    ]
    try:
        for loop in loops:
            loop.start()
        log.info("running on %s", home)
        stop.wait()
        until = time.monotonic() + STOP_WITHIN
        for loop in loops:
            loop.join(max(0.0, until - time.monotonic()))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        line.office.close()
    log.info("stopped")


def one_round(home: Path) -> tuple[list[str], str]:
    """What one round of each loop did, a line for each thing, and why it could not all be done ("" when it was)."""
    line = open_office(home)
    with contextlib.closing(line.office):
        done = _record_what_waited(line)
        done += [f"{one.release_id} is public" for one in release_round(line.office, utc_now)]
        try:
            with connect(home) as prefect:
                if prefect.is_healthy():
                    done += reconcile(line, prefect, utc_now())
                    call_worker(home)
                    return done, ""
                where = f"at {prefect.address}"
        except WorkspaceError as error:
            return done, str(error)
    return done, f"Prefect does not answer {where}: no run was started. Start the office: `pubflow up`."


def _record_what_waited(line: Line) -> list[str]:
    records = line.office.records
    waiting = records.pending.waiting()
    if not waiting:
        return []
    with records.writing(utc_now(), what="reconcile"):
        pass  # every write takes along what waits
    return [f"{len(waiting)} events that waited for space are recorded"]


def _reconcile(line: Line, home: Path, stop: threading.Event) -> None:
    """Rounds over the register; connects anew whenever Prefect or its address was lost."""
    while not stop.is_set():
        try:
            with connect(home) as prefect:
                reconciler = Reconciler(line, prefect)
                before: list[str] = []
                while not stop.is_set():
                    seen = line.change_counter()
                    told = _told_by_round(reconciler)
                    if told:
                        call_worker(home)
                    for one in told:
                        if one not in before:  # said once while Prefect stays away, not every two seconds
                            log.log(logging.WARNING if one.startswith("ALARM") else logging.INFO, "%s", one)
                    before = told
                    _wait_for_change(line, seen, stop)
        except PubflowError as error:
            log.error("%s", error)  # the sentence says it all; a traceback would hide it
        except Exception:
            log.exception("the round failed; the next one tries again")
        stop.wait(BEAT)


def _told_by_round(reconciler: Reconciler) -> list[str]:
    """One round. What nobody foresaw is logged, and the reconciler goes on with what it remembers: a new one would
    wait anew for the grace of every run that died, and so for ever if each round met the same error."""
    try:
        return reconciler.round(utc_now())
    except PubflowError:
        raise
    except Exception:
        log.exception("the round failed; the next one tries again")
        return []


def _wait_for_change(line: Line, seen: int, stop: threading.Event) -> None:
    """Wait for the next beat, or for the first event after `seen`."""
    until = time.monotonic() + BEAT
    while not stop.wait(LOOK) and time.monotonic() < until:
        if line.change_counter() != seen:
            return


def _log_to_stderr() -> None:
    """Lines with their time; what other libraries say only from warnings on."""
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    logging.basicConfig(handlers=[shown], level=logging.WARNING)
    logging.getLogger("pubflow").setLevel(logging.INFO)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # each second try; the reconciler tells when they were in vain
