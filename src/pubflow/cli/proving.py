"""`pubflow audit checkpoint|prove|export`: what leaves the house, so that others need not believe us."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import verb
from pubflow.errors import WorkspaceError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pubflow.audit.checkpoint import Checkpoint
    from pubflow.audit.notes import PublicKey
    from pubflow.audit.proofs import Proven
    from pubflow.audit.verify import Verdict

Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of stdout.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="The public key (audit.pub), from where you keep it.")]
_NO_CHECKPOINT = "Make one: pubflow audit checkpoint"


def proof_verbs(app: typer.Typer) -> None:
    """Register the verbs."""
    verb(app, "checkpoint", example="pubflow audit checkpoint --out /media/usb/checkpoint.note")(checkpoint)
    verb(app, "prove", example="pubflow audit prove R-2026-0001 --out proof.json")(prove)
    verb(app, "export", example="pubflow audit export --out history.jsonl")(export)


def checkpoint(out: Out = None) -> Told:
    """Sign the history as it stands now, and print the checkpoint; keep it, and the key once, outside.

    Opens the workspace's own files, since the signing key lies there.
    """
    from pubflow.moments import utc_now
    from pubflow.office.checkpoints import checkpoint as sign
    from pubflow.office.checkpoints import public_key
    from pubflow.wiring import open_workspace

    office = open_workspace(home_folder())
    try:
        path = sign(office, utc_now())
        key = public_key(office.home)
    finally:
        office.close()
    note = text_of(path)
    _write(out, [note.rstrip("\n")])
    return Told({"checkpoint": note, "key": str(key), "file": str(path)}, [] if out else [note.rstrip("\n")])


def prove(
    what: Annotated[
        str | None, typer.Argument(metavar="[SEQ|ID]", help="An event's number, or a report, release or person.")
    ] = None,
    out: Out = None,
    verify: Annotated[Path | None, typer.Option("--verify", help="Verify this proof; needs --key.")] = None,
    key: KeyFile = None,
) -> Told:
    """Write events, their inclusion proofs and the newest checkpoint as JSON that verifies anywhere; or verify one.

    With an ID, all events of that report, release or person up to the newest checkpoint are proven.
    """
    if verify is not None:
        if key is None:
            raise typer.BadParameter("is missing: name the public key that you keep outside.", param_hint="--key")
        return _verified(verify, outside_keys(key))
    if not what:
        raise typer.BadParameter("is missing: an event's number or an ID, or --verify FILE.", param_hint="[SEQ|ID]")
    proof = _proof(what)
    _write(out, [json.dumps(proof, ensure_ascii=False, indent=1)])
    told = f"{len(proof['events'])} events proven in {out}" if out else json.dumps(proof, ensure_ascii=False, indent=1)
    return Told(proof, [told])


def export(out: Out = None) -> Told:
    """Write the whole history as JSON lines, the newest checkpoint last; `audit verify --export` reads it."""
    from pubflow.audit.proofs import export_lines
    from pubflow.cli.reading_only import reading_only
    from pubflow.records import history

    with reading_only(home_folder()) as register, register.engine.connect() as connection:
        note, _ = _newest(connection)
        _write(out, export_lines(history.events(connection), note), stdout=True)
        return Told({"events": history.size(connection), "file": str(out)} if out else None)


def export_verdict(file: Path, keys: "Sequence[PublicKey]", outside: "list[Checkpoint]") -> "tuple[Verdict, int]":
    """The verdict on an exported history, and how many checkpoints it was held against."""
    from pubflow.audit.checkpoint import open_checkpoint
    from pubflow.audit.notes import NoteRefused
    from pubflow.audit.proofs import read_export
    from pubflow.audit.verify import verify as walk

    try:
        with file.open(encoding="utf-8") as lines:  # once for the checkpoint at its end, once for the events
            note = next((one for one in read_export(lines) if isinstance(one, str)), "")
        checkpoints = [*outside, open_checkpoint(note, *keys)]
        with file.open(encoding="utf-8") as lines:
            verdict = walk((one for one in read_export(lines) if not isinstance(one, str)), checkpoints)
    except OSError as error:
        raise WorkspaceError(f"{file} cannot be read: {error.strerror}.", "Name a readable file.") from None
    except UnicodeDecodeError:
        raise NoteRefused(f"{file} is no exported history: it is not UTF-8.") from None
    return verdict, len(checkpoints)


def outside_keys(file: Path) -> "tuple[PublicKey, ...]":
    """The public keys in a file, one a line. Raises NoteRefused."""
    from pubflow.audit.notes import PublicKey

    return PublicKey.parse_list(text_of(file))


def text_of(file: Path) -> str:
    """The content of a file. Raises WorkspaceError."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise WorkspaceError(f"{file} cannot be read: {error.strerror}.", "Name a readable file.") from None


