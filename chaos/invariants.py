"""What must hold whatever was killed, judged from the register, the workspace's files and what a witness saw.

Imports nothing of pubflow: the rules are written down a second time, from the design, so that a mistake in the
office's own code cannot excuse itself here. Reads only.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MARKER = "东湖歌谣"  # every planted sentence begins with it
PLANT_LENGTH = 20  # characters of a planted sentence, with the marker
ENDED = ("published", "superseded", "withdrawn", "cancelled")
DECISIONS = ("approve", "clear", "sign")
COLUMNS = {"at": "at", "action": "action", "actor": "actor", "subject": "subject", "role": "role", "digest": "digest"}
COLUMNS |= {"from_state": "from", "to_state": "to", "reason": "reason"}


@dataclass
class Findings:
    """checked: {invariant: how many things were held against it}; violations: [(invariant, what)]."""

    checked: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[str, str]] = field(default_factory=list)

    def hold(self, invariant: str, holds: bool, what: str) -> None:
        """Count one check; note it when it does not hold."""
        self.checked[invariant] += 1
        if not holds:
            self.violations.append((invariant, what))


@dataclass
class Register:
    """The rows that the checks read, in one read transaction."""

    events: list[dict[str, Any]]
    editions: list[dict[str, Any]]
    releases: dict[str, dict[str, Any]]
    publications: dict[str, dict[str, Any]]
    authors: Mapping[str, set[str]]

    def about(self, subject: str) -> list[dict[str, Any]]:
        """The events of one report or release, oldest first."""
        return [event for event in self.events if event["subject"] == subject]


def check(
    home: Path,
    plants: Mapping[str, str],
    seen: Sequence[Mapping[str, Any]],
    now: datetime | None = None,
    delivered: Mapping[str, int] | None = None,
) -> Findings:
    """All invariants on an office that is quiet.

    plants: {planted sentence: report}. seen: what the witness noted, {"at", "release", "generation"} each time the
    public tree was switched. now: for what is due; the wall clock unless given. delivered: {message: how often it
    arrived}, from whom the office sends its messages to.
    """
    register, found = read(home), Findings()
    _chain(register, found)
    _stages(register, found)
    _public_pages(home, register, found)
    _published(register, found)
    _instants(register, seen, found)
    _due(register, now or datetime.now(UTC), found)
    _plants_when_quiet(home, register, plants, found)
    if delivered is not None:
        _messages(home, delivered, found)
    return found


def read(home: Path) -> Register:
    """Read HOME/register.db without writing to it."""
    base = sqlite3.connect(f"file:{home / 'register.db'}?mode=ro", uri=True, timeout=30, isolation_level=None)
    base.row_factory = sqlite3.Row
    try:
        base.execute("BEGIN")
        authors: dict[str, set[str]] = defaultdict(set)
        for row in base.execute("SELECT edition_id, author_id FROM version"):
            authors[row["edition_id"]].add(row["author_id"])
        return Register(
            [dict(row) for row in base.execute("SELECT * FROM audit_event ORDER BY seq")],
            [dict(row) for row in base.execute("SELECT * FROM edition ORDER BY report_id, number")],
            {row["id"]: dict(row) for row in base.execute("SELECT * FROM release")},
            {row["edition_id"]: dict(row) for row in base.execute("SELECT * FROM publication")},
            authors,
        )
    finally:
        base.close()


def leaks(home: Path, plants: Mapping[str, str]) -> Findings:
    """While the storm goes on: no planted sentence of a report that is not public lies outside public/.

    The register is read after the files, so that a report published meanwhile is not mistaken for a leak.
    """
    places = [(plant, file) for plant, file in plants_in(home, plants) if not _in_public(home, file)]
    public = {edition["report_id"] for edition in read(home).editions if edition["stage"] == "published"}
    found = Findings()
    found.checked["no unreleased plaintext in any file (during the storm)"] += len(plants)
    for plant, file in places:
        if plants[plant] not in public:
            what = f"{plants[plant]}: {file.relative_to(home)}"
            found.violations.append(("no unreleased plaintext in any file (during the storm)", what))
    return found


def wait_until_nothing_is_left(home: Path, left: Callable[[], list[str]], still: float, at_most: float) -> list[str]:
    """What is left in the end: nothing; or what did not move for `still` seconds; or what took too long altogether.

    A slow machine is no violation: as long as reports change their stages it is waited for.
    """
    until = time.monotonic() + at_most
    moved, at = -1, time.monotonic()
    while found := left():
        moves = sum(bool(event["to_state"]) for event in read(home).events)
        if moves != moved:
            moved, at = moves, time.monotonic()
        if time.monotonic() > min(until, at + still):
            return found
        time.sleep(0.3)
    return []


def page_of(home: Path, report: str) -> Path:
    """The public page of a report, as its address is written down in the design."""
    return home / "public/root/items" / report[2:6] / f"{int(report[7:]) // 100:02d}" / report / "index.html"


# --- one invariant each


def _chain(register: Register, found: Findings) -> None:
    name, chain = "the chain verifies", bytes(32)
    for expected, event in enumerate(register.events, 1):
        body = bytes(event["body"])
        leaf = hashlib.sha256(b"\x00" + body).digest()
        chain = hashlib.sha256(chain + leaf).digest()
        good = (event["seq"], bytes(event["leaf"]), bytes(event["chain"])) == (expected, leaf, chain)
        try:
            fields = json.loads(body)
            plain = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            good = good and plain == body and fields["seq"] == expected
            good = good and all(event[column] == fields[key] for column, key in COLUMNS.items())
        except (ValueError, KeyError, TypeError):
            good = False
        found.hold(name, good, f"event {expected}")
        if not good:
            return  # everything after the first bad event is bad too, and says nothing new


def _stages(register: Register, found: Findings) -> None:
    """Replay the events: each begins where the one before ended, and the last leads to the row."""
    name = "every change of stage or state has its event"
    steps: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in register.events:
        if event["to_state"]:
            steps[event["subject"]].append(event)
    for edition in register.editions:
        told, changes = _replayed(steps[edition["report_id"]])
        found.hold(name, told == edition["stage"], f"{edition['report_id']} is {edition['stage']}, events say {told}")
        good = changes == edition["visit"]
        found.hold(name, good, f"{edition['report_id']} was moved {edition['visit']} times, events say {changes}")
    for release in register.releases.values():
        told, _ = _replayed(steps[release["id"]])
        found.hold(name, told == release["state"], f"{release['id']} is {release['state']}, events say {told}")


def _replayed(steps: Sequence[Mapping[str, Any]]) -> tuple[str, int]:
    at, changes = "", 0
    for step in steps:
        if step["from_state"] != at:
            return f"{step['action']} from {step['from_state']!r} while in {at!r}", changes
        changes += step["to_state"] != at
        at = step["to_state"]
    return at, changes


def _public_pages(home: Path, register: Register, found: Findings) -> None:
    by_page = {str(page_of(home, edition["report_id"])): edition for edition in register.editions}
    for page in _pages(home):
        edition = by_page.get(str(page))
        row = register.publications.get(edition["id"]) if edition else None
        right = edition is not None and edition["stage"] == "published" and row is not None
        found.hold("a public page belongs to a published edition", right, str(page.relative_to(home)))
        if row is not None:
            same = hashlib.sha256(page.read_bytes()).hexdigest() == row["digest"]
            found.hold("a public page has the digest on record", same, str(page.relative_to(home)))
    for edition in register.editions:
        if edition["stage"] == "published":
            page = page_of(home, edition["report_id"])
            found.hold("what is on record as public has its page", page.is_file(), edition["report_id"])


def _pages(home: Path) -> Iterator[Path]:
    for folder, _, files in os.walk(home / "public/root/items", followlinks=True):
        for name in files:
            if name == "index.html":
                yield Path(folder, name)


def _published(register: Register, found: Findings) -> None:
    for edition in register.editions:
        if edition["stage"] != "published":
            continue
        report, events = edition["report_id"], register.about(edition["report_id"])
        times = sum(event["action"] == "publish" for event in events)
        found.hold("published exactly once", times == 1, f"{report}: {times} publish events")
        by = [_deciders(events, action, edition["digest"]) for action in DECISIONS]
        right = all(len(persons) == 1 for persons in by) and len(set().union(*by)) == len(DECISIONS)
        name = "approved, cleared and signed on this digest by three persons, none an author"
        wrote = register.authors[edition["id"]] | {one["actor"] for one in events if one["action"] in ("start", "edit")}
        found.hold(name, right and not set().union(*by) & wrote, f"{report}: {by}")


def _deciders(events: Sequence[Mapping[str, Any]], action: str, digest: str) -> set[str]:
    return {event["actor"] for event in events if (event["action"], event["digest"]) == (action, digest)}


def _instants(register: Register, seen: Sequence[Mapping[str, Any]], found: Findings) -> None:
    name = "nothing public before its instant"
    for release in register.releases.values():
        switches = [event for event in register.about(release["id"]) if event["action"] == "switch"]
        if release["state"] != "released":
            found.hold("a switch only of what is released", not switches, release["id"])
            continue
        instant, released = moment(release["instant"]), moment(release["released_at"])
        found.hold(name, released >= instant, f"{release['id']} released at {released}, due {instant}")
        found.hold(name, release["lateness_ms"] >= 0, f"{release['id']}: lateness {release['lateness_ms']} ms")
        found.hold("released exactly once", len(switches) == 1, f"{release['id']}: {len(switches)} switch events")
        for switch in switches:
            early = moment(switch["at"]) < instant
            found.hold(name, not early, f"{release['id']} switched at {switch['at']}, due {instant}")
        found.hold("a hold is honoured", not _held_at_switch(register.about(release["id"])), release["id"])
    generations = Counter(one["release"] for one in {one["generation"]: one for one in seen}.values())
    for one in seen:
        shown = register.releases.get(one["release"])
        right = shown is not None and moment(one["at"]) >= moment(shown["instant"])
        found.hold("nothing seen public before its instant", right, f"{one['release']} seen at {one['at']}")
        once = generations[one["release"]] == 1
        found.hold("nothing seen switched twice", once, f"{one['release']}: {generations[one['release']]} generations")


def _held_at_switch(events: Sequence[Mapping[str, Any]]) -> bool:
    held = False
    for event in events:
        held = (held or event["action"] == "hold") and event["action"] != "resume"
        if event["action"] == "switch" and held:
            return True
    return False


def _due(register: Register, now: datetime, found: Findings) -> None:
    for edition in register.editions:
        release = register.releases.get(edition["release_id"] or "")
        stuck = edition["stage"] == "scheduled" and (release is None or moment(release["instant"]) <= now)
        found.hold("nothing due is left unpublished", not stuck, f"{edition['report_id']} in {edition['release_id']}")


def _messages(home: Path, delivered: Mapping[str, int], found: Findings) -> None:
    """At least once, and again only where nobody knew whether it had arrived; never after a receipt."""
    with closing(sqlite3.connect(f"file:{home / 'register.db'}?mode=ro", uri=True, timeout=30)) as base:
        rows = base.execute("SELECT id, uncertain, receipt FROM message").fetchall()
    for message, uncertain, receipt in rows:
        times = delivered.get(message, 0)
        found.hold("a message arrives once, again only if uncertain", times <= 1 + uncertain, f"{message}: {times}")
        if receipt:
            found.hold("a receipt means that it arrived", times > 0, message)


def _plants_when_quiet(home: Path, register: Register, plants: Mapping[str, str], found: Findings) -> None:
    """What stands on its report's public page may stand anywhere; every other planted sentence nowhere at all."""
    name = "no unreleased plaintext in any file"
    published = {edition["report_id"] for edition in register.editions if edition["stage"] == "published"}
    pages = {report: page_of(home, report) for report in published}
    texts = {report: page.read_text("utf-8") if page.exists() else "" for report, page in pages.items()}
    secret = {plant: report for plant, report in plants.items() if plant not in texts.get(report, "")}
    found.checked[name] += len(secret)
    for plant, file in plants_in(home, secret):
        found.violations.append((name, f"{plants[plant]}: {file.relative_to(home)}"))


