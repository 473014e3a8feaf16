"""Changing the key that signs checkpoints: the old one vouches for the new one, inside the history itself.

The event that names the new key is the last one of a history that both keys signed, in one transaction. From then on
only the new key signs; what the old one signed stays good. A proof of that event lies beside the checkpoint, so that
whoever keeps the old public key outside can take the new one from it.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pubflow.audit.checkpoint import open_checkpoint
from pubflow.audit.events import Event
from pubflow.audit.notes import PublicKey, SigningKey
from pubflow.lifecycle.stages import Role
from pubflow.office.checkpoints import (
    PUBLIC_KEY,
    checkpoint,
    finish_change_of_key,
    fsync_folder,
    next_key_file,
    origin_of,
    proof_of_key,
    public_keys,
    signing_key,
)
from pubflow.office.office import Office
from pubflow.office.on_site import answering
from pubflow.records.checkpoints import hand_over


@dataclass(frozen=True)
class NewKey:
    """old, new: the public keys. size: of the history that both signed. proof: the file that shows the new one."""

    old: PublicKey
    new: PublicKey
    size: int
    proof: Path


def rotate_audit_key(office: Office, by: str, reason: str, now: datetime) -> NewKey:
    """Let a new key take over. Killed anywhere, either key signs; called again, it goes on with the same new key.

    by: the operator who answers for it. Raises BadInput, StepRefused, WorkspaceError.
    """
    actor = answering(office, by, reason, "audit rotate-key", now)
    checkpoint(office, now)  # nothing is handed over that does not continue what was signed; finishes a killed change
    home, domain = office.home, office.settings.bureau.site.site_domain
    old = signing_key(home, domain)
    new = SigningKey.load_or_create(next_key_file(home), origin_of(domain))
    _announce(home.checkpoints / PUBLIC_KEY, [*public_keys(home)], new.public)
    data = {"old": str(old.public), "new": str(new.public), "answers_for_it": by}
    event = Event("audit_key_rotated", actor.id, "-", Role.OPERATOR, reason=reason, data=data)
    note = hand_over(office.records, old, new, event, now, keys=public_keys(home))
    finish_change_of_key(office)
    size = open_checkpoint(note, new.public).size
    return NewKey(old.public, new.public, size, proof_of_key(home, size))


def _announce(file: Path, known: list[PublicKey], new: PublicKey) -> None:
    """Add a key to the list of public ones, which whoever verifies reads."""
    if new not in known:
        draft = file.with_name(f".{file.name}.next")
        draft.write_text("".join(f"{key}\n" for key in [*known, new]))
        draft.chmod(0o600)
        draft.replace(file)
        fsync_folder(file.parent)
