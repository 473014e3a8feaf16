"""`pubflow backup` and `pubflow restore`: of the workspace's own files, as their owner."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.showing import Told
from pubflow.cli.verb import asked, verb
from pubflow.errors import WorkspaceError
from pubflow.moments import SHANGHAI, utc_now

SHORTEST = 12  # characters of a passphrase
SHORTEST_KEY = 32  # bytes of a key file
FromStdin = Annotated[bool, typer.Option("--passphrase-stdin", help="Read the passphrase, one line, from stdin.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="A file with the passphrase, such as made by `openssl rand -hex 32`."),
]


def backup_verbs(app: typer.Typer) -> None:
    """Register both."""
    verb(app, "backup", example="pubflow backup --out /mnt/nas/office.tar.age --key /etc/pubflow/backup.key")(backup)
    verb(app, "restore", example="pubflow restore office.tar.age /srv/pubflow-office --key backup.key")(restore)


def backup(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A new file; else pubflow-DATE.tar.age here.")
    ] = None,
    passphrase_stdin: FromStdin = False,
    key: Key = None,
) -> Told:
    """Write everything an office cannot make again into one encrypted file; the office may run.

    In it: register, Prefect's database, keys, configuration, checkpoints, public pages. Keep key and file apart.
    """
    from pubflow.office.office import Home
    from pubflow.service.backing_up import back_up

    now = utc_now()
    home = Home(home_folder())
    file = (out or Path(f"pubflow-{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}.tar.age")).absolute()
    secret = _secret(passphrase_stdin, key, new=True)
    if key is not None and key.resolve().is_relative_to(home.path):
        raise WorkspaceError(f"{key} lies in the office: who loses the office loses it too.", "Keep the key elsewhere.")
    with _told_to_stop(), _bar() as progress:
        made = back_up(home, file, secret, now, progress=progress)
    data = {
        "file": str(made.file),
        "bytes": made.size,
        "members": made.members,
        "events": made.events,
        "head": made.head,
        "at": made.at,
        "warnings": list(made.warnings),
    }
    lines = [
        f"{made.file}: {made.size:,} bytes, {made.members} members",
        f"up to audit event {made.events}, chain head {made.head}",
        f"Try it: pubflow restore {made.file} NEW_DIR",
    ]
    return Told(data, lines, code=1 if made.warnings else 0, problem=" ".join(made.warnings))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made by `pubflow backup`.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    passphrase_stdin: FromStdin = False,
    key: Key = None,
) -> Told:
    """Restore a backup into a new folder, after verifying all of it; nothing stays when anything is wrong.

    A register on PostgreSQL goes into the empty database that PUBFLOW_DATABASE_URL names.
    """
    from pubflow.service.database_copies import is_sqlite
    from pubflow.service.restoring import restore as bring_back

    url = os.environ.get("PUBFLOW_DATABASE_URL")
    if url and is_sqlite(url):
        raise WorkspaceError("PUBFLOW_DATABASE_URL names a SQLite file, but the register goes into DIR.", "Unset it.")
    secret = _secret(passphrase_stdin, key, new=False)
    with _told_to_stop(), _bar() as progress:
        done = bring_back(file, directory.absolute(), secret, url or None, progress=progress)
    data = {
        "home": str(done.home),
        "at": done.at,
        "events": done.events,
        "head": done.head,
        "members": done.members,
        "reports": done.reports,
        "texts_opened": done.texts,
        "pages_held": done.pages,
    }
    lines = [
        f"{done.home}: restored up to audit event {done.events} of {done.at}, chain head {done.head}",
        f"verified: {done.members} members, {done.texts} sealed texts of {done.reports} reports, {done.pages} pages",
        "What happened after that event is not in it. Releases whose instant has passed go out at once: "
        "hold those that should not before `pubflow up`, or see docs/guides/backup.md.",
        f"Next: pubflow doctor --home {done.home}",
    ]
    return Told(data, lines)


def _secret(from_stdin: bool, key: Path | None, *, new: bool) -> bytes:
    """The passphrase as bytes: from stdin, a key file, or asked for on the terminal."""
    if from_stdin and key is not None:
        raise typer.BadParameter("give one of the two", param_hint="--passphrase-stdin / --key")
    if key is not None:
        return _key_of(key)
    if from_stdin:
        line = sys.stdin.buffer.readline().rstrip(b"\r\n")
    elif sys.stdin.isatty():
        line = str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)).encode()
    else:
        raise typer.BadParameter(
            "there is no terminal to ask for a passphrase: give one of the two",
            param_hint="--passphrase-stdin / --key",
        )
    if not line:
        raise WorkspaceError("The passphrase is empty.", "Give it as one line.")
    if new and len(line.decode(errors="replace")) < SHORTEST:
        raise WorkspaceError(f"The passphrase has fewer than {SHORTEST} characters.", "Take a longer one.")
    return line


def _key_of(file: Path) -> bytes:
    try:
        if file.stat().st_mode & 0o077:
            raise WorkspaceError(f"{file} can be read by others.", f"Run: chmod 600 {file}")
        secret = file.read_bytes().strip()
    except OSError as error:
        raise WorkspaceError(
            f"The key file {file} cannot be read: {error.strerror}.",
            "Make one: (umask 077; openssl rand -hex 32 > FILE)",
        ) from None
    if len(secret) < SHORTEST_KEY:
        raise WorkspaceError(
            f"{file} holds fewer than {SHORTEST_KEY} bytes.", f"Make one: openssl rand -hex 32 > {file}"
        )
    return secret


@contextlib.contextmanager
def _told_to_stop() -> Iterator[None]:
    """SIGTERM and a lost terminal end like Ctrl-C, so that nothing half written stays."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the terminal once it takes longer than a second."""
    if asked().as_json or not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, visible=False)

        def show(what: str, done: int, total: int) -> None:
            late = time.monotonic() - began > 1
            progress.update(task, description=what, completed=done, total=total, visible=late)

        yield show
