"""Changed rules and what is already public: a look beforehand, the scan afterwards, and withdrawal tasks.

A task is a row that somebody must settle; taking a text off the portal is the room publication's.
"""

import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.confidentiality.attached import Located, scan_whole
from pubflow.confidentiality.bases import rules_digest, today
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import Rules, ScanFinding, load_rules
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ZH, Machine, Role, Stage
from pubflow.office.access import open_text
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.office.telling import call
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Finding, Rescan, WithdrawalTask

PUBLIC = (Stage.PUBLISHED, Stage.SUPERSEDED)
OPEN, SETTLED = "open", "settled"
_AT_ONCE = 100  # editions a transaction: the register's one writer is never held long
_KEEPS_RULES = frozenset({Role.OFFICER, Role.OPERATOR})
_SETTLES = frozenset({Role.LEADER, Role.CHIEF})


@dataclass(frozen=True)
class Difference:
    """One finding that other rules would add to a public text, or would not make any more."""

    report: str
    edition: str
    rule: str
    type: str
    severity: str
    masked: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """What other rules would flag among what is public. texts: how many were looked at."""

    texts: int
    since: dt.date
    added: list[Difference]
    gone: list[Difference]


@dataclass(frozen=True)
class TaskView:
    """A withdrawal task."""

    id: str
    report: str
    edition: str
    stage: str
    findings: list[dict[str, str]]
    state: str
    opened_at: datetime
    settled_by: str | None
    reason: str


def preview(office: Office, actor: Actor, content: str, *, since: dt.date | None = None, now: datetime) -> Preview:
    """What the rules in `content` (a rules file) would flag among what became public since a day, against today's.

    since: without it, from the first of January of last year on. Nothing is kept but who asked for which file.
    Raises StepRefused, BadInput naming rule, key and remedy.
    """
    with refusals_recorded(office, actor, "-", "rules preview", now):
        _only(actor, _KEEPS_RULES, "预览规则变动")
        rules = _rules_in(content).valid_on(today(now))
    since = since or dt.date(today(now).year - 1, 1, 1)
    added: list[Difference] = []
    gone: list[Difference] = []
    texts = 0
    for edition, before, after in _public_texts(office, since, now, rules):
        texts += 1
        added += [_difference(edition, one) for one in _not_in(after, before)]
        gone += [_difference(edition, one) for one in _not_in(before, after)]
    data = {
        "file": hashlib.sha256(content.encode()).hexdigest(),
        "texts": texts,
        "added": len(added),
        "gone": len(gone),
    }
    office.records.record(Event("rules_previewed", actor.id, "-", _role(actor, _KEEPS_RULES), data=data), now)
    return Preview(texts, since, added, gone)


def rescan_as(office: Office, actor: Actor, now: datetime) -> tuple[int, list[str]]:
    """`rescan` asked for by a person, officer or operator. Raises StepRefused."""
    with refusals_recorded(office, actor, "-", "rescan", now):
        _only(actor, _KEEPS_RULES, "重新扫描")
    return rescan(office, actor.id, now)


def rescan(office: Office, who: str, now: datetime) -> tuple[int, list[str]]:
    """Scan what is public with the rules and facts of today, each text once for each state of them.

    Opens a withdrawal task where a hard finding is new: nobody has decided on one of its type at its place. Returns
    how many texts were scanned, and the new tasks. Safe to run twice or to be killed.
    """
    digest = rules_digest(office, now)
    scanned = 0
    tasks: list[str] = []
    while waiting := _not_scanned(office, digest):
        found = _scan_all(office, waiting, now)  # before the transaction: attachments take time, and others write too
        with office.records.writing(now, what="rescan", who=who, subject="-") as tx:
            known = select(Rescan.edition_id).where(Rescan.rules_digest == digest)
            done = set(tx.session.exec(known.where(col(Rescan.edition_id).in_(waiting))).all())
            new = []
            for edition_id in waiting:
                if edition_id not in done:
                    edition = tx.session.get_one(Edition, edition_id)
                    new += _noted(office, tx, edition, found[edition_id], digest, who, now)
            data = {"rules": digest, "texts": len(waiting) - len(done), "tasks": new}
            tx.record(Event("rescanned", who, "-", data=data))
        scanned, tasks = scanned + len(waiting) - len(done), tasks + new
    return scanned, tasks


