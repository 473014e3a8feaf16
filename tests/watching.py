"""What a test sees of an office from outside: every row, every event, every byte of its folder."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlmodel import SQLModel

from pubflow.errors import PubflowError
from pubflow.office.office import Office
from pubflow.office.reading import history
from pubflow.records.tables import AuditEvent


def rows(office: Office) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the audit history."""
    with office.records.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in SQLModel.metadata.sorted_tables
            if table.name != "audit_event"
        }


def events(office: Office, *, after: int = 0, subject: str | None = None) -> list[AuditEvent]:
    """All events after a sequence number, oldest first."""
    return history(office, subject=subject, after=after, limit=100_000)


def data_of(event: AuditEvent) -> dict[str, Any]:
    """The small facts of an event."""
    return dict(json.loads(event.body)["data"])


def actions_on(office: Office, subject: str) -> list[str]:
    """What happened to a report or release, in order."""
    return [event.action for event in events(office, subject=subject)]


@contextmanager
def refusal(office: Office, error: type[PubflowError], match: str, *, codes: list[str] | None = None) -> Iterator[None]:
    """The block is refused in Chinese, nothing at all is written but one `refused` event, which holds `codes`."""
    before, known = rows(office), len(events(office))
    with pytest.raises(error, match=match) as caught:
        yield
    assert re.search(r"[\u4e00-\u9fff]", str(caught.value))
    assert rows(office) == before
    new = events(office, after=known)
    assert [event.action for event in new] == ["refused"]
    if codes is not None:
        assert data_of(new[0])["codes"] == codes


def files_with(office: Office, *words: str) -> list[str]:
    """Files of the workspace that hold a word in plain: register, its WAL, pending events, public tree; not config."""
    found = []
    for file in office.home.path.rglob("*"):
        if file.is_file() and not file.is_symlink() and office.home.config not in file.parents:
            content = file.read_bytes()
            for word in words:
                spellings = [word.encode(name) for name in ("utf-8", "gb18030", "utf-16-le")]
                spellings.append(json.dumps(word)[1:-1].encode())
                if any(spelling in content for spelling in spellings):
                    found.append(f"{file.relative_to(office.home.path)}: {word}")
    return found
