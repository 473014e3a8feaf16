"""Changing the workflow of one edition: the fast lane, and the move onto the present configuration.

What was decided stands where the same step of the same section decided on the same text; the rest is decided anew.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import ZH, Action, Role, Stage
from pubflow.lifecycle.workflow import Difference, Workflow, difference, fast, renewed, snapshot
from pubflow.office.line import newest_edition, refusals_recorded, take_step
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Report, Review, Section

VOIDED = "voided"


def grant_fast(office: Office, report_id: str, actor: Actor, *, reason: str, now: datetime) -> Edition:
    """A section head or leader lets an occasional report go the fast lane. Raises StepRefused, NotFound."""

    def change(tx: Tx, edition: Edition, _facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
        return _change(tx, edition, fast(edition.workflow))

    return take_step(office, report_id, Action.FAST, actor, now=now, reason=reason, also=change)


def move_workflow(office: Office, report_id: str, actor: Actor, *, reason: str, now: datetime) -> Edition:
    """Move a report onto the present configuration (operator). Raises StepRefused, NotFound, BadInput."""

    changed: dict[str, Any] = {}

    def change(tx: Tx, edition: Edition) -> None:  # before the rules look: they judge by the new workflow
        new = _present(office, tx.session, edition)
        _needs_sections(tx.session, new)
        if difference(edition.workflow, new).is_none:
            raise BadInput("现行流程与这份稿件的流程没有差别", report_id, "不必换用")
        changed.update(_change(tx, edition, new))

    def told(_tx: Tx, _edition: Edition, _facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
        return changed

    return take_step(office, report_id, Action.MOVE_WORKFLOW, actor, now=now, reason=reason, before=change, also=told)


def workflow_difference(office: Office, report_id: str, actor: Actor, *, now: datetime) -> Difference:
    """What `move_workflow` would change, for the operator. Raises StepRefused, NotFound."""
    with refusals_recorded(office, actor, report_id, "workflow show", now), office.records.reading() as session:
        if Role.OPERATOR not in actor.roles:
            raise StepRefused(report_id, ZH[Action.MOVE_WORKFLOW], (Reason("other_role", "由系统管理员办理"),))
        edition = newest_edition(session, report_id)
        return difference(edition.workflow, _present(office, session, edition))


def _present(office: Office, session: Session, edition: Edition) -> Workflow:
    report = session.get_one(Report, edition.report_id)
    kind = office.settings.kinds.get(report.kind)
    if kind is None:
        what = f"现行配置没有体裁 {report.kind}"
        raise BadInput(what, edition.report_id, "请在 config/workflows.toml 补上这一体裁，或取消这份稿件")
    new = snapshot(kind, report.section_id, office.settings.exceptional.lost_role)
    return renewed(edition.workflow, new)


def _needs_sections(session: Session, workflow: Workflow) -> None:
    for review in workflow["reviews"]:
        if session.get(Section, review["section"]) is None:
            raise NotFound(f"科室 {review['section']}（审核 {review['step']}）", "请先在登记簿中建立这一科室")


def _change(tx: Tx, edition: Edition, new: Workflow) -> dict[str, Any]:
    """Give the edition its new workflow; what changed by it, for the event."""
    found = difference(edition.workflow, new)
    reviews = tx.session.exec(
        select(Review).where(
            Review.edition_id == edition.id, Review.stage == Stage.DEPARTMENT_REVIEW, Review.state == "approved"
        )
    ).all()
    voided = [review for review in reviews if review.step in found.gone]
    for review in voided:  # a step that went to another section is not yet that section's opinion
        review.state = VOIDED
    standing = {review.step for review in reviews if review.digest == edition.digest} - set(found.gone)
    changes: dict[str, Any] = {"workflow": new}
    if edition.stage == Stage.DEPARTMENT_REVIEW:  # a new visit: its flow opens the reviews that are still lacking
        changes["visit"] = edition.visit + 1
    tx.move(edition, **changes)
    return {
        **asdict(found),
        "voided": sorted({review.step for review in voided}),
        "standing": sorted(standing),
        "version": edition.version,
    }
