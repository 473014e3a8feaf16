"""What the owner of a workspace does, killed at every point it reaches, then done again.

Each verb is a real process of `pubflow`; one kill each, on a fresh copy of a workspace with a published report.
"""

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from chaos import invariants
from chaos.control import Control, Order
from chaos.invariants import Findings
from chaos.keeper import Nursery, Program
from chaos.kills import AT_RANDOM, Kill

PASSPHRASE = "0123456789abcdef" * 4
_KEY = ("--key", "{folder}/secret")
WITHIN = 60.0  # seconds for one verb


@dataclass
class Owner:
    """One round after the other: a verb in a folder of its own. home: the workspace that is copied for each."""

    folder: Path
    home: Path
    nursery: Nursery
    plants: Mapping[str, str]
    kills: list[Kill] = field(default_factory=list)
    found: Findings = field(default_factory=Findings)
    reached: dict[str, list[str]] = field(default_factory=dict)
    _number: int = 0

    def survey(self) -> list[tuple[str, str]]:
        """Every verb once without a kill: the points that each reaches, (verb, point)."""
        for name in VERBS:
            with _Place(self) as place:
                code = place.run(name)
                self.found.hold(f"{name} works", code == 0, place.said())
                self.reached[name] = [point for _, point in place.control.points()]
        return [(name, point) for name in VERBS for point in self.reached[name]]

    def kill_at(self, name: str, point: str, chance: random.Random) -> None:
        """Kill the verb there, then do it again and hold what came out against what must be."""
        with _Place(self) as place:
            order = place.control.give(Order(name, point)) if point != AT_RANDOM else None
            pid = place.start(name)
            if order is None:
                time.sleep(chance.uniform(0.0, 0.5))
                place.kill(pid)
            code = self.nursery.wait(pid, WITHIN)
            if code != -signal.SIGKILL:
                self.found.hold("a verb reaches its points again", order is None, f"{name} {point}: {place.said()}")
                return
            kill = Kill(name, point, datetime.now(UTC), pid)
            self.kills.append(kill)
            began = time.monotonic()
            VERBS[name].check(place, self.found, point)
            kill.recovery = round(time.monotonic() - began, 3)


class _Place:
    """A folder with a workspace and a control of its own."""

    def __init__(self, owner: Owner) -> None:
        owner._number += 1
        self.owner = owner
        self.folder = owner.folder / f"owner-{owner._number}"
        self.folder.mkdir(parents=True)
        self.home = self.folder / "office"
        self.log = self.folder / "said.log"

    def __enter__(self) -> "_Place":
        (self.folder / "control").mkdir(mode=0o700)
        self.control = Control(self.folder / "control")
        (self.folder / "secret").write_text(PASSPHRASE)
        (self.folder / "secret").chmod(0o600)
        return self

    def __exit__(self, *_error: object) -> None:
        self.control.close()
        shutil.rmtree(self.folder)

    def start(self, name: str) -> int:
        VERBS[name].prepare(self)
        words = tuple(word.format(folder=self.folder, home=self.home) for word in VERBS[name].words)
        return self._fork(name, words, VERBS[name].module)

    def run(self, name: str) -> int | None:
        return self.owner.nursery.wait(self.start(name), WITHIN)

    def again(self, *words: str, module: str = "pubflow") -> int | None:
        """The next process of this workspace, which nobody kills; its exit code."""
        given = tuple(word.format(folder=self.folder, home=self.home) for word in words)
        return self.owner.nursery.wait(self._fork("", given, module), WITHIN)

    def kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def said(self) -> str:
        return self.log.read_text()[-400:] if self.log.exists() else ""

    def _fork(self, role: str, words: Sequence[str], module: str) -> int:
        environment = {
            "PUBFLOW_HOME": str(self.home),
            "PUBFLOW_CHAOS_SOCKET": self.control.address,
            "PUBFLOW_CHAOS_ROOT": str(self.folder),
        }
        return self.owner.nursery.start(Program(role or "again", module, tuple(words), role), environment, self.log)


@dataclass(frozen=True)
class Verb:
    """One thing that an owner does: how it is prepared, its words, and what must hold after a kill of it."""

    words: tuple[str, ...]
    prepare: Callable[[_Place], None]
    check: Callable[[_Place, Findings, str], None]
    module: str = "pubflow"


def _copy(place: _Place) -> None:
    shutil.copytree(place.owner.home, place.home, symlinks=True)


