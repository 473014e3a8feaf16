"""The sender: takes messages from the outbox one by one, carries them, and writes down what became of each.

A loop for each channel, so that a server that hangs holds up nobody else. Two services may run: a lease decides.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from pubflow.errors import PubflowError
from pubflow.office.deadlines import ENDED
from pubflow.office.office import Office
from pubflow.office.outbox import Outbox
from pubflow.office.reminders import LIMIT
from pubflow.office.waiting import read_tasks
from pubflow.records.tables import Edition, Message, Person
from pubflow.service.channels import Carry, NotTaken, OutcomeUnknown, carrier

BEAT = 2.0  # seconds between two looks
log = logging.getLogger("pubflow.notices")


def start_senders(office: Office, stop: threading.Event, clock: Callable[[], datetime]) -> list[threading.Thread]:
    """A thread for each channel, not started yet; none where no channel is set up."""
    return [
        threading.Thread(
            target=run_sender,
            args=(office, channel.id, carrier(office, channel), stop, clock),
            name=f"notices {channel.id}",
            daemon=True,
        )
        for channel in office.settings.notices.channels.values()
    ]


def run_sender(
    office: Office, channel: str, carry: Carry, stop: threading.Event, clock: Callable[[], datetime]
) -> None:
    """Send what is due until `stop` is set. An error is logged and the next look tries again."""
    outbox = Outbox(office.records, office.settings.notices.sending)
    while not stop.is_set():
        try:
            if send_one(office, outbox, channel, carry, clock):
                continue
        except PubflowError as error:
            log.error("%s", error)
        except Exception:
            log.exception("a message failed; the next look tries again")
        stop.wait(BEAT)


def send_one(office: Office, outbox: Outbox, channel: str, carry: Carry, clock: Callable[[], datetime]) -> bool:
    """Take and send the next message of a channel; False when none is due."""
    message = outbox.take(channel, clock())
    if message is None:
        return False
    if not _still_needed(office, message):
        outbox.overtaken(message, clock())
        return True
    try:
        receipt = carry(message, clock())
    except NotTaken as error:
        outbox.refused(message, error.why, clock())
        log.warning("%s by %s was not taken (attempt %d): %s", message.id, channel, message.attempts, error.why)
    except OutcomeUnknown as error:
        outbox.unknown(message, error.why, clock())
        log.warning("%s by %s: %s", message.id, channel, error.why)
    except Exception as error:  # noqa: BLE001 - by its type alone: its words could hold an address and its secret
        outbox.unknown(message, f"{type(error).__name__} in pubflow", clock())
        log.error("%s by %s failed: %s", message.id, channel, type(error).__name__)
    else:
        outbox.sent(message, receipt, clock())
        log.info("%s by %s: sent", message.id, channel)
    return True


def _still_needed(office: Office, message: Message) -> bool:
    """Whether the task it is about still waits, and the person is still there."""
    with office.records.reading() as session:
        person = session.get(Person, message.person_id) if message.person_id else None
        if message.person_id and (person is None or not person.active):
            return False
        return message.edition_id is None or _task_waits(session, message)


def _task_waits(session: Session, message: Message) -> bool:
    edition = session.get(Edition, message.edition_id)
    if edition is None:
        return False
    if message.step == LIMIT:
        return edition.stage not in ENDED
    return edition.visit == message.visit and any(task.step == message.step for task in read_tasks(session, edition))
