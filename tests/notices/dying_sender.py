"""A sender of its own process that is killed after the server has taken the message and before that is written down."""

import os
import signal
from datetime import datetime

from pubflow.office.outbox import Outbox
from pubflow.records.tables import Message
from pubflow.service.channels import carrier
from pubflow.service.sender import send_one
from pubflow.wiring import open_workspace

office = open_workspace()
carry = carrier(office, office.settings.notices.channels["mail"])


def carry_and_die(message: Message, now: datetime) -> str:
    """Send for real, then end as nobody can handle."""
    carry(message, now)
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


at = datetime.fromisoformat(os.environ["AT"])
send_one(office, Outbox(office.records, office.settings.notices.sending), "mail", carry_and_die, lambda: at)
