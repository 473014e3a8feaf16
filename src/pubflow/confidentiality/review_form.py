"""The review form 政府信息公开保密审查审批表: filled from the register, sealed when the officer signs it, and kept.

The leader signs later: that line is read from the register when the form is shown, below what was kept.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pubflow.confidentiality.bases import grounds_of, rules_digest
from pubflow.documents.attachments import KINDS
from pubflow.documents.report_text import ReportText
from pubflow.documents.templates import office_templates, rendered
from pubflow.errors import NotFound
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Stage
from pubflow.moments import iso, shown
from pubflow.office.access import open_sealed, open_text, read_text
from pubflow.office.attachments import place_of
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Finding, Person, Referral, Release, Report, Review, ReviewForm, RightHolder

_OFFICIAL = "official"  # the kind 公文; every other one is 非公文类
_WAY = "网站"  # the portal is the one way this system publishes
_DECISIONS = {"": "未处理", "pass": "可以公开", "mask": "脱敏", "remove": "删除"}


@dataclass(frozen=True)
class FormView:
    """A form as it is shown. kept: the sealed one; else what is known so far. signature: the leader's."""

    report: str
    kept: bool
    form_digest: str
    form: dict[str, Any]
    signature: dict[str, str] | None


def seal_form(office: Office, session: Session, edition: Edition, row: ReviewForm, now: datetime) -> None:
    """Fill the whole form from the register and keep it in `row`, sealed with the report's key, with its digest."""
    form = _filled(office, session, edition, row, now)
    content = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    key = session.get_one(Report, edition.report_id).wrapped_key
    row.form_digest = hashlib.sha256(content).hexdigest()
    row.sealed = office.vault.seal(key, content, _place(edition))


def review_form(office: Office, report_id: str, actor: Actor, now: datetime) -> FormView:
    """The form of the version at hand, for whoever may read it; the reader is logged.

    Raises StepRefused, NotFound, SealBroken.
    """
    read_text(office, actor, report_id, now=now)
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        row = session.get(ReviewForm, (edition.id, edition.digest))
        signature = _signature(session, edition)
        if row is not None and row.sealed is not None:
            form = json.loads(open_sealed(office, session, edition, row.sealed, _place(edition)))
            return FormView(report_id, True, row.form_digest, form, signature)
        if not edition.version:
            raise NotFound(f"{report_id} 的审批表", "初稿还没有生成，请稍后再看")
        return FormView(report_id, False, "", _filled(office, session, edition, row, now), signature)


def as_html(office: Office, view: FormView) -> str:
    """The printable page of a form, by the office's template. Raises BadInput naming template and line."""
    templates = office_templates(office.settings.templates / "forms")
    bureau = office.settings.bureau.name
    return rendered(templates, "review-form.html.j2", view=view, form=view.form, bureau=bureau)


def _filled(
    office: Office, session: Session, edition: Edition, row: ReviewForm | None, now: datetime
) -> dict[str, Any]:
    report = session.get_one(Report, edition.report_id)
    text = open_text(office, session, edition)
    names = {person.id: person.name for person in session.exec(select(Person)).all()}
    release = session.get(Release, edition.release_id) if edition.release_id else None
    answers = row.answers if row else {}
    return {
        "number": row.number if row else "",
        "filled_at": iso(row.filled_at) if row else "",
        "report": report.id,
        "version": edition.version,
        "digest": edition.digest,
        "rules_digest": rules_digest(office, now),
        "section": _section(office, report.section_id),
        "drafter": names.get(report.drafter_id, report.drafter_id),
        **_about(office, report, text),
        "way": _WAY,
        "intended": shown(release.instant) if release else "",
        "attachments": [
            {"name": one.name, "kind": KINDS[one.kind], "size": one.size, "sha256": one.sha256}
            for one in text.head.attachments
        ],
        "checklist": [
            {"id": item.id, "name": item.name, "source": item.source, "applies": answers.get(item.id)}
            for item in office.settings.checklist
        ],
        "findings": _findings(office, session, edition, names),
        "right_holders": _right_holders(session, edition),
        "referrals": _referrals(session, edition),
        "public_note": row.public_note if row else "",
        "sections": _opinions(session, edition, names),
        "officer": _officer(row, names),
        "result": row.result if row else "",
    }


def _section(office: Office, section_id: str) -> str:
    section = office.settings.sections.get(section_id)
    return section.name if section else section_id


