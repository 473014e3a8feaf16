"""Around a decision: claims, remarks on a passage, and many decisions at once."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.errors import StepRefused
from pubflow.moments import utc_now
from pubflow.review import bulk, claims, remarks
from pubflow.review.remarks import RemarkView

router = APIRouter()


class ClaimOut(BaseModel):
    """Who has a task, and until when."""

    report: str
    step: str
    person: str
    until: datetime


class ReleaseIn(BaseModel):
    """Why a claim is given up; needed for another's."""

    reason: str = ""


class Released(BaseModel):
    """Whose claims ended."""

    report: str
    released: list[str]


class RemarkIn(BaseModel):
    """A remark on a passage: its words, or its place in the text of that digest."""

    text: str
    digest: str | None = None
    passage: str = ""
    start: int | None = None
    end: int | None = None


class AnswerIn(BaseModel):
    """An answer to a remark."""

    text: str


class Remarked(BaseModel):
    """The number of a new remark."""

    report: str
    remark: int


class Item(BaseModel):
    """One report and the digest that was read."""

    report: str
    digest: str | None = None


class ManyIn(BaseModel):
    """Decisions of one kind on several reports, with one reason."""

    items: list[Item]
    reason: str = ""


class ReasonOut(BaseModel):
    """One reason of a refusal."""

    code: str
    text: str


class DecidedOut(BaseModel):
    """What became of one decision: where the report stands, or `error` and `message`."""

    report: str
    stage: str | None = None
    version: int | None = None
    digest: str | None = None
    error: str | None = None
    message: str = ""
    reasons: list[ReasonOut] = []


@router.post("/reports/{report_id}/claim")
def claim(report_id: str, office: TheOffice, actor: SignedIn) -> ClaimOut:
    """Take the task that waits here for me; others see that I have it."""
    row = claims.claim(office, report_id, actor, now=utc_now())
    return ClaimOut(report=report_id, step=row.step, person=row.person_id, until=row.until)


@router.post("/reports/{report_id}/claim/release")
def release_claim(report_id: str, given: ReleaseIn, office: TheOffice, actor: SignedIn) -> Released:
    """Give up my claim, or free another's (operator)."""
    freed = claims.release_claim(office, report_id, actor, reason=given.reason, now=utc_now())
    return Released(report=report_id, released=freed)


@router.get("/reports/{report_id}/remarks")
def listed(report_id: str, office: TheOffice, actor: SignedIn) -> list[RemarkView]:
    """The remarks and their places in the text at hand; the reader is logged."""
    return remarks.remarks(office, actor, report_id, utc_now())


@router.post("/reports/{report_id}/remarks", status_code=201)
def remark(report_id: str, given: RemarkIn, office: TheOffice, actor: SignedIn) -> Remarked:
    """Remark on a passage."""
    return Remarked(
        report=report_id, remark=remarks.remark(office, report_id, actor, **given.model_dump(), now=utc_now())
    )


@router.post("/reports/{report_id}/remarks/{number}/answer", status_code=201)
def answer(report_id: str, number: int, given: AnswerIn, office: TheOffice, actor: SignedIn) -> Remarked:
    """Answer a remark."""
    new = remarks.answer_remark(office, report_id, actor, number, given.text, now=utc_now())
    return Remarked(report=report_id, remark=new)


@router.post("/reports/{report_id}/remarks/{number}/resolve", status_code=204)
def resolve(report_id: str, number: int, office: TheOffice, actor: SignedIn) -> None:
    """Close the thread of a remark."""
    remarks.resolve_remark(office, report_id, actor, number, now=utc_now())


@router.post("/approvals")
def approvals(given: ManyIn, office: TheOffice, actor: SignedIn) -> list[DecidedOut]:
    """Approve several reports for my department, each on its own digest; an answer for each."""
    asked = [(one.report, one.digest) for one in given.items]
    return [_decided(one) for one in bulk.approve_each(office, asked, actor, remark=given.reason, clock=utc_now)]


@router.post("/signatures")
def signatures(given: ManyIn, office: TheOffice, actor: SignedIn) -> list[DecidedOut]:
    """Sign several reports, each on its own digest; an answer for each."""
    asked = [(one.report, one.digest) for one in given.items]
    return [_decided(one) for one in bulk.sign_each(office, asked, actor, remark=given.reason, clock=utc_now)]


def _decided(one: bulk.Decided) -> DecidedOut:
    if one.edition is not None:
        edition = one.edition
        return DecidedOut(report=one.report_id, stage=edition.stage, version=edition.version, digest=edition.digest)
    reasons = one.refused.reasons if isinstance(one.refused, StepRefused) else ()
    return DecidedOut(
        report=one.report_id,
        error=one.refused.code if one.refused else None,
        message=str(one.refused),
        reasons=[ReasonOut(code=reason.code, text=reason.text) for reason in reasons],
    )