def _verified(file: Path, keys: "Sequence[PublicKey]") -> Told:
    from pubflow.audit.proofs import verify_proof

    found, events = verify_proof(text_of(file), *keys)
    rows = [
        (one["seq"], moment(one["at"], seconds=True), one["action"], one["actor"], one["subject"], one["reason"])
        for one in events
    ]
    told = f"{len(events)} events are in the history of {found.origin} as signed at {found.size} events"
    data = {"good": True, "origin": found.origin, "size": found.size, "events": events}
    return Told(data, [told, Table(("序号", "时间", "动作", "人员", "对象", "理由"), rows)])


def _proof(what: str) -> dict[str, Any]:
    from pubflow.audit.notes import NoteRefused
    from pubflow.audit.proofs import proof_file, verify_proof
    from pubflow.cli.reading_only import reading_only

    with reading_only(home_folder()) as register, register.engine.connect() as connection:
        note, keys = _newest(connection)
        proof = proof_file(_proven(connection, what, note, keys), note)
    try:
        verify_proof(json.dumps(proof), *keys)
    except NoteRefused as error:
        raise WorkspaceError(f"The register cannot prove {what}: {error}", "Run `pubflow audit verify`.") from None
    return proof


def _proven(connection: "Connection", what: str, note: str, keys: "Sequence[PublicKey]") -> "list[Proven]":
    from pubflow.audit.checkpoint import open_checkpoint
    from pubflow.audit.proofs import Proven
    from pubflow.records import history

    size = open_checkpoint(note, *keys).size
    if what.isdecimal():
        found = list(history.events(connection, after=int(what) - 1, limit=1))
        found = [one for one in found if one.seq == int(what)]
    else:
        found = list(history.events(connection, subject=what))
    if not found:
        raise WorkspaceError(f"The audit history has no event of {what}.", "See `pubflow audit log`.")
    if found[-1].seq > size:
        raise WorkspaceError(f"Event {found[-1].seq} is newer than the checkpoint of {size} events.", _NO_CHECKPOINT)
    return [Proven(one.seq, bytes(one.body), history.inclusion(connection, one.seq - 1, size)) for one in found]


def _newest(connection: "Connection") -> "tuple[str, tuple[PublicKey, ...]]":
    """The newest stored checkpoint and the public keys beside it."""
    from pubflow.office.checkpoints import public_keys
    from pubflow.office.office import Home
    from pubflow.records import history

    note, keys = history.newest_note(connection), public_keys(Home(home_folder()))
    if note is None or not keys:
        raise WorkspaceError("There is no checkpoint yet.", _NO_CHECKPOINT)
    return note, keys


def _write(out: Path | None, lines: Iterable[str], *, stdout: bool = False) -> None:
    """Write lines to a file, whole or not at all; or, if asked for, one by one to stdout."""
    if out is None:
        if stdout:
            sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    draft = out.with_name(f".{out.name}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise WorkspaceError(f"{out} cannot be written: {error.strerror}.", "Choose another place.") from None