def tasks(office: Office, *, open_only: bool = True) -> list[TaskView]:
    """Withdrawal tasks, oldest first; one whose edition is withdrawn is settled by that."""
    with office.records.reading() as session:
        found = select(WithdrawalTask, Edition).join(Edition, col(Edition.id) == col(WithdrawalTask.edition_id))
        rows = session.exec(found.order_by(col(WithdrawalTask.id))).all()
    views = [_view(task, edition) for task, edition in rows]
    return [view for view in views if view.state == OPEN] if open_only else views


def settle(office: Office, actor: Actor, task_id: str, *, reason: str, now: datetime) -> None:
    """The leader decides that the text stays public, with a reason. Withdrawing it settles the task by itself.

    Raises StepRefused, NotFound, BadInput, SecretMarkFound.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, task_id, "settle", now),
        office.records.writing(now, what="settle", who=actor.id, subject=task_id) as tx,
    ):
        _only(actor, _SETTLES, "了结撤回事项")
        task = tx.session.get(WithdrawalTask, task_id)
        if task is None:
            raise NotFound(f"撤回事项 {task_id}", "请用 `pubflow check withdrawals` 查看编号")
        if task.state != OPEN:
            raise BadInput(f"{task_id} 已由 {task.settled_by} 了结", task_id, "不必再办理")
        if not reason.strip():
            raise BadInput("没有写明理由", task_id, "请用 --reason 写明为什么可以继续公开")
        task.state, task.settled_by, task.reason, task.settled_at = SETTLED, actor.id, reason, now
        edition = tx.session.get_one(Edition, task.edition_id)
        data = {"task": task.id, "stays": True}
        event = Event(
            "withdrawal_settled", actor.id, edition.report_id, _role(actor, _SETTLES), edition.digest, reason=reason,
            data=data,
        )  # fmt: skip
        tx.record(event)


def _scan_all(office: Office, editions: Sequence[str], now: datetime) -> dict[str, list[Located]]:
    """What is found in public editions, whose texts and attachments do not change any more."""
    with office.records.reading() as session:
        rows = [session.get_one(Edition, one) for one in editions]
        return {row.id: scan_whole(office, session, row, open_text(office, session, row), now) for row in rows}


def _noted(
    office: Office, tx: Tx, edition: Edition, found: Sequence[Located], digest: str, who: str, now: datetime
) -> list[str]:
    """Note that one edition was scanned, and open its task where there must be one; the task's number."""
    known = tx.session.exec(
        select(Finding).where(Finding.edition_id == edition.id, Finding.digest == edition.digest)
    ).all()
    new = [one.found for one in found if one.found.severity is Severity.HARD and not _is_known(one, known)]
    tx.session.add(Rescan(rules_digest=digest, edition_id=edition.id, hard=len(new), scanned_at=now))
    waits = select(WithdrawalTask.id).where(WithdrawalTask.edition_id == edition.id, WithdrawalTask.state == OPEN)
    settled = _settled(tx.session, edition)
    told = [_told(one) for one in new if (one.rule, one.masked) not in settled]
    if not told or tx.session.exec(waits).first() is not None:
        return []
    task = WithdrawalTask(id=tx.next_id("W"), edition_id=edition.id, rules_digest=digest, findings=told, opened_at=now)
    tx.session.add(task)
    data = {"task": task.id, "rules": digest, "findings": [one["rule"] for one in told]}
    tx.record(Event("withdrawal_asked", who, edition.report_id, Machine.FLOW, edition.digest, data=data))
    call(
        office, tx, f"withdrawal/{task.id}", "withdrawal", office.settings.notices.withdrawal,
        (Role.OFFICER, Role.LEADER), edition.report_id,
    )  # fmt: skip
    return [task.id]


