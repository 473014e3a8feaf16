"""`pubflow service`: the reconciler and the release loop, each a thread, until a signal. Neither ends itself."""

import logging
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from pubflow.cli.prefect import connect
from pubflow.errors import PubflowError
from pubflow.moments import utc_now
from pubflow.service.reconciler import Reconciler
from pubflow.service.release_loop import run_release_loop
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


def _reconcile(line: Line, home: Path, stop: threading.Event) -> None:
    """Rounds over the register; connects anew whenever Prefect or its address was lost."""
    while not stop.is_set():
        try:
            with connect(home) as prefect:
                reconciler = Reconciler(line, prefect)
                before: list[str] = []
                while not stop.is_set():
                    seen = line.change_counter()
                    told = reconciler.round(utc_now())
                    for one in told:
                        if one not in before:  # said once while Prefect stays away, not every two seconds
                            log.info("%s", one)
                    before = told
                    _wait_for_change(line, seen, stop)
        except PubflowError as error:
            log.error("%s", error)  # the sentence says it all; a traceback would hide it
        except Exception:
            log.exception("the round failed; the next one tries again")
        stop.wait(BEAT)


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
