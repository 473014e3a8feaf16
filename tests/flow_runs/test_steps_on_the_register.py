"""Reconciler and flows on the real register, with Prefect on paper: no server, a second for all."""

from datetime import timedelta

import pytest
from builders import Given
from service.paper_prefect import PaperPrefect

from flows import _line
from pubflow.lifecycle.stages import Stage
from pubflow.office.due import DueStep
from pubflow.office.people import everybody
from pubflow.service.reconciler import Reconciler


@pytest.fixture
def submitted(given: Given, monkeypatch: pytest.MonkeyPatch) -> str:
    """A report that its drafter has just submitted; the flows of this test work on its office."""
    monkeypatch.setattr(_line, "open_line", lambda: given.line)
    return given.report(Stage.DEPARTMENT_REVIEW, open_it=False)


def version_due(given: Given, report: str) -> int:
    return given.line.due_versions("department-review", [report])[report]


def test_a_submitted_report_gets_its_run_which_opens_the_review_once(given: Given, submitted: str):
    prefect, version = PaperPrefect(), version_due(given, submitted)
    rounds = Reconciler(given.line, prefect)
    assert rounds.round(given.now) == [f"started {submitted} department-review v{version}"]
    assert rounds.round(given.now) == []

    state = _line.take_steps("department-review", list(prefect.runs["run-1"].reports))
    assert state.is_completed()
    assert not str(state.message).startswith("not due")
    prefect.set("run-1", "COMPLETED")
    assert rounds.round(given.tick()) == []
    assert given.line.runs.all_open() == []  # done, so its run is of no more interest

    before = given.line.change_counter()
    again = _line.take_steps("department-review", [submitted])
    assert (again.name, given.line.change_counter()) == ("NotDue", before)


def test_a_report_under_a_lease_is_left_to_its_holder(given: Given, submitted: str):
    due = DueStep("department-review", submitted, version_due(given, submitted))
    runs, now = given.line.runs, _line.utc_now()
    assert runs.acquire([due], "run-1/7", now + timedelta(seconds=20), now) == [due]
    state = _line.take_steps("department-review", [submitted])
    assert str(state.message).startswith(f"not due: another run works on {submitted}")
    assert version_due(given, submitted) == due.version
    assert runs.rows([due])[due].lease_until - now == timedelta(seconds=20)  # aware, as it was given


def test_an_unknown_report_is_a_failed_run_that_says_so(submitted: str):
    state = _line.take_steps("department-review", ["R-1999-0001"])
    assert state.is_failed()
    assert "R-1999-0001" in str(state.message)


def test_an_unforeseen_error_reaches_prefect_by_its_type_alone(given: Given, submitted: str, monkeypatch, capsys):
    def broken(*_: object) -> None:
        raise RuntimeError("UPDATE version SET text='草稿的内容'")

    monkeypatch.setattr(type(given.line), "run_step", broken)
    state = _line.take_steps("department-review", [submitted])
    assert state.is_failed()
    assert "RuntimeError" in str(state.message)
    assert "草稿" not in str(state.message)
    assert "草稿的内容" in capsys.readouterr().err  # the worker's log, in the workspace
    due = given.line.due_steps(given.now)[0]
    assert given.line.runs.rows([due])[due].lease_holder is None  # released, so that it goes on


def test_pages_name_role_section_and_id_but_no_person_no_text_and_no_title_before_release(given: Given, submitted: str):
    given.flows()
    prefect = PaperPrefect()
    Reconciler(given.line, prefect).round(given.now)
    page, board = prefect.pages_by_key[submitted.lower()], prefect.pages_by_key["the-line"]
    assert "科室负责人 section_head" in page
    assert submitted in board
    secret = ["东湖区统计局工作动态", "本月完成了统计数据发布", *(person.name for person in everybody(given.office))]
    assert [word for word in secret if word in page + board] == []
