"""Run by test_killed_writer.py: kills a writer again and again in the middle of a transaction; says what was left.

python killed_writer.py FOLDER ROUNDS
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from records.register import NOON, stored
from sqlalchemy import func, text
from sqlmodel import select

from pubflow.audit.events import Event
from pubflow.audit.verify import verify
from pubflow.records.engine import open_engine
from pubflow.records.pending import Pending
from pubflow.records.schema import migrate
from pubflow.records.store import Records
from pubflow.records.tables import Section

ROWS = 20  # of each transaction


def register(folder: Path) -> Records:
    """The register in this folder."""
    engine = open_engine(f"sqlite:///{folder / 'register.db'}")
    migrate(engine)
    return Records(engine, Pending(folder / "pending"))


def write_for_ever(folder: Path, told: int) -> None:
    """Transactions of 20 rows and one event; `o` is told when the rows are written, `c` after the commit."""
    records = register(folder)
    while True:
        with records.writing(NOON) as tx:
            number = tx.next_number("batch")
            for row in range(ROWS):
                tx.session.add(Section(id=f"{number}-{row}", name="x" * 2000))
            tx.record(Event("batch", "a", str(number)))
            tx.append_events()
            os.write(told, b"o")
        os.write(told, b"c")


def one_round(folder: Path, number: int) -> int:
    """Start a writer, kill it in its third transaction or just after; returns the commits it told of."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        write_for_ever(folder, tell)
    os.close(tell)
    heard = b""
    while heard.count(b"o") < 3:
        heard += os.read(hear, 1)
    time.sleep(number * 0.0004)  # from the middle of the transaction to the middle of its commit, and past it
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while rest := os.read(hear, 1000):
        heard += rest
    return heard.count(b"c")


def left(folder: Path) -> dict[str, object]:
    """The register as the next process finds it."""
    records = register(folder)
    with records.reading() as session:
        verdict = verify(stored(session))
        found = {
            "sound": session.execute(text("PRAGMA integrity_check")).scalar_one(),
            "chain": verdict.good,
            "events": verdict.events,
            "rows": session.exec(select(func.count()).select_from(Section)).one(),
            "number": session.execute(text("SELECT value FROM counter")).scalar_one(),
        }
    records.engine.dispose()
    return found


def main(folder: Path, rounds: int) -> None:
    """One JSON line a round."""
    told = 0
    for number in range(rounds):
        told += one_round(folder, number)
        sys.stdout.write(json.dumps({"told": told, **left(folder)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
