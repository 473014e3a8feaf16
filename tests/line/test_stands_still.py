"""Without its machines the line stands still; a machine that runs twice, or is killed, changes nothing more."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from builders import Given
from processes import killed
from watching import actions_on, data_of, events, refusal, rows

from pubflow.audit.verify import verify
from pubflow.confidentiality.actions import decide
from pubflow.drafting.actions import submit
from pubflow.drafting.starting import new_report
from pubflow.errors import StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.office import Office
from pubflow.office.reading import report_lines
from pubflow.publication.releases import cancel
from pubflow.publication.switching import release_round
from pubflow.review.actions import approve, send_back
from pubflow.review.approval import sign
from pubflow.wiring import Line

REVIEW, CHECK, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL
DECIDES = {REVIEW: "fang_zhi", CHECK: "wan_ning", APPROVAL: "liao_jun"}
FLOW = {REVIEW: "department-review", CHECK: "confidentiality-check", APPROVAL: "approval"}
MOBILE = "## 一、工作动态\n\n联系电话 13812345678。\n"


def every_decision(given: Given, report_id: str, stage: Stage) -> dict[str, Callable[[], object]]:
    """All that a person can decide in a stage, ready to be tried."""
    office, who = given.office, given.people[DECIDES[stage]]
    digest = given.edition(report_id).digest
    ways: dict[str, Callable[[], object]] = {
        "return": lambda: send_back(
            office, report_id, who, digest=digest, reason="有误", place="全文", now=given.tick()
        ),
    }
    if stage is REVIEW:
        ways["approve"] = lambda: approve(office, report_id, who, digest=digest, remark="", now=given.tick())
    elif stage is CHECK:
        ways["clear"] = lambda: given.clear(report_id)
        ways["decide"] = lambda: decide(
            office,
            report_id,
            who,
            1,
            "pass",
            digest=digest,
            ground="not_what_it_seems",
            basis="条例",
            reason="已核",
            now=given.tick(),
        )
    else:
        ways["sign"] = lambda: sign(office, report_id, who, digest=digest, remark="", now=given.tick())
    return ways


@pytest.mark.parametrize("stage", [REVIEW, CHECK, APPROVAL])
def test_nobody_decides_before_the_flow_of_the_stage_has_run_on_this_very_text(given: Given, stage: Stage) -> None:
    report_id = given.report(stage, open_it=False)
    if stage is APPROVAL:
        given.plan([report_id])
    for action, attempt in every_decision(given, report_id, stage).items():
        with refusal(given.office, StepRefused, f"流程 {FLOW[stage]} 尚未对这一版本完成准备"):
            attempt()
        assert data_of(events(given.office)[-1])["step"] == action
    given.flows()
    given.advance(report_id, stage)
    assert given.edition(report_id).stage != stage


@pytest.mark.parametrize("stage", [REVIEW, CHECK, APPROVAL])
def test_the_flow_must_run_again_for_each_visit(given: Given, stage: Stage) -> None:
    report_id = given.report(stage)
    given.now += timedelta(seconds=1)
    digest = given.edition(report_id).digest
    who = given.people[DECIDES[stage]]
    send_back(given.office, report_id, who, digest=digest, reason="有误", place="全文", now=given.tick())
    submit(given.office, report_id, given.people["lin_xiao"], now=given.tick())
    assert given.edition(report_id).stage == stage
    with refusal(given.office, StepRefused, "尚未对这一版本完成准备"):
        send_back(given.office, report_id, who, digest=digest, reason="有误", place="全文", now=given.tick())


STEPS = ["drafting", "department-review", "confidentiality-check", "approval", "scheduled-publication"]
STAGE_OF = dict(zip(STEPS[1:], [REVIEW, CHECK, APPROVAL, Stage.SCHEDULED], strict=True))


def due(given: Given, step: str) -> str:
    """A report or release for which exactly this step is due."""
    if step == "drafting":
        return new_report(given.office, given.people["lin_xiao"], kind="news", title="新闻", now=given.tick())
    report_id = given.report(
        STAGE_OF[step], body=MOBILE if step == "confidentiality-check" else "正文\n", open_it=False
    )
    return given.release(report_id).id if step == "scheduled-publication" else report_id


@pytest.mark.parametrize("step", STEPS)
def test_a_second_run_of_each_flow_says_so_and_changes_nothing(given: Given, step: str) -> None:
    subject = due(given, step)
    assert [found.step for found in given.line.due_steps(given.now)] == [step]
    assert given.line.run_step(step, subject, given.tick()).changed
    assert given.line.due_steps(given.now) == []
    before, known = rows(given.office), len(events(given.office))
    for other in STEPS if subject.startswith("R-") else [step]:
        if other != "scheduled-publication" or other == step:
            again = given.line.run_step(other, subject, given.tick())
            assert again.text.startswith(f"not due: {other} {subject}")
            assert not again.changed
    assert rows(given.office) == before
    assert len(events(given.office)) == known


def test_verifying_twice_changes_nothing(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    given.publish(report_id)
    before, known = rows(given.office), len(events(given.office))
    again = given.line.run_step("scheduled-publication", given.release(report_id).id, given.tick())
    assert again.text.startswith("not due")
    assert rows(given.office) == before
    assert len(events(given.office)) == known


def test_a_flow_killed_at_any_moment_leaves_its_step_due_or_done_and_a_rerun_completes_it(given: Given) -> None:
    chance = random.Random(2016)  # noqa: S311 - moments of a kill, no secret
    kills, tries = 0, 0
    while kills < 10 and tries < 40:
        step = STEPS[tries % len(STEPS)]
        tries += 1
        subject, now = due(given, step), given.tick()
        before, known = rows(given.office), len(events(given.office))

        kills += killed(given.office, partial(run, step, subject, now), chance, within=0.03)
        still_due = [found.subject for found in given.line.due_steps(now)] == [subject]
        assert still_due == (rows(given.office) == before)
        assert still_due == (len(events(given.office)) == known)
        again = given.line.run_step(step, subject, given.tick())
        assert again.changed == still_due
        assert given.line.due_steps(now) == []
        event = {"drafting": "edit", "scheduled-publication": "stage"}.get(step, "opened")
        assert [found.action for found in events(given.office, after=known)] == [event]
        clean_up(given, subject)
    assert kills == 10
    assert verify(events(given.office)).good


def run(step: str, subject: str, now: datetime, own: Office) -> object:
    return Line(own).run_step(step, subject, now)


def clean_up(given: Given, subject: str) -> None:
    everything = report_lines(given.office, given.people["xiong_ping"], given.now)
    report_id = next(line.id for line in everything if subject in (line.id, line.release))
    cancel(given.office, report_id, given.people["gong_lei"], reason="下一轮", now=given.tick())


def test_the_line_stands_still_when_no_flow_runs(given: Given) -> None:
    """Days pass, the release loop goes round, people try: without the flows nothing moves and nothing is public."""
    report_id = given.report(Stage.SCHEDULED, open_it=False)
    given.now += timedelta(days=3)
    assert release_round(given.office, lambda: given.now) == []
    assert given.edition(report_id).stage == Stage.SCHEDULED
    assert given.release(report_id).state == "confirmed"
    assert "stage" not in actions_on(given.office, given.release(report_id).id)
