"""The one write path, on both databases: guarded update, event last, all or nothing, gapless numbers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from records.register import NOON, actions, add_section, an_edition, read_edition, sections, verdict
from sqlalchemy import text, update
from sqlalchemy.exc import StatementError
from sqlmodel import col, delete

from pubflow.audit.events import Event
from pubflow.errors import AlreadyMoved
from pubflow.records.engine import UnrecordedWrite
from pubflow.records.store import Records, Tx
from pubflow.records.tables import Counter, Edition, Release, Section, StepRun


def in_threads(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run work(0) ... work(count - 1) at once; returns what went wrong."""
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait(20)
        work(number)

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(run, number) for number in range(count)]
    return [failure for future in running if (failure := future.exception()) is not None]


def cancel(records: Records, edition: Edition) -> None:
    with records.writing(NOON) as tx:
        tx.session.add(Section(id="lost", name="lost"))
        tx.move(edition, stage="cancelled")
        tx.record(Event("cancel", "lin_xiao", "R-2026-0001"))


def test_of_two_that_read_the_same_row_the_second_writes_nothing(records: Records) -> None:
    first, second = an_edition(records), read_edition(records)
    with records.writing(NOON) as tx:
        tx.move(first, stage="department_review", visit=2)
        tx.record(Event("submit", "lin_xiao", "R-2026-0001"))
    with pytest.raises(AlreadyMoved) as refused:
        cancel(records, second)
    assert (refused.value.subject, refused.value.expected) == ("R-2026-0001", "drafting")
    now = read_edition(records)
    assert (now.stage, now.visit, now.row_version) == ("department_review", 2, 2)
    assert (first.stage, first.row_version) == ("department_review", 2)
    assert actions(records) == ["start", "submit"]
    assert sections(records) == ["zonghe"]


def test_the_stage_guards_the_row_even_when_its_version_is_the_same(records: Records) -> None:
    edition = an_edition(records)
    with records.writing(NOON) as tx:
        tx.session.execute(text("UPDATE edition SET stage = 'cancelled'"))
        tx.record(Event("cancel", "lin_xiao", "R-2026-0001"))
    with pytest.raises(AlreadyMoved), records.writing(NOON) as tx:
        tx.move(edition, stage="department_review")


def test_two_changes_within_one_stage_do_not_overwrite_each_other(records: Records) -> None:
    first, second = an_edition(records), read_edition(records)
    with records.writing(NOON) as tx:
        tx.move(first, version=1, digest="a" * 64)
        tx.record(Event("edit", "lin_xiao", "R-2026-0001"))
    with pytest.raises(AlreadyMoved), records.writing(NOON) as tx:
        tx.move(second, version=1, digest="b" * 64)
    assert read_edition(records).digest == "a" * 64


def test_the_state_guards_a_release_in_the_same_way(records: Records) -> None:
    release = Release(id="L-2026-0001", instant=NOON, state="staged", planned_by="lin_xiao")
    with records.writing(NOON) as tx:
        tx.session.add(release)
        tx.record(Event("plan", "lin_xiao", release.id))
    with records.reading() as session:
        mine, theirs = (
            session.get_one(Release, release.id),
            Release(**session.get_one(Release, release.id).model_dump()),
        )
    with records.writing(NOON) as tx:
        tx.move(mine, state="released")
        tx.record(Event("publish", "release_loop", release.id))
    with pytest.raises(AlreadyMoved, match="staged"), records.writing(NOON) as tx:
        tx.move(theirs, state="cancelled")


def test_of_eight_at_the_same_time_exactly_one_moves_the_edition(records: Records) -> None:
    an_edition(records)
    rows = [read_edition(records) for _ in range(8)]

    def move(number: int) -> None:
        with records.writing(NOON) as tx:
            tx.move(rows[number], stage="department_review")
            tx.record(Event("submit", f"p{number}", "R-2026-0001"))

    failures = in_threads(8, move)
    assert [type(failure) for failure in failures] == [AlreadyMoved] * 7
    assert actions(records) == ["start", "submit"]
    assert verdict(records).good


def add_by_orm(tx: Tx) -> None:
    tx.session.add(Section(id="gongye", name="工业"))


