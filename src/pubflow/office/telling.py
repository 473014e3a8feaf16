"""What is said to whom: a message to the next person when a task is opened or comes back, and the reminders' words."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.lifecycle.stages import ZH, Role, Stage
from pubflow.office.deadlines import Due
from pubflow.office.office import Office
from pubflow.office.outbox import put
from pubflow.office.waiting import Task, people_for, read_tasks
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Person
from pubflow.settings.notices import PLACEHOLDERS, Rung, Wording

ASKED, RETURNED = "asked", "returned"


def tell_next(office: Office, tx: Tx, edition: Edition) -> None:
    """Tell whoever the edition waits for now, once a task and visit. Nothing is written where no channel is set up."""
    if not office.settings.notices.channels:
        return
    for task in read_tasks(tx.session, edition):
        notices = office.settings.notices
        kind, wording = (RETURNED, notices.returned) if task.stage is Stage.DRAFTING else (ASKED, notices.asked)
        # An absent person's task is the deputy's from the start.
        people = present(tx.session, people_for(tx.session, edition, task, tx.now), tx.now)
        due = task.due(office.calendar, tx.now)
        words = words_of(office, task, edition, due)
        about = f"{edition.id}/{edition.visit}/{task.step}"
        place = {"subject": edition.report_id, "edition_id": edition.id, "visit": edition.visit, "step": task.step}
        post(office, tx, f"{kind}/{about}", kind, wording, words, [one.id for one in people], place)


def post(
    office: Office,
    tx: Tx,
    key: str,
    kind: str,
    wording: Wording | Rung,
    words: Mapping[str, str],
    people: Iterable[str],
    place: Mapping[str, object],
) -> int:
    """One message for each person by each channel to persons, one for each group; how many were new."""
    told = sorted(set(people))
    new = 0
    for channel in office.settings.notices.channels.values():
        for person in told if channel.to == "person" else [None]:
            new += put(
                tx,
                f"{key}/{channel.id}/{person or '*'}",
                kind=kind,
                channel=channel.id,
                person_id=person,
                headline=_filled(wording.headline, words),
                body=_filled(wording.text, words),
                **place,
            )
    return new


def call(office: Office, tx: Tx, key: str, kind: str, wording: Wording, roles: Iterable[Role], subject: str) -> int:
    """Tell everybody present who has one of these roles about something that is no task of the line; how many messages.

    Only {report} and {desk} have a meaning in such a text.
    """
    if not office.settings.notices.channels:
        return 0
    wanted = set(roles)
    everybody = tx.session.exec(select(Person).where(col(Person.active).is_(True)).order_by(col(Person.id))).all()
    people = present(tx.session, [one for one in everybody if wanted & set(one.roles)], tx.now)
    words = dict.fromkeys(PLACEHOLDERS, "") | {"report": subject, "desk": office.settings.notices.sending.desk}
    return post(office, tx, key, kind, wording, words, [one.id for one in people], {"subject": subject})


def words_of(office: Office, task: Task | None, edition: Edition, due: Due) -> dict[str, str]:
    """What stands in for the braces of a text about an edition. No title, no name, no text of the draft."""
    whom = whom_of(task) if task else ""
    return {
        "report": edition.report_id,
        "stage": f"处于{ZH[Stage(edition.stage)]}",
        "task": task.asked if task else ZH[Stage(edition.stage)],
        "whom": whom or "经办人",
        "due": due.text,
        "late": str(max(-due.workdays_left, 0)),
        "desk": office.settings.notices.sending.desk,
    }


def whom_of(task: Task) -> str:
    """The role, its section, and the sign-in name where one person is meant; groups read it too."""
    named = task.assigned or ""
    section = task.section if task.role is Role.SECTION_HEAD else ""
    inner = "，".join(part for part in (section, named) if part)
    return f"{ZH[task.role]}{f'（{inner}）' if inner else ''}"


def present(session: Session, people: Iterable[Person], now: datetime) -> list[Person]:
    """These persons, an absent one's deputy in the place of the absent one."""
    found: dict[str, Person] = {}
    for person in people:
        there = person
        if is_absent(person, now) and person.deputy_id:
            deputy = session.get(Person, person.deputy_id)
            there = deputy if deputy is not None and deputy.active and not is_absent(deputy, now) else person
        found[there.id] = there
    return list(found.values())


def is_absent(person: Person, now: datetime) -> bool:
    """Whether somebody is noted as away."""
    return person.absent_until is not None and person.absent_until > now


def _filled(text: str, words: Mapping[str, str]) -> str:
    return text.format_map(words)
