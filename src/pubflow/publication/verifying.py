"""After the switch: fetch each page and attachment as the public does, compare its bytes, keep the receipt."""

import hashlib
import json
from datetime import datetime

import httpx
import stamina
from sqlmodel import Session, select

from pubflow.audit.events import Event
from pubflow.errors import PubflowError, WorkspaceError
from pubflow.lifecycle.stages import Machine, ReleaseState
from pubflow.moments import iso
from pubflow.office.access import open_text
from pubflow.office.due import SCHEDULED_PUBLICATION, StepOutcome, not_due
from pubflow.office.office import Home, Office
from pubflow.publication.pages import attachment_path
from pubflow.publication.releases import read_release
from pubflow.publication.staging import stage
from pubflow.publication.tree import PublicTree
from pubflow.records.tables import Edition, Publication

_ACTOR = f"flow:{SCHEDULED_PUBLICATION}"
_SECONDS = 5.0


def scheduled_publication(office: Office, release_id: str, now: datetime) -> StepOutcome:
    """The scheduled-publication flow's work: stage a confirmed release, or verify one that is public."""
    with office.records.reading() as session:
        release = read_release(session, release_id)
    if release.state == ReleaseState.RELEASED and release.verified_at is None:
        return verify(office, release_id, now)
    return stage(office, release_id, now)


def verify(office: Office, release_id: str, now: datetime) -> StepOutcome:
    """See every page of a release where the public sees it. Safe to run twice.

    Raises WorkspaceError naming the page that is missing or differs; the refusal is recorded.
    """
    with office.records.reading() as session:
        release = read_release(session, release_id)
        if release.state != ReleaseState.RELEASED or release.verified_at is not None:
            return not_due(office, SCHEDULED_PUBLICATION, release_id)
        publications = session.exec(select(Publication).where(Publication.release_id == release_id)).all()
        files = {one.edition_id: published_files(office, session, one) for one in publications}
    base = portal_address(office.home)
    receipts: dict[str, str] = {}
    for publication in publications:
        seen = _seen(office, base, release_id, publication.path, publication.digest, now)
        receipt: dict[str, object] = {"seen": seen, "sha256": publication.digest, "at": iso(now)}
        for path, digest in files[publication.edition_id].items():
            _seen(office, base, release_id, path, digest, now)
        if files[publication.edition_id]:
            receipt["files"] = files[publication.edition_id]
        receipts[publication.edition_id] = json.dumps(receipt)
    with office.records.writing(now, what="verify", who=_ACTOR, subject=release_id) as tx:
        fresh = read_release(tx.session, release_id)
        for row in tx.session.exec(select(Publication).where(Publication.release_id == release_id)).all():
            row.receipt, row.verified_at = receipts[row.edition_id], now
        tx.move(fresh, verified_at=now)
        tx.record(Event("verify", _ACTOR, release_id, Machine.FLOW, fresh.staged_digest, data={"pages": len(receipts)}))
    return StepOutcome(f"{release_id} verified: {len(receipts)} pages as released", changed=True)


def portal_address(home: Home) -> str | None:
    """Where this office's portal is served now; None while none runs."""
    try:
        return str(json.loads((home.run / "addresses.json").read_text())["portal"])
    except (FileNotFoundError, KeyError, ValueError):
        return None


def published_files(office: Office, session: Session, publication: Publication) -> dict[str, str]:
    """Path and SHA-256 of every attachment that was published with an edition, as the signed text lists them."""
    edition = session.get_one(Edition, publication.edition_id)
    head = open_text(office, session, edition).head
    return {f"{publication.path}{attachment_path(one)}": one.sha256 for one in head.attachments}


def _seen(office: Office, base: str | None, release_id: str, path: str, expected: str, now: datetime) -> str:
    """Where a page or file was seen as it was released. Raises WorkspaceError; the failure is recorded."""
    try:
        seen, digest = _fetch(office, base, path)
    except (httpx.HTTPError, PubflowError) as error:
        _record_failure(office, release_id, path, str(error), now)
        raise WorkspaceError(
            f"{release_id}: the public page {path} could not be seen: {error}.",
            "Start the portal (`pubflow up` or `pubflow portal serve`); the check is repeated by itself.",
        ) from error
    if digest != expected:
        _record_failure(office, release_id, path, f"digest {digest}", now)
        raise WorkspaceError(
            f"{release_id}: {seen} shows other bytes than were released.",
            "Look at who writes to the public folder; `pubflow doctor` lists what differs.",
        )
    return seen


@stamina.retry(on=httpx.TransportError, attempts=3, timeout=_SECONDS)
def _fetch(office: Office, base: str | None, path: str) -> tuple[str, str]:
    """Where a page (a path that ends with a slash) or file was seen, and the SHA-256 of its bytes."""
    if base is None:  # an office whose web server is elsewhere: the folder it serves is what we can see
        file = f"{path}index.html" if path.endswith("/") else path
        content = PublicTree(office.home.public).read(file)
        if content is None:
            raise WorkspaceError(f"{file} is not in the public tree.")
        return f"file:{file}", hashlib.sha256(content).hexdigest()
    answer = httpx.get(f"{base.rstrip('/')}/{path}", timeout=_SECONDS, trust_env=False)
    answer.raise_for_status()
    return str(answer.url), hashlib.sha256(answer.content).hexdigest()


def _record_failure(office: Office, release_id: str, path: str, why: str, now: datetime) -> None:
    data = {"path": path, "why": why}
    office.records.record(Event("verify_failed", _ACTOR, release_id, Machine.FLOW, data=data), now)
