"""Approval 审签: the leader's task, opened by its flow, and the signature that fixes text, instant and index number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from pubflow.audit.events import Event
from pubflow.errors import Reason, StepRefused
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import ZH, Action, ReleaseAction, ReleaseState, Stage
from pubflow.moments import SHANGHAI
from pubflow.office.access import open_text
from pubflow.office.due import StepOutcome
from pubflow.office.line import decision_row, take_step
from pubflow.office.office import Office
from pubflow.office.opening import open_stage
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Release, Report, Review


def open_approval(office: Office, report_id: str, now: datetime) -> StepOutcome:
    """The approval flow's work: collect the opinions given on this digest and open the leader's task."""

    def collect(tx: Tx, edition: Edition) -> str:
        opinions = tx.session.exec(
            select(Review).where(
                Review.edition_id == edition.id,
                Review.digest == edition.digest,
                col(Review.state).in_(("approved", "cleared")),
            )
        ).all()
        return f"leader's task opened with {len(opinions)} opinions"

    return open_stage(office, Stage.APPROVAL, report_id, now, collect)


def sign(office: Office, report_id: str, actor: Actor, *, digest: str | None, remark: str, now: datetime) -> Edition:
    """Sign for publication at the planned instant. With the last signature of a release the release is confirmed.

    The index number is taken here, in the approving transaction, so that none is skipped or given twice.
    Raises StepRefused with every reason, AlreadyMoved, NotFound.
    """

    def decide(tx: Tx, edition: Edition, _facts: EditionFacts, acting: Actor) -> Mapping[str, Any]:
        tx.session.add(decision_row(edition, acting, now, state="signed", reason=remark))
        index_no = _take_index_number(office, tx, edition)
        _confirm_release(tx, edition, actor)
        return {"version": edition.version, "index_no": index_no, "release": edition.release_id}

    return take_step(office, report_id, Action.SIGN, actor, now=now, digest=digest, reason=remark, also=decide)


def _take_index_number(office: Office, tx: Tx, edition: Edition) -> str:
    """A number of the text's own (an old record keeps it), else the next of the kind's scheme."""
    report = tx.session.get_one(Report, edition.report_id)
    own = open_text(office, tx.session, edition).head.index_no
    if own:
        taken = tx.session.exec(select(Report.id).where(Report.index_no == own, Report.id != report.id)).first()
        if taken:
            why = Reason("index_taken", f"索引号 {own} 已由 {taken} 使用；索引号不得重复，请退回更正")
            raise StepRefused(report.id, ZH[Action.SIGN], (why,))
        report.index_no = own
    if report.index_no is None:
        code, year = office.settings.bureau.org_code, tx.now.astimezone(SHANGHAI).year
        kind = office.settings.kind(report.kind)
        number = None
        while number is None or _has_number(tx, number):  # an old record may have brought the very number
            serial = tx.next_number(f"index/{code}/{year}")
            number = kind.index_number(org_code=code, year=year, serial=serial)
        report.index_no = number
    return report.index_no


def _has_number(tx: Tx, number: str) -> bool:
    return tx.session.exec(select(Report.id).where(Report.index_no == number)).first() is not None


def _confirm_release(tx: Tx, edition: Edition, actor: Actor) -> None:
    """Confirm once every other edition of the release is signed as well."""
    release = tx.session.get_one(Release, edition.release_id)
    unsigned = tx.session.exec(
        select(Edition.id).where(
            Edition.release_id == release.id, Edition.id != edition.id, Edition.stage != Stage.SCHEDULED
        )
    ).first()
    if unsigned is None and release.state == ReleaseState.PLANNED:
        tx.move(release, state=ReleaseState.CONFIRMED.value)
        tx.record(
            Event(
                ReleaseAction.CONFIRM,
                actor.id,
                release.id,
                ",".join(sorted(actor.roles)),
                from_state=ReleaseState.PLANNED,
                to_state=ReleaseState.CONFIRMED,
            )
        )
