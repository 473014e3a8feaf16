"""One round on the line: a small office of real processes, people who work in it, kills at named points and at random.

Two services (reconciler and release loop each), the API, two workers, the portal; people by HTTP and by verbs. Only
Prefect is a stand-in: rounds with the real one are in `chaos.storm`.
"""

import json
import os
import random
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from chaos import invariants
from chaos.control import Control
from chaos.disturbances import Disturbance
from chaos.invariants import Findings
from chaos.keeper import Keeper, Nursery, Program
from chaos.kills import Kill, Killer
from chaos.people import DRAFTER, HEAD, LEADER, OFFICER, OPERATOR
from chaos.stand_in import StandIn
from pubflow.cli.demo import new_workspace
from pubflow.office.people import sign_in
from pubflow.wiring import open_workspace

PEOPLE = ((DRAFTER, 0), (DRAFTER, 1), (HEAD, 0), (OFFICER, 0), (LEADER, 0), (OPERATOR, 0))
DISK = "disk"  # all that belongs to the office lies in it, and what the harness writes does not
READY_WITHIN = 60.0  # seconds
STILL = 75.0  # seconds without any report moving after which the line counts as stuck
QUIET_WITHIN = 600.0  # seconds at most for everything due to become public
GRACE = "5"  # seconds instead of 30, as a dead run of the light worker has its lease for 3 and not for 20
SEEN_WITHIN = 3.0  # seconds from reading the clock to the link being seen, on a busy machine
A_STEP = timedelta(seconds=20)  # the smallest step back is three times as long
TYPES = 0.3  # share of decisions that people type as verbs
LOOK = 0.005  # seconds between two looks of the witness
CHANNEL = """
[channels.work_group]
name = "工作群"
url_env = "PUBFLOW_NOTICE_GROUP"
to = "group"
"""
INSIDE = Path(__file__).with_name("inside")


@dataclass
class Template:
    """A workspace made once and copied for each round, and a token for each of its persons."""

    home: Path
    tokens: dict[str, str]

    @classmethod
    def make(cls, folder: Path) -> "Template":
        """Through the same functions as `pubflow init`, `people password` and `login`."""
        home = folder / "template"
        passwords = new_workspace(home)
        with (home / "config/notices.toml").open("a", encoding="utf-8") as notices:
            notices.write(CHANNEL)
        office = open_workspace(home)
        now = datetime.now(UTC)
        tokens = {person: sign_in(office, person, password, now=now)[0] for person, password in passwords.items()}
        office.close()
        return cls(home, tokens)

    def copy(self, to: Path) -> Path:
        """A workspace of one's own."""
        return shutil.copytree(self.home, to, symlinks=True)


@dataclass
class RoundResult:
    """What one round left behind. left: reports that stay on the line though they should not."""

    kills: list[Kill]
    found: Findings
    left: list[str]
    numbers: dict[str, Any]
    reached: dict[tuple[str, str], int]


