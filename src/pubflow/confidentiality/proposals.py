"""The officer proposes to mask or remove a finding; the text stays as it is until its drafter accepts."""

from sqlmodel import col, select

from pubflow.errors import BadInput
from pubflow.office.access import open_text
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.office.proposals import MASK, REMOVE, sealed_change
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Finding, Proposal

PROPOSING = (MASK, REMOVE)


def propose(office: Office, tx: Tx, edition: Edition, finding: Finding, *, style: str) -> int | None:
    """Write the proposal that belongs to the decision just taken on a finding; its number. Raises BadInput."""
    passage = open_text(office, tx.session, edition).canonical()[finding.start : finding.end]
    masks = office.settings.masks
    new = "" if finding.decision == REMOVE else office.settings.mask(style or next(iter(masks))).of(passage)
    if new == passage:
        raise BadInput("脱敏后与原文相同", str(finding.id), "请用 --style 换一种样式，或用 --propose remove")
    proposal = Proposal(
        edition_id=edition.id,
        finding_id=finding.id or 0,
        version=edition.version,
        digest=edition.digest,
        kind=finding.decision,
        start=finding.start,
        end=finding.end,
        sealed=sealed_change(office, tx.session, edition, finding, passage, new),
        by=finding.by or "",
        basis=finding.basis,
        reason=finding.reason,
        proposed_at=tx.now,
    )
    tx.session.add(proposal)
    tx.session.flush()
    return proposal.id


def withdraw(tx: Tx, finding: Finding) -> int | None:
    """Take back the open proposal on a finding, which is decided anew; its number, None where there is none."""
    found = select(Proposal).where(Proposal.finding_id == finding.id, Proposal.state == "open")
    proposal = tx.session.exec(found).one_or_none()
    if proposal is None:
        return None
    proposal.state = "withdrawn"
    return proposal.id


def declined_before(office: Office, report_id: str) -> dict[int, str]:
    """Why the drafter has declined earlier proposals, by the number of the finding at hand.

    A finding of another version is the same one when rule and keyed fingerprint of its value are.
    """
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        declined = session.exec(
            select(Finding.rule, Finding.fingerprint, Proposal.answer)
            .join(Proposal, col(Proposal.finding_id) == col(Finding.id))
            .where(Proposal.edition_id == edition.id, Proposal.state == "declined")
            .order_by(col(Proposal.id))
        ).all()
        answers = {(rule, value): answer for rule, value, answer in declined}
        here = session.exec(
            select(Finding).where(Finding.edition_id == edition.id, Finding.digest == edition.digest)
        ).all()
        return {
            finding.id: answers[finding.rule, finding.fingerprint]
            for finding in here
            if finding.id is not None and (finding.rule, finding.fingerprint) in answers
        }
