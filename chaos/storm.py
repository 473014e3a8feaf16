"""One storm after the other: people bring reports through the line while processes are killed and stalled."""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chaos import invariants
from chaos.control import Control, Order
from chaos.invariants import Findings
from chaos.kills import AT_RANDOM
from chaos.office import API, OFFICE, PORTAL, PREFECT, SECOND, SERVICE, WORKER, Office
from chaos.people import DRAFTER, HEAD, LEADER, OFFICER, OPERATOR

# Ten kills in random order, then again; the release loop and the reconciler live in the service.
TARGETS = (PREFECT, PREFECT, WORKER, WORKER, SERVICE, SERVICE, SECOND, API, PORTAL, OFFICE)
# Which process a role of the kill points lives in.
PROCESS_OF = {"worker": WORKER, "prefect-server": PREFECT, "api": API}
PROCESS_OF |= dict.fromkeys(("service", "reconciler", "release-loop"), SERVICE)
NAMED = 0.6  # share of kills at a point; the others at a moment nobody chose
REACHED_WITHIN = 8.0  # seconds
STALLED = (PREFECT, WORKER, SERVICE, API)
STALLS = 0.25  # stalls a kill
PEOPLE = ((DRAFTER, 0), (DRAFTER, 1), (HEAD, 0), (OFFICER, 0), (LEADER, 0), (OPERATOR, 0))
RECOVERED_WITHIN = 120.0  # seconds
STILL = 150.0  # seconds without any report moving after which the line counts as stuck
QUIET_WITHIN = 900.0  # seconds at most for everything due to become public
LOOK = 0.01  # seconds between two looks of the witness


@dataclass
class Blow:
    """A kill or a stall: when, of what, where, and the seconds until that process answered again (None: not seen)."""

    at: datetime
    process: str
    kind: str
    pid: int = 0
    recovery: float | None = None
    role: str = ""
    point: str = AT_RANDOM


