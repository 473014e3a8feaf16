"""`pubflow audit`: the history over the API, and its verification from the workspace's own files."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pubflow.cli.asking import OfficeAway, ask, home_folder, office_url
from pubflow.cli.keeping import keeping_verbs
from pubflow.cli.proving import KeyFile, proof_verbs
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import asked, group, verb

if TYPE_CHECKING:
    from pubflow.audit.checkpoint import Checkpoint
    from pubflow.audit.verify import Stored, Verdict

app = group("audit", "The audit history: log, verify, checkpoint, prove, export, and its key.")
proof_verbs(app)
keeping_verbs(app)
_SHOWN = ("seq", "at", "action", "actor", "subject", "role", "digest", "from_state", "to_state", "reason")


@verb(app, "log", example="pubflow audit log --subject R-2026-0001")
def log(
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only events of this report, release, person.")
    ] = None,
    after: Annotated[int, typer.Option("--after", min=0, help="Only events after this number.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 100,
) -> Told:
    """Events of the audit history, oldest first.

    Asks the office; with --home and no office answering, reads the workspace's own register (and says so).
    """
    try:
        events = ask("GET", "audit", params={"subject": subject, "after": after, "limit": limit})
        source = office_url()
    except OfficeAway:
        if asked().home is None:
            raise
        events, source = _from_workspace(subject, after, limit), f"workspace {home_folder()} (no office answers)"
    rows = [
        (
            one["seq"],
            moment(one["at"], seconds=True),
            one["action"],
            one["actor"],
            one["subject"],
            f"{one['from_state']} → {one['to_state']}" if one["to_state"] else "",
            one["digest"][:12],
            _told(one["data"]) or one["reason"],
        )
        for one in events
    ]
    table = Table(("序号", "时间", "动作", "人员", "对象", "环节", "摘要", "说明"), rows)
    return Told({"source": source, "events": events}, [f"source: {source}", table])


def _told(data: dict[str, Any]) -> str:
    """The facts of an event that a reader asks for: which step was refused, and why."""
    parts = [data[name] for name in ("step", "code", "codes", "rules", "why", "outcome") if data.get(name)]
    return " ".join("、".join(map(str, part)) if isinstance(part, list) else str(part) for part in parts)


@verb(app, "verify", example="pubflow audit verify --checkpoint 000000001967.note --key audit.pub")
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Hold the history against this checkpoint, kept outside.")
    ] = None,
    key: KeyFile = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="Verify this exported history instead of the register.")
    ] = None,
) -> Told:
    """Verify every event, and the history against its checkpoints; exit 1 names what is wrong first.

    Reads the workspace's files itself and writes nothing: a server that may have been changed is not asked. Whoever
    can write all of them can also rebuild them; only a checkpoint and a key kept elsewhere show that.
    """
    from pubflow.audit.checkpoint import open_checkpoint
    from pubflow.cli.proving import export_verdict, outside_keys, text_of

    if (checkpoint or export) and not key:
        raise typer.BadParameter("is missing: name the public key that you keep outside.", param_hint="--key")
    outside = [open_checkpoint(text_of(checkpoint), *outside_keys(key))] if checkpoint and key else []
    if export and key:
        verdict, held = export_verdict(export, outside_keys(key), outside)
    else:
        verdict, held = _register_verdict(outside)
    data = {"events": verdict.events, "head": verdict.head.hex(), "root": verdict.root.hex(), "good": verdict.good}
    data["checkpoints"] = held
    if verdict.good:
        line = f"{verdict.events} events hold, and meet {held} checkpoints; chain head {verdict.head.hex()}"
        return Told(data, [line])
    bad = {"bad_seq": verdict.bad_seq, "unmet": verdict.unmet, "what": verdict.what}
    next_ = "Stop the office, keep a copy of its register, and compare it with the last backup (docs/audit.md)."
    return Told(data | bad, [], code=1, problem=f"{verdict}. {next_}")


def _register_verdict(outside: "list[Checkpoint]") -> "tuple[Verdict, int]":
    """The verdict on the workspace's register, and how many checkpoints it was held against."""
    from pubflow.audit.verify import verify as walk
    from pubflow.cli.reading_only import reading_only
    from pubflow.office.checkpoints import believed
    from pubflow.office.office import Home

    with reading_only(home_folder()) as register:
        checkpoints = [*outside, *believed(Home(home_folder()), register.notes())]
        return walk(_with_progress(register.events(), register.count_events()), checkpoints), len(checkpoints)


def _from_workspace(subject: str | None, after: int, limit: int) -> list[dict[str, Any]]:
    from pubflow.audit.events import data_in
    from pubflow.cli.reading_only import reading_only

    with reading_only(home_folder()) as register:
        found = register.events(subject=subject, after=after, limit=limit)
        return [{**{name: getattr(one, name) for name in _SHOWN}, "data": data_in(one.body)} for one in found]


def _with_progress(events: "Iterable[Stored]", total: int) -> "Iterator[Stored]":
    """The events, with a bar on the terminal when they take longer than a second."""
    if asked().as_json or not sys.stderr.isatty():
        yield from events
        return
    from rich.console import Console
    from rich.progress import Progress

    began = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=total, visible=False)
        for number, event in enumerate(events, 1):
            if number % 2000 == 0:
                progress.update(task, completed=number, visible=time.monotonic() - began > 1)
            yield event
