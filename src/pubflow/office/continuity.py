"""Does the history go on from the newest checkpoint? A quick look before an office starts.

Read are the checkpoints' signatures, the kept tree up to the newest one, and every event after it; not the whole
history: that is `pubflow audit verify`, which the daily flow does every night.
"""

from sqlalchemy import Connection, select
from sqlmodel import col

from pubflow.audit.checkpoint import Checkpoint
from pubflow.audit.events import GENESIS, chain_of, leaf_of
from pubflow.audit.verify import verify
from pubflow.errors import WorkspaceError
from pubflow.office.checkpoints import believed
from pubflow.office.office import Office
from pubflow.records import history
from pubflow.records.tables import AuditEvent


def checked_history(office: Office) -> str:
    """One sentence about what was looked at, all of it good.

    Raises WorkspaceError when the history does not continue the newest checkpoint. The office then does not start: it
    would publish what somebody wrote past the rules, and nobody could tell from the public page.
    """
    with office.records.engine.connect() as connection:
        note = history.newest_note(connection)
        known = believed(office.home, [note] if note else [])
        newest = max(known, key=lambda one: one.size, default=None)
        size = history.size(connection)
        problem = _problem(connection, newest, size)
    if problem:
        raise WorkspaceError(
            f"The audit history does not hold: {problem}. Nothing was started, and nothing is published from it.",
            "Run `pubflow audit verify` and compare with the checkpoint outside (docs/audit.md); then "
            "`pubflow restore` a backup from before, and after a restore that lost events "
            "`pubflow audit restart-after-restore`.",
        )
    if newest is None:
        return f"audit history: {size} events hold, no checkpoint is signed yet"
    return f"audit history: goes on from the checkpoint of {newest.size} events, the {size - newest.size} after it hold"


def _problem(connection: Connection, newest: Checkpoint | None, size: int) -> str:
    signed = newest.size if newest else 0
    if signed > size:
        return f"a checkpoint was signed for {signed} events, and only {size} are there: deleted, or an older copy"
    if newest and history.root(connection, signed) != newest.root:
        # The kept tree only saves work, and may itself be wrong: then the events are read.
        verdict = verify(history.events(connection), [newest])
        if not verdict.good:
            return str(verdict)
    chain = connection.scalar(select(col(AuditEvent.chain)).where(col(AuditEvent.seq) == signed))
    previous = GENESIS if chain is None else bytes(chain)
    for expected, event in enumerate(history.events(connection, after=signed), signed + 1):
        leaf = leaf_of(bytes(event.body))
        previous = chain_of(previous, leaf)
        if (event.seq, bytes(event.leaf), bytes(event.chain)) != (expected, leaf, previous):
            return f"event {expected} was changed, moved or removed"
    return ""
