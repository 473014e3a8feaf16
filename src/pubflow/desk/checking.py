"""Around the confidentiality check: grounds, right holders, referral, the review form, marks, changed rules."""

import datetime as dt
import secrets
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from pubflow.confidentiality import mark_cases, referring, rescans, right_holders
from pubflow.confidentiality.bases import grounds_of
from pubflow.confidentiality.mark_cases import MarkCase
from pubflow.confidentiality.rescans import Difference, TaskView
from pubflow.confidentiality.review_form import as_html, review_form
from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.decisions import saved
from pubflow.desk.reports import Saved
from pubflow.moments import utc_now

router = APIRouter()


class ConsentIn(BaseModel):
    """A right holder's consent to the publication of one value."""

    digest: str | None = None
    holder: str
    on: dt.date
    how: str
    document_no: str
    reason: str = ""


class OverrideIn(BaseModel):
    """A public-interest override of one right holder. reason: what the letter says."""

    digest: str | None = None
    holder: str
    how: str
    document_no: str
    reason: str = ""


class Recorded(BaseModel):
    """The number of a record."""

    record: str


class LetterOut(BaseModel):
    """A letter as it was sent."""

    record: str
    digest: str
    text: str


class ReferIn(BaseModel):
    """The version at hand is referred to a competent organ."""

    digest: str | None = None
    organ: str
    reason: str = ""


class ReplyIn(BaseModel):
    """What the organ answered: public or withheld."""

    digest: str | None = None
    answer: str
    document_no: str = ""
    reason: str = ""


class FormOut(BaseModel):
    """The review form. kept: the sealed one; else what is known so far. html: the printable page."""

    report: str
    kept: bool
    form_digest: str
    form: dict[str, Any]
    signature: dict[str, str] | None
    html: str


class GroundOut(BaseModel):
    """One ground of a decision on a finding."""

    id: str
    code: str
    name: str
    decisions: list[str]
    fits: list[str]
    needs: str
    source: str


class CaseIn(BaseModel):
    """The outcome of a refused mark, in fixed words."""

    outcome: str


class RulesIn(BaseModel):
    """A rules file to try on what is public. since: a day; without it from the first of January of last year."""

    content: str
    since: dt.date | None = None


class PreviewOut(BaseModel):
    """What other rules would add and no longer find."""

    texts: int
    since: dt.date
    added: list[Difference]
    gone: list[Difference]


class RescanOut(BaseModel):
    """How many public texts were scanned again, and the new withdrawal tasks."""

    texts: int
    tasks: list[str]


class SettleIn(BaseModel):
    """Why a text stays public."""

    reason: str = ""


@router.get("/grounds")
def grounds(office: TheOffice, actor: SignedIn) -> list[GroundOut]:
    """The grounds a decision may name."""
    return [
        GroundOut(**one.model_dump(include=set(GroundOut.model_fields), mode="json"))
        for one in grounds_of(office).grounds
    ]


@router.post("/reports/{report_id}/findings/{finding_id}/consent", status_code=201)
def consent(report_id: str, finding_id: int, given: ConsentIn, office: TheOffice, actor: SignedIn) -> Recorded:
    """Note a right holder's consent."""
    number = right_holders.record_consent(office, report_id, actor, finding_id, **given.model_dump(), now=utc_now())
    return Recorded(record=number)


@router.post("/reports/{report_id}/findings/{finding_id}/override", status_code=201)
def override(report_id: str, finding_id: int, given: OverrideIn, office: TheOffice, actor: SignedIn) -> Recorded:
    """Note a public-interest override and make its letter."""
    number = right_holders.record_override(office, report_id, actor, finding_id, **given.model_dump(), now=utc_now())
    return Recorded(record=number)


@router.get("/reports/{report_id}/letters/{number}")
def letter(report_id: str, number: str, office: TheOffice, actor: SignedIn) -> LetterOut:
    """The letter to a right holder; the reader is logged."""
    row, text = right_holders.letter(office, actor, report_id, number, utc_now())
    return LetterOut(record=row.id, digest=row.letter_digest, text=text)


@router.post("/reports/{report_id}/refer")
def refer(report_id: str, given: ReferIn, office: TheOffice, actor: SignedIn) -> Saved:
    """Refer the version at hand to a competent organ (需报审)."""
    return saved(referring.refer(office, report_id, actor, **given.model_dump(), now=utc_now()))


@router.post("/reports/{report_id}/reply")
def reply(report_id: str, given: ReplyIn, office: TheOffice, actor: SignedIn) -> Saved:
    """Record the answer to a referral."""
    return saved(referring.reply(office, report_id, actor, **given.model_dump(), now=utc_now()))


@router.get("/reports/{report_id}/form")
def form(report_id: str, office: TheOffice, actor: SignedIn) -> FormOut:
    """The review form 保密审查审批表 with its page; the reader is logged."""
    view = review_form(office, report_id, actor, utc_now())
    return FormOut(**asdict(view), html=as_html(office, view))


@router.get("/reports/{report_id}/form.html", include_in_schema=False)
def form_page(report_id: str, office: TheOffice, actor: SignedIn) -> Response:
    """The same as a page to read and print."""
    page = as_html(office, review_form(office, report_id, actor, utc_now()))
    nonce = secrets.token_urlsafe(16)
    page = page.replace("<style>", f'<style nonce="{nonce}">', 1)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'"
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Response(page, headers=headers, media_type="text/html")


@router.get("/marks")
def marks(office: TheOffice, actor: SignedIn) -> list[MarkCase]:
    """State-secret marks refused at the doors, with the officer's outcomes; no text is kept."""
    return mark_cases.mark_cases(office, actor, utc_now())


@router.post("/marks/{case}", status_code=204)
def close_mark(case: int, given: CaseIn, office: TheOffice, actor: SignedIn) -> None:
    """Record how a refused mark was handled, in fixed words."""
    mark_cases.close_case(office, actor, case, given.outcome, now=utc_now())


@router.post("/rules/preview")
def preview(given: RulesIn, office: TheOffice, actor: SignedIn) -> PreviewOut:
    """What other detection rules would flag among what is public; changes nothing."""
    found = rescans.preview(office, actor, given.content, since=given.since, now=utc_now())
    return PreviewOut(**asdict(found))


@router.post("/rescan")
def rescan(office: TheOffice, actor: SignedIn) -> RescanOut:
    """Scan what is public with the rules of today; opens withdrawal tasks."""
    texts, tasks = rescans.rescan_as(office, actor, utc_now())
    return RescanOut(texts=texts, tasks=tasks)


@router.get("/withdrawals")
def withdrawals(office: TheOffice, actor: SignedIn, all_of_them: bool = False) -> list[TaskView]:
    """Withdrawal tasks; their findings are masked."""
    return rescans.tasks(office, open_only=not all_of_them)


@router.post("/withdrawals/{task}", status_code=204)
def settle(task: str, given: SettleIn, office: TheOffice, actor: SignedIn) -> None:
    """Decide that a text stays public, with a reason."""
    rescans.settle(office, actor, task, reason=given.reason, now=utc_now())
