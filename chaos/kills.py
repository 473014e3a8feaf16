"""Whom to kill where: orders for named points, one a role at a time, and kills at moments nobody chose."""

import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chaos.control import Control, Order
from chaos.keeper import Keeper, signs

RANDOM = 0.2  # share of kills at a moment nobody chose
BOTH = 0.15  # share of kills of a service that take the other one with it
PATIENCE = 12.0  # seconds until a point that nobody reaches is put back
TRIES = 3
RECOVERED_WITHIN = 30.0
RANDOM_TARGETS = ("service-1", "service-2", "api", "worker-1", "worker-2", "portal")
AT_RANDOM = "at random"
# The sign of life that ends the recovery of a role.
SIGNS = {"reconciler": "reconciler round", "release-loop": "release round", "service": "release round"}
SIGNS |= {"api": "accepting requests", "worker": "at work"}


@dataclass
class Kill:
    """One SIGKILL: where, and the seconds until a process in its place worked again (None: nothing to wait for)."""

    role: str
    point: str
    at: datetime
    pid: int
    recovery: float | None = None


@dataclass
class _Standing:
    """An order under way, or a killed process whose successor is waited for."""

    order: Order
    until: float
    kill: Kill | None = None
    name: str = ""
    since: float = 0.0


@dataclass
class Killer:
    """Works through orders; what it did is in `kills`, what nobody reached in `unreached`."""

    control: Control
    keeper: Keeper
    chance: random.Random
    orders: Sequence[tuple[str, str]]
    kills: list[Kill] = field(default_factory=list)
    unreached: list[tuple[str, str]] = field(default_factory=list)

    def work(self, wanted: int, seconds: float) -> None:
        """Until so many were killed, or the time is over; none and 0 is a calm of that length."""
        queues: dict[str, list[tuple[str, int]]] = {}
        for role, point in self.orders:
            queues.setdefault(role, []).append((point, TRIES))
        standing: dict[str, _Standing] = {}
        until = time.monotonic() + seconds
        next_random = time.monotonic() + self._pause(wanted, seconds)
        while (not wanted or len(self.kills) < wanted) and time.monotonic() < until:
            for role in queues:
                if role not in standing and queues[role]:
                    point, _ = queues[role][0]
                    standing[role] = _Standing(self.control.give(Order(role, point)), time.monotonic() + PATIENCE)
            for role in list(standing):
                self._look_at(role, standing, queues)
            if wanted and time.monotonic() > next_random:
                self._at_random(standing)
                next_random = time.monotonic() + self._pause(wanted, seconds)
            time.sleep(0.01)
        self._wait_for_recoveries(standing)

    def _pause(self, wanted: int, seconds: float) -> float:
        return self.chance.uniform(0.2, 1.8) * seconds / max(1.0, wanted * RANDOM)

    def _look_at(self, role: str, standing: dict[str, _Standing], queues: dict[str, list[tuple[str, int]]]) -> None:
        one = standing[role]
        if one.kill is not None:
            if self._has_recovered(one) or time.monotonic() > one.until:
                standing.pop(role)
        elif one.order.done.is_set():
            queues[role].pop(0)
            self._killed(one)
        elif time.monotonic() > one.until and self.control.take_back(one.order):
            point, tries = queues[role].pop(0)
            if tries > 1:
                queues[role].append((point, tries - 1))
            else:
                self.unreached.append((role, point))
            standing.pop(role)

    def _killed(self, one: _Standing) -> None:
        order = one.order
        one.kill = Kill(order.role, order.point, order.at or datetime.now(UTC), order.pid)
        self.kills.append(one.kill)
        one.since, one.until = time.monotonic(), time.monotonic() + RECOVERED_WITHIN
        one.name = next((name for name, pid in self._all_pids().items() if pid == order.pid), "")
        if one.name.startswith("service-") and self.chance.random() < BOTH:
            other = "service-2" if one.name == "service-1" else "service-1"
            pid = self.keeper.kill(other)
            if pid is not None:
                self.kills.append(Kill("service", "together with the other one", datetime.now(UTC), pid))

    def _all_pids(self) -> dict[str, int]:
        return self.keeper.last_pids()

    def _has_recovered(self, one: _Standing) -> bool:
        if one.kill is None or one.kill.role not in SIGNS:
            return True
        pid = self.keeper.pids().get(one.name)
        if pid is None or pid == one.kill.pid:
            return False
        at = signs(self.control, pid).get(SIGNS[one.kill.role])
        if at is not None:
            one.kill.recovery = round(at - one.since, 3)
        return at is not None

    def _at_random(self, standing: dict[str, _Standing]) -> None:
        name = self.chance.choice(RANDOM_TARGETS)
        pid = self.keeper.pids().get(name)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            role = name.partition("-")[0]
            kill = Kill(role, AT_RANDOM, datetime.now(UTC), pid)
            self.kills.append(kill)
            now = time.monotonic()
            order = Order(role, AT_RANDOM)
            standing[f"random {now}"] = _Standing(order, now + RECOVERED_WITHIN, kill, name, now)

    def _wait_for_recoveries(self, standing: dict[str, _Standing]) -> None:
        for one in standing.values():
            if one.kill is None and not self.control.take_back(one.order):
                one.order.done.wait(2)
                self._killed(one)
        until = time.monotonic() + RECOVERED_WITHIN
        waiting = [one for one in standing.values() if one.kill is not None]
        while waiting and time.monotonic() < until:
            waiting = [one for one in waiting if not self._has_recovered(one)]
            time.sleep(0.02)


def plan(points: Sequence[tuple[str, str]], kills: int, chance: random.Random) -> list[tuple[str, str]]:
    """So many orders over all points, each about equally often, in an order that depends on the seed alone."""
    orders: list[tuple[str, str]] = []
    while points and len(orders) < kills:
        orders += chance.sample(list(points), len(points))
    return orders[:kills]