@dataclass
class Storm:
    """What happens to one office, and what was noted about it."""

    office: Office
    control: Control
    chance: random.Random
    tell: Callable[[str, int], None]
    blows: list[Blow] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    during: Findings = field(default_factory=Findings)
    _people: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    _watchers: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Send the people to work and the witness to the public folder."""
        office, control = self.office, self.office.control
        drafters = sum(name == DRAFTER for name, _ in PEOPLE)
        known = {"desk": office.address(API), "tokens": office.tokens, "drafters": drafters}
        (control / "office.json").write_text(json.dumps(known))
        self._phase("work")
        for name, number in PEOPLE:
            command = [
                sys.executable,
                "-m",
                "chaos.people",
                name,
                str(number),
                str(control),
                str(self.chance.random())[2:],
            ]
            with (control / f"{name}-{number}.err").open("ab") as said:
                self._people.append(subprocess.Popen(command, stderr=said))
        threading.Thread(target=self._witness, daemon=True).start()

    def round(self, kills: int, seconds: float) -> list[str]:
        """Some kills over some seconds, then quiet until nothing is due; the reports that stay behind all the same."""
        self._phase("work")
        targets = [name for _ in range(kills // len(TARGETS) + 1) for name in self._shuffled()][:kills]
        began = time.monotonic()
        for number, target in enumerate(targets):
            share = (number + self.chance.random()) / kills
            self._second_service(wanted=target == SECOND or 0.3 < share < 0.7)
            time.sleep(max(0.0, began + share * seconds - time.monotonic()))
            if not (self.chance.random() < NAMED and self._kill_at_a_point()):
                self._kill(target)
            if self.chance.random() < STALLS:
                self._stall(self.chance.choice(STALLED), self.chance.uniform(1, 4))
            if number % 4 == 2:
                self._look_for_leaks()
        self._second_service(wanted=False)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        return self._quiet()

    def prefect_away(self, seconds: float) -> list[str]:
        """The Prefect server stands still for so long while people go on; then quiet, as after a round."""
        self._phase("work")
        self._stall(PREFECT, seconds)
        return self._quiet()

    def end(self) -> None:
        """Everybody goes home, the office stops."""
        self._phase("stop")
        self._over.set()
        for person in self._people:
            try:
                person.wait(15)
            except subprocess.TimeoutExpired:
                person.kill()
        self.office.end()

    def journals(self) -> list[dict[str, Any]]:
        """What the people wrote down."""
        files = sorted(self.office.control.glob("*.jsonl"))
        return [
            json.loads(line) for file in files for line in file.read_text("utf-8").splitlines() if line.endswith("}")
        ]

    def plants(self) -> dict[str, str]:
        """{planted sentence: report}."""
        return {line["plant"]: line["report"] for line in self.journals() if "plant" in line}

    def fallen(self) -> list[str]:
        """People whose process ended by itself: a mistake of ours, which would make the storm a calm."""
        names = [f"{name}-{number}" for name, number in PEOPLE]
        return [name for name, person in zip(names, self._people, strict=True) if person.poll()]

    # --- inside

    def _phase(self, phase: str) -> None:
        passing = self.office.control / "phase.new"
        passing.write_text(phase)
        passing.replace(self.office.control / "phase")

    def _shuffled(self) -> list[str]:
        return self.chance.sample(TARGETS, len(TARGETS))

    def _second_service(self, *, wanted: bool) -> None:
        office = self.office
        runs = office.second is not None and office.second.poll() is None
        if wanted and not runs:
            office.start_second()
        elif runs and not wanted:
            office.stop_second()

    def _kill(self, target: str) -> None:
        at = datetime.now(UTC)
        pid = self.office.kill(target)
        while pid is None:  # still waiting to be started again: another one
            target = self.chance.choice([*self.office.pids(), OFFICE])
            at, pid = datetime.now(UTC), self.office.kill(target)
        blow = Blow(at, target, "kill", pid)
        self.blows.append(blow)
        self.tell(f"SIGKILL {target}", 1)
        if target == SECOND:
            self._second_service(wanted=True)
        self._watch_recovery(blow)

    def _kill_at_a_point(self) -> bool:
        """One of the points that were killed least; False when no process comes there in time."""
        points = [(role, point) for role, point in self.control.points() if role in PROCESS_OF]
        if not points:
            return False
        done = Counter((blow.role, blow.point) for blow in self.blows)
        least = min(done[one] for one in points)
        role, point = self.chance.choice([one for one in points if done[one] == least])
        order = self.control.give(Order(role, point))
        if not order.done.wait(REACHED_WITHIN) and self.control.take_back(order):
            return False
        second = self.office.second is not None and self.office.second.pid == order.pid
        process = SECOND if second else PROCESS_OF[role]
        blow = Blow(order.at or datetime.now(UTC), process, "kill", order.pid, role=role, point=point)
        self.blows.append(blow)
        self.tell(f"SIGKILL {role} {point}", 1)
        self._watch_recovery(blow)
        return True

    def _stall(self, target: str, seconds: float) -> None:
        blow = Blow(datetime.now(UTC), target, "stall")
        if self.office.stall(target, seconds):
            self.blows.append(blow)
            self.tell(f"SIGSTOP {target} for {seconds:.1f} s", 0)

    def _watch_recovery(self, blow: Blow) -> None:
        def watch() -> None:
            began = time.monotonic()
            while time.monotonic() - began < RECOVERED_WITHIN and not self._over.is_set():
                time.sleep(0.1)
                if self.office.answers(blow.process, blow.at):
                    blow.recovery = (datetime.now(UTC) - blow.at).total_seconds()
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        if blow.process != SECOND:
            self._watchers.append(watcher)

    def _quiet(self) -> list[str]:
        """Nobody is killed any more; the people bring to an end what is on the line."""
        self.tell("quiet until everything due is public", 0)
        self._phase("finish")
        left = invariants.wait_until_nothing_is_left(self.office.home, self._on_the_line, STILL, QUIET_WITHIN)
        for watcher in self._watchers:
            watcher.join(RECOVERED_WITHIN)
        self._watchers.clear()
        return left

    def _on_the_line(self) -> list[str]:
        kept = {line["kept"] for line in self.journals() if "kept" in line}
        editions = invariants.read(self.office.home).editions
        waiting = [one for one in editions if one["stage"] not in invariants.ENDED and one["report_id"] not in kept]
        return [f"{one['report_id']} in {one['stage']}" for one in waiting]

    def _look_for_leaks(self) -> None:
        found = invariants.leaks(self.office.home, self.plants())
        self.during.checked += found.checked
        self.during.violations += found.violations

    def _witness(self) -> None:
        """Note each switch of the public tree with the time it was first seen, never before it happened."""
        root, last = self.office.home / "public" / "root", ""
        while not self._over.wait(LOOK):
            link = str(root.readlink())
            if link == last:
                continue
            at, last = datetime.now(UTC), link
            manifest: Mapping[str, Any] = json.loads((root.parent / link).with_name("manifest").read_text())
            if manifest["release"] != "-":
                self.seen.append({"at": at.isoformat(), "release": manifest["release"], "generation": manifest["name"]})
