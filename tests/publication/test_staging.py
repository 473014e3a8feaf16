"""Staging: everything rendered and sealed before the instant, or the release has failed whole, with its reason."""

from datetime import timedelta

import pytest
from builders import Given
from watching import actions_on, data_of, events, files_with

from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.publication.releases import change
from pubflow.publication.staging import open_staged, stage
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree, staged_digest
from pubflow.records.tables import StagedPages

WORDS = "本季度规模以上工业增加值保持平稳"


def retry(given: Given, release_id: str) -> None:
    change(given.office, release_id, ReleaseAction.RETRY, given.people["gong_lei"], now=given.tick())


def break_template(given: Given) -> str:
    """Make the item page of this office unusable; returns what it was."""
    template = given.office.settings.templates / "portal" / "item.html.j2"
    good = template.read_text()
    template.write_text("{{ nobody.knows.this }}")
    return good


def test_a_staged_release_is_sealed_and_nothing_of_it_is_in_plain_or_public(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, body=f"## 一、工业\n\n{WORDS}。\n")
    release = given.release(report_id)
    assert release.state == "staged"
    assert len(release.staged_digest) == 64
    release_round(given.office, lambda: release.instant - timedelta(seconds=10, microseconds=1))
    assert files_with(given.office, WORDS) == []
    with given.office.records.reading() as session:
        opened = open_staged(given.office, session, release)
        row = session.get_one(StagedPages, (release.id, f"{report_id}/1"))
    files = opened[f"{report_id}/1"]
    assert WORDS in files[f"items/2026/00/{report_id}/index.html"].decode()
    assert row.pages_digest == staged_digest(files)
    assert row.version_digest == given.edition(report_id).digest


def test_plaintext_stands_in_an_unserved_folder_from_ten_seconds_before_the_instant(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, body=f"## 一、工业\n\n{WORDS}。\n")
    release = given.release(report_id)
    assert release_round(given.office, lambda: release.instant - timedelta(seconds=10)) == []
    found = files_with(given.office, WORDS)
    assert found != []
    assert all(name.startswith("public/generations/") for name in found)
    tree = PublicTree(given.office.home.public)
    assert tree.read(f"items/2026/00/{report_id}/index.html") is None
    (waiting,) = tree.leftovers()
    assert oct((given.office.home.public / "generations" / waiting).stat().st_mode & 0o777) == "0o700"


def test_one_item_that_cannot_be_rendered_fails_the_release_whole_and_retry_mends_it(given: Given) -> None:
    first, second = given.together(2)
    release = given.release(first)
    good = break_template(given)
    (said,) = given.flows()
    failed = given.release(first)
    assert said == f"{release.id} failed: {failed.failure} Mend it, then run `pubflow release retry {release.id}`."
    assert (failed.state, failed.staged_digest) == ("failed", "")
    assert "item.html.j2" in failed.failure
    fail = next(event for event in events(given.office, subject=release.id) if event.action == "fail")
    assert data_of(fail)["why"] == failed.failure
    assert release_round(given.office, lambda: release.instant + timedelta(days=1)) == []
    assert given.flows() == []  # a failed release waits for a person
    template = given.office.settings.templates / "portal" / "item.html.j2"
    template.write_text(good)
    retry(given, release.id)
    given.publish(first)
    assert (given.release(first).state, given.release(first).failure) == ("released", "")
    assert {given.edition(first).stage, given.edition(second).stage} == {Stage.PUBLISHED}


def test_a_failed_release_does_not_hold_up_the_others(given: Given) -> None:
    broken = given.report(Stage.SCHEDULED, title="甲", open_it=False)
    good = break_template(given)
    given.flows()
    (given.office.settings.templates / "portal" / "item.html.j2").write_text(good)
    healthy = given.report(Stage.SCHEDULED, title="乙")
    given.publish(healthy)
    assert given.release(broken).state == "failed"
    assert given.edition(healthy).stage == Stage.PUBLISHED


def test_a_held_release_is_not_staged_and_a_resumed_one_is(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, open_it=False)
    release = given.release(report_id)
    operator = given.people["gong_lei"]
    change(given.office, release.id, ReleaseAction.HOLD, operator, now=given.tick(), reason="核对")
    assert stage(given.office, release.id, given.tick()).text.startswith("not due")
    assert given.flows() == []
    change(given.office, release.id, ReleaseAction.RESUME, operator, now=given.tick())
    assert len(given.flows()) == 1
    assert actions_on(given.office, release.id) == ["plan", "confirm", "hold", "resume", "stage"]


def test_a_release_with_an_unsigned_member_is_not_staged(given: Given) -> None:
    first, second = given.report(Stage.APPROVAL), given.report(Stage.APPROVAL)
    release = given.plan([first, second])
    given.advance(first, Stage.APPROVAL)
    outcome = stage(given.office, release.id, given.tick())
    assert not outcome.changed
    assert "nothing was changed" in outcome.text


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=40)])
def test_a_moved_release_is_staged_anew_for_its_new_instant(given: Given, ahead: timedelta) -> None:
    report_id = given.report(Stage.SCHEDULED)
    before = given.release(report_id)
    to = before.instant + ahead
    change(
        given.office, before.id, ReleaseAction.MOVE, given.people["gong_lei"], now=given.tick(), to=to, reason="推迟"
    )
    moved = given.release(report_id)
    assert (moved.state, moved.staged_digest) == ("confirmed", "")
    with given.office.records.reading() as session:
        assert open_staged(given.office, session, moved) == {}
    given.flows()
    staged = given.release(report_id)
    assert staged.state == "staged"
    assert staged.staged_digest != before.staged_digest  # the page shows when it was published
