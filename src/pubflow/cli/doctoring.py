"""What `pubflow doctor` looks at. It reads only; each problem names the verb that mends it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from pubflow.audit.verify import verify
from pubflow.cli.reading_only import Register, read_only_engine
from pubflow.confidentiality.actions import marks
from pubflow.errors import PubflowError
from pubflow.lifecycle.stages import ReleaseState, Stage
from pubflow.moments import iso, shown
from pubflow.office.due import due_steps
from pubflow.office.office import Home, Office
from pubflow.prefect_client import Prefect
from pubflow.publication.tree import PublicTree
from pubflow.records.pending import Pending
from pubflow.records.schema import differences
from pubflow.records.store import Records
from pubflow.records.tables import AuditEvent, Edition, Publication, Release
from pubflow.service.supervisor import read_addresses
from pubflow.settings import load_settings
from pubflow.vault import MasterKey, Vault

PATIENCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Trouble:
    """One problem: which check found it, what it is, what to type."""

    about: str
    what: str
    remedy: str


@dataclass(frozen=True)
class _Patient:
    home: Home
    engine: Engine
    office: Office
    now: datetime


Check = Callable[[_Patient], Iterator[tuple[str, str]]]


def examine(home_path: Path, now: datetime) -> tuple[list[str], list[Trouble]]:
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
        )
    except PubflowError as error:  # without configuration and key nothing else can be looked at
        engine.dispose()
        return ["configuration and keys"], [Trouble("configuration and keys", str(error), "pubflow config check")]
    patient = _Patient(home, engine, office, now)
    problems: list[Trouble] = []
    for about, check in CHECKS.items():
        try:
            problems += [Trouble(about, what, remedy) for what, remedy in check(patient)]
        except (PubflowError, DatabaseError, OSError) as error:
            problems.append(
                Trouble(about, f"cannot be checked: {error}", "mend the problem named, then pubflow doctor")
            )
    engine.dispose()
    return list(CHECKS), problems


def _keys(patient: _Patient) -> Iterator[tuple[str, str]]:
    for place in (patient.home.keys, patient.home.run, *sorted(patient.home.keys.iterdir())):
        if place.stat().st_mode & 0o077:
            yield f"{place} can be read by others", f"chmod {'700' if place.is_dir() else '600'} {place}"


def _schema(patient: _Patient) -> Iterator[tuple[str, str]]:
    if differences(patient.engine):
        yield "the register's schema is not that of this program", "pubflow up (it migrates), after a backup"


def _chain(patient: _Patient) -> Iterator[tuple[str, str]]:
    verdict = verify(Register(patient.engine).events())
    if not verdict.good:
        yield f"audit event {verdict.bad_seq}: {verdict.what}", "pubflow audit verify"


def _pending(patient: _Patient) -> Iterator[tuple[str, str]]:
    waiting = Pending(patient.home.pending).waiting()
    if waiting:
        yield f"{len(waiting)} events wait for space", "free disk space; the next write records them"


def _processes(patient: _Patient) -> Iterator[tuple[str, str]]:
    addresses = read_addresses(patient.home.path)
    if addresses is None:
        yield "the office does not run", "pubflow up"
        return
    for name, address in (("API", addresses.desk), ("portal", addresses.portal)):
        try:
            good = httpx.get(f"{address}/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            good = False
        if not good:
            yield f"the {name} does not answer at {address}", f"look into {patient.home.path / 'logs'}; pubflow up"
    with Prefect(addresses.prefect_api, None, timeout=5, attempts=1) as prefect:
        if not prefect.is_healthy():
            yield f"Prefect does not answer at {addresses.prefect}", f"look into {patient.home.path / 'logs'}"


def _steps(patient: _Patient) -> Iterator[tuple[str, str]]:
    """Steps that are due although nothing has happened to their subject for a minute."""
    for due in due_steps(patient.office):
        with Session(patient.engine) as session:
            last = session.exec(
                select(AuditEvent.at)
                .where(AuditEvent.subject == due.subject, col(AuditEvent.action).not_in(("read", "refused")))
                .order_by(col(AuditEvent.seq).desc())
                .limit(1)
            ).first()
        if last is None or last < iso(patient.now - PATIENCE):
            since = f" since {shown(datetime.fromisoformat(last), seconds=True)}" if last else ""
            yield f"{due.step} of {due.subject} is due{since}", f"pubflow flow run {due.step} {due.subject}"


def _releases(patient: _Patient) -> Iterator[tuple[str, str]]:
    ended = (ReleaseState.RELEASED, ReleaseState.CANCELLED)
    with Session(patient.engine) as session:
        open_ones = session.exec(select(Release).where(col(Release.state).not_in(ended))).all()
    for release in open_ones:
        if release.state == ReleaseState.FAILED:
            yield f"{release.id} failed: {release.failure}", f"pubflow release retry {release.id}"
        elif release.instant < patient.now - PATIENCE and not release.held:
            at = shown(release.instant, seconds=True)
            yield f"{release.id} was due at {at} and is {release.state}", f"pubflow release move {release.id} --in 10m"


def _public(patient: _Patient) -> Iterator[tuple[str, str]]:
    tree = PublicTree(patient.home.public)
    with Session(patient.engine) as session:
        rows = session.exec(
            select(Publication)
            .join(Edition, col(Edition.id) == col(Publication.edition_id))
            .where(Edition.stage == Stage.PUBLISHED)
        ).all()
    for row in rows:
        content = tree.read(f"{row.path}index.html")
        if content is None:
            yield f"{row.path} is published but not in the public tree", f"pubflow release show {row.release_id}"
        elif hashlib.sha256(content).hexdigest() != row.digest:
            yield f"{row.path} differs from what was released", f"pubflow release show {row.release_id}"


CHECKS: dict[str, Check] = {
    "keys are readable by their owner only": _keys,
    "the schema is the program's": _schema,
    "the audit chain holds": _chain,
    "no event waits for space": _pending,
    "the processes answer": _processes,
    "no due step is older than a minute": _steps,
    "no release is overdue or failed": _releases,
    "the public pages are those released": _public,
}
