"""The real 2016 report on the whole line: it stops without decisions, and passes with those of `config/demo`."""

import tomllib
from pathlib import Path

import pytest
from builders import SEED, Given
from watching import actions_on, events, refusal

from pubflow.audit.verify import verify
from pubflow.drafting.actions import answer_warning, edit, submit
from pubflow.drafting.import_decisions import ImportDecisions, mend, read_decisions
from pubflow.drafting.starting import import_report
from pubflow.errors import StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.reading import warnings_of
from pubflow.publication.tree import PublicTree

DEMO = Path(__file__).parents[2] / "config" / "demo" / "2016-report.toml"
PAGE = "items/2026/00/R-2026-0001/index.html"


@pytest.fixture
def decisions() -> ImportDecisions:
    return read_decisions(tomllib.loads(DEMO.read_text("utf-8")), DEMO.name)


@pytest.fixture
def seed(given: Given, decisions: ImportDecisions) -> str:
    """The report as imported, its first version made by the drafting flow."""
    report_id, read = import_report(
        given.office, given.people["lin_xiao"], SEED.read_bytes(), decisions.file,
        title=decisions.title, kind=decisions.kind, category=decisions.category, now=given.tick(),
    )  # fmt: skip
    assert (read.pinyin_removed, read.figures.total, read.figures.items_in_year) == (150, 1967, 209)
    given.flows()
    return report_id


def states(given: Given, report_id: str) -> dict[str, str]:
    return {warning.code: warning.state for warning in warnings_of(given.office, report_id)}


def follow(given: Given, report_id: str, decisions: ImportDecisions) -> None:
    """Take the decisions as a person would: accept with a reason, or mend by an edit with a reason."""
    drafter = given.people["lin_xiao"]
    for decision in decisions.decisions:
        if decision.decision == "accept":
            answer_warning(
                given.office, report_id, drafter, decision.code, "accepted", reason=decision.reason, now=given.tick()
            )
            continue
        for change in decision.mends:
            text = given.text(report_id)
            mended = text.model_copy(update={"body": mend(text.body, change)})
            edit(
                given.office, report_id, drafter, mended.canonical(), reason=change.reason, seen=text.digest,
                now=given.tick(),
            )  # fmt: skip


def test_without_decisions_the_import_stops_before_submit(given: Given, seed: str) -> None:
    assert states(given, seed) == {f"W{number}": "open" for number in range(1, 10)}
    with refusal(given.office, StepRefused, "导入提示未处理：W1、W2", codes=["warning_open"]):
        submit(given.office, seed, given.people["lin_xiao"], now=given.tick())
    assert given.edition(seed).stage == Stage.DRAFTING


def test_the_destroyed_run_is_closed_by_the_edit_that_mends_and_by_nothing_else(
    given: Given, seed: str, decisions: ImportDecisions
) -> None:
    accepted = tuple(decision for decision in decisions.decisions if decision.decision == "accept")
    follow(given, seed, decisions.model_copy(update={"decisions": accepted}))
    assert states(given, seed)["W9"] == "open"
    with refusal(given.office, StepRefused, "导入提示未处理：W9；", codes=["warning_open"]):
        submit(given.office, seed, given.people["lin_xiao"], now=given.tick())
    (mending,) = (decision for decision in decisions.decisions if decision.decision == "mend")
    follow(given, seed, decisions.model_copy(update={"decisions": (mending,)}))
    assert states(given, seed)["W9"] == "mended"
    submit(given.office, seed, given.people["lin_xiao"], now=given.tick())
    edits = [event for event in events(given.office, subject=seed) if event.action == "edit"]
    assert [event.reason for event in edits] == ["", mending.mends[0].reason]


def test_with_the_decisions_it_is_public_with_its_figures_and_its_old_number(
    given: Given, seed: str, decisions: ImportDecisions
) -> None:
    follow(given, seed, decisions)
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(seed, stage)
    tree = PublicTree(given.office.home.public)
    assert tree.read(PAGE) is None
    given.publish(seed)
    page = (tree.read(PAGE) or b"").decode()
    for words in (
        decisions.title, "A25010-7481-1397-0846-6018-8139", "共209条", "1967条", "申请处理流程。加强政府",
        "未涉及国家秘密、商业秘密和个人隐私", "东湖区人民政府",
    ):  # fmt: skip
        assert words in page, words
    assert "zhí" not in page
    assert decisions.title in (tree.read("index.html") or b"").decode()
    assert actions_on(given.office, seed) == [
        "start", "edit", *["warning_answered"] * 8, "edit", "submit", "opened", "approve", "opened", "clear", "opened",
        "planned", "sign", "publish",
    ]  # fmt: skip
    verdict = verify(events(given.office))
    assert (verdict.good, verdict.events) == (True, len(events(given.office)))
