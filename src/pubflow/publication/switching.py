"""The switch: at its instant a staged release becomes public by one rename, all of it or nothing.

Order of a round, under the tree's lock: finish what a crash left unrecorded; erase what nobody waits for any more;
prepare what is close; switch what is due.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import PubflowError, Reason, StepRefused, StorageFailed
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.rules import LOST_ROLE
from pubflow.lifecycle.stages import ZH, Action, Machine, ReleaseAction, ReleaseState, Stage
from pubflow.lifecycle.steps import objections
from pubflow.office.checkpoints import checkpoint_after_release
from pubflow.office.line import facts_of, move_edition
from pubflow.office.office import Office
from pubflow.publication.listing import after_state
from pubflow.publication.pages import item_path
from pubflow.publication.releases import editions_of, unstage
from pubflow.publication.staging import Files, open_staged, staged_rows, whole_digest
from pubflow.publication.tree import PublicTree, staged_digest
from pubflow.records.store import Tx
from pubflow.records.tables import Publication, Release

PREPARE_AHEAD = timedelta(seconds=10)
PRIMARY = "portal"
RELEASE_LOOP = Actor("release-loop", frozenset({Machine.RELEASE_LOOP}))
_DIFFERENT = Reason("staged_digest", "备妥的页面与登记的摘要不一致；请用 release retry 重新备妥")
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Switched:
    """One release made public. lateness: time from its instant to the moment it was public."""

    release_id: str
    lateness: timedelta


def next_instant(office: Office) -> datetime | None:
    """When the next staged release is due; None when none waits."""
    with office.records.reading() as session:
        waiting = select(Release.instant).where(Release.state == ReleaseState.STAGED, col(Release.held).is_(False))
        return session.exec(waiting.order_by(col(Release.instant)).limit(1)).first()


def release_round(office: Office, clock: Clock) -> list[Switched]:
    """One round of the release loop. Safe to run twice at a time: the lock and the guarded update decide.

    A release that cannot go out is marked failed and does not hold up the others.
    Raises StorageFailed when the disk or database cannot take it, and what nobody foresaw after the other releases have
    had their turn; the next round tries again.
    """
    tree = PublicTree(office.home.public)
    with tree.lock():
        switched = _finish_unrecorded(office, tree, clock)
        with office.records.reading() as session:
            staged = session.exec(
                select(Release)
                .where(Release.state == ReleaseState.STAGED, col(Release.held).is_(False))
                .order_by(col(Release.instant), col(Release.id))
            ).all()
        close = [release for release in staged if release.instant - clock() <= PREPARE_AHEAD]
        _erase_unwanted(office, tree, close)
        unforeseen: list[Exception] = []
        for release in close:
            try:
                _prepare(office, tree, release)
                done = _switch(office, tree, release, clock) if release.instant <= clock() else None
                switched += [done] if done else []
            except StorageFailed:
                raise
            except StepRefused as refused:
                if {reason.code for reason in refused.reasons} == {LOST_ROLE}:
                    _hold(office, release, str(refused), clock())
                else:
                    _fail(office, release, str(refused), clock())
            except PubflowError as error:
                _fail(office, release, str(error), clock())
            except Exception as error:
                if _is_public(tree, release):
                    raise  # the next release must not be built on one that is not recorded
                unforeseen.append(error)
    if switched:
        checkpoint_after_release(office, clock())
    if unforeseen:
        raise unforeseen[0]
    return switched


def _is_public(tree: PublicTree, release: Release) -> bool:
    manifest = tree.manifest()
    return manifest is not None and manifest.release == release.id


def _name(office: Office, release: Release, base: str | None) -> str:
    """A name nobody can guess, the same for every process that prepares the same thing; short, so that links stay in
    their inodes."""
    prepared = f"generation/{release.id}/{release.row_version}/{release.staged_digest}/{base}"
    return office.vault.fingerprint(prepared)[:12]


def _erase_unwanted(office: Office, tree: PublicTree, close: list[Release]) -> None:
    """Plaintext of what is held, moved, cancelled or left by a crash does not stay."""
    wanted = {_name(office, release, tree.current()) for release in close}
    for name in tree.leftovers():
        if name not in wanted:
            tree.discard(name)


def _prepare(office: Office, tree: PublicTree, release: Release) -> str:
    """Build the generation of a release on the tree that is public now, unless it stands already."""
    base = tree.current()
    name = _name(office, release, base)
    if tree.manifest_of(name) is None:
        with office.records.reading() as session:
            opened = _as_staged(office, session, release)
            changes = {path: content for files in opened.values() for path, content in files.items()}
            changes |= after_state(office, session, release)
        tree.build(name, changes, release=release.id, digest=release.staged_digest, base=base)
    return name


def _as_staged(office: Office, session: Session, release: Release) -> dict[str, Files]:
    """The staged files by edition. Raises StepRefused or SealBroken when they are not the bytes that were staged."""
    opened = open_staged(office, session, release)
    if whole_digest({edition: staged_digest(files) for edition, files in opened.items()}) != release.staged_digest:
        raise StepRefused(release.id, ZH[ReleaseAction.SWITCH], (_DIFFERENT,))
    return opened


def _switch(office: Office, tree: PublicTree, release: Release, clock: Clock) -> Switched | None:
    """None when the clock was set back to before the instant: the release goes on waiting.

    Portal before record: stopping in between makes the next round complete the record; the other order could
    leave an event for pages nobody ever saw. The register is locked first, so that hold and move are honoured
    until the rename itself."""
    name = _prepare(office, tree, release)
    now = clock()
    if now < release.instant:
        return None
    with office.records.writing(now, what=ReleaseAction.SWITCH, who=RELEASE_LOOP.id, subject=release.id) as tx:
        fresh = tx.session.exec(select(Release).where(col(Release.id) == release.id).with_for_update()).one()
        staged_rows(tx.session, fresh)  # in one question; the rules ask for each edition's
        reasons = [
            reason
            for edition in editions_of(tx.session, fresh)
            for reason in objections(facts_of(tx.session, edition), Action.PUBLISH, RELEASE_LOOP, now)
        ]
        if fresh.row_version != release.row_version or reasons:
            raise StepRefused(release.id, ZH[ReleaseAction.SWITCH], tuple(reasons))
        # Whatever can be wrong with the bytes must show before the rename: after it there is no way back.
        opened = _as_staged(office, tx.session, fresh)
        on_disk = tree.new_files(name)
        if any(on_disk.get(path) != content for files in opened.values() for path, content in files.items()):
            raise StepRefused(release.id, ZH[ReleaseAction.SWITCH], (_DIFFERENT,))
        tree.switch(name)
        public_at = max(clock(), now)
        _record(tx, fresh, public_at, opened)
    return Switched(release.id, public_at - release.instant)


def _record(tx: Tx, release: Release, public_at: datetime, opened: dict[str, Files]) -> None:
    """Write down that a release is public: its editions, where each is, and how late it was."""
    lateness = round((public_at - release.instant) / timedelta(milliseconds=1))
    editions = editions_of(tx.session, release)
    publications = []
    for edition in editions:
        path = item_path(edition.report_id)
        publications.append(
            Publication(
                edition_id=edition.id,
                target=PRIMARY,
                release_id=release.id,
                path=path,
                digest=hashlib.sha256(opened[edition.id][f"{path}index.html"]).hexdigest(),
                published_at=release.instant,
            )
        )
        data = {"release": release.id, "path": path}
        move_edition(
            tx,
            edition,
            Stage.PUBLISHED,
            Action.PUBLISH,
            RELEASE_LOOP,
            data=data,
            published_at=release.instant,
        )
    tx.session.add_all(publications)  # all at once: a move writes whatever was added before it
    before = release.state
    tx.move(release, state=ReleaseState.RELEASED.value, released_at=public_at, lateness_ms=lateness)
    tx.record(
        Event(
            ReleaseAction.SWITCH,
            RELEASE_LOOP.id,
            release.id,
            Machine.RELEASE_LOOP,
            release.staged_digest,
            before,
            ReleaseState.RELEASED,
            data={"reports": [edition.report_id for edition in editions], "lateness_ms": lateness},
        )
    )


def _finish_unrecorded(office: Office, tree: PublicTree, clock: Clock) -> list[Switched]:
    """A process may have died between rename and record: what is public is recorded, and never published again."""
    manifest = tree.manifest()
    if manifest is None:
        return []
    now = clock()
    with office.records.reading() as session:
        release = session.get(Release, manifest.release)
        if release is None or release.state == ReleaseState.RELEASED or release.staged_digest != manifest.digest:
            return []
    with office.records.writing(now, what=ReleaseAction.SWITCH, who=RELEASE_LOOP.id, subject=release.id) as tx:
        fresh = tx.session.exec(select(Release).where(col(Release.id) == release.id).with_for_update()).one()
        _record(tx, fresh, now, open_staged(office, tx.session, fresh))
    return [Switched(release.id, now - release.instant)]


def _hold(office: Office, release: Release, why: str, now: datetime) -> None:
    """The bytes are in order, the decisions behind them are not: hold it, and let people decide."""
    with office.records.writing(now, what=ReleaseAction.HOLD, who=RELEASE_LOOP.id, subject=release.id) as tx:
        fresh = tx.session.exec(select(Release).where(col(Release.id) == release.id).with_for_update()).one()
        if fresh.row_version != release.row_version:
            tx.record(Event("refused", RELEASE_LOOP.id, release.id, data={"step": ReleaseAction.SWITCH, "why": why}))
            return
        tx.move(fresh, held=True)
        tx.record(
            Event(
                ReleaseAction.HOLD,
                RELEASE_LOOP.id,
                release.id,
                Machine.RELEASE_LOOP,
                release.staged_digest,
                ReleaseState.STAGED,
                ReleaseState.STAGED,
                reason=why,
            )
        )


def _fail(office: Office, release: Release, why: str, now: datetime) -> None:
    """Never half: the whole release is marked failed, unless a person has moved or held it meanwhile."""
    with office.records.writing(now, what=ReleaseAction.FAIL, who=RELEASE_LOOP.id, subject=release.id) as tx:
        fresh = tx.session.exec(select(Release).where(col(Release.id) == release.id).with_for_update()).one()
        if fresh.row_version != release.row_version:
            tx.record(Event("refused", RELEASE_LOOP.id, release.id, data={"step": ReleaseAction.SWITCH, "why": why}))
            return
        unstage(tx, fresh)
        tx.move(fresh, state=ReleaseState.FAILED.value, failure=why, staged_digest="")
        tx.record(
            Event(
                ReleaseAction.FAIL,
                RELEASE_LOOP.id,
                release.id,
                Machine.RELEASE_LOOP,
                from_state=ReleaseState.STAGED,
                to_state=ReleaseState.FAILED,
                data={"why": why},
            )
        )
