"""Remarks on a passage: whoever may read a draft may remark on it; others answer, and it is resolved.

A remark never changes the text or its digest, and an open one does not stop a report. What must change goes back with
`return`, which the table of steps gives to those who decide; a remark that blocked would give anybody who may read a
veto that no table names. Whoever decides sees how many remarks are open.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.rules import digest_objections
from pubflow.lifecycle.stages import OPENED_BY_FLOW, Role, Stage
from pubflow.office.access import open_sealed, open_text, read_text, reading_objections
from pubflow.office.line import facts_of, locked, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.office.passages import place_in, places
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Remark, Report

_STEP = "批注"
_BEFORE_PUBLICATION = (Stage.DRAFTING, *OPENED_BY_FLOW, Stage.SCHEDULED)
_DECIDERS = frozenset({Role.SECTION_HEAD, Role.OFFICER, Role.LEADER, Role.CHIEF})


@dataclass(frozen=True)
class RemarkView:
    """One remark. start and end: its place in the text at hand, None when the passage was changed since."""

    number: int
    answers: int | None
    version: int
    start: int | None
    end: int | None
    passage: str
    text: str
    by: str
    made_at: datetime
    resolved_by: str | None


def remark(
    office: Office,
    report_id: str,
    actor: Actor,
    text: str,
    *,
    digest: str | None,
    passage: str = "",
    start: int | None = None,
    end: int | None = None,
    now: datetime,
) -> int:
    """Remark on a passage of the version at hand, by its words or by its place; the remark's number.

    digest: of the version that was read; without it a place means nothing, words are looked for in the newest.
    Raises StepRefused, BadInput, NotFound, SecretMarkFound.
    """
    office.admit(actor, f"{text}\n{passage}", "", now)
    with (
        refusals_recorded(office, actor, report_id, "remark", now),
        office.records.writing(now, what="remark", who=actor.id, subject=report_id) as tx,
    ):
        edition = _open_to(tx, report_id, actor)
        reasons = digest_objections(facts_of(tx.session, edition), digest) if digest or start is not None else []
        if reasons:
            raise StepRefused(report_id, _STEP, tuple(reasons))
        if not text.strip():
            raise BadInput("批注没有内容", "text", "请用 --text 写明")
        whole = open_text(office, tx.session, edition).canonical()
        begin, stop = _place(whole, report_id, passage, start, end)
        nth, of = places(whole, whole[begin:stop]).index(begin), len(places(whole, whole[begin:stop]))
        content = {"passage": whole[begin:stop], "nth": nth, "of": of, "text": text}
        number = _write(office, tx, edition, actor, content, start=begin, end=stop, answers=None)
        data = {"remark": number, "start": begin, "end": stop}
        tx.record(Event("remark", actor.id, report_id, digest=edition.digest, data=data))
    return number


def answer_remark(office: Office, report_id: str, actor: Actor, number: int, text: str, *, now: datetime) -> int:
    """Answer in the thread of a remark; the answer's number. Raises StepRefused, BadInput, NotFound."""
    office.admit(actor, text, "", now)
    with (
        refusals_recorded(office, actor, report_id, "remark", now),
        office.records.writing(now, what="remark", who=actor.id, subject=report_id) as tx,
    ):
        edition = _open_to(tx, report_id, actor)
        first = _first_of(tx.session, edition, number)
        if not text.strip():
            raise BadInput("答复没有内容", "text", "请用 --text 写明")
        new = _write(office, tx, edition, actor, {"text": text}, start=first.start, end=first.end, answers=first.number)
        data = {"remark": new, "answers": first.number}
        tx.record(Event("remark_answered", actor.id, report_id, digest=edition.digest, data=data))
    return new


def resolve_remark(office: Office, report_id: str, actor: Actor, number: int, *, now: datetime) -> None:
    """Close a thread: whoever began it, or somebody who decides on drafts. Raises StepRefused, BadInput, NotFound."""
    with (
        refusals_recorded(office, actor, report_id, "remark", now),
        office.records.writing(now, what="remark", who=actor.id, subject=report_id) as tx,
    ):
        edition = _open_to(tx, report_id, actor)
        first = _first_of(tx.session, edition, number)
        if first.by != actor.id and not actor.roles & _DECIDERS:
            why = Reason("not_own_remark", f"批注 {first.number} 由 {first.by} 提出；由本人或审核、审查、签发人员了结")
            raise StepRefused(report_id, "了结批注", (why,))
        if first.resolved_by is not None:
            raise BadInput(f"批注 {first.number} 已由 {first.resolved_by} 了结", report_id, "不必再了结")
        first.resolved_by, first.resolved_at = actor.id, now
        tx.record(Event("remark_resolved", actor.id, report_id, digest=edition.digest, data={"remark": first.number}))