def update_by_orm(tx: Tx) -> None:
    tx.session.get_one(Section, "zonghe").name = "changed"


def delete_by_orm(tx: Tx) -> None:
    tx.session.add(Counter(name="c", value=1))
    tx.session.flush()
    tx.session.delete(tx.session.get_one(Counter, "c"))


def update_in_bulk(tx: Tx) -> None:
    tx.session.execute(update(Section).where(col(Section.id) == "zonghe").values(name="changed"))


def update_nothing_in_bulk(tx: Tx) -> None:
    tx.session.execute(update(Section).where(col(Section.id) == "nobody").values(name="changed"))


def delete_in_bulk(tx: Tx) -> None:
    tx.session.exec(delete(Counter))


def raw_update(tx: Tx) -> None:
    tx.session.execute(text("  /* a remark */ update section set name = 'insert into audit_event' where id='zonghe'"))


def raw_insert_of_many(tx: Tx) -> None:
    rows = [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}]
    tx.session.execute(text('INSERT INTO "section" (id, name) VALUES (:id, :name)'), rows)


def raw_update_behind_a_with(tx: Tx) -> None:
    tx.session.execute(text("WITH x AS (SELECT 'changed' AS n) UPDATE section SET name = (SELECT n FROM x)"))


def raw_by_the_driver(tx: Tx) -> None:
    tx.session.connection().exec_driver_sql("UPDATE section SET name = 'changed'")


def raw_in_a_savepoint(tx: Tx) -> None:
    with tx.session.begin_nested():
        tx.session.execute(text("UPDATE section SET name = 'changed'"))


def a_next_number(tx: Tx) -> None:
    tx.next_number("R-2026")


UNRECORDED = (
    add_by_orm,
    update_by_orm,
    delete_by_orm,
    update_in_bulk,
    update_nothing_in_bulk,
    delete_in_bulk,
    raw_update,
    raw_insert_of_many,
    raw_update_behind_a_with,
    raw_by_the_driver,
    raw_in_a_savepoint,
    a_next_number,
)


def test_a_commit_without_its_event_is_refused_and_leaves_nothing(records: Records, subtests: pytest.Subtests) -> None:
    an_edition(records)
    for write in UNRECORDED:
        with subtests.test(write.__name__):
            with pytest.raises(UnrecordedWrite, match="without an audit event"), records.writing(NOON) as tx:
                write(tx)
            with records.reading() as session:
                assert session.get_one(Section, "zonghe").name == "综合科"
                assert session.get(Counter, "R-2026") is None
            assert sections(records) == ["zonghe"]
    add_section(records, "gongye")  # the connections are good for the next write
    assert actions(records) == ["start", "section_added"]


def test_a_truncate_on_postgresql_without_an_event_is_refused(records: Records) -> None:
    add_section(records, "zonghe")
    if records.engine.dialect.name == "sqlite":  # has no TRUNCATE
        return
    with pytest.raises(UnrecordedWrite), records.writing(NOON) as tx:
        tx.session.execute(text("TRUNCATE TABLE section CASCADE"))
    assert sections(records) == ["zonghe"]


def test_a_session_of_readers_cannot_commit_a_write(records: Records) -> None:
    with records.reading() as session:
        session.add(Section(id="zonghe", name="综合科"))
        with pytest.raises(UnrecordedWrite):
            session.commit()
    assert sections(records) == []


def test_bookkeeping_of_machines_needs_no_event_but_covers_nothing_else(records: Records) -> None:
    with records.bookkeeping() as session:
        session.add(StepRun(step="approval", subject="R-2026-0001", version=1))
    more = [StepRun(step="approval", subject="R-2026-0002", version=1), Section(id="zonghe", name="综合科")]
    with pytest.raises(UnrecordedWrite), records.bookkeeping() as session:
        session.add_all(more)
    with records.reading() as session:
        assert session.get(StepRun, ("approval", "R-2026-0002", 1)) is None
        assert session.get(StepRun, ("approval", "R-2026-0001", 1)) is not None


