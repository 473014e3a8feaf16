"""What `pubflow doctor` looks at. It reads only; each problem names the verb that mends it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from pubflow.audit.verify import verify
from pubflow.cli.prefect import connect
from pubflow.cli.reading_only import Register, read_only_engine
from pubflow.confidentiality.actions import marks
from pubflow.confidentiality.attached import look_into
from pubflow.errors import PubflowError
from pubflow.lifecycle.stages import Stage
from pubflow.moments import iso, shown
from pubflow.office.checkpoints import stored_checkpoints
from pubflow.office.gauges import gauges
from pubflow.office.office import Home, Office
from pubflow.office.reminders import overdue_reports
from pubflow.publication.tree import PublicTree
from pubflow.publication.verifying import published_files
from pubflow.records.pending import Pending
from pubflow.records.schema import differences
from pubflow.records.store import Records
from pubflow.records.tables import Attachment, Edition, Publication
from pubflow.service import stuck
from pubflow.service.stuck_messages import stuck_messages
from pubflow.service.stuck_workflows import stuck_workflows
from pubflow.service.supervisor import POOL, read_addresses
from pubflow.settings import load_settings
from pubflow.vault import MasterKey, Vault

SILENT = timedelta(seconds=90)  # the worker reports every 30 s


@dataclass(frozen=True)
class Trouble:
    """One problem: which check found it, what it is, what to type."""

    about: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Findings:
    """What was checked, what is wrong, and the gauges of the alarm (none when the register cannot be read)."""

    checked: list[str]
    problems: list[Trouble]
    gauges: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Patient:
    home: Home
    engine: Engine
    office: Office
    now: datetime


Check = Callable[[_Patient], Iterator[tuple[str, str]]]


def examine(home_path: Path, now: datetime) -> Findings:
    """The checks made and the problems found. Raises WorkspaceError for a folder that is no workspace."""
    home = Home(home_path)
    engine = read_only_engine(home_path)
    try:
        office = Office(
            home,
            load_settings(home.config),
            Records(engine, Pending(home.pending)),
            Vault(MasterKey.load(home.master_key)),
            marks,
            look_into,
        )
    except PubflowError as error:  # without configuration and key nothing else can be looked at
        engine.dispose()
        trouble = Trouble("configuration and keys", str(error), "pubflow config check")
        return Findings(["configuration and keys"], [trouble])
    patient = _Patient(home, engine, office, now)
    problems: list[Trouble] = []
    for about, check in CHECKS.items():
        try:
            problems += [Trouble(about, what, remedy) for what, remedy in check(patient)]
        except (PubflowError, DatabaseError, OSError) as error:
            problems.append(
                Trouble(about, f"cannot be checked: {error}", "mend the problem named, then pubflow doctor")
            )
    try:
        gauged = shown_gauges(office, now)
    except DatabaseError:  # told already, by each check
        gauged = {}
    engine.dispose()
    return Findings(list(CHECKS), problems, gauged)


def shown_gauges(office: Office, now: datetime) -> dict[str, Any]:
    """The gauges as `--json` shows them."""
    found = gauges(office, now)

    def rows(ones: Any) -> list[dict[str, str]]:
        return [{"release": one.release, "state": one.state, "instant": iso(one.instant)} for one in ones]

    return {
        "alarm": found.alarm,
        "overdue": rows(found.overdue),
        "not_staged": rows(found.not_staged),
        "failed": rows(found.failed),
        "late_reports": sorted(overdue_reports(office, now)),
        "next_release": next(iter(rows([found.next_release] if found.next_release else [])), None),
    }


def _keys(patient: _Patient) -> Iterator[tuple[str, str]]:
    for place in (patient.home.keys, patient.home.run, *sorted(patient.home.keys.iterdir())):
        if place.stat().st_mode & 0o077:
            yield f"{place} can be read by others", f"chmod {'700' if place.is_dir() else '600'} {place}"


def _schema(patient: _Patient) -> Iterator[tuple[str, str]]:
    if differences(patient.engine):
        yield "the register's schema is not that of this program", "pubflow up (it migrates), after a backup"


def _chain(patient: _Patient) -> Iterator[tuple[str, str]]:
    verdict = verify(Register(patient.engine).events(), stored_checkpoints(patient.office))
    if not verdict.good:
        yield f"{verdict}", "pubflow audit verify"


def _processes(patient: _Patient) -> Iterator[tuple[str, str]]:
    addresses = read_addresses(patient.home.path)
    if addresses is None:
        yield "the office does not run", "pubflow up"
        return
    logs = f"look into {patient.home.path / 'logs'}; pubflow up"
    for name, address in (("API", addresses.desk), ("portal", addresses.portal)):
        try:
            good = httpx.get(f"{address}/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            good = False
        if not good:
            yield f"the {name} does not answer at {address}", logs
    with connect(patient.home.path) as prefect:
        if not prefect.is_healthy():
            yield f"Prefect does not answer at {prefect.address}", logs
            return
        heard = max(prefect.worker_heartbeats(POOL).values(), default=None)
        if heard is None or heard < patient.now - SILENT:
            since = f"since {shown(heard, seconds=True)}" if heard else "at all"
            yield f"the worker has not reported to Prefect {since}: no machine step runs", logs
        if prefect.is_paused(POOL):
            yield "the work pool is paused in Prefect: no machine step runs", "pubflow flow resume"


def _of_register(kind: Callable[[Office, datetime], Iterator[stuck.Stuck]]) -> Check:
    def check(patient: _Patient) -> Iterator[tuple[str, str]]:
        for one in kind(patient.office, patient.now):
            yield one.what, one.verb

    return check


def _public(patient: _Patient) -> Iterator[tuple[str, str]]:
    tree = PublicTree(patient.home.public)
    with Session(patient.engine) as session:
        rows = session.exec(
            select(Publication)
            .join(Edition, col(Edition.id) == col(Publication.edition_id))
            .where(Edition.stage == Stage.PUBLISHED)
        ).all()
        with_files = (
            select(Publication)
            .join(Edition, col(Edition.id) == col(Publication.edition_id))
            # Of the others no text needs to be opened.
            .where(Edition.stage == Stage.PUBLISHED, col(Edition.report_id).in_(select(Attachment.report_id)))
        )
        files = [
            (row.release_id, path, digest)
            for row in session.exec(with_files)
            for path, digest in published_files(patient.office, session, row).items()
        ]
    pages = [(row.release_id, f"{row.path}index.html", row.digest) for row in rows]
    for release, path, digest in [*pages, *files]:
        shown_as = path.removesuffix("index.html")
        content = tree.read(path)
        if content is None:
            yield f"{shown_as} is published but not in the public tree", f"pubflow release show {release}"
        elif hashlib.sha256(content).hexdigest() != digest:
            yield f"{shown_as} differs from what was released", f"pubflow release show {release}"


CHECKS: dict[str, Check] = {
    "keys are readable by their owner only": _keys,
    "the schema is the program's": _schema,
    "the audit history holds and meets its checkpoints": _chain,
    "the processes answer": _processes,
    "no release is overdue, unready or failed": _of_register(stuck.stuck_releases),
    "no due step is older than a minute": _of_register(stuck.stuck_steps),
    "every task has somebody who may take it": _of_register(stuck.without_anybody),
    "every workflow can be walked": _of_register(stuck_workflows),
    "no message is stuck": _of_register(stuck_messages),
    "what is done daily was done": _of_register(stuck.neglected),
    "nothing is left half done": _of_register(stuck.unfinished),
    "what is public holds by the rules and facts of today": _of_register(stuck.of_the_check),
    "the public pages are those released": _public,
}
