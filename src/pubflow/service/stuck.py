"""What stands still and should not, as the register tells it; each with the verb that frees it.

`pubflow doctor` lists it; the processes, keys and files of the workspace are doctor's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from pubflow.confidentiality.bases import facts_of as facts_of_office
from pubflow.confidentiality.bases import today
from pubflow.confidentiality.lexicons import ending, load_lexicons
from pubflow.confidentiality.rescans import tasks
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Action, ReleaseState, Role, Stage
from pubflow.lifecycle.steps import judged
from pubflow.moments import shown
from pubflow.office.due import DAILY, DueStep, due_steps
from pubflow.office.gauges import gauges, last_moved
from pubflow.office.line import facts_of
from pubflow.office.office import Office
from pubflow.office.people import actor_of
from pubflow.office.standing_in import stood_in_for
from pubflow.publication.switching import PREPARE_AHEAD
from pubflow.publication.tree import PublicTree
from pubflow.records import history
from pubflow.records.pending import Pending
from pubflow.records.tables import AuditEvent, Edition, Person, Release, SignedCheckpoint, StepRun

DUE_WITHIN = timedelta(minutes=1)  # a due machine step is taken within seconds
A_DAY = timedelta(hours=26)  # what is done once a day, and two hours
_FORWARD = {
    Stage.DRAFTING: (Action.SUBMIT, Role.DRAFTER),
    Stage.DEPARTMENT_REVIEW: (Action.APPROVE, Role.SECTION_HEAD),
    Stage.CONFIDENTIALITY_CHECK: (Action.CLEAR, Role.OFFICER),
    Stage.APPROVAL: (Action.SIGN, Role.LEADER),
}
# Objections to the person; all others say what is still to be done, or by when.
_PERSONAL = frozenset(
    {"other_role", "other_section", "not_own_draft", "author_decides", "same_person", "conflict", "chief_needed"}
)


@dataclass(frozen=True)
class Stuck:
    """One thing that stands still: what it is, and what to type."""

    subject: str
    what: str
    verb: str


def stuck(office: Office, now: datetime) -> list[Stuck]:
    """Everything in the register and the public tree that needs somebody. Reads only."""
    return [
        *stuck_releases(office, now),
        *stuck_steps(office, now),
        *without_anybody(office, now),
        *neglected(office, now),
        *unfinished(office, now),
        *of_the_check(office, now),
    ]


def stuck_releases(office: Office, now: datetime) -> Iterator[Stuck]:
    """Releases that are overdue, not ready although signed, or failed."""
    found = gauges(office, now)
    for one in found.overdue:
        at = shown(one.instant, seconds=True)
        why = f": {one.why}" if one.why else ""
        yield Stuck(one.release, f"{one.release} is overdue: it was due at {at} and is {one.state}{why}", one.verb)
    for one in found.not_staged:
        at = shown(one.instant, seconds=True)
        what = f"{one.release} is scheduled but not staged: all is signed for {at}, and it is {one.state}"
        yield Stuck(one.release, what, one.verb)
    for one in found.failed:
        if one not in found.overdue:
            yield Stuck(one.release, f"{one.release} failed: {one.why}", one.verb)


def stuck_steps(office: Office, now: datetime) -> Iterator[Stuck]:
    """Machine steps that are due although nothing has happened to their subject for a minute."""
    due = due_steps(office)
    with office.records.reading() as session:
        for one in due:
            moved = last_moved(session, one.subject)
            if moved is not None and moved >= now - DUE_WITHIN:
                continue
            since = f" since {shown(moved, seconds=True)}" if moved else ""
            what = f"{one.step} of {one.subject} is due{since}{_tries(session, one)}"
            yield Stuck(one.subject, what, f"pubflow flow run {one.step} {one.subject}")


def _tries(session: Session, due: DueStep) -> str:
    row = session.get(StepRun, (due.step, due.subject, due.version))
    if row is None or row.attempt == 0:
        return ", no run was started for it"
    return f", {row.attempt} run{'s' if row.attempt > 1 else ''} started, the last one is {row.flow_run_id}"


def without_anybody(office: Office, now: datetime) -> Iterator[Stuck]:
    """Open tasks that nobody in the office may take: the role is vacant, or the rule of different persons bars all."""
    with office.records.reading() as session:
        persons = session.exec(select(Person).where(col(Person.active).is_(True)).order_by(col(Person.id))).all()
        actors = [_with_absent(session, person, now) for person in persons]
        open_ones = session.exec(select(Edition).where(col(Edition.stage).in_(_FORWARD), Edition.version > 0)).all()
        for edition in open_ones:
            facts = facts_of(session, edition)
            action, role = _FORWARD[facts.stage]
            if facts.stage is not Stage.DRAFTING and not facts.opened:
                continue
            barred = {
                actor.id: {reason.code for reason in judged(facts, action, actor, now, digest=facts.digest)[1]}
                & _PERSONAL
                for actor in actors
            }
            if all(barred.values()):
                yield _vacant(edition, role, facts.section, barred)


def _with_absent(session: Session, person: Person, now: datetime) -> Actor:
    actor = actor_of(person)
    return Actor(actor.id, actor.roles, actor.section, stood_in_for(session, person, now))


def _vacant(edition: Edition, role: Role, section: str, barred: dict[str, set[str]]) -> Stuck:
    report = edition.report_id
    doubled = next((person for person, codes in barred.items() if codes == {"same_person"}), None)
    if doubled:
        what = f"{report} waits in {edition.stage}, and the only {role} has decided on it in another stage"
        return Stuck(report, what, f"pubflow people exempt {doubled} STAGE STAGE --until DAY --reason REASON")
    what = f"{report} waits in {edition.stage}, and no active person may take it as {role}"
    return Stuck(report, what, f"pubflow people add ID --name NAME --section {section} --role {role}")


def neglected(office: Office, now: datetime) -> Iterator[Stuck]:
    """What should happen once a day and did not: the daily look, and a checkpoint of a history that grew."""
    with office.records.reading() as session:
        connection = session.connection()
        first = session.exec(select(func.min(AuditEvent.at))).one()
        if first is None or datetime.fromisoformat(first) > now - A_DAY:
            return  # a new office
        looked = session.exec(
            select(AuditEvent.at).where(AuditEvent.action == DAILY).order_by(col(AuditEvent.seq).desc()).limit(1)
        ).first()
        newest = session.exec(select(SignedCheckpoint).order_by(col(SignedCheckpoint.size).desc()).limit(1)).first()
        size = history.size(connection)
    if looked is None or datetime.fromisoformat(looked) < now - A_DAY:
        since = f"since {shown(datetime.fromisoformat(looked))}" if looked else "ever"
        yield Stuck("-", f"the daily look has not run {since}", "pubflow flow run daily")
    if newest is None or (newest.size < size and newest.made_at < now - A_DAY):
        covered = newest.size if newest else 0
        what = f"the last checkpoint covers {covered} of {size} events and is over a day old"
        yield Stuck("-", what, "pubflow audit checkpoint")


def of_the_check(office: Office, now: datetime) -> Iterator[Stuck]:
    """Withdrawal tasks nobody has settled, and public facts and lexicons that have ended or soon will."""
    for task in tasks(office):
        since = shown(task.opened_at)
        what = f"{task.report} is public, and the rules of today find something hard in it since {since} ({task.id})"
        yield Stuck(task.report, what, f"pubflow check settle {task.id} --reason REASON, or withdraw it")
    day = today(now)
    for fact in facts_of_office(office).ending(day):
        word = "ended" if fact.expires < day else "ends"
        what = f"the public fact {fact.id} of {fact.owner} {word} on {fact.expires}"
        yield Stuck("-", what, "look at it again in config/rules/public-facts.toml")
    for lexicon in ending(load_lexicons(office.settings.folder), day):
        word = "ended" if lexicon.expires < day else "ends"
        what = f"the lexicon {lexicon.id} of {lexicon.owner} {word} on {lexicon.expires}"
        yield Stuck("-", what, "look at it again, then `pubflow lexicon import` with a later --expires")


def unfinished(office: Office, now: datetime) -> Iterator[Stuck]:
    """What a crash left and the next round finishes: events that wait for space, a switch without its record, a
    generation that nobody waits for."""
    waiting = Pending(office.home.pending).waiting()
    if waiting:
        yield Stuck("-", f"{len(waiting)} events wait to be recorded; free disk space first", "pubflow reconcile")
    tree = PublicTree(office.home.public)
    manifest = tree.manifest()
    with office.records.reading() as session:
        public = session.get(Release, manifest.release) if manifest else None
        close = session.exec(
            select(Release.id).where(Release.state == ReleaseState.STAGED, Release.instant < now + PREPARE_AHEAD)
        ).first()
    if manifest and public and public.state != ReleaseState.RELEASED and public.staged_digest == manifest.digest:
        yield Stuck(public.id, f"{public.id} is public and not yet recorded", "pubflow reconcile")
    elif close is None and tree.leftovers():
        what = f"{len(tree.leftovers())} generations of pages lie beside the public tree, and no release is close"
        yield Stuck("-", what, "pubflow reconcile")
