"""The exceptional ways on PostgreSQL, where rows are locked one by one and JSON is the database's own."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, Given

from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.debts import all_debts, clear_debt
from pubflow.office.people import deactivate
from pubflow.publication.releases import change
from pubflow.publication.voiding import ask_void, confirm_void
from pubflow.review.answering import LinkEnded, answer, look_at
from pubflow.review.forcing import ask_force, confirm_force
from pubflow.review.outside import ask_outside, checks_of, erase_person
from pubflow.review.workflows import grant_fast
from pubflow.wiring import create_workspace


@pytest.fixture
def on_postgresql(postgresql_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """An office whose register lies on PostgreSQL."""
    monkeypatch.setenv("PUBFLOW_DATABASE_URL", postgresql_database)
    office = create_workspace(tmp_path / "office", NOON)
    yield Given(office)
    office.close()


def test_every_exceptional_way_is_walked_on_postgresql_too(on_postgresql: Given) -> None:
    given = on_postgresql
    office, people = given.office, given.people
    report = given.report(Stage.DEPARTMENT_REVIEW)
    grant_fast(office, report, people["liao_jun"], reason="当日发布", now=given.tick())
    given.flows()
    deactivate(office, people["gong_lei"], "fang_zhi", reason="调离", now=given.tick())
    digest = given.edition(report).digest
    ask_force(office, report, people["gong_lei"], step="section", digest=digest, reason="无人", now=given.tick())
    confirm_force(office, report, people["xiong_ping"], digest=digest, reason="属实", now=given.tick())
    (debt,) = all_debts(office, given.now)
    assert debt.id is not None
    clear_debt(office, people["yan_fei"], debt.id, reason="已看", now=given.tick())

    words = {"kind": "fact_check", "name": "欧阳", "organ": "某学会", "passages": ["本月完成了"]}
    check, token = ask_outside(
        office, report, people["liao_jun"], digest=digest, workdays=None, now=given.tick(), **words
    )  # type: ignore[arg-type]
    look_at(office, token, given.tick())
    answer(office, token, given="correct", where="", what="", name="欧阳", now=given.tick())
    with pytest.raises(LinkEnded):
        answer(office, token, given="correct", where="", what="", name="欧阳", now=given.tick())
    erase_person(office, report, people["gong_lei"], check.id, reason="本人申请", now=given.tick())
    assert [one.person for one in checks_of(office, report, given.now)] == [None]

    for stage in (Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(report, stage)
    release = given.release(report)
    to = release.instant - timedelta(minutes=9)
    for person, confirm in (("gong_lei", False), ("yan_fei", True)):
        change(
            office,
            release.id,
            ReleaseAction.MOVE,
            people[person],
            now=given.tick(),
            to=to,
            reason="提前",
            confirm=confirm,
        )
    assert given.release(report).instant == to
    deactivate(office, people["gong_lei"], "wan_ning", reason="违纪", now=given.tick())
    ask_void(office, people["gong_lei"], "wan_ning", reason="违纪", now=given.tick())
    assert confirm_void(office, people["xiong_ping"], "wan_ning", reason="同意", now=given.tick()) == [report]
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK
