"""Decisions on the digest that was shown: approve, findings, clear, sign, return, recall, cancel."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from pubflow.confidentiality import actions as confidentiality
from pubflow.confidentiality.proposals import declined_before
from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.reports import Saved
from pubflow.moments import utc_now
from pubflow.office.access import read_text
from pubflow.publication import releases
from pubflow.records.tables import Edition
from pubflow.review import actions as review
from pubflow.review.approval import sign as sign_off
from pubflow.review.conflict import declare_conflict

router = APIRouter(prefix="/reports/{report_id}")


class Decision(BaseModel):
    """A decision on the version whose digest was shown."""

    digest: str | None = None
    reason: str = ""
    place: str = ""


class ClearIn(BaseModel):
    """The filled review form 保密审查审批表."""

    digest: str | None = None
    result: str
    answers: dict[str, bool]
    opinion: str


class FindingDecision(BaseModel):
    """What becomes of one finding."""

    digest: str | None = None
    decision: str
    basis: str
    reason: str
    ground: str = ""
    style: str = ""


class FindingOut(BaseModel):
    """A finding with its evidence; the value itself is masked.

    ground: an id of config/rules/grounds.toml. carried_from: the finding of an earlier version whose pass holds on.
    declined: why the drafter has declined to mask or remove it, if so. place: where in an attachment, in Chinese;
    start and end then count in a stretch of that file.
    """

    id: int | None
    rule: str
    type: str
    severity: str
    start: int
    end: int
    masked: str
    evidence: list[str]
    decision: str = ""
    basis: str = ""
    reason: str = ""
    by: str | None = None
    decided_at: datetime | None = None
    ground: str = ""
    carried_from: int | None = None
    right_holder: str | None = None
    declined: str = ""
    place: str = ""


@router.post("/approve")
def approve(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> Saved:
    """Approve for my department."""
    moved = review.approve(office, report_id, actor, digest=given.digest, remark=given.reason, now=utc_now())
    return saved(moved)


@router.post("/return")
def send_back(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> Saved:
    """Return to the drafter with place and reason."""
    moved = review.send_back(
        office, report_id, actor, digest=given.digest, reason=given.reason, place=given.place, now=utc_now()
    )
    return saved(moved)


@router.post("/sign")
def sign(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> Saved:
    """Sign for publication at the planned instant."""
    return saved(sign_off(office, report_id, actor, digest=given.digest, remark=given.reason, now=utc_now()))


@router.post("/clear")
def clear(report_id: str, given: ClearIn, office: TheOffice, actor: SignedIn) -> Saved:
    """Fill the review form and let the version go on."""
    return saved(confidentiality.clear(office, report_id, actor, **given.model_dump(), now=utc_now()))


@router.post("/recall")
def recall(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> Saved:
    """Take a signed report back before its instant."""
    return saved(releases.recall(office, report_id, actor, reason=given.reason, now=utc_now()))


@router.post("/cancel")
def cancel(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> Saved:
    """End this edition before publication."""
    return saved(releases.cancel(office, report_id, actor, reason=given.reason, now=utc_now()))


@router.post("/conflict", status_code=204)
def conflict(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> None:
    """Declare a conflict of interest: I take no decision on this edition."""
    declare_conflict(office, report_id, actor, reason=given.reason, now=utc_now())


@router.get("/findings")
def findings(report_id: str, office: TheOffice, actor: SignedIn) -> list[FindingOut]:
    """The findings of the version at hand."""
    read_text(office, actor, report_id, now=utc_now())
    found = confidentiality.findings(office, report_id)
    declined = declined_before(office, report_id)
    places = confidentiality.places(office, report_id)
    fields = set(FindingOut.model_fields) - {"place", "declined"}
    return [
        FindingOut(
            **finding.model_dump(include=fields),
            declined=declined.get(finding.id or 0, ""),
            place=places.get(finding.id or 0, ""),
        )
        for finding in found
    ]


@router.post("/findings/{finding_id}")
def decide(report_id: str, finding_id: int, given: FindingDecision, office: TheOffice, actor: SignedIn) -> Saved:
    """Decide one finding."""
    moved = confidentiality.decide(
        office,
        report_id,
        actor,
        finding_id,
        given.decision,
        digest=given.digest,
        basis=given.basis,
        reason=given.reason,
        ground=given.ground,
        style=given.style,
        now=utc_now(),
    )
    return saved(moved)


@router.post("/scan")
def scan(report_id: str, office: TheOffice, actor: SignedIn) -> list[FindingOut]:
    """What the scan would find in the newest version; nothing is decided or kept."""
    found = confidentiality.preview(office, report_id, actor, utc_now())
    return [
        FindingOut(
            id=None,
            rule=one.found.rule,
            type=one.found.type,
            severity=str(one.found.severity),
            start=one.found.start,
            end=one.found.end,
            masked=one.found.masked,
            evidence=list(one.found.evidence),
            place=one.place,
        )
        for one in found
    ]


def saved(moved: Edition) -> Saved:
    """Where a report stands after a step."""
    return Saved(report=moved.report_id, stage=moved.stage, version=moved.version, digest=moved.digest)