class LineRound:
    """A fresh office in `folder`; `work` storms, `end` stops it. folder/disk/office is the workspace."""

    def __init__(self, folder: Path, template: Template, nursery: Nursery, chance: random.Random) -> None:
        self.disk = folder / DISK
        self.disk.mkdir(parents=True, exist_ok=True)
        self.home = template.copy(self.disk / "office")
        self.folder, self.chance = folder, chance
        self.control_folder = folder / f"control-{secrets.token_hex(3)}"
        self.control_folder.mkdir(mode=0o700)
        self.clock = self.control_folder / "clock"
        self._offsets: list[tuple[float, float]] = []  # (monotonic time of the step, seconds that the clock is off)
        self.set_clock(0.0)
        self.control = Control(self.control_folder)
        self.prefect = StandIn(random.Random(chance.random()))  # noqa: S311 - no secret
        self.api_port, self.portal_port = _free(2)
        self.seen: list[dict[str, Any]] = []
        self._over = threading.Event()
        environment = self._environment()
        self.keeper = Keeper(nursery, environment, self.home / "logs")
        for program in self._programs():
            self.keeper.start(program)
        self._wait_for_the_api()
        self._people(template, environment)
        threading.Thread(target=self._witness, daemon=True).start()

    def storm(
        self,
        orders: Sequence[tuple[str, str]],
        kills: int,
        seconds: float,
        disturbances: Sequence[Disturbance] = (),
    ) -> list[Kill]:
        """Kill at these points and at random, at most so many and so long, amid the disturbances; then calm."""
        self.prefect.start("daily")
        killer = Killer(self.control, self.keeper, self.chance, orders)
        with ExitStack() as stack:
            for disturbance in disturbances:
                stack.enter_context(disturbance(self))
            killer.work(kills, seconds)
        return killer.kills

    def finish(self, kills: list[Kill]) -> RoundResult:
        """Nobody is killed any more; the people end what they have begun. Then everything is looked at.

        A clock that was set must show in the audit history: else the steps never reached the office.
        """
        self.phase("finish")
        self.prefect.start("daily")
        left = invariants.wait_until_nothing_is_left(self.home, self.on_the_line, STILL, QUIET_WITHIN)
        self.phase("stop")
        time.sleep(0.6)
        found = invariants.check(self.home, self.plants(), self.seen, delivered=self.prefect.delivered)
        register = invariants.read(self.home)
        published = sum(edition["stage"] == "published" for edition in register.editions)
        if len(self._offsets) > 1:
            times = [invariants.moment(one["at"]) for one in register.events]
            steps = sum(abs(late - early) > A_STEP for early, late in pairwise(times))
            # The first is that from the making of the template to this round.
            found.hold("the clock's steps reach the office", steps > 1, f"{len(times)} events without a step")
        found.hold("a round publishes something", published > 0, f"{len(register.editions)} reports, none public")
        return RoundResult(
            kills,
            found,
            left,
            {**numbers(register, self.journals(), kills), "processes ended by themselves": len(self.keeper.fallen)},
            dict(self.control.reached),
        )

    def end(self) -> None:
        """Stop everything."""
        self._over.set()
        self.keeper.close()
        self.prefect.close()
        self.control.close()

    def phase(self, phase: str) -> None:
        """What the people are to do now."""
        passing = self.control_folder / "phase.new"
        passing.write_text(phase)
        passing.replace(self.control_folder / "phase")

    def set_clock(self, seconds: float) -> None:
        """From now on the office's clock is so many seconds off."""
        self._offsets.append((time.monotonic(), seconds))
        passing = self.control_folder / "clock.new"
        passing.write_text(str(seconds))
        passing.replace(self.clock)  # a reader sees the old number or the new one

    def latest_now(self) -> datetime:
        """The latest that the office's clock can have shown when it did what is seen now: a switch may have read it
        just before a step back."""
        since = time.monotonic() - SEEN_WITHIN
        older = [seconds for at, seconds in self._offsets if at <= since][-1:]
        return datetime.now(UTC) + timedelta(seconds=max(older + [one for at, one in self._offsets if at > since]))

    def journals(self) -> list[dict[str, Any]]:
        """What the people wrote down."""
        files = sorted(self.control_folder.glob("*.jsonl"))
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        return [json.loads(line) for line in lines if line.endswith("}")]

    def plants(self) -> dict[str, str]:
        """{planted sentence: report}."""
        return {line["plant"]: line["report"] for line in self.journals() if "plant" in line}

    def on_the_line(self) -> list[str]:
        """Reports that are to go on and have not arrived."""
        kept = {line["kept"] for line in self.journals() if "kept" in line}
        editions = invariants.read(self.home).editions
        waiting = [one for one in editions if one["stage"] not in invariants.ENDED and one["report_id"] not in kept]
        return [f"{one['report_id']} in {one['stage']}" for one in waiting]

    def release_waited_for(self) -> str:
        """The newest release that is signed and not public yet."""
        releases = invariants.read(self.home).releases
        return max(one for one, row in releases.items() if row["state"] in ("confirmed", "staged"))

    # --- inside

    def _environment(self) -> dict[str, str]:
        return {
            "PUBFLOW_HOME": str(self.home),
            "PUBFLOW_DESK_URL": f"http://127.0.0.1:{self.api_port}",
            "PUBFLOW_PORTAL_URL": f"http://127.0.0.1:{self.portal_port}",
            "PUBFLOW_NOTICE_GROUP": self.prefect.messages,
            "PREFECT_API_URL": self.prefect.address,
            "PREFECT_API_AUTH_STRING": "operator:chaos",
            "PUBFLOW_CHAOS_SOCKET": self.control.address,
            "PUBFLOW_CHAOS_ROOT": str(self.disk),
            "PUBFLOW_CHAOS_CLOCK": str(self.clock),
        }

    def _programs(self) -> list[Program]:
        worker = ("chaos.light_worker", (self.prefect.address,), "worker")
        service = ("pubflow", ("service",), "service")
        return [
            Program("service-1", *service),
            Program("service-2", *service),
            Program("api", "pubflow", ("serve-api", "--port", str(self.api_port)), "api"),
            Program("worker-1", *worker),
            Program("worker-2", *worker),
            Program("portal", "pubflow", ("portal", "serve", "--port", str(self.portal_port)), "portal"),
        ]

    def _people(self, template: Template, environment: dict[str, str]) -> None:
        verbs = {**environment, "PYTHONPATH": f"{INSIDE}:{os.environ.get('PYTHONPATH', '')}"}
        drafters = sum(name == DRAFTER for name, _ in PEOPLE)
        desk = f"http://127.0.0.1:{self.api_port}"
        known = {"desk": desk, "tokens": template.tokens, "drafters": drafters, "types": TYPES, "verbs": verbs}
        (self.control_folder / "office.json").write_text(json.dumps(known))
        self.phase("work")
        for name, number in PEOPLE:
            words = (name, str(number), str(self.control_folder), str(self.chance.randrange(1 << 32)))
            self.keeper.start(Program(f"{name}-{number}", "chaos.people", words, keep=False))

    def _wait_for_the_api(self) -> None:
        until = time.monotonic() + READY_WITHIN
        while not any(what == "accepting requests" for _, what in list(self.control.works)):
            if time.monotonic() > until:
                raise TimeoutError(f"the API does not start: {(self.home / 'logs/api.log').read_text()[-1000:]}")
            time.sleep(0.05)

    def _witness(self) -> None:
        """Note each switch of the public tree with the time it was first seen, never before it happened."""
        root, last = self.home / "public" / "root", ""
        while not self._over.wait(LOOK):
            try:
                link = str(root.readlink())
                if link == last:
                    continue
                at, last = self.latest_now(), link
                manifest = json.loads((root.parent / link).with_name("manifest").read_text())
            except (OSError, ValueError):
                continue
            if manifest["release"] != "-":
                self.seen.append({"at": at.isoformat(), "release": manifest["release"], "generation": manifest["name"]})