def _nothing(_place: _Place) -> None:
    """A verb that makes its own folder."""


def _after_init(place: _Place, found: Findings, point: str) -> None:
    """Half a workspace is none: a second init says so or makes a whole one; what opens is whole."""
    name = "after a killed init a workspace is whole or none"
    opens = place.again("{home}", module="chaos.opening") == 0
    whole = _people_in(place.home) > 0 and (place.home / "public/root").is_symlink()
    found.hold(name, not opens or whole, f"{point}: it opens, but holds no people or no public tree")
    if not opens:
        code = place.again("init", "{home}")
        if code != 0:
            found.hold("a refused init says what to do", "Choose another folder" in place.said(), place.said())
            shutil.rmtree(place.home)
            code = place.again("init", "{home}")
        found.hold("init can be done again", code == 0, f"{point}: {place.said()}")


def _people_in(home: Path) -> int:
    try:
        with sqlite3.connect(f"file:{home / 'register.db'}?mode=ro", uri=True) as base:
            (people,) = base.execute("SELECT count(*) FROM person").fetchone()
            return int(people)
    except sqlite3.Error:
        return 0


def _old_register(place: _Place) -> None:
    _copy(place)
    for file in place.home.glob("register.db*"):
        file.unlink()
    if place.again("{home}", "0001", module="chaos.opening"):
        raise RuntimeError(place.said())


def _after_migrate(place: _Place, found: Findings, point: str) -> None:
    code = place.again("{home}", module="chaos.opening")
    found.hold("after a killed migration the next one goes through", code == 0, f"{point}: {place.said()}")


def _after_backup(place: _Place, found: Findings, point: str) -> None:
    code = place.again("backup", *_KEY, "--out", "{folder}/kept.age")
    found.hold("backup can be done again under the same name", _good(place, code), f"{point}: {place.said()}")
    place.again("backup", *_KEY, "--out", "{folder}/other.age")
    found.hold("the next backup clears what a kill left", not list(place.home.glob("run/backup-*")), point)
    leaked = [file for _, file in invariants.plants_in(place.folder, place.owner.plants) if "public" not in file.parts]
    found.hold("a backup holds nothing in plain", not leaked, f"{point}: {leaked}")
    code = place.again("restore", *_KEY, "{folder}/kept.age", "{folder}/restored")
    found.hold("the backup restores", code == 0, f"{point}: {place.said()}")
    _same(place, found, point)


def _good(place: _Place, code: int | None) -> bool:
    # Killed after the rename the backup stands, and a second one under its name is refused.
    return code == 0 or (code == 1 and "exists already" in place.said())


def _made_backup(place: _Place) -> None:
    _copy(place)
    if place.again("backup", *_KEY, "--out", "{folder}/kept.age"):
        raise RuntimeError(place.said())


def _after_restore(place: _Place, found: Findings, point: str) -> None:
    """A folder half restored is no office; restored again, into a new folder, it is the same as before."""
    restored = place.folder / "restored"
    if (restored / "keys/master.key").exists():
        _same(place, found, point)
        return
    opens = place.again("{folder}/restored", module="chaos.opening") == 0
    found.hold("a folder half restored does not open", not opens, point)
    shutil.rmtree(restored, ignore_errors=True)
    code = place.again("restore", *_KEY, "{folder}/kept.age", "{folder}/restored")
    found.hold("restore can be done again", code == 0, f"{point}: {place.said()}")
    _same(place, found, point)


def _same(place: _Place, found: Findings, point: str) -> None:
    """The restored workspace has the same events and holds every invariant."""
    restored = place.folder / "restored"
    before, after = invariants.read(place.home).events, invariants.read(restored).events
    found.hold("restored is what was backed up", before == after, point)
    held = invariants.check(restored, {}, [])
    found.checked += held.checked
    found.violations += [(name, f"restored after {point}: {what}") for name, what in held.violations]


VERBS: Mapping[str, Verb] = {
    "init": Verb(("init", "{home}"), _nothing, _after_init),
    "migrate": Verb(("{home}",), _old_register, _after_migrate, module="chaos.opening"),
    "backup": Verb(("backup", *_KEY, "--out", "{folder}/kept.age"), _copy, _after_backup),
    "restore": Verb(
        ("restore", "--key", "{folder}/secret", "{folder}/kept.age", "{folder}/restored"), _made_backup, _after_restore
    ),
}
