"""The officer's masking proposals: what stands where, and what would stand there instead (design decision 4).

The officer proposes (room confidentiality), the drafter answers (room drafting); this is what both rooms share.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlmodel import Session, col, select

from pubflow.documents.attachments import Attached
from pubflow.documents.report_text import ReportText
from pubflow.errors import BadInput
from pubflow.lifecycle.facts import Actor
from pubflow.office.access import open_sealed, open_text, read_text
from pubflow.office.attachments import listed_as, open_attachment, place_of
from pubflow.office.line import newest_edition
from pubflow.office.masked_files import MASKABLE, Replacement, replaced
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Finding, Proposal, Report

MASK, REMOVE = "mask", "remove"
_AROUND = 12  # characters shown on each side of a passage


@dataclass(frozen=True)
class ProposalView:
    """One proposal with its difference; before, passage, replacement and after quote the draft.

    In an attachment `before` is the place, in Chinese.
    """

    number: int
    finding: int
    kind: str
    state: str
    version: int
    start: int
    end: int
    before: str
    passage: str
    replacement: str
    after: str
    by: str
    basis: str
    reason: str
    proposed_at: datetime
    answered_by: str | None
    answer: str


def sealed_change(
    office: Office, session: Session, edition: Edition, finding: Finding, passage: str, new: str
) -> bytes:
    """A passage and what would stand there instead, sealed for this finding."""
    key = session.get_one(Report, edition.report_id).wrapped_key
    change = json.dumps({"passage": passage, "replacement": new}, ensure_ascii=False)
    return office.vault.seal(key, change.encode(), _place(edition, finding.id))


def opened_change(office: Office, session: Session, edition: Edition, proposal: Proposal) -> tuple[str, str]:
    """Passage and replacement of a proposal. Raises SealBroken."""
    opened = open_sealed(office, session, edition, proposal.sealed, _place(edition, proposal.finding_id))
    change = json.loads(opened)
    return change["passage"], change["replacement"]


def _place(edition: Edition, finding: int | None) -> str:
    return f"{edition.id}/proposal/{finding}"


@dataclass(frozen=True)
class MaskedFile:
    """An attachment as accepted proposals leave it. before: the cleaned copy that it was made from."""

    listed: Attached
    content: bytes
    before: bytes


def takes_all(listed: Attached, finding: Finding) -> bool:
    """Whether of this finding's file only the whole can be removed: no stretch of it can be replaced."""
    return listed.kind not in MASKABLE or finding.unit < 0


def changed_text(
    office: Office, session: Session, edition: Edition, proposals: Sequence[Proposal]
) -> tuple[ReportText, list[MaskedFile]]:
    """The text on which these proposals were made with exactly these replacements, and the attachments they change.

    They share one digest; the same proposals give the same bytes.
    Raises BadInput when two of them overlap (a row and a name in it), the result is no report text any more, or an
    attachment cannot be changed so; SealBroken.
    """
    found = {one.id: one for one in session.exec(select(Finding).where(Finding.edition_id == edition.id)).all()}
    in_place = [(found[one.finding_id], one) for one in proposals]
    placed = sorted(in_place, key=lambda pair: (pair[0].attachment, pair[0].unit, pair[1].start))
    for (finding, first), (other, second) in pairwise(placed):
        same = (finding.attachment, finding.unit) == (other.attachment, other.unit)
        if same and second.start < first.end:
            what = f"脱敏建议 {first.id} 与 {second.id} 的位置重叠，不能都接受"
            raise BadInput(what, edition.report_id, "请接受其中一项，另一项写明理由不接受")
    base = open_text(office, session, edition, proposals[0].version)
    text = base.canonical()
    for finding, proposal in reversed(placed):
        if finding.attachment:
            continue
        passage, replacement = opened_change(office, session, edition, proposal)
        if text[proposal.start : proposal.end] != passage:
            raise ValueError(f"proposal {proposal.id} does not stand at its place")
        text = text[: proposal.start] + replacement + text[proposal.end :]
    changed = ReportText.parse(text, edition.report_id)
    kept: list[Attached] = []
    files: list[MaskedFile] = []
    for listed in changed.head.attachments:
        asked = [(finding, one) for finding, one in placed if finding.attachment == listed.sha256]
        if any(takes_all(listed, finding) for finding, _ in asked):
            continue
        if asked:
            files.append(_masked_file(office, session, edition, listed, asked))
        kept.append(files[-1].listed if asked else listed)
    return changed.with_attachments(kept, edition.report_id), files


def _masked_file(
    office: Office, session: Session, edition: Edition, listed: Attached, asked: Sequence[tuple[Finding, Proposal]]
) -> MaskedFile:
    before = open_attachment(office, session, edition, listed)
    changes = [
        Replacement(finding.unit, one.start, one.end, *opened_change(office, session, edition, one))
        for finding, one in asked
    ]
    content = replaced(before, listed.name, changes)
    return MaskedFile(listed_as(listed.name, content), content, before)


def proposals_of(session: Session, edition: Edition, *, state: str | None = None) -> list[Proposal]:
    """The proposals of an edition, oldest first."""
    found = select(Proposal).where(Proposal.edition_id == edition.id).order_by(col(Proposal.id))
    return list(session.exec(found.where(Proposal.state == state) if state else found).all())


def open_numbers(session: Session, edition: Edition) -> list[int]:
    """The open proposals on the text at hand."""
    return [one.id or 0 for one in proposals_of(session, edition, state="open") if one.digest == edition.digest]


def proposal_views(office: Office, actor: Actor, report_id: str, now: datetime) -> list[ProposalView]:
    """Every proposal with its difference, for whoever may read the draft; the reader is logged.

    Raises StepRefused, NotFound.
    """
    read_text(office, actor, report_id, now=now)
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        return [_view(office, session, edition, one) for one in proposals_of(session, edition)]


def _view(office: Office, session: Session, edition: Edition, one: Proposal) -> ProposalView:
    passage, replacement = opened_change(office, session, edition, one)
    finding = session.get_one(Finding, one.finding_id)
    if finding.attachment:
        before, after = f"{place_of(office, session, edition, finding)}：", ""
    else:
        text = open_text(office, session, edition, one.version).canonical()
        before, after = text[max(0, one.start - _AROUND) : one.start], text[one.end : one.end + _AROUND]
    return ProposalView(
        number=one.id or 0,
        finding=one.finding_id,
        kind=one.kind,
        state=one.state,
        version=one.version,
        start=one.start,
        end=one.end,
        before=before,
        passage=passage,
        replacement=replacement,
        after=after,
        by=one.by,
        basis=one.basis,
        reason=one.reason,
        proposed_at=one.proposed_at,
        answered_by=one.answered_by,
        answer=one.answer,
    )
