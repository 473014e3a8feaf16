"""Messages that nobody sends any more, for `pubflow doctor`."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from pubflow.lifecycle.stages import Role
from pubflow.office.office import Office
from pubflow.office.outbox import STUCK, MessageState
from pubflow.records.tables import Message, Person
from pubflow.service.stuck import Stuck

_TOLD = {Role.DRAFTER, Role.SECTION_HEAD, Role.OFFICER, Role.LEADER, Role.CHIEF}
UNTOUCHED = timedelta(minutes=10)  # a sender looks every two seconds


def stuck_messages(office: Office, now: datetime) -> Iterator[Stuck]:
    """Messages that are stuck and people who cannot be reached, channel by channel."""
    with office.records.reading() as session:
        stopped = session.exec(
            select(Message).where(col(Message.state).in_([state.value for state in STUCK])).order_by(col(Message.id))
        ).all()
        untouched = session.exec(
            select(Message.channel).where(
                Message.state == MessageState.WAITING, col(Message.next_try) < now - UNTOUCHED
            )
        ).all()
        people = session.exec(select(Person).where(col(Person.active).is_(True)).order_by(col(Person.id))).all()
    yield from _unreachable(office, people)
    for channel in sorted({message.channel for message in stopped}):
        ones = [message for message in stopped if message.channel == channel]
        why = f"{ones[0].id}: {ones[0].last_error}"
        verb = f"pubflow notices retry {ones[0].id}" if len(ones) == 1 else "pubflow notices retry --all"
        yield Stuck(channel, f"{len(ones)} messages by {channel} stopped, the first is {why}", verb)
    for channel in sorted(set(untouched)):
        what = f"{untouched.count(channel)} messages by {channel} were due over ten minutes ago and nobody tries them"
        known = channel in office.settings.notices.channels
        yield Stuck(channel, what, "pubflow up" if known else f"put [channels.{channel}] back into notices.toml")


def _unreachable(office: Office, people: Sequence[Person]) -> Iterator[Stuck]:
    """Who may be asked for something and has no address by a channel to persons."""
    for channel in office.settings.notices.channels.values():
        if channel.to != "person":
            continue
        reached = {id for id, person in office.settings.people.items() if channel.id in person.contact}
        without = [one.id for one in people if _TOLD & set(one.roles) and one.id not in reached]
        if without:
            what = f"{', '.join(without)} cannot be told by {channel.id}: no address"
            yield Stuck(channel.id, what, f"add contact.{channel.id} in config/people.toml, then pubflow up")