def _settled(session: Session, edition: Edition) -> set[tuple[str, str]]:
    """What somebody has decided to leave public in this edition: rule and masked value."""
    found = select(WithdrawalTask).where(WithdrawalTask.edition_id == edition.id, WithdrawalTask.state == SETTLED)
    return {(one["rule"], one["masked"]) for task in session.exec(found).all() for one in task.findings}


def _not_scanned(office: Office, digest: str) -> list[str]:
    """Some public editions that these rules have not seen."""
    with office.records.reading() as session:
        seen = select(Rescan.edition_id).where(Rescan.rules_digest == digest)
        found = select(Edition.id).where(col(Edition.stage).in_(PUBLIC), col(Edition.id).not_in(seen))
        return list(session.exec(found.order_by(col(Edition.id)).limit(_AT_ONCE)).all())


def _public_texts(
    office: Office, since: dt.date, now: datetime, rules: Rules
) -> Iterator[tuple[Edition, list[Located], list[Located]]]:
    """Each edition that became public since a day, with what today's rules find in it, and what others would."""
    with office.records.reading() as session:
        editions = session.exec(select(Edition).where(col(Edition.stage).in_(PUBLIC)).order_by(col(Edition.id))).all()
        for edition in editions:
            if edition.published_at is not None and today(edition.published_at) >= since:
                text = open_text(office, session, edition)
                before, after = (scan_whole(office, session, edition, text, now, given) for given in (None, rules))
                yield edition, before, after


def _rules_in(content: str) -> Rules:
    """The rules of a file's text. Rules are no draft: for the time of reading they may lie in a file of ours."""
    with tempfile.TemporaryDirectory(prefix="pubflow-rules-") as folder:
        file = Path(folder) / "new-rules.toml"
        file.write_text(content, encoding="utf-8")
        try:
            return load_rules(file)
        except BadInput as error:
            where = error.where.replace(str(file), "").strip()
            raise BadInput(error.what, where or "rules", error.remedy) from None


def _not_in(ones: Sequence[Located], others: Sequence[Located]) -> list[ScanFinding]:
    places = {_spot(one) for one in others}
    return [one.found for one in ones if _spot(one) not in places]


def _spot(one: Located) -> tuple[str, str, int, int, int]:
    return one.found.rule, one.attachment, one.unit, one.found.start, one.found.end


def _is_known(one: Located, known: Sequence[Finding]) -> bool:
    """Whether somebody has decided on a finding of this type at this place; what could not be checked has no extent."""
    new = one.found
    return any(
        (old.type, old.attachment, old.unit) == (new.type, one.attachment, one.unit)
        and ((old.start < new.end and new.start < old.end) or one.unit < 0)
        for old in known
    )


def _difference(edition: Edition, one: ScanFinding) -> Difference:
    return Difference(
        edition.report_id, edition.id, one.rule, one.type, str(one.severity), one.masked, tuple(one.evidence)
    )


def _told(one: ScanFinding) -> dict[str, str]:
    return {"rule": one.rule, "type": one.type, "masked": one.masked}


def _view(task: WithdrawalTask, edition: Edition) -> TaskView:
    state = SETTLED if edition.stage == Stage.WITHDRAWN else task.state
    return TaskView(
        task.id,
        edition.report_id,
        edition.id,
        edition.stage,
        task.findings,
        state,
        task.opened_at,
        task.settled_by,
        task.reason,
    )


def _only(actor: Actor, roles: frozenset[Role], what: str) -> None:
    if not _role(actor, roles):
        owners = "、".join(sorted(ZH[role] for role in roles))
        raise StepRefused("-", what, (Reason("other_role", f"这一步由{owners}办理"),))


def _role(actor: Actor, roles: frozenset[Role]) -> str:
    return ",".join(sorted({role for mandate in actor.mandates() for role in mandate.roles & roles}))
