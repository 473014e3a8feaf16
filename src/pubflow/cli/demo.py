"""`pubflow demo`: the main job on the real 2016 report, by the same verbs that people type.

Five persons of the shipped configuration act; what they decide about the report is data (config/demo/). Nothing here
reaches past the command line but the setting up of the workspace and of the passwords, which its owner may.
"""

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pubflow.drafting.import_decisions import ImportDecisions, read_decisions
from pubflow.errors import WorkspaceError
from pubflow.moments import shown, utc_now
from pubflow.service.supervisor import Addresses, running
from pubflow.settings import shipped_config

MARK = "made-by-pubflow-demo"
PASSWORDS = "demo-passwords"
SCENARIO = "2016-report.toml"
WAIT = 60.0  # seconds for a machine step to be done
RELEASE_IN = "12s"
_STEPS = 18
DRAFTER, HEAD, OFFICER, LEADER, OPERATOR = "lin_xiao", "fang_zhi", "wan_ning", "liao_jun", "gong_lei"


@dataclass
class Show:
    """What the demo prints: one line a step with its time, and a progress bar while it lasts."""

    console: Console
    progress: Progress
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._task = self.progress.add_task("starting", total=_STEPS)

    @contextmanager
    def step(self, who: str, what: str) -> Iterator[Callable[[str], None]]:
        """One step; the body may call what it is given to add an outcome to the line."""
        self.progress.update(self._task, description=what)
        outcome: list[str] = []
        start = time.monotonic()
        yield outcome.append
        seconds = time.monotonic() - start
        said = f"[dim]  {'; '.join(outcome)}[/dim]" if outcome else ""
        at = time.monotonic() - self.began
        self.console.print(
            f"[green]✓[/green] {at:5.1f} s  [cyan]{who:<10}[/cyan] {what} [dim]({seconds:.1f} s)[/dim]{said}",
            highlight=False,
            soft_wrap=True,
        )
        self.progress.advance(self._task)


