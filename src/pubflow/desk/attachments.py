"""Attachments: adding a file to a draft, taking one off, listing them, reading a cleaned copy back."""

import base64
from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.reports import GivenFile, Saved
from pubflow.drafting import attaching
from pubflow.moments import utc_now
from pubflow.office.attachments import attachments_of, read_attachment

router = APIRouter(prefix="/reports/{report_id}/attachments")


class AttachIn(BaseModel):
    """A file to attach; in the body and in memory (see GivenFile). replace: one of that name gives way."""

    file: GivenFile
    reason: str = ""
    replace: bool = False


class HiddenOut(BaseModel):
    """Something hard where no reader of the original sees it; the cleaned copy lacks it."""

    place: str
    type: str
    masked: str


class AttachedOut(Saved):
    """The version that lists the file. sha256, size: of the cleaned copy; removed: what it lacks, in Chinese."""

    name: str
    sha256: str
    size: int
    removed: list[str]
    hidden: list[HiddenOut]


class DetachIn(BaseModel):
    """Why an attachment is taken off."""

    reason: str = ""


class AttachmentOut(BaseModel):
    """An attachment of a version. size: bytes of the cleaned copy."""

    name: str
    kind: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime


class ContentOut(BaseModel):
    """A cleaned copy, in base64."""

    report: str
    name: str
    sha256: str
    content: str


@router.get("")
def listed(report_id: str, office: TheOffice, actor: SignedIn, version: int | None = None) -> list[AttachmentOut]:
    """The attachments of a version; the reader is logged."""
    found = attachments_of(office, actor, report_id, now=utc_now(), number=version)
    return [AttachmentOut(**asdict(one)) for one in found]


@router.post("", status_code=201)
def attach(report_id: str, given: AttachIn, office: TheOffice, actor: SignedIn) -> AttachedOut:
    """Clean a file and save a version that lists the cleaned copy; the original is not kept."""
    name, content = given.file.name, given.file.content
    done = attaching.attach(
        office, report_id, actor, name, content, reason=given.reason, replace=given.replace, now=utc_now()
    )
    saved = done.edition
    return AttachedOut(
        report=report_id,
        stage=saved.stage,
        version=saved.version,
        digest=saved.digest,
        **done.attached.model_dump(),
        removed=list(done.removed),
        hidden=[HiddenOut(**asdict(one)) for one in done.hidden],
    )


@router.post("/{name}/detach")
def detach(report_id: str, name: str, given: DetachIn, office: TheOffice, actor: SignedIn) -> Saved:
    """Save a version without one attachment."""
    saved = attaching.detach(office, report_id, actor, name, reason=given.reason, now=utc_now())
    return Saved(report=report_id, stage=saved.stage, version=saved.version, digest=saved.digest)


@router.get("/{name}")
def content(report_id: str, name: str, office: TheOffice, actor: SignedIn, version: int | None = None) -> ContentOut:
    """The cleaned copy as it would go public; the reader is logged."""
    found, content = read_attachment(office, actor, report_id, name, now=utc_now(), number=version)
    encoded = base64.b64encode(content).decode()
    return ContentOut(report=report_id, name=found.name, sha256=found.sha256, content=encoded)
