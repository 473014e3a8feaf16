"""`pubflow audit rotate-key|restart-after-restore`, `pubflow vault rotate-key`: of the workspace's own files."""

from typing import Annotated

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.showing import Told
from pubflow.cli.verb import group, verb

vault = group("vault", "The key that wraps the keys of all drafts.")
By = Annotated[str, typer.Option("--by", metavar="ID", help="The operator who answers for it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the audit history for ever.")]


def keeping_verbs(audit: typer.Typer) -> None:
    """Register the verbs."""
    verb(
        audit, "rotate-key", example="pubflow audit rotate-key --by gong_lei --reason '密钥保管人调离'"
    )(rotate_audit_key)  # fmt: skip
    verb(
        audit, "restart-after-restore", example="pubflow audit restart-after-restore --by gong_lei --reason '磁盘损坏'"
    )(restart)  # fmt: skip
    verb(vault, "rotate-key", example="pubflow vault rotate-key --by gong_lei --reason '每年更换'")(rotate_master_key)


def rotate_audit_key(by: By, reason: Why) -> Told:
    """Let a new key sign checkpoints: the old one signs for it once more, and is then deleted.

    What the old key signed stays good. Copy checkpoints/audit.pub outside again; whoever holds the old one can verify
    the new one from the file that is named.
    """
    from pubflow.moments import utc_now
    from pubflow.office.audit_key import rotate_audit_key as rotate
    from pubflow.wiring import open_workspace

    office = open_workspace(home_folder())
    try:
        done = rotate(office, by, reason, utc_now())
        listed = str(office.home.checkpoints / "audit.pub")
    finally:
        office.close()
    data = {"old": str(done.old), "new": str(done.new), "size": done.size, "proof": str(done.proof), "keys": listed}
    lines = [
        f"new key {done.new}, from {done.size} events on; both keys signed there",
        f"all keys of this history, oldest first: {listed}",
        f"for whoever holds the old one: pubflow audit prove --verify {done.proof} --key OLD.pub --json",
    ]
    return Told(data, lines)


def restart(by: By, reason: Why) -> Told:
    """After a restore that lost events: set aside the newer checkpoints, record what was lost, and sign anew.

    A checkpoint kept outside still shows that the history was longer. Put it right with those who keep it.
    """
    from pubflow.moments import utc_now
    from pubflow.office.restarting import restart_after_restore
    from pubflow.wiring import open_workspace

    office = open_workspace(home_folder())
    try:
        done = restart_after_restore(office, by, reason, utc_now())
    finally:
        office.close()
    data = {
        "kept": done.kept,
        "lost_to": done.lost_to,
        "set_aside": [str(file) for file in done.set_aside],
        "checkpoint": str(done.checkpoint),
    }
    lines = [
        f"events {done.kept + 1} to {done.lost_to} are lost, and those after {done.lost_to} if there were any",
        f"{len(done.set_aside)} checkpoints set aside in {done.folder}; tell whoever keeps a copy outside",
        f"signed anew: {done.checkpoint}",
    ]
    return Told(data, lines)


def rotate_master_key(by: By, reason: Why) -> Told:
    """Let a new master key wrap the keys of all drafts, in one transaction; the office must be stopped.

    A backup made before opens only with the keys in it. Keyed fingerprints begin anew: findings of versions to come
    are not recognised as those decided before.
    """
    from pubflow.moments import utc_now
    from pubflow.office.master_key import rotate_master_key as rotate
    from pubflow.wiring import open_workspace

    office = open_workspace(home_folder(), alone=True)
    try:
        done = rotate(office, by, reason, utc_now())
    finally:
        office.close()
    told = ", ".join(f"{count} of {table}" for table, count in done.wrapped.items())
    lines = [f"master key {done.new} in place of {done.old}; wrapped anew: {told}", "Make a backup now."]
    return Told({"old": done.old, "new": done.new, "wrapped": done.wrapped}, lines)
