"""Is the storm awake? Faults sown into the code of running processes, each of which a round must catch.

A fault changes a loaded module (inside/code_faults.py); src/ is never touched. Each gets a round of its own in which
one process is killed, or made to wait, where that fault matters; the same round without the fault must pass.
"""

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chaos.control import Order
from chaos.keeper import Nursery
from chaos.line import GRACE, LineRound, Template
from chaos.order import order_of_switch

WITHIN = 40.0  # seconds for a scene to come about
Scene = Callable[[LineRound], None]


def hold_a_second_staging(line: LineRound) -> None:
    """Two runs stage the same release: one has read it and waits while the other stages and the switch comes."""
    order = line.control.give(Order("worker", "before transaction in staging.stage", wait=14.0))
    if order.done.wait(WITHIN):
        register = line.release_waited_for()
        line.prefect.start("scheduled-publication", register)
        time.sleep(16)


def kill_a_worker(line: LineRound) -> None:
    """A run dies in the middle of its step: the next attempt must be another run."""
    line.control.give(Order("worker", "before commit in opening.open_stage")).done.wait(WITHIN)


def kill_after_the_first_commit(line: LineRound) -> None:
    """The process dies right after a commit of a step: what is committed must be all of it."""
    line.control.give(Order("api", "after commit in actions.submit")).done.wait(WITHIN)


def kill_between_record_and_switch(line: LineRound) -> None:
    """The release loop dies right after its record."""
    line.control.give(Order("release-loop", "after commit in switching._switch")).done.wait(WITHIN)
    line.control.give(Order("release-loop", "before rename public/root in tree.switch")).done.wait(WITHIN / 4)


def wait_for_a_release(line: LineRound) -> None:
    """Nothing is done: the witness at the public link is enough."""
    until = time.monotonic() + WITHIN
    while not line.seen and time.monotonic() < until:
        time.sleep(0.1)


SCENES: Mapping[str, Scene] = {
    "guarded update removed": hold_a_second_staging,
    "attempt number fixed": kill_a_worker,
    "instant check dropped": wait_for_a_release,
    "event append outside the transaction": kill_after_the_first_commit,
    "record before the switch": kill_between_record_and_switch,
}
FSYNC = "fsync dropped"  # by strace and not in a round: nothing here can make the kernel forget what was written
NAMES = (*SCENES, FSYNC)


def catch(fault: str, folder: Path, template: Template, seed: str) -> dict[str, Any]:
    """One row {fault, caught, by, sound}: what the scene says with this fault; `sound`: what it says without.

    caught: it says something with the fault, and nothing without.
    """
    said = _played(fault, folder / "sown", template, seed, {"PUBFLOW_CHAOS_FAULT": fault})
    sound = _played(fault, folder / "sound", template, seed, {})
    return {
        "fault": fault,
        "caught": bool(said) and not sound,
        "by": said[0] if said else "",
        "sound": sound[0] if sound else "nothing",
    }


def _played(fault: str, folder: Path, template: Template, seed: str, variables: Mapping[str, str]) -> list[str]:
    """The scene of a fault; every violation."""
    folder.mkdir()
    if fault == FSYNC:
        return order_of_switch(folder / "order", variables)
    nursery = Nursery(folder / "nursery.log", {"PUBFLOW_CHAOS_GRACE": GRACE, **variables})
    chance = random.Random(seed)  # noqa: S311 - no secret
    line = LineRound(folder / "round", template, nursery, chance)
    try:
        SCENES[fault](line)
        result = line.finish([])
    finally:
        line.end()
        nursery.close()
    said = [f"{name}: {what}" for name, what in result.found.violations]
    return said + [f"everything due becomes public: {one}" for one in result.left]
