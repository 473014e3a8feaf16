"""The confidentiality check 保密审查: the scan of one digest by its flow, then the officer's decisions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pubflow.confidentiality.attached import Located, scan_whole
from pubflow.confidentiality.bases import grounds_of, today
from pubflow.confidentiality.carrying import AS_IT_IS, carry_over
from pubflow.confidentiality.proposals import PROPOSING, planned, propose, withdraw
from pubflow.confidentiality.review_form import seal_form
from pubflow.confidentiality.right_holders import record_for
from pubflow.confidentiality.secret_marks import secret_marks, secret_marks_in_name
from pubflow.errors import AlreadyMoved, BadInput, NotFound
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import Action, Stage
from pubflow.office.access import open_text, read_text
from pubflow.office.attachments import place_of, seal_place
from pubflow.office.due import StepOutcome
from pubflow.office.line import decision_row, newest_edition, refusals_recorded, take_step
from pubflow.office.office import Office
from pubflow.office.opening import open_stage
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Finding, Proposal, ReviewForm

DECISIONS = (AS_IT_IS, *PROPOSING)
PARTLY = "部分公开"
CLEARING = ("公开", PARTLY)


def marks(text: str, name: str) -> tuple[str, ...]:
    """Names of the state-secret rules that a text or its file name breaks: what every door asks (decision 6)."""
    found = [*secret_marks(text), *(secret_marks_in_name(name) if name else ())]
    return tuple(dict.fromkeys(mark.rule for mark in found))


def preview(office: Office, report_id: str, actor: Actor, now: datetime) -> list[Located]:
    """What the scan would find in the newest version and its attachments; writes nothing but the reader's event."""
    edition, text = read_text(office, actor, report_id, now=now)
    with office.records.reading() as session:
        return scan_whole(office, session, edition, text, now)


def scan_version(office: Office, report_id: str, now: datetime) -> StepOutcome:
    """The confidentiality-check flow's work: scan the version at hand with its attachments, write the findings, open
    the officer's task.

    A pass of an earlier version holds on where value and clause are the same.
    Raises AlreadyMoved when the version is another one by the time the findings are written; nothing is written then.
    """
    # A large attachment takes seconds, and the register has one writer: it is scanned before the transaction.
    with office.records.reading() as session:
        seen = newest_edition(session, report_id)
        due = seen.stage == Stage.CONFIDENTIALITY_CHECK
        found = scan_whole(office, session, seen, open_text(office, session, seen), now) if due else []

    def work(tx: Tx, edition: Edition) -> str:
        if edition.digest != seen.digest:
            raise AlreadyMoved(report_id, f"版本 {seen.digest[:12]}")
        known = tx.session.exec(
            select(Finding.id).where(Finding.edition_id == edition.id, Finding.digest == edition.digest)
        ).first()
        carried = 0
        if known is None:  # an unchanged text that comes back keeps its findings and their decisions
            rows = [_row(office, tx.session, edition, one) for one in found]
            tx.session.add_all(rows)
            carried = carry_over(office, tx, edition, rows, now)
        held = f", {carried} decisions hold on" if carried else ""
        return f"{len(found)} findings{held}, officer's task opened"

    return open_stage(office, Stage.CONFIDENTIALITY_CHECK, report_id, now, work)


def findings(office: Office, report_id: str) -> list[Finding]:
    """The findings of the version at hand, in the order of the text, then of each attachment."""
    with office.records.reading() as session:
        return _findings(session, newest_edition(session, report_id))


def places(office: Office, report_id: str) -> dict[int, str]:
    """Where the findings in attachments stand, in Chinese, by the number of the finding. Raises SealBroken."""
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        found = _findings(session, edition)
        return {one.id or 0: place_of(office, session, edition, one) for one in found if one.place is not None}


def _findings(session: Session, edition: Edition) -> list[Finding]:
    found = select(Finding).where(Finding.edition_id == edition.id, Finding.digest == edition.digest)
    rows = session.exec(found.order_by(col(Finding.id))).all()  # of an attachment in reading order, as it was scanned
    return sorted(rows, key=lambda one: (1, one.id or 0) if one.attachment else (0, one.start))


