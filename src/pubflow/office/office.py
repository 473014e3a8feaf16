"""One running office: its folder, settings, register and vault. Made in `wiring`, passed to every action."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pubflow.audit.events import Event
from pubflow.errors import SecretMarkFound, StorageFailed
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.records.store import Records
from pubflow.settings import Settings
from pubflow.vault import Vault
from pubflow.workdays import Calendar


@dataclass(frozen=True)
class Home:
    """The workspace folder and what lies where in it."""

    path: Path

    @property
    def config(self) -> Path:
        """Editable copies of the shipped configuration."""
        return self.path / "config"

    @property
    def keys(self) -> Path:
        """Keys, readable by the owner only."""
        return self.path / "keys"

    @property
    def master_key(self) -> Path:
        """The key that wraps all others."""
        return self.keys / "master.key"

    @property
    def audit_key(self) -> Path:
        """The key that signs checkpoints of the audit history."""
        return self.keys / "audit.key"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints and the public key, to be copied outside; nothing in it is ever changed."""
        return self.path / "checkpoints"

    @property
    def pending(self) -> Path:
        """Refusals that wait for space."""
        return self.path / "run" / "pending-events"

    @property
    def run(self) -> Path:
        """What the running processes tell each other: addresses, secrets of this run."""
        return self.path / "run"

    @property
    def public(self) -> Path:
        """The public side; a web server's document root is `public/root`."""
        return self.path / "public"

    @property
    def database_url(self) -> str:
        """PUBFLOW_DATABASE_URL, or the embedded SQLite register."""
        return os.environ.get("PUBFLOW_DATABASE_URL") or f"sqlite:///{self.path / 'register.db'}"


@dataclass(frozen=True)
class HiddenFinding:
    """Something hard where a reader of the file does not see it. place: in Chinese; masked: the value as shown."""

    place: str
    type: str
    masked: str


@dataclass(frozen=True)
class FileLook:
    """What was found in a whole file, its hidden places included. marks: state-secret rules that it breaks."""

    marks: tuple[str, ...]
    hidden: tuple[HiddenFinding, ...]


@dataclass(frozen=True)
class Office:
    """What every action needs.

    marks: names of the state-secret rules that a text or its file name breaks; asked in memory before any write.
    look: the same of what is in a file, given by its bytes and its name, and what hides there.
    """

    home: Home
    settings: Settings
    records: Records
    vault: Vault
    marks: Callable[[str, str], tuple[str, ...]]
    look: Callable[["Office", bytes, str, datetime], FileLook]

    @cached_property
    def calendar(self) -> Calendar:
        """The working days of the settings' notices; a new notice is read at the next start."""
        return Calendar(self.settings.calendar)

    def admit(self, actor: Actor, content: str, name: str, now: datetime) -> None:
        """The door of decision 6: raises SecretMarkFound before the first write.

        Kept is only time, person, a keyed fingerprint of the name, and the rules.
        """
        if rules := self.marks(content, name):
            self._turn_away(actor, rules, name, now)

    def admit_file(self, actor: Actor, content: bytes, name: str, now: datetime) -> tuple[HiddenFinding, ...]:
        """The same door for what is in a file, hidden places too; what else hides there. Its name goes by `admit`.

        Raises SecretMarkFound, BadInput for a file that cannot be read to its end.
        """
        seen = self.look(self, content, name, now)
        if seen.marks:
            self._turn_away(actor, seen.marks, name, now)
        return seen.hidden

    def _turn_away(self, actor: Actor, rules: tuple[str, ...], name: str, now: datetime) -> None:
        self._call_officer(actor, now)
        data = {"code": "secret_mark", "rules": list(rules), "name": self.vault.fingerprint(name)}
        self.refuse(actor, "-", "admit", now, data)
        raise SecretMarkFound(rules)

    def _call_officer(self, actor: Actor, now: datetime) -> None:
        """A message without a word of the text, once an hour for one person: an editor saves every few seconds."""
        if not self.settings.notices.channels:
            return
        from pubflow.office.telling import call  # late: telling is about an office

        key = f"secret_mark/{actor.id}/{now:%Y-%m-%dT%H}"
        # The refusal counts even where the message cannot be written; the storage's failure is kept for the history.
        with suppress(StorageFailed), self.records.writing(now, what="call officer", who=actor.id, subject="-") as tx:
            told = call(self, tx, key, "secret_mark", self.settings.notices.secret_mark, (Role.OFFICER,), "-")
            tx.record(Event("officer_called", actor.id, "-", data={"messages": told}))

    def refuse(self, actor: Actor, subject: str, action: str, now: datetime, data: Mapping[str, object]) -> None:
        """Record a refusal in a transaction of its own."""
        role = ",".join(sorted(actor.roles))
        self.records.record(Event("refused", actor.id, subject, role, data={"step": action, **data}), now)

    def close(self) -> None:
        """Give the database connections and the key back."""
        self.vault.close()
        with suppress(OSError):
            self.records.engine.dispose()
