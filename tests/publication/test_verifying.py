"""After the switch: each page is fetched as the public does, compared, and its receipt kept."""

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from builders import Given
from watching import actions_on, data_of, events, rows

from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.publication.switching import release_round
from pubflow.publication.verifying import verify
from pubflow.records.tables import Publication


class Quiet(SimpleHTTPRequestHandler):
    """Any web server serves the public folder; this one says nothing about it."""

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def public(given: Given) -> str:
    """The id of a report that is public and not yet verified."""
    report_id = given.report(Stage.SCHEDULED)
    given.now = given.release(report_id).instant
    release_round(given.office, lambda: given.now)
    return report_id


@pytest.fixture
def portal(given: Given) -> Iterator[str]:
    """A real web server on the public folder, announced as `pubflow up` does."""
    handler = partial(Quiet, directory=str(given.office.home.public / "root"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield announce(given, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def announce(given: Given, address: str) -> str:
    (given.office.home.run / "addresses.json").write_text(json.dumps({"portal": address}))
    return address


def publication(given: Given, report_id: str) -> Publication:
    with given.office.records.reading() as session:
        return session.get_one(Publication, (f"{report_id}/1", "portal"))


def test_the_receipt_says_where_and_which_bytes_were_seen_over_http(given: Given, public: str, portal: str) -> None:
    (said,) = given.flows()
    assert said == f"{given.release(public).id} verified: 1 pages as released"
    row = publication(given, public)
    receipt = json.loads(row.receipt)
    assert receipt["seen"] == f"{portal}/items/2026/00/{public}/"
    assert receipt["sha256"] == row.digest
    assert row.verified_at == given.release(public).verified_at == given.now


def test_without_a_portal_of_ours_the_folder_is_what_we_can_see(given: Given, public: str) -> None:
    given.flows()
    assert json.loads(publication(given, public).receipt)["seen"] == f"file:items/2026/00/{public}/index.html"


def test_other_bytes_than_were_released_fail_the_check_until_they_are_put_right(
    given: Given, public: str, portal: str
) -> None:
    release = given.release(public)
    file = (given.office.home.public / "root" / "items/2026/00" / public / "index.html").resolve()
    good = file.read_bytes()
    file.write_bytes(good + b"<!-- somebody was here -->")
    before = rows(given.office)
    with pytest.raises(WorkspaceError, match=f"{release.id}: .* shows other bytes than were released"):
        verify(given.office, release.id, given.tick())
    assert rows(given.office) == before
    last = events(given.office)[-1]
    assert (last.action, last.subject) == ("verify_failed", release.id)
    assert data_of(last)["path"] == f"items/2026/00/{public}/"
    assert [due.subject for due in given.line.due_steps(given.now)] == [release.id]  # it is looked at again
    file.write_bytes(good)
    assert verify(given.office, release.id, given.tick()).changed
    assert given.line.due_steps(given.now) == []


def test_a_page_that_cannot_be_fetched_is_said_with_what_to_do_and_looked_at_again(given: Given, public: str) -> None:
    announce(given, "http://127.0.0.1:9")  # nobody listens on the discard port
    release = given.release(public)
    with pytest.raises(WorkspaceError, match=r"could not be seen: .*Start the portal \(`pubflow up`"):
        verify(given.office, release.id, given.tick())
    assert actions_on(given.office, release.id)[-1] == "verify_failed"
    (given.office.home.run / "addresses.json").unlink()
    assert verify(given.office, release.id, given.tick()).changed


def test_a_missing_page_fails_the_check(given: Given, public: str, portal: str) -> None:
    shutil.rmtree((given.office.home.public / "root" / "items/2026/00" / public).resolve())
    with pytest.raises(WorkspaceError, match="404"):
        verify(given.office, given.release(public).id, given.tick())


def test_a_release_that_is_not_public_is_not_verified(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    known = len(events(given.office))
    assert verify(given.office, given.release(report_id).id, given.tick()).text.startswith("not due")
    assert len(events(given.office)) == known