def plants_in(home: Path, plants: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """(planted sentence, file) wherever one stands, as UTF-8, UTF-16 or escaped JSON."""
    spellings = {"utf-8": "utf-8", "utf-16-le": "utf-16-le", "json": "ascii"}
    for folder, _, names in os.walk(home):
        for file in (Path(folder, name) for name in names):
            try:
                content = b"" if file.is_symlink() else file.read_bytes()
            except OSError:
                continue  # gone meanwhile, or a socket
            for spelling in spellings:
                marker, length = _spelt(MARKER, spelling), len(_spelt("东" * PLANT_LENGTH, spelling))
                at = content.find(marker)
                while at >= 0:
                    plant = _read(content[at : at + length], spelling)
                    if plant in plants:
                        yield plant, file
                    at = content.find(marker, at + 1)


def _spelt(text: str, spelling: str) -> bytes:
    return json.dumps(text)[1:-1].encode() if spelling == "json" else text.encode(spelling)


def _read(content: bytes, spelling: str) -> str:
    try:
        return str(json.loads(b'"' + content + b'"')) if spelling == "json" else content.decode(spelling)
    except ValueError:
        return ""


def _in_public(home: Path, file: Path) -> bool:
    return file.is_relative_to(home / "public")


def moment(text: str) -> datetime:
    """A moment as the register or an event spells it; UTC where no zone is written."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
