"""Is the checker awake? Faults sown in a copy of the workspace, each of which it must report."""

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.invariants import check, page_of, read

Seen = list[dict[str, Any]]
Plants = dict[str, str]
Fault = Callable[[Path, Plants, Seen], None]


def sow(home: Path, plants: Mapping[str, str], seen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows {fault, expected, caught}: each fault on a copy of its own, the untouched copy first (nothing is wrong)."""
    rows = []
    for fault, expected in FAULTS.items():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "office"
            shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("prefect"))
            witnessed = [dict(one) for one in seen]
            before = {one for one, _ in check(copy, plants, witnessed).violations}
            planted = dict(plants)
            fault(copy, planted, witnessed)
            after = {one for one, _ in check(copy, planted, witnessed).violations}
            rows.append({"fault": fault.__doc__, "expected": expected, "caught": expected in after - before})
    return rows


def _page_byte(home: Path, _plants: Plants, _seen: Seen) -> None:
    """one byte of a public page changed"""
    page = page_of(home, _published(home)["report_id"])
    content = bytearray(page.read_bytes())
    content[len(content) // 2] ^= 1
    page.write_bytes(content)


def _published_twice(home: Path, _plants: Plants, _seen: Seen) -> None:
    """a second publish event, appended with a valid chain"""
    with _opened(home) as base:
        (body,) = base.execute("SELECT body FROM audit_event WHERE action = 'publish'").fetchone()
        _rebuild(base, [*_bodies(base), json.loads(body)])


def _released_early(home: Path, _plants: Plants, _seen: Seen) -> None:
    """released_at a second before the instant"""
    with _opened(home) as base:
        base.execute("UPDATE release SET released_at = datetime(instant, '-1 second') WHERE state = 'released'")


def _event_changed(home: Path, _plants: Plants, _seen: Seen) -> None:
    """the reason in an old event rewritten"""
    with _opened(home) as base:
        changed = "replace(cast(body AS TEXT), '同意', '不同意')"
        base.execute(f"UPDATE audit_event SET body = cast({changed} AS BLOB) WHERE action = 'sign'")  # noqa: S608


def _signed_by_author(home: Path, _plants: Plants, _seen: Seen) -> None:
    """the signature given by the author, the whole chain rebuilt"""
    report = _published(home)["report_id"]
    with _opened(home) as base:
        bodies = _bodies(base)
        author = next(one["actor"] for one in bodies if (one["subject"], one["action"]) == (report, "edit"))
        for one in bodies:
            if (one["subject"], one["action"]) == (report, "sign"):
                one["actor"] = author
        _rebuild(base, bodies)


def _stage_without_event(home: Path, _plants: Plants, _seen: Seen) -> None:
    """a stage changed without an event"""
    with _opened(home) as base:
        base.execute("UPDATE edition SET stage = 'withdrawn' WHERE report_id = ?", (_published(home)["report_id"],))


def _left_in_scheduled(home: Path, _plants: Plants, _seen: Seen) -> None:
    """a signed report left behind after its instant"""
    with _opened(home) as base:
        base.execute("UPDATE edition SET stage = 'scheduled' WHERE report_id = ?", (_published(home)["report_id"],))


def _draft_in_log(home: Path, plants: Plants, _seen: Seen) -> None:
    """a sentence of a superseded draft in a log file"""
    plant, report = next(iter(plants.items()))
    # After a calm storm every sentence that was planted may be public; so one is made that never was.
    secret = plant[:-1] + ("西" if plant[-1] != "西" else "东")
    plants[secret] = report
    with (home / "logs" / "api.log").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"body": f"前文{secret}后文"}) + "\n")


def _stray_page(home: Path, _plants: Plants, _seen: Seen) -> None:
    """a public page of a report that nobody signed"""
    stray = page_of(home, "R-2026-9901")
    stray.parent.mkdir(parents=True)
    stray.write_text("…", encoding="utf-8")


def _seen_early(_home: Path, _plants: Plants, seen: Seen) -> None:
    """the witness saw a release a day before"""
    seen[-1]["at"] = "2000-01-01T00:00:00+00:00"


FAULTS: Mapping[Fault, str] = {
    _page_byte: "a public page has the digest on record",
    _published_twice: "published exactly once",
    _released_early: "nothing public before its instant",
    _event_changed: "the chain verifies",
    _signed_by_author: "approved, cleared and signed on this digest by three persons, none an author",
    _stage_without_event: "every change of stage or state has its event",
    _left_in_scheduled: "nothing due is left unpublished",
    _draft_in_log: "no unreleased plaintext in any file",
    _stray_page: "a public page belongs to a published edition",
    _seen_early: "nothing seen public before its instant",
}


def _published(home: Path) -> dict[str, Any]:
    return next(edition for edition in read(home).editions if edition["stage"] == "published")


@contextmanager
def _opened(home: Path) -> Iterator[sqlite3.Connection]:
    """The copy's register without its triggers: who has all rights on the database has them too."""
    base = sqlite3.connect(home / "register.db")
    for (trigger,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        base.execute(f'DROP TRIGGER "{trigger}"')
    yield base
    base.commit()
    base.close()


def _bodies(base: sqlite3.Connection) -> list[dict[str, Any]]:
    return [json.loads(body) for (body,) in base.execute("SELECT body FROM audit_event ORDER BY seq")]


def _rebuild(base: sqlite3.Connection, bodies: Sequence[Mapping[str, Any]]) -> None:
    """The history written anew, with a chain that verifies."""
    base.execute("DELETE FROM audit_event")
    chain = bytes(32)
    for seq, fields in enumerate(bodies, 1):
        one = {**fields, "seq": seq}
        body = json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        leaf = hashlib.sha256(b"\x00" + body).digest()
        chain = hashlib.sha256(chain + leaf).digest()
        words = ("at", "action", "actor", "subject", "role", "digest", "from", "to", "reason")
        base.execute(
            "INSERT INTO audit_event (seq, at, action, actor, subject, role, digest, from_state, to_state, reason, "
            "body, leaf, chain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, *(one[word] for word in words), body, leaf, chain),
        )