@dataclass
class Office:
    """A running office and its people; each verb is a process of its own with its person's token."""

    home: Path
    addresses: Addresses
    tokens: dict[str, str] = field(default_factory=dict)

    def run(self, person: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `pubflow WORDS` as `person`."""
        environment = os.environ | {
            "PUBFLOW_HOME": str(self.home),
            "PUBFLOW_URL": self.addresses.desk,
            "PUBFLOW_TOKEN": self.tokens.get(person, ""),
        }
        command = [sys.executable, "-m", "pubflow", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def verb(self, person: str, *words: str) -> Any:
        """Run `pubflow WORDS --json` as `person`; what it printed, decoded. Raises WorkspaceError with its reason."""
        done = self.run(person, *words, "--json")
        if done.returncode != 0:
            raise WorkspaceError(f"`pubflow {shlex.join(words)}` failed: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def sign_in(self, person: str, password: str) -> None:
        """A token for one person, as `pubflow login` gets one."""
        given = {"person": person, "password": password}
        answer = httpx.post(f"{self.addresses.desk}/session", json=given, trust_env=False)
        answer.raise_for_status()
        self.tokens[person] = answer.json()["token"]

    def wait_until_open(self, person: str, report: str, action: str) -> dict[str, Any]:
        """Wait until `person` may take `action`: the stage's flow has done its work."""

        def look() -> dict[str, Any] | None:
            view: dict[str, Any] = self._get(person, f"/reports/{report}")
            return view if view["actions"].get(action) == [] else None

        return self._wait(look, f"{action} by {person}")

    def wait_until_release(self, release: str, holds: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Wait until a release is as `holds` says."""

        def look() -> dict[str, Any] | None:
            row: dict[str, Any] = self._get(OPERATOR, f"/releases/{release}")
            return row if holds(row) else None

        return self._wait(look, what)

    def _get(self, person: str, path: str) -> Any:
        token = {"Authorization": f"Bearer {self.tokens[person]}"}
        answer = httpx.get(self.addresses.desk + path, headers=token, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def _wait(self, look: Callable[[], dict[str, Any] | None], what: str) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            seen = look()
            if seen is not None:
                return seen
            time.sleep(0.2)
        raise WorkspaceError(f"Waiting for {what} took over {WAIT:.0f} s.", f"Look into {self.home / 'logs'}.")


def demo(directory: Path, *, stay: bool = False) -> int:
    """Run the main job in a new workspace at `directory`; returns the exit code.

    stay: leave everything running until Ctrl-C. Raises WorkspaceError when something does not work.
    """
    console = Console()
    scenario = read_scenario()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with ExitStack() as stack:
        show = Show(console, stack.enter_context(Progress(*columns, console=console, transient=True)))
        with show.step("owner", f"pubflow init {directory.name}"):
            passwords = new_workspace(directory)
        with show.step("owner", "pubflow up") as say:
            addresses, supervisor = stack.enter_context(running(directory, say=_log_of(directory)))
            say(f"Prefect {addresses.prefect}")
        office = Office(directory, addresses)
        with show.step("everybody", "pubflow login"):
            for person, password in passwords.items():
                office.sign_in(person, password)
        report, path = _main_job(office, show, scenario)
        with show.step("owner", "pubflow audit verify") as say:
            events = office.verb(OPERATOR, "audit", "verify")["events"]
            say(f"{events} events, the chain holds")
        show.progress.stop()
        _say_where(console, office, report, path, events, stay=stay)
        if stay:
            supervisor.wait()
    return 0


def read_scenario() -> ImportDecisions:
    """What the demo's persons decide about the report. Raises BadInput naming every key that is wrong."""
    file = shipped_config() / "demo" / SCENARIO
    return read_decisions(tomllib.loads(file.read_text(encoding="utf-8")), file.name)


def new_workspace(directory: Path) -> dict[str, str]:
    """`pubflow init`, and a password for each of the five persons; an earlier demo's workspace is replaced."""
    if (directory / MARK).exists():
        shutil.rmtree(directory)
    from pubflow.office.people import OPERATOR_ON_SITE, set_password  # late: other verbs need no database
    from pubflow.wiring import create_workspace

    office = create_workspace(directory, utc_now())
    (directory / MARK).touch()
    passwords = {person: secrets.token_urlsafe(12) for person in (DRAFTER, HEAD, OFFICER, LEADER, OPERATOR)}
    for person, password in passwords.items():
        set_password(office, OPERATOR_ON_SITE, person, password, now=utc_now())
    office.close()
    kept = directory / "run" / PASSWORDS
    kept.touch(mode=0o600)
    kept.write_text("".join(f"{person} {password}\n" for person, password in passwords.items()))
    return passwords


def _main_job(office: Office, show: Show, scenario: ImportDecisions) -> tuple[str, str]:
    """Import to public page; the report's number and its public path."""
    report = draft(office, show, scenario)
    digest = review(office, show, report)
    return report, release_it(office, show, report, digest)


def draft(office: Office, show: Show, scenario: ImportDecisions) -> str:
    file = str(_seed(scenario.file))
    words = ("--title", scenario.title, "--kind", scenario.kind, "--category", scenario.category)
    with show.step(DRAFTER, f"report import {scenario.file}") as say:
        read = office.verb(DRAFTER, "report", "import", file, *words)
        report = str(read["report"])
        say(f"{report}: {read['pinyin_removed']} pinyin removed, categories add up to {sum(read['counts'].values())}")
        say(f"{len(read['warnings'])} warnings for a person")
    with show.step(DRAFTER, "report submit") as say:
        say(_refused(office, DRAFTER, "report", "submit", report))
    with show.step(DRAFTER, "report warnings --accept") as say:
        for decision in scenario.decisions:
            if decision.decision == "accept":
                answer = ("--accept", decision.code, "--reason", decision.reason)
                office.verb(DRAFTER, "report", "warnings", report, *answer)
                say(decision.code)
    with show.step(DRAFTER, "report edit --replace (the destroyed run)"):
        for decision in scenario.decisions:
            for mend in decision.mends:
                change = ("--replace", mend.old, "--with", mend.new, "--reason", mend.reason)
                office.verb(DRAFTER, "report", "edit", report, *change)
    with show.step(DRAFTER, "report submit"):
        office.verb(DRAFTER, "report", "submit", report)
    return report


def review(office: Office, show: Show, report: str) -> str:
    with show.step("flow", "department-review"):
        digest = str(office.wait_until_open(HEAD, report, "approve")["line"]["digest"])
    with show.step(DRAFTER, "review approve (the author)") as say:
        say(_refused(office, DRAFTER, "review", "approve", report, "--digest", digest[:12]))
    with show.step(HEAD, "review approve"):
        office.verb(HEAD, "review", "approve", report, "--digest", digest[:12], "--reason", "数据与台账一致，同意")
    with show.step("flow", "confidentiality-check") as say:
        office.wait_until_open(OFFICER, report, "return")
        say(f"{len(office.verb(OFFICER, 'check', 'findings', report))} findings")
    with show.step(OFFICER, "check clear"):
        words = ("--result", "公开", "--opinion", "不涉及国家秘密、商业秘密和个人隐私，可以公开", "--all-no")
        office.verb(OFFICER, "check", "clear", report, "--digest", digest[:12], *words)
    with show.step("flow", "approval"):
        office.wait_until_open(LEADER, report, "return")
    return digest


def release_it(office: Office, show: Show, report: str, digest: str) -> str:
    with show.step(DRAFTER, f"release plan --in {RELEASE_IN}") as say:
        release = office.verb(DRAFTER, "release", "plan", report, "--in", RELEASE_IN)
        instant = datetime.fromisoformat(release["instant"])
        say(f"{release['id']} at {shown(instant, seconds=True)}")
    with show.step(LEADER, "sign"):
        office.verb(LEADER, "sign", report, "--digest", digest[:12], "--reason", "同意发布")
    path = f"items/{report[2:6]}/{int(report[7:]) // 100:02d}/{report}/"
    page = f"{office.addresses.portal}/{path}"
    with show.step("flow", "scheduled-publication (staged)"):
        office.wait_until_release(release["id"], lambda row: row["state"] in ("staged", "released"), "staging")
    with show.step("public", "one second before the instant") as say:
        _sleep_until(instant - timedelta(seconds=1))
        say(f"HTTP {httpx.get(page, trust_env=False).status_code}")
    with show.step("loop", "the switch, one second after the instant") as say:
        _sleep_until(instant + timedelta(seconds=1))
        answer = httpx.get(page, trust_env=False)
        for expected in ("A25010-7481-1397-0846-6018-8139", "209", "1967"):
            if answer.status_code != 200 or expected not in answer.text:
                raise WorkspaceError(f"The public page lacks {expected} (HTTP {answer.status_code}).", page)
        say(f"HTTP {answer.status_code} with A25010-7481-1397-0846-6018-8139, 209 and 1967")
    with show.step("flow", "scheduled-publication (fetched and verified)") as say:
        row = office.wait_until_release(release["id"], lambda row: row["verified_at"], "verification")
        say(f"public {row['lateness_ms']} ms after its instant")
    return path


def _refused(office: Office, person: str, *words: str) -> str:
    """Run a verb that the rules must refuse; its reason. Raises WorkspaceError if it went through."""
    done = office.run(person, *words)
    if done.returncode != 1:
        raise WorkspaceError(f"`pubflow {shlex.join(words)}` should have been refused.", done.stdout)
    return f"refused: {done.stderr.strip().splitlines()[0]}"


def _seed(name: str) -> Path:
    """The real report, in the checkout's test data."""
    file = shipped_config().parent / "tests" / "data" / name
    if not file.exists():
        raise WorkspaceError(f"{file} is missing.", "Run the demo in a checkout of pubflow.")
    return file


def _sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - utc_now()).total_seconds()))


def _log_of(directory: Path) -> Callable[[str], None]:
    """What `pubflow up` says goes to a file: the demo has lines of its own."""

    def say(line: str) -> None:
        with (directory / "run" / "demo.log").open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    return say


def _say_where(console: Console, office: Office, report: str, path: str, events: int, *, stay: bool) -> None:
    """The addresses, and what to look at next."""
    at, home = office.addresses, office.home

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, highlight=False)

    say(f"\n[bold]{report} is public.[/bold] The audit history of {events} events verifies.")
    say(f"public page   {at.portal}/{path}")
    say(f"Prefect UI    {at.prefect}  (user name and password: {home}/prefect/auth)")
    say(f"desk API      {at.desk}  (persons and passwords: {home}/run/{PASSWORDS})")
    say(f"workspace     {home}")
    if stay:
        say("Everything keeps running; Ctrl-C stops it.")
    else:
        say(f"All processes are stopped now. To look around: PUBFLOW_HOME={home} pubflow up")
