"""Two real processes at the same moment: one decision, one publication counts; the other hears so, on record."""

from datetime import datetime, timedelta
from functools import partial

from builders import Given
from processes import at_once
from watching import actions_on, events

from pubflow.audit.verify import verify
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.office import Office
from pubflow.publication.releases import change
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.review.actions import approve, send_back
from pubflow.review.approval import sign


def test_two_approvals_at_once_count_once_and_the_other_is_refused_on_record(given: Given) -> None:
    report_id = given.report(Stage.DEPARTMENT_REVIEW)
    digest, now, known = given.edition(report_id).digest, given.tick(), len(events(given.office))

    def once(own: Office) -> str:
        return approve(own, report_id, given.people["fang_zhi"], digest=digest, remark="同意", now=now).stage

    answers = at_once(given.office, [once, once])
    assert sorted(answers) == ["confidentiality_check", "refused: refused"]
    assert sorted(event.action for event in events(given.office, after=known)) == ["approve", "refused"]
    assert verify(events(given.office)).good


def test_an_approval_and_a_return_at_once_count_once(given: Given) -> None:
    report_id = given.report(Stage.DEPARTMENT_REVIEW)
    digest, now, known = given.edition(report_id).digest, given.tick(), len(events(given.office))
    head = given.people["fang_zhi"]

    def yes(own: Office) -> str:
        return approve(own, report_id, head, digest=digest, remark="同意", now=now).stage

    def no(own: Office) -> str:
        return send_back(own, report_id, head, digest=digest, reason="有误", place="全文", now=now).stage

    answers = at_once(given.office, [yes, no])
    assert answers in (["confidentiality_check", "refused: refused"], ["refused: refused", "drafting"])
    assert given.edition(report_id).stage in answers
    assert sum(event.action == "refused" for event in events(given.office, after=known)) == 1


def test_two_signatures_at_once_take_one_index_number(given: Given) -> None:
    report_id = given.report(Stage.APPROVAL)
    given.plan([report_id])
    digest, now, known = given.edition(report_id).digest, given.tick(), len(events(given.office))

    def once(who: Actor, own: Office) -> str:
        return sign(own, report_id, who, digest=digest, remark="同意", now=now).stage

    leaders = [given.people["liao_jun"], given.people["yan_fei"]]
    answers = at_once(given.office, [partial(once, who) for who in leaders])
    assert sorted(answers) == ["refused: refused", "scheduled"]
    assert sorted(event.action for event in events(given.office, after=known)) == ["confirm", "refused", "sign"]


def test_two_release_loops_publish_twenty_releases_of_one_instant_once_each(given: Given) -> None:
    reports = [given.report(Stage.APPROVAL, open_it=False) for _ in range(20)]
    instant = given.now + timedelta(hours=1)
    for report_id in reports:
        given.plan([report_id], at=instant)
    given.flows()
    for report_id in reports:
        given.advance(report_id, Stage.APPROVAL)
    given.flows()

    def loop(own: Office) -> int:
        return sum(len(release_round(own, lambda: instant)) for _ in range(3))

    answers = at_once(given.office, [loop, loop])
    assert sum(answers) == 20
    tree = PublicTree(given.office.home.public)
    for report_id in reports:
        assert given.edition(report_id).stage == Stage.PUBLISHED
        assert actions_on(given.office, report_id).count("publish") == 1
        assert actions_on(given.office, given.release(report_id).id).count("switch") == 1
        assert tree.read(f"items/2026/00/{report_id}/index.html") is not None
    assert verify(events(given.office)).good


def test_a_hold_and_the_switch_at_once_agree_on_what_happened(given: Given) -> None:
    for _ in range(3):
        report_id = given.report(Stage.SCHEDULED)
        release = given.release(report_id)
        page = f"items/2026/00/{report_id}/index.html"

        def loop(own: Office, instant: datetime = release.instant) -> int:
            return len(release_round(own, lambda: instant))

        def hold(own: Office, release_id: str = release.id) -> bool:
            operator = given.people["gong_lei"]
            return change(own, release_id, ReleaseAction.HOLD, operator, now=given.now, reason="核对").held

        switched, held = at_once(given.office, [loop, hold])
        public = PublicTree(given.office.home.public).read(page) is not None
        assert public == (switched == 1) == (held is not True)
        assert given.edition(report_id).stage == (Stage.PUBLISHED if public else Stage.SCHEDULED)
        assert given.release(report_id).held == (held is True)