def remarks(office: Office, actor: Actor, report_id: str, now: datetime) -> list[RemarkView]:
    """Every remark with its place in the text at hand, thread by thread; the reader is logged.

    Raises StepRefused for somebody who may not read the draft, NotFound.
    """
    edition, text = read_text(office, actor, report_id, now=now)
    whole = text.canonical()
    with office.records.reading() as session:
        rows = session.exec(select(Remark).where(Remark.edition_id == edition.id).order_by(col(Remark.number))).all()
        opened = {row.number: json.loads(open_sealed(office, session, edition, row.sealed, _seal(row))) for row in rows}
    ordered = sorted(rows, key=lambda row: (row.answers or row.number, row.number))
    return [_view(row, opened, whole, edition.digest) for row in ordered]


def _view(row: Remark, opened: Mapping[int, Mapping[str, object]], whole: str, digest: str) -> RemarkView:
    first = opened[row.answers or row.number]
    place: tuple[int, int] | None = (row.start, row.end)
    if row.digest != digest:
        place = place_in(whole, str(first["passage"]), nth=int(str(first["nth"])), of=int(str(first["of"])))
    return RemarkView(
        number=row.number,
        answers=row.answers,
        version=row.version,
        start=place[0] if place else None,
        end=place[1] if place else None,
        passage=str(first["passage"]),
        text=str(opened[row.number]["text"]),
        by=row.by,
        made_at=row.made_at,
        resolved_by=row.resolved_by,
    )


def _open_to(tx: Tx, report_id: str, actor: Actor) -> Edition:
    """The edition, locked so that numbers follow each other, for somebody who may read its draft."""
    edition = locked(tx.session, newest_edition(tx.session, report_id))
    reasons = reading_objections(tx.session.get_one(Report, report_id), edition, actor)
    if Stage(edition.stage) not in _BEFORE_PUBLICATION:
        reasons = [Reason("stage", "稿件已公开或已结束，不再批注")]
    if reasons:
        raise StepRefused(report_id, _STEP, tuple(reasons))
    return edition


def _place(whole: str, report_id: str, passage: str, start: int | None, end: int | None) -> tuple[int, int]:
    """From and to of what is remarked on. Raises BadInput."""
    if start is not None and end is not None:
        if passage or not 0 <= start < end <= len(whole):
            raise BadInput(f"位置 {start}-{end} 不对", report_id, f"请给 0 至 {len(whole)} 之间的起止位置，不再写原文")
        return start, end
    found = places(whole, passage) if passage.strip() and start is None and end is None else []
    if len(found) != 1:
        what = f"文稿中有 {len(found)} 处这样的文字" if found else "文稿中找不到这段文字"
        raise BadInput(what, report_id, "请用 --passage 写得与文稿一致并长到只出现一次，或用 --from、--to 写明起止位置")
    return found[0], found[0] + len(passage)


def _first_of(session: Session, edition: Edition, number: int) -> Remark:
    row = session.get(Remark, (edition.id, number))
    if row is not None and row.answers is not None:
        row = session.get(Remark, (edition.id, row.answers))
    if row is None:
        raise NotFound(f"{edition.report_id} 的批注 {number}", "请用 `pubflow report show` 查看编号")
    return row


def _write(
    office: Office,
    tx: Tx,
    edition: Edition,
    actor: Actor,
    content: Mapping[str, object],
    *,
    start: int,
    end: int,
    answers: int | None,
) -> int:
    found = select(Remark.number).where(Remark.edition_id == edition.id).order_by(col(Remark.number).desc()).limit(1)
    row = Remark(
        edition_id=edition.id,
        number=(tx.session.exec(found).first() or 0) + 1,
        answers=answers,
        version=edition.version,
        digest=edition.digest,
        start=start,
        end=end,
        sealed=b"",
        by=actor.id,
        made_at=tx.now,
    )
    key = tx.session.get_one(Report, edition.report_id).wrapped_key
    row.sealed = office.vault.seal(key, json.dumps(content, ensure_ascii=False).encode(), _seal(row))
    tx.session.add(row)
    return row.number


def _seal(row: Remark) -> str:
    return f"{row.edition_id}/remark/{row.number}"
