"""The officer proposes to mask or remove a finding; the text stays as it is until its drafter accepts."""

from dataclasses import dataclass

from sqlmodel import col, select

from pubflow.documents.attachments import Attached
from pubflow.errors import BadInput
from pubflow.office.access import open_text
from pubflow.office.attachments import open_attachment
from pubflow.office.line import newest_edition
from pubflow.office.masked_files import Replacement, replaced, units_of
from pubflow.office.office import Office
from pubflow.office.proposals import MASK, REMOVE, sealed_change, takes_all
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Finding, Proposal

PROPOSING = (MASK, REMOVE)


@dataclass(frozen=True)
class Change:
    """What a proposal would replace, and by what. Quotes the draft: it is sealed before it is kept."""

    passage: str
    new: str


def planned(office: Office, report_id: str, finding_id: int, decision: str, *, style: str) -> Change | BadInput | None:
    """The change that a proposal on a finding would be, or why it cannot be made; None without one on the text at hand.

    Worked out before the transaction, which is the only one of the register: a file is read and rewritten for it.
    """
    if decision not in PROPOSING:
        return None
    with office.records.reading() as session:
        finding = session.get(Finding, finding_id)
        edition = session.get_one(Edition, finding.edition_id) if finding else None
        if finding is None or edition is None or edition.report_id != report_id or finding.digest != edition.digest:
            return None
        text = open_text(office, session, edition)
        listed = next((one for one in text.head.attachments if one.sha256 == finding.attachment), None)
        content = open_attachment(office, session, edition, listed) if listed else b""
    try:
        if not finding.attachment:
            passage = text.canonical()[finding.start : finding.end]
            return Change(passage, _new(office, finding, decision, passage, style))
        if listed is None:
            raise ValueError(f"finding {finding_id} stands in a file that its text does not list")
        return _in_file(office, finding, decision, listed, content, style)
    except BadInput as error:
        return error


def _new(office: Office, finding: Finding, decision: str, passage: str, style: str) -> str:
    new = "" if decision == REMOVE else office.settings.mask(style or next(iter(office.settings.masks))).of(passage)
    if new == passage:
        raise BadInput("脱敏后与原文相同", str(finding.id), "请用 --style 换一种样式，或用 --propose remove")
    return new


def _in_file(office: Office, finding: Finding, decision: str, listed: Attached, content: bytes, style: str) -> Change:
    """A stretch of a file, tried out before it is proposed; or all of a file in which nothing can be replaced."""
    if takes_all(listed, finding):
        if decision == REMOVE:
            return Change(f"附件“{listed.name}”", "")
        what = f"附件“{listed.name}”中不能只遮盖这一处"
        raise BadInput(what, str(finding.id), "请用 --propose remove 撤下整个附件，或用 review return 退回")
    units = units_of(content, listed.name)
    passage = units[finding.unit].text[finding.start : finding.end] if finding.unit < len(units) else ""
    if office.vault.fingerprint(passage) != finding.fingerprint:
        what = f"附件“{listed.name}”中这一处的位置变了"
        raise BadInput(what, str(finding.id), "请用 review return 退回，起草人再次提交后重新审查")
    new = _new(office, finding, decision, passage, style)
    replaced(content, listed.name, [Replacement(finding.unit, finding.start, finding.end, passage, new)])
    return Change(passage, new)


def propose(office: Office, tx: Tx, edition: Edition, finding: Finding, change: Change) -> int | None:
    """Write the proposal that belongs to the decision just taken on a finding; its number."""
    proposal = Proposal(
        edition_id=edition.id,
        finding_id=finding.id or 0,
        version=edition.version,
        digest=edition.digest,
        kind=finding.decision,
        start=finding.start,
        end=finding.end,
        sealed=sealed_change(office, tx.session, edition, finding, change.passage, change.new),
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
