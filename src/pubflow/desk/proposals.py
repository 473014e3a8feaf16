"""Masking proposals as the drafter meets them: each with its difference, accepted or declined."""

from fastapi import APIRouter
from pydantic import BaseModel

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.reports import Saved
from pubflow.drafting import masking
from pubflow.moments import utc_now
from pubflow.office.proposals import ProposalView, proposal_views

router = APIRouter(prefix="/reports/{report_id}/proposals")


class AcceptIn(BaseModel):
    """The numbers of the proposals to accept together, as one new version."""

    numbers: list[int]


class DeclineIn(BaseModel):
    """Why a proposal is declined."""

    reason: str = ""


@router.get("")
def listed(report_id: str, office: TheOffice, actor: SignedIn) -> list[ProposalView]:
    """The proposals and what each would change; the reader is logged."""
    return proposal_views(office, actor, report_id, utc_now())


@router.post("/accept")
def accept(report_id: str, given: AcceptIn, office: TheOffice, actor: SignedIn) -> Saved:
    """Make the new version with exactly these replacements."""
    saved = masking.accept(office, report_id, actor, given.numbers, now=utc_now())
    return Saved(report=report_id, stage=saved.stage, version=saved.version, digest=saved.digest)


@router.post("/{number}/decline", status_code=204)
def decline(report_id: str, number: int, given: DeclineIn, office: TheOffice, actor: SignedIn) -> None:
    """Decline one proposal; the officer sees the reason."""
    masking.decline(office, report_id, actor, number, reason=given.reason, now=utc_now())
