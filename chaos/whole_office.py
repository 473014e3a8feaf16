"""Rounds with the whole office: `pubflow up` with the real Prefect server, the resident worker and the flows."""

import random
from pathlib import Path
from typing import Any

from chaos import invariants
from chaos.control import Control
from chaos.faults import sow
from chaos.kills import Kill
from chaos.office import Office, new_control
from chaos.storm import Storm
from chaos.worlds import DUE, Tell, World

INSIDE = Path(__file__).with_name("inside")
KILLS_A_ROUND = 15
SECONDS_A_KILL = 5.0
AWAY = 120.0  # seconds without Prefect, in runs that are long anyway
LONG = 30  # kills


def office_world(folder: Path, kills: int, seed: str, tell: Tell) -> tuple[World, list[dict[str, Any]]]:
    """Storms on one office, quiet and checks after each; and the faults sown in copies of what it left."""
    world, place = World("office"), new_control(folder)
    control = Control(place)
    variables = {
        "PYTHONPATH": str(INSIDE),
        "PUBFLOW_CHAOS_SOCKET": control.address,
        "PUBFLOW_CHAOS_ROOT": str(folder),
    }
    office = Office(folder / "office", place, variables)
    storm = Storm(office, control, random.Random(seed), tell)  # noqa: S311 - no secret
    faults: list[dict[str, Any]] = []
    try:
        tell("office: pubflow up", 0)
        office.begin()
        storm.begin()
        while len(world.kills) < kills:
            wanted = min(KILLS_A_ROUND, kills - len(world.kills))
            _judge(world, storm, storm.round(wanted, wanted * SECONDS_A_KILL))
            killed = [blow for blow in storm.blows if blow.kind == "kill"]
            world.kills = [
                Kill(blow.role or blow.process, blow.point, blow.at, blow.pid, blow.recovery) for blow in killed
            ]
        if kills >= LONG:
            _judge(world, storm, storm.prefect_away(AWAY))
        world.found.checked += storm.during.checked
        world.found.violations += storm.during.violations
        world.reached = control.reached.copy()
        faults = sow(office.home, storm.plants(), storm.seen) if storm.seen else []
    finally:
        storm.end()
        control.close()
    return world, faults


def _judge(world: World, storm: Storm, left: list[str]) -> None:
    """Check the quiet office; a violation that stays is told once."""
    found = invariants.check(storm.office.home, storm.plants(), storm.seen)
    found.hold("the acting people are still there", not storm.fallen(), ", ".join(storm.fallen()))
    found.checked[DUE] += 1
    world.rounds += 1
    world.found.checked += found.checked
    new = [*found.violations, *((DUE, one) for one in left)]
    world.found.violations += [one for one in new if one not in world.found.violations]
