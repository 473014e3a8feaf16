"""The exceptional ways over HTTP: forced reviews, debts, the fast lane, changed workflows, links for outside."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.decisions import Decision, saved
from pubflow.desk.reports import Saved
from pubflow.lifecycle.workflow import Difference
from pubflow.moments import utc_now
from pubflow.office.access import read_text
from pubflow.office.debts import Debt, all_debts, clear_debt
from pubflow.review.forcing import ask_force, confirm_force
from pubflow.review.outside import CheckView, ask_outside, checks_of, erase_person, respond, void_check
from pubflow.review.workflows import grant_fast, move_workflow, workflow_difference

router = APIRouter()


class ForceIn(BaseModel):
    """The review that cannot be had, on the version whose digest was shown."""

    step: str
    digest: str | None = None
    reason: str = ""


class Asked(BaseModel):
    """Asked for: a second person confirms until then."""

    subject: str
    confirm_until: datetime


class Why(BaseModel):
    """A reason."""

    reason: str = ""


class OutsideIn(BaseModel):
    """Who answers outside, and what they see of the version whose digest was shown; no passages mean the whole text."""

    kind: Literal["fact_check", "consent"]
    name: str
    organ: str
    passages: list[str] = []
    digest: str | None = None
    valid_workdays: int | None = None


class OutsideOut(BaseModel):
    """A new link, shown this once."""

    check: str
    link: str
    expires_at: datetime


@router.post("/reports/{report_id}/force", status_code=201)
def force(report_id: str, given: ForceIn, office: TheOffice, actor: SignedIn) -> Asked:
    """Ask that a review nobody can give be forced."""
    asked = ask_force(
        office, report_id, actor, step=given.step, digest=given.digest, reason=given.reason, now=utc_now()
    )
    return Asked(subject=report_id, confirm_until=asked.confirm_until)


@router.post("/reports/{report_id}/force/confirm")
def confirm(report_id: str, given: Decision, office: TheOffice, actor: SignedIn) -> Saved:
    """Confirm it as the second person."""
    return saved(confirm_force(office, report_id, actor, digest=given.digest, reason=given.reason, now=utc_now()))


@router.get("/debts")
def debts(office: TheOffice, actor: SignedIn) -> list[Debt]:
    """Everything that stays in sight until it ends or is cleared."""
    return all_debts(office, utc_now())


@router.post("/debts/{debt_id}/clear")
def clear(debt_id: int, why: Why, office: TheOffice, actor: SignedIn) -> Debt:
    """Clear a forced review as the third person."""
    return clear_debt(office, actor, debt_id, reason=why.reason, now=utc_now())


@router.post("/reports/{report_id}/fast")
def fast(report_id: str, why: Why, office: TheOffice, actor: SignedIn) -> Saved:
    """Let an occasional report go the fast lane."""
    return saved(grant_fast(office, report_id, actor, reason=why.reason, now=utc_now()))


@router.get("/reports/{report_id}/workflow")
def workflow(report_id: str, office: TheOffice, actor: SignedIn) -> Difference:
    """What a move onto the present configuration would change."""
    return workflow_difference(office, report_id, actor, now=utc_now())


@router.post("/reports/{report_id}/workflow")
def move(report_id: str, why: Why, office: TheOffice, actor: SignedIn) -> Saved:
    """Move a report onto the present configuration."""
    return saved(move_workflow(office, report_id, actor, reason=why.reason, now=utc_now()))


@router.post("/reports/{report_id}/outside", status_code=201)
def ask(report_id: str, given: OutsideIn, request: Request, office: TheOffice, actor: SignedIn) -> OutsideOut:
    """A one-time link for somebody outside."""
    check, token = ask_outside(
        office,
        report_id,
        actor,
        kind=given.kind,
        name=given.name,
        organ=given.organ,
        passages=given.passages,
        digest=given.digest,
        workdays=given.valid_workdays,
        now=utc_now(),
    )
    address = office.settings.exceptional.link_address or str(request.base_url).rstrip("/")
    return OutsideOut(check=check.id, link=f"{address}/outside/{token}", expires_at=check.expires_at)


@router.get("/reports/{report_id}/outside")
def checks(report_id: str, office: TheOffice, actor: SignedIn) -> list[CheckView]:
    """The links of a report and their answers; the reader is logged."""
    read_text(office, actor, report_id, now=utc_now())  # they quote the text
    return checks_of(office, report_id, utc_now())


@router.post("/reports/{report_id}/outside/{check_id}/{act}", status_code=204)
def change(
    report_id: str,
    check_id: str,
    act: Literal["void", "respond", "erase"],
    why: Why,
    office: TheOffice,
    actor: SignedIn,
) -> None:
    """End a link, respond to a fault that was found, or erase the person's name."""
    action = {"void": void_check, "respond": respond, "erase": erase_person}[act]
    action(office, report_id, actor, check_id, reason=why.reason, now=utc_now())
