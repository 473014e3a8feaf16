"""A file goes the whole line with its report: cleaned at the door, checked by its place, signed for, published."""

import hashlib
import io
import json
from datetime import timedelta

import openpyxl
import pytest
from attached import CONTACTS, HIDDEN, SHOWN, attached, workbook
from builders import Given
from masked import let_pass
from sqlmodel import select
from watching import events, files_with

from pubflow.cli.doctoring import examine
from pubflow.confidentiality.actions import findings, places
from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Stage
from pubflow.office.attachments import read_attachment
from pubflow.publication.pages import item_path
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.publication.verifying import verify
from pubflow.records.tables import Publication


def test_the_cleaned_copy_goes_public_and_is_seen_there(given: Given) -> None:
    report = given.report()
    original = workbook(CONTACTS, hidden=[["电话"], [HIDDEN]])
    done = attached(given, report, "附表 1.xlsx", original)
    assert [(one.place, one.type) for one in done.hidden] == [("工作表“底表”（隐藏）A2", "MOBILE")]
    assert "隐藏工作表“底表”" in done.removed
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW):
        given.advance(report, stage)
    given.flows()
    (found,) = findings(given.office, report)
    assert (found.type, found.severity) == ("MOBILE", "hard")
    assert list(places(given.office, report).values()) == ["附件“附表 1.xlsx” 工作表“一”B2"]
    let_pass(given, report, 0)
    given.advance(report, Stage.CONFIDENTIALITY_CHECK)
    assert files_with(given.office, SHOWN, HIDDEN, "附表 1") == []
    given.advance(report, Stage.APPROVAL, release_in=timedelta(hours=1))
    given.publish(report)
    tree, folder = PublicTree(given.office.home.public), item_path(report)
    page = (tree.read(f"{folder}index.html") or b"").decode()
    path = f"files/{done.attached.sha256[:16]}.xlsx"
    assert f'<a href="{path}" download="附表 1.xlsx">附表 1.xlsx</a>' in page
    public = tree.read(f"{folder}{path}") or b""
    assert hashlib.sha256(public).hexdigest() == done.attached.sha256 != hashlib.sha256(original).hexdigest()
    assert openpyxl.load_workbook(io.BytesIO(public)).sheetnames == ["一"]
    assert read_attachment(given.office, given.people["fang_zhi"], report, "附表 1.xlsx", now=given.tick())[1] == public
    record = json.loads(tree.read(f"{folder}item.json") or b"")
    assert [(one["name"], one["path"]) for one in record["attachments"]] == [("附表 1.xlsx", path)]
    with given.office.records.reading() as session:
        receipt = json.loads(session.exec(select(Publication)).one().receipt)
    assert receipt["files"] == {f"{folder}{path}": done.attached.sha256}


CSV = "行业,产值\n制造业,345.6\n".encode()


def scheduled(given: Given) -> str:
    """A signed report with one attachment, its release confirmed and not staged."""
    report = given.report()
    attached(given, report, "附表.csv", CSV)
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(report, stage)
    return report


def troubles(given: Given) -> list[str]:
    """What `pubflow doctor` says."""
    return [one.what for one in examine(given.office.home.path, given.now).problems]


def test_a_template_that_lists_no_attachments_fails_the_release_instead_of_publishing_them_unseen(given: Given) -> None:
    report = scheduled(given)
    template = given.office.settings.templates / "portal" / "item.html.j2"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace('href="{{ one.path }}"', 'href="#"'), encoding="utf-8")
    given.flows()
    release = given.release(report)
    assert release.state == "failed"
    assert "没有列出附件“附表.csv”" in release.failure


def test_other_bytes_at_the_address_of_an_attachment_are_told_by_the_verification(given: Given) -> None:
    report = scheduled(given)
    given.flows()
    given.now = max(given.now, given.release(report).instant)
    release_round(given.office, lambda: given.now)
    (file,) = (given.office.home.public / "root" / item_path(report) / "files").resolve().iterdir()
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(whole + b"\n")
    with pytest.raises(WorkspaceError, match=r"files/[0-9a-f]{16}\.csv shows other bytes"):
        verify(given.office, given.release(report).id, given.tick())
    assert events(given.office)[-1].action == "verify_failed"
    path = f"{item_path(report)}files/{file.name}"
    assert f"{path} differs from what was released" in troubles(given)
    file.unlink()
    with pytest.raises(WorkspaceError, match="could not be seen"):
        verify(given.office, given.release(report).id, given.tick())
    assert f"{path} is published but not in the public tree" in troubles(given)
    file.write_bytes(whole)
    verify(given.office, given.release(report).id, given.tick())
    assert given.release(report).verified_at is not None
