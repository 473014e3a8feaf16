"""The worlds of a chaos run: the line with a stand-in, the owner's verbs, the whole office, faults in the code."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos import code_faults, invariants
from chaos.disturbances import DISTURBANCES, small_disk
from chaos.invariants import MARKER, Findings
from chaos.keeper import Nursery
from chaos.kills import AT_RANDOM, Kill, plan
from chaos.line import DISK, GRACE, LineRound, RoundResult, Template
from chaos.one_release import publish
from chaos.owner import VERBS, Owner

DUE = "everything due becomes public"
MEGABYTES = 24  # of the small disk
KILLS_A_ROUND = 40
SURVEY = 25.0  # seconds of a round in which nobody is killed, to see which points there are
OWNERS_PLANT = f"{MARKER}春夏秋冬东西南北山水林田湖草云雨"[:20]
Tell = Callable[[str, int], None]


@dataclass
class World:
    """What one world saw over all its rounds."""

    name: str
    rounds: int = 0
    kills: list[Kill] = field(default_factory=list)
    found: Findings = field(default_factory=Findings)
    reached: Counter[tuple[str, str]] = field(default_factory=Counter)
    numbers: list[dict[str, Any]] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)

    def add(self, result: RoundResult) -> None:
        """One more round of the line."""
        self.rounds += 1
        self.kills += result.kills
        self.found.checked += result.found.checked
        self.found.violations += result.found.violations + [(DUE, one) for one in result.left]
        self.found.checked[DUE] += 1
        self.reached.update(result.reached)
        self.numbers.append(result.numbers)


def line_world(folder: Path, kills: int, seconds: float, seed: str, tell: Tell, only: Sequence[str] = ()) -> World:
    """A calm round to see the points, then storms, each with a disturbance of its own; `only` these, if any."""
    world, template = World("line"), Template.make(folder)
    nursery = Nursery(folder / "nursery.log", {"PUBFLOW_CHAOS_GRACE": GRACE})
    kinds: list[str] = list(only) or ["kills alone", *DISTURBANCES]
    try:
        tell("line: a calm round", 0)
        calm = LineRound(folder / "calm", template, nursery, random.Random(f"{seed}/calm"))  # noqa: S311 - no secret
        world.add(_round(calm, [], 0, SURVEY, "kills alone"))
        orders = plan(calm.control.points(), kills, random.Random(f"{seed}/plan"))  # noqa: S311 - no secret
        known, number = set(calm.control.points()), 0
        shutil.rmtree(folder / "calm")
        while len(world.kills) < kills and number < 3 * kills / KILLS_A_ROUND + len(kinds):
            kind = kinds[number % len(kinds)]
            chance = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret
            wanted = min(KILLS_A_ROUND, kills - len(world.kills))
            tell(f"line: round {number + 1}, {kind}", 0)
            before = len(world.kills)
            with ExitStack() as stack:
                place = folder / f"round-{number}"
                if kind == "full disk":
                    try:
                        stack.enter_context(small_disk(place / DISK, MEGABYTES))
                    except PermissionError as error:
                        world.not_done.append(str(error))
                        kind = "kills alone"
                line = LineRound(place, template, nursery, chance)
                result = _round(line, orders, wanted, seconds, kind)
                world.add(result)
                bad = result.left or result.found.violations
                if bad:  # a tmpfs is gone in a moment; this is what there is to look at
                    shutil.copytree(place, folder / f"bad-{number}", symlinks=True, ignore=_no_sockets)
                new = sorted(set(line.control.points()) - known)
                known |= set(new)
                done = [(kill.role, kill.point) for kill in result.kills]
                orders = new + _without(orders, done)
                if not bad:
                    shutil.rmtree(place, ignore_errors=True)
            tell(f"line: round {number + 1}, {kind}", len(world.kills) - before)
            number += 1
    finally:
        nursery.close()
    return world


def _no_sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_socket() or name == "filler"]


def _round(line: LineRound, orders: Sequence[tuple[str, str]], kills: int, seconds: float, kind: str) -> RoundResult:
    """One round to its end."""
    disturbances = [DISTURBANCES[kind]] if kind in DISTURBANCES else []
    try:
        return line.finish(line.storm(orders, kills, seconds, disturbances))
    finally:
        line.end()


def _without(orders: Sequence[tuple[str, str]], done: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    left, gone = [], Counter(done)
    for order in orders:
        if gone[order]:
            gone[order] -= 1
        else:
            left.append(order)
    return left


def owner_world(folder: Path, kills: int, seed: str, tell: Tell) -> World:
    """Each verb of the owner, killed at its points in turn and at random, then done again."""
    world, home = World("owner"), folder / "owners"
    report = publish(home, f"## 一、工作动态\n\n{OWNERS_PLANT}。\n")
    chance = random.Random(f"{seed}/owner")  # noqa: S311 - no secret
    nursery = Nursery(folder / "owner.log")
    owner = Owner(folder, home, nursery, {OWNERS_PLANT: report})
    try:
        tell("owner: each verb once", 0)
        points = owner.survey() + [(name, AT_RANDOM) for name in VERBS]
        for name, point in plan(points, kills, chance):
            owner.kill_at(name, point, chance)
            tell(f"owner: {name} killed {point}", 1)
            world.rounds += 1
    finally:
        nursery.close()
    world.kills, world.found = owner.kills, owner.found
    world.reached.update((name, point) for name, reached in owner.reached.items() for point in reached)
    return world


def faults_world(folder: Path, seed: str, tell: Tell) -> list[dict[str, Any]]:
    """Each fault in the code in a round of its own: {fault, caught, by, sound}."""
    template, rows = Template.make(folder), []
    for number, fault in enumerate(code_faults.NAMES):
        tell(f"fault in the code: {fault}", 0)
        place = folder / f"fault-{number}"
        place.mkdir()
        rows.append(code_faults.catch(fault, place, template, f"{seed}/{fault}"))
        shutil.rmtree(place, ignore_errors=True)
    return rows


def in_all(worlds: Sequence[World]) -> Findings:
    """The findings of all worlds together."""
    total = invariants.Findings()
    for world in worlds:
        total.checked += world.found.checked
        total.violations += world.found.violations
    return total