def decide(
    office: Office,
    report_id: str,
    actor: Actor,
    finding_id: int,
    decision: str,
    *,
    digest: str | None,
    basis: str,
    reason: str,
    ground: str,
    style: str = "",
    now: datetime,
) -> Edition:
    """Let one finding pass, or propose to mask or remove it; each with its ground, basis and reason.

    ground: an id of `config/rules/grounds.toml` that fits type and decision; consent and public interest need their
    record first. basis: the fact behind it. style: how a mask looks, by its id in the configuration; the first one if
    none is named. A proposal may be replaced by another decision as long as the text has not gone back to its drafter;
    a pass that holds on from an earlier version may be decided anew.
    Raises StepRefused, NotFound, BadInput, SecretMarkFound.
    """
    office.admit(actor, basis, "", now)
    change = planned(office, report_id, finding_id, decision, style=style)

    def write(tx: Tx, edition: Edition, _facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
        finding = tx.session.get(Finding, finding_id)
        if finding is None or finding.edition_id != edition.id or finding.digest != edition.digest:
            raise NotFound(f"{report_id} 的发现项 {finding_id}", "请用 `pubflow check findings` 查看编号")
        if decision not in DECISIONS:
            raise BadInput(
                f"没有“{decision}”这种处理",
                str(finding_id),
                f"可用：{'、'.join(DECISIONS)}；其他修改请用 review return 退回",
            )
        if not basis.strip():
            raise BadInput("没有写明依据", str(finding_id), "请用 --basis 写明法律依据或事实依据")
        chosen = grounds_of(office).of(ground, finding.type, decision, today(now), where=str(finding_id))
        if finding.decision == AS_IT_IS and finding.carried_from is None:
            raise BadInput(f"发现项 {finding_id} 已处理（{finding.decision}，{finding.by}）", report_id, "不必再处理")
        data: dict[str, Any] = {"finding": finding.id, "rule": finding.rule, "decision": decision, "ground": chosen.id}
        right_holder = record_for(tx.session, edition, finding, chosen) if chosen.needs else None
        if right_holder:
            data["right_holder"] = right_holder
        if (withdrawn := withdraw(tx, finding)) is not None:
            data["withdrawn"] = withdrawn
        finding.decision, finding.ground, finding.basis, finding.reason = decision, chosen.id, basis, reason
        finding.right_holder, finding.carried_from = right_holder, None
        finding.by, finding.decided_at = actor.id, now
        if decision in PROPOSING:
            if isinstance(change, BadInput):
                raise change
            if change is None:
                raise AlreadyMoved(report_id, f"版本 {edition.digest[:12]}")
            data["proposal"] = propose(office, tx, edition, finding, change)
        return data

    return take_step(office, report_id, Action.DECIDE, actor, now=now, digest=digest, reason=reason, also=write)


def clear(
    office: Office,
    report_id: str,
    actor: Actor,
    *,
    digest: str | None,
    result: str,
    answers: Mapping[str, bool],
    opinion: str,
    now: datetime,
) -> Edition:
    """Fill the review form 保密审查审批表 and let the version go on to approval.

    answers: every item of the checklist, True where it applies to this text. One that applies can be cleared only
    where the ground of a pass answers it (consent, for instance). 部分公开 needs passages that were masked or
    removed, each with its ground; the public page says so. The form is sealed and kept with its digest.
    Raises StepRefused, BadInput naming the item.
    """
    with refusals_recorded(office, actor, report_id, Action.CLEAR, now):
        _check_form(office, result, answers, opinion)

    def fill(tx: Tx, edition: Edition) -> None:
        if not edition.digest:
            return
        _check_answers(office, tx.session, edition, answers)
        form = ReviewForm(
            edition_id=edition.id,
            digest=edition.digest,
            result=result,
            answers=dict(answers),
            opinion=opinion,
            by=actor.id,
            filled_at=now,
            number=tx.next_id("S"),
            public_note=_left_out(office, tx.session, edition) if result == PARTLY else "",
        )
        seal_form(office, tx.session, edition, form, now)
        tx.session.merge(form)  # a text that came back unchanged is judged anew: the newest form holds

    def decide_row(tx: Tx, edition: Edition, _facts: EditionFacts, acting: Actor) -> Mapping[str, Any]:
        tx.session.add(decision_row(edition, acting, now, state="cleared", reason=opinion))
        form = tx.session.get_one(ReviewForm, (edition.id, edition.digest))
        kept = {"form": form.number, "form_digest": form.form_digest}
        return {"result": result, "version": edition.version, **kept}

    return take_step(
        office, report_id, Action.CLEAR, actor, now=now, digest=digest, reason=opinion, before=fill, also=decide_row
    )


def _check_form(office: Office, result: str, answers: Mapping[str, bool], opinion: str) -> None:
    """Raises BadInput for a form that is not whole."""
    items = {item.id: item.name for item in office.settings.checklist}
    missing = [name for id_, name in items.items() if id_ not in answers]
    unknown = [id_ for id_ in answers if id_ not in items]
    if missing:
        raise BadInput(f"审批表未填：{'、'.join(missing)}", "answers", "每一项都要回答是或否")
    if unknown:
        raise BadInput(f"审批表没有这些项目：{'、'.join(unknown)}", "answers", f"可用：{'、'.join(items)}")
    if result not in CLEARING:
        raise BadInput(
            f"结果“{result}”不能通过", "result", f"通过时可用：{'、'.join(CLEARING)}；其他情形请退回并写明理由"
        )
    if not opinion.strip():
        raise BadInput("没有写明审查意见", "opinion", "请用 --opinion 写明")


def _check_answers(office: Office, session: Session, edition: Edition, answers: Mapping[str, bool]) -> None:
    """Raises BadInput where something applies that no pass on this text answers."""
    grounds = grounds_of(office).by_id
    passed = session.exec(
        select(Finding.ground).where(
            Finding.edition_id == edition.id, Finding.digest == edition.digest, Finding.decision == AS_IT_IS
        )
    ).all()
    answered = {item for ground in passed if ground in grounds for item in grounds[ground].items}
    applies = [item.name for item in office.settings.checklist if answers.get(item.id) and item.id not in answered]
    if applies:
        remedy = "请用 review return 退回起草人处理"
        raise BadInput(f"审批表认为涉及：{'、'.join(applies)}，不能通过", "answers", remedy)


def _left_out(office: Office, session: Session, edition: Edition) -> str:
    """What the public page says about passages that were masked or removed. Raises BadInput (区分处理)."""
    used = session.exec(
        select(Finding.id, Finding.ground)
        .join(Proposal, col(Proposal.finding_id) == col(Finding.id))
        .where(Proposal.edition_id == edition.id, Proposal.state == "accepted")
        .order_by(col(Proposal.id))
    ).all()
    grounds = grounds_of(office)
    nameless = [str(number) for number, ground in used if ground not in grounds.by_id]
    if not used:
        what = "没有脱敏或者删除任何内容，不是部分公开"
        raise BadInput(what, "result", "请用 check decide --propose 提出处理，或把结果改为公开")
    if nameless:
        what = f"发现项 {'、'.join(nameless)} 的处理没有写明理由"
        raise BadInput(what, "result", "请退回后重新用 check decide --ground 写明")
    return grounds.left_out([ground for _, ground in used])


def _row(office: Office, session: Session, edition: Edition, located: Located) -> Finding:
    finding = located.found
    row = Finding(
        edition_id=edition.id,
        version=edition.version,
        digest=edition.digest,
        rule=finding.rule,
        type=finding.type,
        severity=str(finding.severity),
        start=finding.start,
        end=finding.end,
        masked=finding.masked,
        evidence=list(finding.evidence),
        fingerprint=located.fingerprint,
        life=located.life,
        attachment=located.attachment,
        unit=located.unit,
    )
    seal_place(office, session, edition, row, located.place)
    return row
