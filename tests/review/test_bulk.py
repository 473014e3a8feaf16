"""Many decisions at once: each by the same rule in its own transaction; one refusal neither hides nor stops another."""

from datetime import datetime

import pytest
from builders import Given
from watching import actions_on, data_of, events

from pubflow.errors import AlreadyMoved, BadInput, NotFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.review.bulk import approve_each, sign_each

APPROVED, REFUSED = Stage.CONFIDENTIALITY_CHECK.value, None


def test_each_is_approved_on_its_own_digest_and_each_refusal_is_told_and_recorded(given: Given) -> None:
    good, stale, other, last = (given.report(Stage.DEPARTMENT_REVIEW, title=f"第{n}份") for n in range(4))
    own = given.report(Stage.DEPARTMENT_REVIEW, kind="monthly", drafter="peng_cheng")  # waits for another section
    digests = {report: given.edition(report).digest for report in (good, other, last, own)}
    asked = [(good, digests[good]), (stale, "0" * 64), (other, None), ("R-2016-9999", "0" * 64), (own, digests[own]),
             (last, digests[last][:8]), (good, digests[good])]  # fmt: skip
    known = len(events(given.office))
    done = approve_each(given.office, asked, given.people["fang_zhi"], remark="同意", clock=given.tick)
    assert [one.report_id for one in done] == [report for report, _ in asked]
    assert [one.edition.stage if one.edition else None for one in done] == [
        APPROVED, REFUSED, REFUSED, REFUSED, REFUSED, APPROVED, REFUSED,
    ]  # fmt: skip
    refused = [type(one.refused) for one in done if one.refused]
    assert refused == [StepRefused, StepRefused, NotFound, StepRefused, StepRefused]
    new = [(event.action, event.subject) for event in events(given.office, after=known)]
    assert new == [
        ("approve", good), ("refused", stale), ("refused", other), ("refused", "R-2016-9999"), ("refused", own),
        ("approve", last), ("refused", good),
    ]  # fmt: skip
    codes = [data_of(event)["codes"] for event in events(given.office, after=known) if event.action == "refused"]
    assert codes == [["digest_moved"], ["digest_missing"], ["not_found"], ["other_section"],
                     ["no_such_step"]]  # fmt: skip
    assert all(actions_on(given.office, report).count("approve") == 1 for report in (good, last))


def test_several_are_signed_and_the_one_without_a_release_is_named(given: Given) -> None:
    one, two, unplanned = (given.report(Stage.APPROVAL, title=f"第{n}份") for n in range(3))
    given.plan([one, two])
    asked = [(report, given.edition(report).digest) for report in (one, unplanned, two)]
    done = sign_each(given.office, asked, given.people["liao_jun"], remark="同意", clock=given.tick)
    assert [bool(each.refused) for each in done] == [False, True, False]
    assert "还没有发布计划" in str(done[1].refused)
    assert given.release(one).state == "confirmed"


def test_two_who_approve_the_same_list_at_once_share_it(given: Given) -> None:
    reports = [given.report(Stage.DEPARTMENT_REVIEW, title=f"第{n}份") for n in range(3)]
    asked = [(report, given.edition(report).digest) for report in reports]
    taken: list[datetime] = []

    def clock() -> datetime:
        # While the first list is at its second report, the second list is decided whole.
        taken.append(given.tick())
        if len(taken) == 2:
            second = approve_each(given.office, asked, given.people["fang_zhi"], remark="", clock=given.tick)
            assert [bool(each.refused) for each in second] == [True, False, False]
        return taken[-1]

    first = approve_each(given.office, asked, given.people["fang_zhi"], remark="", clock=clock)
    assert [type(each.refused) for each in first] == [type(None), StepRefused, StepRefused]
    assert AlreadyMoved not in [type(each.refused) for each in first]
    assert all(actions_on(given.office, report).count("approve") == 1 for report in reports)


@pytest.mark.parametrize("count", [0, 201])
def test_an_empty_list_or_one_beyond_two_hundred_is_wrong(given: Given, count: int) -> None:
    with pytest.raises(BadInput, match="一次办理 1 至 200 份"):
        approve_each(
            given.office, [("R-2026-0001", None)] * count, given.people["fang_zhi"], remark="", clock=given.tick
        )
