"""Whatever stands still is named with the verb to type, and that verb frees it: a line of the table for each state."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from builders import NOON, Given

from pubflow.audit.events import Event
from pubflow.cli import looping
from pubflow.drafting.starting import new_report
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.moments import parse_span
from pubflow.office.checkpoints import checkpoint
from pubflow.office.gauges import gauges
from pubflow.office.people import actor_of, add_person, deactivate
from pubflow.office.standing_in import exempt
from pubflow.publication import switching
from pubflow.publication.releases import change
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.review.actions import approve
from pubflow.service.stuck import stuck

A_WHILE = timedelta(minutes=5)


@dataclass(frozen=True)
class Case:
    """build: makes the state and says about what; says: words of the doctor; verb: how what one types begins.

    after: how long it stands like this before the doctor looks.
    """

    build: Callable[[Given], str]
    says: str
    verb: str
    after: timedelta = A_WHILE


def undrafted(given: Given) -> str:
    return new_report(given.office, given.people["lin_xiao"], kind="news", title="工作动态", now=given.tick())


def unopened(stage: Stage) -> Callable[[Given], str]:
    return lambda given: given.report(stage, open_it=False)


def of_release(given: Given, stage: Stage = Stage.SCHEDULED, *, staged: bool = True) -> str:
    report = given.report(stage, open_it=staged)
    if stage is not Stage.SCHEDULED:
        given.plan([report])
    return given.release(report).id


def held(given: Given) -> str:
    release = of_release(given)
    change(given.office, release, ReleaseAction.HOLD, given.people["gong_lei"], now=given.tick(), reason="核对")
    return release


def failed(given: Given) -> str:
    release = of_release(given, staged=False)
    template = given.office.settings.templates / "portal" / "item.html.j2"
    good = template.read_text()
    template.write_text(good + "{% broken %}")
    given.flows()
    template.write_text(good)
    return release


def unverified(given: Given) -> str:
    release = of_release(given)
    given.now += timedelta(hours=1)
    release_round(given.office, lambda: given.now)
    return release


def unrecorded(given: Given) -> str:
    """Killed between the rename and its record."""
    release = of_release(given)
    given.now += timedelta(hours=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(switching, "_record", _killed)
        with pytest.raises(KeyboardInterrupt):
            release_round(given.office, lambda: given.now)
    return release


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def left_over(given: Given) -> str:
    tree = PublicTree(given.office.home.public)
    tree.build("left", {"a.html": b"a"}, release="L-2026-0009", digest="0" * 64, base=tree.current())
    return "-"


def waiting_for_space(given: Given) -> str:
    given.office.records.pending.add({"action": "refused", "actor": "lin_xiao", "subject": "-", "data": {}})
    return "-"


def never_looked(given: Given) -> str:
    checkpoint(given.office, given.tick())
    return "-"


def unsigned_history(given: Given) -> str:
    given.office.records.record(Event("daily", "flow:daily", "2026-11-24"), NOON + timedelta(hours=24))
    return "-"


def without_officer(given: Given) -> str:
    report = given.report(Stage.CONFIDENTIALITY_CHECK)
    for officer in ("wan_ning", "tu_hua"):
        deactivate(given.office, given.people["gong_lei"], officer, reason="调离", now=given.tick())
    return report


def only_doubled(given: Given) -> str:
    """The only officer left reviewed it as head of the section."""
    operator, office = given.people["gong_lei"], given.office
    roles = ["section_head", "officer"]
    both = add_person(office, operator, id="both", name="兼任", section="zonghe", roles=roles, now=given.tick())
    report = given.report(Stage.DEPARTMENT_REVIEW)
    digest = given.edition(report).digest
    approve(office, report, actor_of(both), digest=digest, remark="同意", now=given.tick())
    given.flows()
    for officer in ("wan_ning", "tu_hua"):
        deactivate(office, operator, officer, reason="调离", now=given.tick())
    return report


AN_HOUR, A_DAY = timedelta(hours=1, minutes=1), timedelta(hours=27)
TABLE = {
    "no draft was made": Case(undrafted, "drafting of R-2026-0001 is due since", "pubflow flow run drafting"),
    "a review was not opened": Case(
        unopened(Stage.DEPARTMENT_REVIEW), "department-review of", "pubflow flow run department-review"
    ),
    "a scan was not made": Case(
        unopened(Stage.CONFIDENTIALITY_CHECK), "no run was started", "pubflow flow run confidentiality-check"
    ),
    "the leader's task was not opened": Case(unopened(Stage.APPROVAL), "approval of", "pubflow flow run approval"),
    "all signed, not staged": Case(
        lambda given: of_release(given, staged=False),
        "is scheduled but not staged",
        "pubflow flow run scheduled-publication",
    ),
    "all signed, past the instant, not staged": Case(
        lambda given: of_release(given, staged=False),
        "is overdue: it was due at",
        "pubflow flow run scheduled-publication",
        AN_HOUR,
    ),
    "staged, past the instant": Case(of_release, "is overdue", "pubflow reconcile", AN_HOUR),
    "held, past the instant": Case(held, "is held", "pubflow release resume", AN_HOUR),
    "held, shortly before the instant": Case(held, "scheduled but not staged", "pubflow release resume", 10 * A_WHILE),
    "unsigned, past the instant": Case(
        lambda given: of_release(given, Stage.APPROVAL), "is planned", "pubflow release move", AN_HOUR
    ),
    "failed": Case(failed, "item.html.j2", "pubflow release retry"),
    "failed, past the instant": Case(failed, "is failed: ", "pubflow release retry", AN_HOUR),
    "public, not seen there": Case(unverified, "is due since", "pubflow flow run scheduled-publication"),
    "public, not recorded": Case(unrecorded, "is public and not yet recorded", "pubflow reconcile"),
    "pages of nothing beside the public tree": Case(left_over, "lie beside the public tree", "pubflow reconcile"),
    "events wait for space": Case(waiting_for_space, "1 events wait", "pubflow reconcile"),
    "the daily look was missed": Case(never_looked, "the daily look has not run ever", "pubflow flow run daily", A_DAY),
    "the history was not signed": Case(unsigned_history, "the last checkpoint", "pubflow audit checkpoint", A_DAY),
    "a role is vacant": Case(without_officer, "no active person may take it as officer", "pubflow people add"),
    "the only officer has decided before": Case(only_doubled, "in another stage", "pubflow people exempt both"),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_the_doctor_names_what_stands_still_and_the_verb_it_names_frees_it(
    given: Given, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = case.build(given)
    given.now += case.after
    found = [one for one in stuck(given.office, given.now) if one.subject == subject]
    assert [one for one in found if case.says in one.what], found
    assert [one for one in found if one.verb.startswith(case.verb)], found
    monkeypatch.setattr(looping, "utc_now", lambda: given.now)
    for one in found:
        typed(given, one.verb)
    given.flows()  # the office goes on by itself, once it is free
    release_round(given.office, lambda: given.now)
    given.flows()
    assert [one for one in stuck(given.office, given.now) if one.subject == subject] == []


def typed(given: Given, verb: str) -> None:
    """Do what the command line does for these words."""
    office, operator, words = given.office, given.people["gong_lei"], shlex.split(verb)[1:]
    match words:
        case ["flow", "run", step, *subject]:
            given.line.run_step(step, subject[0] if subject else "2026-11-24", given.tick())
        case ["reconcile"]:
            looping.one_round(office.home.path)
        case ["release", "move", release, "--in", span, "--reason", reason]:
            to = given.now + parse_span(span)
            change(office, release, ReleaseAction.MOVE, operator, now=given.tick(), to=to, reason=reason)
        case ["release", action, release]:
            change(office, release, ReleaseAction(action), operator, now=given.tick())
        case ["audit", "checkpoint"]:
            checkpoint(office, given.tick())
        case ["people", "add", _, "--name", _, "--section", section, "--role", role]:
            add_person(office, operator, id="new", name="新人", section=section, roles=[role], now=given.tick())
        case ["people", "exempt", person, *_]:
            stages, chief = ["department_review", "confidentiality_check"], given.people["xiong_ping"]
            until = given.now + timedelta(days=30)
            exempt(office, chief, person, stages, until=until, reason="人员不足", now=given.tick())
        case _:
            raise AssertionError(verb)


def test_a_line_that_goes_on_has_nothing_to_be_told(given: Given) -> None:
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.report(stage)
    given.publish(given.report(Stage.SCHEDULED))
    of_release(given)
    checkpoint(given.office, given.tick())
    assert stuck(given.office, given.now) == []


def test_the_gauges_name_an_overdue_release_within_a_minute_and_the_next_one_to_come(given: Given) -> None:
    overdue, later = of_release(given), of_release(given)
    instant = given.release("R-2026-0001").instant
    before = gauges(given.office, instant - timedelta(seconds=1))
    assert (before.counts(), before.alarm) == ({"overdue": 0, "not_staged": 0, "failed": 0}, False)
    assert before.next_release is not None
    assert before.next_release.release == overdue
    late = gauges(given.office, instant + timedelta(seconds=11))
    assert [one.release for one in late.overdue] == [overdue]
    assert late.alarm
    assert late.next_release is not None
    assert late.next_release.release == later


def test_a_held_release_is_no_alarm_long_before_its_instant(given: Given) -> None:
    release = held(given)
    assert not gauges(given.office, given.now + A_WHILE).alarm
    assert gauges(given.office, given.now).next_release is None
    late = gauges(given.office, given.release("R-2026-0001").instant - timedelta(minutes=14))
    assert [(one.release, one.state) for one in late.not_staged] == [(release, "held")]