def test_a_failed_transaction_leaves_neither_row_nor_event(records: Records) -> None:
    def write_and_fail() -> None:
        with records.writing(NOON) as tx:
            tx.session.add(Section(id="zonghe", name="综合科"))
            tx.record(Event("section_added", "workspace-owner", "zonghe"))
            tx.append_events()
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    assert sections(records) == []
    assert actions(records) == []


def test_events_are_appended_in_the_order_of_recording_after_all_rows(records: Records) -> None:
    with records.writing(NOON) as tx:
        for number in range(12):
            tx.record(Event(f"e{number}", "a", "s"))
        tx.session.add(Section(id="zonghe", name="综合科"))
    assert actions(records) == [f"e{number}" for number in range(12)]
    assert verdict(records).events == 12


def test_a_reader_sees_one_state_while_others_write(records: Records) -> None:
    add_section(records, "one")
    if records.engine.dialect.name == "postgresql":
        return  # READ COMMITTED: only single statements are consistent there
    with records.reading() as session:
        before = session.get_one(Section, "one")
        add_section(records, "two")
        assert session.get(Section, "two") is None
        assert before.name == "one"


def test_numbers_are_gapless_and_the_year_is_that_of_shanghai(records: Records) -> None:
    last_second_of_2026_in_utc = datetime.fromisoformat("2026-12-31T15:59:59+00:00")
    taken = []
    for now in (last_second_of_2026_in_utc, last_second_of_2026_in_utc + timedelta(seconds=1)):
        for _ in range(2):
            with records.writing(now) as tx:
                taken.append(tx.next_id("R"))
                tx.record(Event("start", "a", taken[-1]))
    assert taken == ["R-2026-0001", "R-2026-0002", "R-2027-0001", "R-2027-0002"]


def test_a_number_of_a_failed_transaction_is_given_to_the_next(records: Records) -> None:
    def take_and_fail() -> None:
        with records.writing(NOON) as tx:
            assert tx.next_number("R") == 1
            raise LookupError

    with pytest.raises(LookupError):
        take_and_fail()
    with records.writing(NOON) as tx:
        assert [tx.next_number("R"), tx.next_number("R"), tx.next_number("L")] == [1, 2, 1]
        tx.record(Event("start", "a", "s"))


def test_eight_at_once_take_different_numbers_without_a_gap_from_the_very_first_on(records: Records) -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        for turn in range(5):
            with records.writing(NOON) as tx:
                mine = tx.next_number("R-2026")
                tx.record(Event("start", f"p{number}", f"{turn}"))
            taken.append(mine)

    assert in_threads(8, take) == []
    assert sorted(taken) == list(range(1, 41))


def test_eight_appenders_at_once_make_one_chain_that_verifies(records: Records) -> None:
    def append(number: int) -> None:
        for turn in range(6):
            records.record(Event("read", f"p{number}", f"s{turn}"), NOON)

    assert in_threads(8, append) == []
    found = verdict(records)
    assert (found.events, found.good) == (48, True)
    with records.reading() as session:
        by_appender = session.execute(
            text("SELECT actor, subject FROM audit_event ORDER BY seq")
        ).all()  # nobody's events change their order
    for number in range(8):
        assert [subject for actor, subject in by_appender if actor == f"p{number}"] == [f"s{n}" for n in range(6)]


def test_a_naive_moment_is_refused_in_rows_and_in_events(records: Records) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="has no time zone"), records.writing(NOON) as tx:
        tx.session.add(Release(id="L-2026-0001", instant=naive, state="planned", planned_by="a"))
    with pytest.raises(ValueError, match="has no time zone"):
        records.record(Event("read", "a", "s"), naive)
    assert actions(records) == []


def test_a_moment_comes_back_aware_and_equal_to_the_microsecond(records: Records) -> None:
    instant = datetime.fromisoformat("2026-12-01T09:30:00.123456+08:00")
    with records.writing(NOON) as tx:
        tx.session.add(Release(id="L-2026-0001", instant=instant, state="planned", planned_by="a"))
        tx.record(Event("plan", "a", "L-2026-0001"))
    with records.reading() as session:
        back = session.get_one(Release, "L-2026-0001")
        assert back.instant == instant
        assert back.instant.utcoffset() == timedelta(0)
        assert back.released_at is None
