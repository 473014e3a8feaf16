"""The switch: never before the instant, all or nothing, people's hold honoured, crashes completed, bytes as signed."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOON, Given
from hypothesis import HealthCheck, settings
from hypothesis import given as property_of
from hypothesis import strategies as st
from processes import dies
from sqlalchemy.exc import OperationalError
from watching import actions_on, data_of, events, files_with, refusal, rows

from pubflow.errors import AlreadyMoved, StorageFailed
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.office import Office
from pubflow.publication.releases import change, recall
from pubflow.publication.switching import next_instant, release_round
from pubflow.publication.tree import PublicTree
from pubflow.records.store import Tx
from pubflow.wiring import create_workspace, open_workspace

WORDS = "本季度规模以上工业增加值保持平稳"
BODY = f"## 一、工业\n\n{WORDS}。\n"
SECOND = timedelta(seconds=1)


def page(given: Given, report_id: str) -> bytes | None:
    """What the public sees of a report."""
    return PublicTree(given.office.home.public).read(f"items/2026/00/{report_id}/index.html")


def go_round(given: Given, at: datetime) -> list[str]:
    return [switched.release_id for switched in release_round(given.office, lambda: at)]


def do(given: Given, release_id: str, action: ReleaseAction, *, to: datetime | None = None) -> None:
    operator = given.people["gong_lei"]
    change(given.office, release_id, action, operator, now=given.tick(), to=to, reason="核对数据")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime]:
    """A workspace in which R-2026-0001 is staged, to be copied, and its instant."""
    office = create_workspace(tmp_path_factory.mktemp("staged") / "office", NOON)
    given = Given(office)
    instant = given.release(given.report(Stage.SCHEDULED, body=BODY)).instant
    office.close()
    return office.home.path, instant


@settings(max_examples=16, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@property_of(st.lists(st.integers(-11_000, 1_500) | st.integers(-2, 2), min_size=1, max_size=8))
def test_nothing_is_public_before_the_instant_whatever_the_clock_does(
    staged: tuple[Path, datetime], tmp_path_factory: pytest.TempPathFactory, readings: list[int]
) -> None:
    """`readings`: what successive looks at the clock show, in ms from the instant; it may go back at any look."""
    original, instant = staged
    folder = tmp_path_factory.mktemp("copy") / "office"
    shutil.copytree(original, folder, symlinks=True)
    given = Given(open_workspace(folder))
    seen: list[datetime] = []

    def clock() -> datetime:
        seen.append(instant + timedelta(milliseconds=readings[min(len(seen), len(readings) - 1)]))
        assert page(given, "R-2026-0001") is None or max(seen) >= instant
        return seen[-1]

    release_round(given.office, clock)
    release = given.release("R-2026-0001")
    public = page(given, "R-2026-0001") is not None
    assert public == (release.state == "released")
    if public:
        assert max(seen) >= instant
        assert release.released_at is not None
        assert release.released_at >= instant
        assert release.lateness_ms is not None
        assert release.lateness_ms >= 0
    else:  # it goes on waiting: a clock set back is no failure
        assert release.state == "staged"
        assert go_round(given, instant) == [release.id]
    assert actions_on(given.office, "R-2026-0001").count("publish") == 1
    given.office.close()
    shutil.rmtree(folder.parent)


def test_it_is_public_at_the_instant_and_not_a_microsecond_before(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, body=BODY)
    release = given.release(report_id)
    assert next_instant(given.office) == release.instant
    assert go_round(given, release.instant - timedelta(microseconds=1)) == []
    assert page(given, report_id) is None
    assert go_round(given, release.instant) == [release.id]
    assert WORDS in (page(given, report_id) or b"").decode()
    assert next_instant(given.office) is None
    before, known = rows(given.office), len(events(given.office))
    assert go_round(given, release.instant + SECOND) == []
    assert rows(given.office) == before
    assert len(events(given.office)) == known


def test_a_hold_after_the_preparation_erases_the_plaintext_and_is_honoured_until_resumed(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, body=BODY)
    release = given.release(report_id)
    go_round(given, release.instant - 5 * SECOND)
    assert files_with(given.office, WORDS) != []
    do(given, release.id, ReleaseAction.HOLD)
    assert next_instant(given.office) is None
    assert go_round(given, release.instant - 4 * SECOND) == []
    assert files_with(given.office, WORDS) == []
    assert go_round(given, release.instant + timedelta(days=2)) == []
    assert page(given, report_id) is None
    do(given, release.id, ReleaseAction.RESUME)
    assert go_round(given, release.instant + timedelta(days=2)) == [release.id]
    assert given.release(report_id).lateness_ms == 2 * 24 * 60 * 60 * 1000


def test_a_release_moved_after_the_preparation_switches_at_its_new_instant_only(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, body=BODY)
    release = given.release(report_id)
    go_round(given, release.instant - 5 * SECOND)
    later = release.instant + timedelta(hours=3)
    do(given, release.id, ReleaseAction.MOVE, to=later)
    assert go_round(given, release.instant) == []
    assert files_with(given.office, WORDS) == []
    given.flows()
    assert go_round(given, release.instant + SECOND) == []
    assert go_round(given, later - timedelta(microseconds=1)) == []
    assert page(given, report_id) is None
    assert go_round(given, later) == [release.id]
    assert page(given, report_id) is not None


def test_a_recall_after_the_preparation_erases_the_plaintext_and_nothing_goes_out(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, body=BODY)
    release = given.release(report_id)
    go_round(given, release.instant - 5 * SECOND)
    recall(given.office, report_id, given.people["liao_jun"], reason="数字有误", now=given.tick())
    assert go_round(given, release.instant) == []
    assert files_with(given.office, WORDS) == []
    assert page(given, report_id) is None


def test_a_hold_in_the_last_moment_before_the_rename_wins(given: Given) -> None:
    """The hold comes while the round is under way, after it has read the release and prepared it."""
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)
    looks = iter([None, None, "hold"])

    def clock() -> datetime:
        if next(looks, None):
            do(given, release.id, ReleaseAction.HOLD)
        return release.instant

    assert release_round(given.office, clock) == []
    assert page(given, report_id) is None
    assert (given.release(report_id).state, given.release(report_id).held) == ("staged", True)
    assert actions_on(given.office, release.id)[-2:] == ["hold", "refused"]


def test_two_reports_of_one_release_become_public_together(given: Given) -> None:
    first, second = given.together(2)
    given.flows()
    release = given.release(first)
    assert go_round(given, release.instant - SECOND) == []
    assert (page(given, first), page(given, second)) == (None, None)
    assert go_round(given, release.instant) == [release.id]
    assert None not in (page(given, first), page(given, second))
    home = (PublicTree(given.office.home.public).read("index.html") or b"").decode()
    assert "第1份工作动态" in home
    assert "第2份工作动态" in home


def test_releases_a_second_apart_both_go_out_though_prepared_together(given: Given) -> None:
    first = given.report(Stage.SCHEDULED, title="甲", release_in=timedelta(hours=1))
    second = given.report(Stage.SCHEDULED, title="乙", release_in=timedelta(hours=1))
    instants = sorted([given.release(first).instant, given.release(second).instant])
    go_round(given, instants[0] - SECOND)
    assert go_round(given, instants[0]) == [given.release(first).id]
    assert page(given, second) is None
    assert go_round(given, instants[1]) == [given.release(second).id]
    assert None not in (page(given, first), page(given, second))
    assert PublicTree(given.office.home.public).leftovers() == []


# --- bytes that are not what was staged


def sql(given: Given, statement: str) -> None:
    with given.office.records.engine.connect() as connection:
        connection.connection.driver_connection.execute(statement)  # past the register's own write path


def change_disk(given: Given) -> None:
    tree = PublicTree(given.office.home.public)
    (waiting,) = tree.leftovers()
    file = next((given.office.home.public / "generations" / waiting / "tree" / "items").rglob("index.html"))
    file.write_bytes(file.read_bytes().replace("本月".encode(), "去年".encode()))


ON_DISK = "bytes on the disk"  # there are none before the preparation
TAMPERING: dict[str, Callable[[Given], None]] = {
    "staged bytes": lambda given: sql(given, "UPDATE staged_pages SET sealed = sealed || x'00'"),
    "staged row gone": lambda given: sql(given, "DELETE FROM staged_pages WHERE edition_id = 'R-2026-0002/1'"),
    "staged for another version": lambda given: sql(given, f"UPDATE staged_pages SET version_digest = '{'0' * 64}'"),
    "digest of the release": lambda given: sql(given, f"UPDATE release SET staged_digest = '{'0' * 64}'"),
}


@pytest.mark.parametrize(
    ("what", "prepared"), [*((what, False) for what in TAMPERING), *((what, True) for what in [*TAMPERING, ON_DISK])]
)
def test_bytes_that_were_tampered_with_are_never_public_and_the_release_has_failed_whole(
    given: Given, what: str, prepared: bool
) -> None:
    reports = given.together(2)
    given.flows()
    release = given.release(reports[0])
    if prepared:
        go_round(given, release.instant - SECOND)
    TAMPERING.get(what, change_disk)(given)
    assert go_round(given, release.instant) == []
    assert [page(given, report_id) for report_id in reports] == [None, None]
    failed = given.release(reports[0])
    assert failed.state == "failed"
    assert failed.failure != ""
    fail = events(given.office, subject=release.id)[-1]
    assert (fail.action, data_of(fail)["why"]) == ("fail", failed.failure)
    assert {given.edition(report_id).stage for report_id in reports} == {Stage.SCHEDULED}
    do(given, release.id, ReleaseAction.RETRY)
    given.flows()
    assert go_round(given, release.instant + SECOND) == [release.id]
    assert None not in [page(given, report_id) for report_id in reports]


def test_a_tampered_release_does_not_hold_up_the_next_one(given: Given) -> None:
    broken = given.report(Stage.SCHEDULED, title="甲")
    healthy = given.report(Stage.SCHEDULED, title="乙")
    sql(given, "UPDATE staged_pages SET sealed = sealed || x'00' WHERE edition_id = 'R-2026-0001/1'")
    assert go_round(given, given.release(healthy).instant) == [given.release(healthy).id]
    assert given.release(broken).state == "failed"
    assert "加密内容无法打开" in given.release(broken).failure


def test_a_category_that_left_the_configuration_is_named_and_its_release_fails(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    categories = given.office.settings.categories
    kept = categories.pop("work_news")
    assert go_round(given, given.release(report_id).instant) == []
    assert "work_news 已不在配置中" in given.release(report_id).failure
    categories["work_news"] = kept


# --- a crash between the rename and the record


def dies_after_the_rename(own: Office, instant: datetime) -> None:
    """A round whose process is killed when the page is public and the register does not know it yet."""
    real = PublicTree.switch

    def switch(self: PublicTree, name: str) -> bool:
        real(self, name)
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    PublicTree.switch = switch  # type: ignore[method-assign] # in a process of its own
    release_round(own, lambda: instant)


def test_a_crash_between_switch_and_record_is_completed_by_the_next_round_without_a_second_publication(
    given: Given,
) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)
    assert dies(given.office, lambda own: dies_after_the_rename(own, release.instant))
    assert page(given, report_id) is not None
    assert given.edition(report_id).stage == Stage.SCHEDULED
    current = PublicTree(given.office.home.public).current()
    # what everybody can see is no longer held, moved or recalled, though the register says "staged"
    for attempt in (
        lambda: do(given, release.id, ReleaseAction.HOLD),
        lambda: do(given, release.id, ReleaseAction.MOVE, to=release.instant + timedelta(hours=1)),
        lambda: recall(given.office, report_id, given.people["liao_jun"], reason="有误", now=given.tick()),
    ):
        with refusal(given.office, AlreadyMoved, f"{release.id} 已不在 已备妥", codes=["already_moved"]):
            attempt()
    assert go_round(given, release.instant + 3 * SECOND) == [release.id]
    assert given.edition(report_id).stage == Stage.PUBLISHED
    assert given.release(report_id).lateness_ms == 3000  # until it was on record
    assert go_round(given, release.instant + 4 * SECOND) == []
    assert PublicTree(given.office.home.public).current() == current
    assert actions_on(given.office, report_id).count("publish") == 1
    assert actions_on(given.office, release.id).count("switch") == 1


def test_a_disk_that_cannot_take_the_record_leaves_the_page_public_and_the_next_round_records_it(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)

    def full(self: Tx) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(Tx, "append_events", full)
        with pytest.raises(StorageFailed, match="database or disk is full"):
            go_round(given, release.instant)
    assert page(given, report_id) is not None
    assert given.release(report_id).state == "staged"
    assert go_round(given, release.instant + SECOND) == [release.id]
    assert actions_on(given.office, report_id).count("publish") == 1
    assert [event.action for event in events(given.office)].count("write_failed") == 1