def numbers(
    register: invariants.Register, journals: Sequence[Mapping[str, Any]], kills: Sequence[Kill]
) -> dict[str, Any]:
    """How much happened, so that no violations can be told from nothing done."""
    actions = [one["action"] for one in register.events]
    counted = {verb: actions.count(verb) for verb in ("start", "edit", "return", "recall", "hold", "move", "fail")}
    return {
        **counted,
        "published": sum(edition["stage"] == "published" for edition in register.editions),
        "refused": actions.count("refused"),
        "write_failed": actions.count("write_failed"),
        "events": len(register.events),
        "requests unanswered": sum("unanswered" in line for line in journals),
        "answers 5xx": sum("failed" in line for line in journals),
        "verbs killed": sum("verb_killed" in line for line in journals),
        "next step s": _next_step(register),
        "lateness s": _lateness(register, kills),
    }


def _next_step(register: invariants.Register) -> list[float]:
    """Seconds from each decision of a person to the machine step that follows on the same report."""
    waiting: dict[str, datetime] = {}
    seconds = []
    for event in register.events:
        subject, at = event["subject"], invariants.moment(event["at"])
        if event["actor"].startswith("flow:") and subject in waiting:
            seconds.append(round((at - waiting.pop(subject)).total_seconds(), 3))
        elif event["action"] in ("submit", "approve", "clear") and event["from_state"] != event["to_state"]:
            waiting[subject] = at
    return seconds


def _lateness(register: invariants.Register, kills: Sequence[Kill]) -> list[dict[str, Any]]:
    """Of each release: seconds from its instant, or the last signature if later, to the switch; kills meanwhile."""
    rows = []
    for release in register.releases.values():
        if release["state"] == "released" and not any(one["action"] == "hold" for one in register.about(release["id"])):
            signed = [one["at"] for one in register.about(release["id"]) if one["action"] == "confirm"]
            since = max(map(invariants.moment, [*signed, release["instant"]]))
            public = invariants.moment(release["released_at"])
            hit = sum(since <= kill.at <= public for kill in kills)
            rows.append({"seconds": round((public - since).total_seconds(), 3), "kills meanwhile": hit})
    return rows


def _free(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