def _about(office: Office, report: Report, text: ReportText) -> dict[str, str | int]:
    head = text.head
    return {
        "title": head.title,
        "index_no": report.index_no or head.index_no,
        "doc_no": head.doc_no,
        "carrier": "公文类" if report.kind == _OFFICIAL else "非公文类",
        "kind": office.settings.kind(report.kind).name,
        "characters": len(text.body),
        "source": head.source or head.author_org or office.settings.bureau.name,
        "co_producers": head.co_producers,
        "method": head.method,
        "method_reason": head.method_reason,
    }


def _findings(office: Office, session: Session, edition: Edition, names: dict[str, str]) -> list[dict[str, Any]]:
    """The findings of the version, and those of earlier ones that were masked or removed on the way to it."""
    grounds = grounds_of(office).by_id
    found = session.exec(
        select(Finding)
        .where(Finding.edition_id == edition.id)
        .where((col(Finding.digest) == edition.digest) | col(Finding.decision).in_(("mask", "remove")))
        .order_by(col(Finding.version), col(Finding.attachment) != "", col(Finding.start), col(Finding.id))
    ).all()
    return [
        {
            "finding": one.id,
            "version": one.version,
            "place": place_of(office, session, edition, one) or f"{one.start}-{one.end}",
            "attachment": one.attachment,
            "rule": one.rule,
            "type": one.type,
            "severity": one.severity,
            "masked": one.masked,
            "decision": one.decision,
            "decision_name": _DECISIONS.get(one.decision, one.decision),
            "ground": one.ground,
            "ground_name": grounds[one.ground].name if one.ground in grounds else "",
            "ground_source": grounds[one.ground].source if one.ground in grounds else "",
            "basis": one.basis,
            "reason": one.reason,
            "by": names.get(one.by or "", one.by or ""),
            "decided_at": iso(one.decided_at) if one.decided_at else "",
            "carried_from": one.carried_from,
            "right_holder": one.right_holder or "",
        }
        for one in found
    ]


def _right_holders(session: Session, edition: Edition) -> list[dict[str, str]]:
    """Without the right holder's own name, which stays erasable beside the history."""
    found = select(RightHolder).where(RightHolder.edition_id == edition.id).order_by(col(RightHolder.id))
    return [
        {"number": one.id, "kind": one.kind, "on": one.given_on, "how": one.how, "document_no": one.document_no}
        for one in session.exec(found).all()
    ]


def _referrals(session: Session, edition: Edition) -> list[dict[str, str]]:
    found = select(Referral).where(Referral.edition_id == edition.id, Referral.digest == edition.digest)
    return [
        {
            "number": one.id,
            "organ": one.organ,
            "asked_at": iso(one.asked_at),
            "answer": one.answer,
            "no": one.document_no,
        }
        for one in session.exec(found.order_by(col(Referral.id))).all()
    ]


def _opinions(session: Session, edition: Edition, names: dict[str, str]) -> list[dict[str, str]]:
    found = select(Review).where(
        Review.edition_id == edition.id, Review.stage == Stage.DEPARTMENT_REVIEW, Review.state == "approved"
    )
    return [_opinion(one, names) for one in session.exec(found.order_by(col(Review.id))).all()]


def _officer(row: ReviewForm | None, names: dict[str, str]) -> dict[str, str]:
    if row is None:
        return {"by": "", "opinion": "", "at": ""}
    return {"by": names.get(row.by, row.by), "opinion": row.opinion, "at": iso(row.filled_at)}


def _signature(session: Session, edition: Edition) -> dict[str, str] | None:
    signed: Sequence[Review] = session.exec(
        select(Review)
        .where(Review.edition_id == edition.id, Review.stage == Stage.APPROVAL, Review.digest == edition.digest)
        .where(Review.state == "signed")
        .order_by(col(Review.id).desc())
    ).all()
    if not signed:
        return None
    person = session.get(Person, signed[0].by)
    return _opinion(signed[0], {person.id: person.name} if person else {})


def _opinion(review: Review, names: dict[str, str]) -> dict[str, str]:
    by = review.by or ""
    at = iso(review.decided_at) if review.decided_at else ""
    return {"by": names.get(by, by), "opinion": review.reason or "同意", "at": at, "version": str(review.version)}


def _place(edition: Edition) -> str:
    return f"{edition.id}/review-form/{edition.digest}"
