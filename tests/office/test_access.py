"""Who reads which text, and that every reader is logged."""

import pytest
from builders import Given

from pubflow.errors import NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Machine, Role, Stage
from pubflow.office.access import read_text, reading_objections
from pubflow.office.reading import history
from pubflow.records.tables import Edition, Report

REPORT = Report(
    id="R-2026-0001", kind="monthly", cadence="regular", section_id="gongye", drafter_id="peng_cheng", title="t",
    category="work_news", wrapped_key=b"", created_at=None,
)  # fmt: skip
WORKFLOW = {"reviews": [{"step": "section", "section": "gongye"}, {"step": "data_quality", "section": "zonghe"}]}

# role -> the sections from which an unpublished report of gongye, reviewed by zonghe too, may be read
READERS = {
    "drafter": {"gongye", "zonghe"},
    "section_head": {"gongye", "zonghe"},
    "officer": {"gongye", "zonghe", "maoyi"},
    "leader": {"gongye", "zonghe", "maoyi"},
    "chief": {"gongye", "zonghe", "maoyi"},
    "operator": set(),
    "auditor": set(),
    "flow": set(),
    "release_loop": set(),
    "outside": set(),
}
PUBLIC = {"published", "superseded"}


@pytest.mark.parametrize("stage", list(Stage))
def test_a_text_is_read_by_those_of_the_table_until_it_is_public(stage: Stage) -> None:
    edition = Edition(id="e", report_id=REPORT.id, number=1, stage=stage, stage_since=None, workflow=WORKFLOW)
    assert set(READERS) == {*Role, *Machine}
    for role, sections in READERS.items():
        for section in ("gongye", "zonghe", "maoyi"):
            codes = [
                reason.code for reason in reading_objections(REPORT, edition, Actor("p", frozenset({role}), section))
            ]
            allowed = section in sections or stage.value in PUBLIC
            assert codes == ([] if allowed else ["may_not_read"]), (role, section)


def test_a_reader_is_logged_with_the_digest_that_was_read(given: Given) -> None:
    report_id = given.report()
    edition, text = read_text(given.office, given.people["fang_zhi"], report_id, now=given.tick())
    event = history(given.office, subject=report_id)[-1]
    assert "本月完成了统计数据发布" in text.body
    assert (event.action, event.actor, event.digest) == ("read", "fang_zhi", edition.digest)


def test_an_older_version_is_read_and_logged_as_that_one(given: Given) -> None:
    report_id = given.report()
    _, first = read_text(given.office, given.people["wan_ning"], report_id, now=given.tick(), number=1)
    event = history(given.office, subject=report_id)[-1]
    assert event.digest == first.digest != given.edition(report_id).digest


@pytest.mark.parametrize("reader", ["deng_bo", "peng_cheng", "gong_lei", "shu_yan"])
def test_a_refused_reader_is_logged_and_gets_nothing(given: Given, reader: str) -> None:
    report_id = given.report()
    with pytest.raises(StepRefused, match="未发布稿件只向本科室、保密员和领导开放"):
        read_text(given.office, given.people[reader], report_id, now=given.tick())
    event = history(given.office, subject=report_id)[-1]
    assert (event.action, event.actor) == ("refused", reader)
    assert b'"codes":["may_not_read"],"step":"read"' in event.body


def test_a_report_or_version_that_does_not_exist_is_refused_and_logged(given: Given) -> None:
    report_id = given.report()
    for asked, number in ((report_id, 99), ("R-2026-0404", None)):
        with pytest.raises(NotFound):
            read_text(given.office, given.people["wan_ning"], asked, now=given.tick(), number=number)
        assert history(given.office, subject=asked)[-1].action == "refused"


def test_once_published_everybody_of_the_office_reads_it(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    given.publish(report_id)
    _, text = read_text(given.office, given.people["shu_yan"], report_id, now=given.tick())
    assert "本月完成了统计数据发布" in text.body
