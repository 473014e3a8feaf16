"""Several persons, the flows and the clock in any order: what must hold whatever anybody tries."""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from builders import NOON, Given
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import select
from watching import data_of, events

from pubflow.audit.verify import verify
from pubflow.confidentiality.actions import clear, decide, findings
from pubflow.drafting.actions import submit
from pubflow.drafting.masking import accept, decline
from pubflow.drafting.starting import new_report
from pubflow.errors import PubflowError
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.people import actor_of, add_person
from pubflow.office.standing_in import exempt, set_absence, stood_in_for
from pubflow.publication.pages import item_path
from pubflow.publication.releases import all_releases, cancel, change, plan, recall
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.records.tables import AuditEvent, Edition, Person, Proposal, Release
from pubflow.review.actions import approve, send_back
from pubflow.review.approval import sign
from pubflow.review.claims import claim, release_claim
from pubflow.review.conflict import declare_conflict
from pubflow.wiring import create_workspace, open_workspace

SEEN = {"published": 0, "refused": 0, "returned": 0, "masked": 0, "stood in": 0, "exempt": 0, "conflict": 0, "claim": 0}
MANY = "duo_mian"  # drafter, section head, officer and leader in one person: the rules must keep these apart
PEOPLE = [
    "lin_xiao", "tang_yue", "fang_zhi", "deng_bo", "wan_ning", "tu_hua", "liao_jun", "yan_fei", "xiong_ping",
    "gong_lei", MANY,
]  # fmt: skip
STAGE_OF = {"approve": "department_review", "clear": "confidentiality_check", "sign": "approval"}
who = st.sampled_from(PEOPLE)
number = st.integers(1, 3)
ways = st.sampled_from(["pass", "pass", "mask", "remove"])
PHONE = "联系电话 13812345678。\n"
bodies = st.sampled_from(["甲。\n", "乙。\n", PHONE])


class AnyOrder(RuleBasedStateMachine):
    """Every rule is an attempt; a refusal is as good as a success, anything else is a failure."""

    template: Path

    @initialize(far=st.integers(0, 4), drafter=st.sampled_from(["lin_xiao", MANY]))
    def open(self, far: int, drafter: str) -> None:
        """An office whose first report has come so far already."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder / "office", symlinks=True)
        self.given = Given(open_workspace(self.folder / "office"))
        self.reports: list[str] = []
        self.checked = -1
        self.start(drafter)
        self.go_on(0, far)

    def attempt(self, action: Callable[..., Any], *args: Any, **named: Any) -> None:
        try:
            action(self.given.office, *args, now=self.given.tick(), **named)
        except PubflowError:
            SEEN["refused"] += 1

    def person(self, by: str) -> Actor:
        """Somebody as they may act now: for whom they stand in changes."""
        with self.given.office.records.reading() as session:
            row = session.get_one(Person, by)
            return replace(actor_of(row), stands_in_for=stood_in_for(session, row, self.given.now))

    def report(self, number: int) -> str:
        return self.reports[number % len(self.reports)]

    def start(self, by: str) -> None:
        if len(self.reports) < 3:
            known = len(self.reports)
            self.attempt(new_report, self.given.people[by], kind="news", title="新闻")
            with self.given.office.records.reading() as session:
                self.reports = sorted(session.exec(select(Edition.report_id)).all())
            assert len(self.reports) in (known, known + 1)

    @rule(by=who, n=number, body=bodies)
    def edit(self, by: str, n: int, body: str) -> None:
        if self.given.edition(self.report(n)).version:
            try:
                self.given.write(self.report(n), body, by=by)
            except PubflowError:
                SEEN["refused"] += 1

    @rule(
        by=who, n=number, digest=st.sampled_from(["seen", "seen", "stale"]), way=st.sampled_from(["on", "on", "back"]),
        finding=ways,
    )  # fmt: skip
    def anybody_decides(self, by: str, n: int, digest: str, way: str, finding: str) -> None:
        self.given.flows()
        self.decide(by, n, way, digest, finding)

    @rule(n=number, way=st.sampled_from(["on", "back"]), many=st.booleans(), finding=ways)
    def one_who_has_the_role_decides(self, n: int, way: str, many: bool, finding: str) -> None:
        self.given.flows()
        self.decide(MANY if many else self.right(n), n, way, "seen", finding)

    def right(self, n: int) -> str:
        """Whose turn it is."""
        right = {
            Stage.DRAFTING: self.given.drafter(self.report(n)),
            Stage.DEPARTMENT_REVIEW: "fang_zhi",
            Stage.CONFIDENTIALITY_CHECK: "wan_ning",
        }
        return right.get(Stage(self.given.edition(self.report(n)).stage), "liao_jun")

    def decide(self, by: str, n: int, way: str, digest: str, finding: str = "pass") -> None:
        report_id, actor = self.report(n), self.person(by)
        edition = self.given.edition(report_id)
        digest = edition.digest if digest == "seen" else "0" * 64
        if edition.stage == Stage.DRAFTING:
            self.attempt(submit, report_id, actor)
        elif edition.stage == Stage.SCHEDULED and way == "back":
            self.attempt(recall, report_id, actor, reason="有误")
        elif way == "back":
            known = len(events(self.given.office))
            self.attempt(send_back, report_id, actor, digest=digest, reason="有误", place="全文")
            SEEN["returned"] += events(self.given.office, after=known)[0].action == "return"
        elif edition.stage == Stage.DEPARTMENT_REVIEW:
            self.attempt(approve, report_id, actor, digest=digest, remark="同意")
        elif edition.stage == Stage.CONFIDENTIALITY_CHECK:
            for one in findings(self.given.office, report_id):
                self.attempt(
                    decide,
                    report_id,
                    actor,
                    one.id or 0,
                    finding,
                    digest=digest,
                    ground="not_what_it_seems" if finding == "pass" else "privacy",
                    basis="条例",
                    reason="公开电话",
                )
            if finding != "pass":  # what is proposed goes back, and its drafter answers
                self.attempt(send_back, report_id, actor, digest=digest, reason="请答复", place="全文")
                return
            answers = {item.id: False for item in self.given.office.settings.checklist}
            self.attempt(clear, report_id, actor, digest=digest, result="公开", answers=answers, opinion="可以公开")
        else:
            self.attempt(sign, report_id, actor, digest=digest, remark="同意")

    # --- what stands beside the line: deputies, exemptions, conflicts, claims, proposed masks

    @rule(n=number, way=st.sampled_from(["mask", "remove"]), by=who, yes=st.sampled_from([True, True, False]))
    def propose_and_answer(self, n: int, way: str, by: str, yes: bool) -> None:
        """The officer proposes on a phone number; the drafter accepts, or anybody tries to, and to decline."""
        report_id = self.report(n)
        self.edit(self.given.drafter(report_id), n, PHONE)
        self.go_on(n, 1 + (self.given.edition(report_id).stage == Stage.DRAFTING))
        self.given.flows()
        if self.given.edition(report_id).stage == Stage.CONFIDENTIALITY_CHECK:
            self.decide("wan_ning", n, "on", "seen", way)
        with self.given.office.records.reading() as session:
            mine = select(Proposal.id).where(
                Proposal.edition_id == self.given.edition(report_id).id, Proposal.state == "open"
            )
            numbers = [int(one or 0) for one in session.exec(mine).all()]
        if numbers:
            known = len(events(self.given.office))
            self.attempt(accept, report_id, self.person(self.given.drafter(report_id) if yes else by), numbers)
            SEEN["masked"] += events(self.given.office, after=known)[0].action == "edit"
            self.attempt(decline, report_id, self.person(by), numbers[0], reason="原文须保留")

    @rule(n=number, way=st.sampled_from(["on", "on", "back"]), by=st.sampled_from(["gong_lei", "gong_lei", "lin_xiao"]))
    def a_deputy_decides(self, n: int, way: str, by: str) -> None:
        self.given.flows()
        away = self.right(n)
        deputy = {"fang_zhi": "deng_bo", "wan_ning": "tu_hua", "liao_jun": "yan_fei"}.get(away, MANY)
        until = self.given.now + timedelta(hours=1)
        self.attempt(set_absence, self.person(by), away, until=until, reason="出差")
        self.decide(deputy, n, way, "seen")
        self.decide(away, n, way, "seen")  # absence takes nothing away

    @rule(
        whom=st.sampled_from([MANY, MANY, "xiong_ping", "liao_jun"]), by=st.sampled_from(["xiong_ping", "liao_jun"]),
        stages=st.sampled_from(list(combinations(STAGE_OF.values(), 2))), n=number,
    )  # fmt: skip
    def one_person_for_two_stages(self, whom: str, by: str, stages: tuple[str, str], n: int) -> None:
        until = self.given.now + timedelta(hours=2)
        self.attempt(exempt, self.person(by), whom, list(stages), until=until, reason="人手不足")
        for _ in range(3):
            self.given.flows()
            self.decide(whom, n, "on", "seen")

    @rule(n=number, by=who, what=st.sampled_from(["conflict", "claim", "give up"]), right=st.booleans())
    def step_aside_or_claim(self, n: int, by: str, what: str, right: bool) -> None:
        self.given.flows()
        person = self.person(self.right(n) if right else by)
        if what == "conflict":
            self.attempt(declare_conflict, self.report(n), person, reason="亲属")
        elif what == "claim":
            self.attempt(claim, self.report(n), person)
        else:
            self.attempt(release_claim, self.report(n), person, reason="改由他人办理")
        self.decide(person.id, n, "on", "seen")

    @rule(n=number, steps=st.integers(1, 8))
    def go_on(self, n: int, steps: int) -> None:
        """The right persons take the next steps, so that reports get somewhere."""
        for _ in range(steps):
            try:
                self.one_step_on(n)
            except PubflowError:
                SEEN["refused"] += 1
                return

    def one_step_on(self, n: int) -> None:
        report_id = self.report(n)
        self.given.flows()
        edition = self.given.edition(report_id)
        if edition.release_id:
            self.clear_the_way(self.given.release(report_id))
        if edition.stage == Stage.DRAFTING and edition.version == 1:
            self.given.write(report_id, "正文。\n", by=self.given.drafter(report_id))
        elif edition.stage == Stage.SCHEDULED:
            self.given.publish(report_id)
        if edition.stage == Stage.CONFIDENTIALITY_CHECK:
            self.decide("wan_ning", n, "on", "seen")
            return
        self.given.advance(report_id, Stage(edition.stage), release_in=timedelta(minutes=3))

    def clear_the_way(self, release: Release) -> None:
        """A release that is held, has failed or missed its instant while nobody signed is put right."""
        operator = self.given.people["gong_lei"]
        if release.held:
            self.attempt(change, release.id, ReleaseAction.RESUME, operator)
        if release.state == "failed":
            self.attempt(change, release.id, ReleaseAction.RETRY, operator)
        if release.state == "planned" and release.instant <= self.given.now:
            later = self.given.now + timedelta(minutes=3)
            self.attempt(change, release.id, ReleaseAction.MOVE, operator, to=later, reason="改期")

    @rule(by=who, ns=st.lists(number, min_size=1, max_size=2), seconds=st.integers(-5, 300))
    def plan(self, by: str, ns: list[int], seconds: int) -> None:
        reports = sorted({self.report(n) for n in ns})
        self.attempt(plan, reports, self.given.people[by], instant=self.given.now + timedelta(seconds=seconds))

    @rule(
        by=who, n=number, seconds=st.integers(-100, 300),
        action=st.sampled_from([action for action in ReleaseAction if action is not ReleaseAction.PLAN]),
    )  # fmt: skip
    def change(self, by: str, n: int, action: ReleaseAction, seconds: int) -> None:
        releases = [release for release, _ in all_releases(self.given.office)]
        if releases:
            release = releases[n % len(releases)]
            to = release.instant + timedelta(seconds=seconds)
            self.attempt(change, release.id, action, self.given.people[by], to=to, reason="核对")

    @rule(by=who, n=number, what=st.sampled_from(["recall", "sign", "cancel", "start", "start"]))
    def anything_else(self, by: str, n: int, what: str) -> None:
        ways: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
            "recall": (recall, {"reason": "有误"}),
            "cancel": (cancel, {"reason": "不再需要"}),
            "sign": (sign, {"digest": self.given.edition(self.report(n)).digest, "remark": "同意"}),
        }
        if what == "start":
            self.start(by)
        else:
            action, words = ways[what]
            self.attempt(action, self.report(n), self.given.people[by], **words)

    @rule()
    def flows(self) -> None:
        self.given.flows()

    @rule(seconds=st.integers(0, 400))
    def release_loop(self, seconds: int) -> None:
        self.given.now += timedelta(seconds=seconds)
        release_round(self.given.office, lambda: self.given.now)

    # --- what must hold

    @invariant()
    def what_is_public_was_decided_by_three_others_on_this_very_text_and_not_before_its_instant(self) -> None:
        history = events(self.given.office)
        if len(history) == self.checked:
            return
        self.checked = len(history)
        tree = PublicTree(self.given.office.home.public)
        with self.given.office.records.reading() as session:
            editions = session.exec(select(Edition)).all()
            releases = {release.id: release for release in session.exec(select(Release)).all()}
        for edition in editions:
            own = [event for event in history if event.subject == edition.report_id]
            path = item_path(edition.report_id)
            public = tree.read(f"{path}index.html") is not None
            assert public == (edition.stage == Stage.PUBLISHED)
            assert stages_follow_each_other(own) == edition.stage
            if public:
                release = releases[str(edition.release_id)]
                assert release.state == "released"
                assert release.instant <= self.given.now
                assert release.released_at is not None
                assert release.released_at >= release.instant
                decided_by_three_others(own, edition.digest, history)
            nobody_decides_on_what_they_wrote(own)
            nobody_decides_after_a_conflict(own)
        for release in releases.values():
            assert states_follow_each_other(release, history) == release.state

    def teardown(self) -> None:
        history = events(self.given.office)
        verdict = verify(history)
        assert verdict.good, verdict.what
        assert verdict.events == len(history)
        SEEN["published"] += sum(event.action == "publish" for event in history)
        for action in ("exempt", "conflict", "claim"):
            SEEN[action] += sum(event.action == action for event in history)
        SEEN["stood in"] += sum(bool(data_of(one).get("stands_in_for")) for one in history if one.action in STAGE_OF)
        self.given.office.close()
        shutil.rmtree(self.folder)


def decided_by_three_others(own: list[AuditEvent], digest: str, history: list[AuditEvent]) -> None:
    """Told from the audit history alone: approve, clear and sign on this digest, by three persons who wrote nothing.

    Whoever accepted a mask or saved a version that was edited away since is a writer too. Two decisions are by one
    person only where the chief had exempted that person from just these two stages; deciding on a finding is the
    officer's decision.
    """
    writers = {event.actor for event in own if event.action in ("start", "edit")}
    decisions = []
    for action in STAGE_OF:
        on_this = [event for event in own if event.action == action and event.digest == digest]
        assert on_this, f"no {action} on what is public"
        decisions.append((STAGE_OF[action], on_this[-1]))
    on_findings = [event for event in own if event.action == "decide" and event.digest == digest]
    decisions += [(STAGE_OF["clear"], event) for event in on_findings]
    assert not writers & {event.actor for _, event in decisions}
    for (stage, one), (other_stage, other) in combinations(decisions, 2):
        if one.actor == other.actor and stage != other_stage:
            assert is_exempt(history, one.actor, {stage, other_stage}, max(one.at, other.at))
    (published,) = (event for event in own if event.action == "publish")
    assert (published.digest, published.actor) == (digest, "release-loop")


def is_exempt(history: list[AuditEvent], person: str, stages: set[str], at: str) -> bool:
    """Whether the chief had let this person decide in both stages at that moment."""
    exemptions = [event for event in history if event.action == "exempt" and event.subject == person]
    return any(
        event.actor == "xiong_ping" != person
        and set(data_of(event)["stages"]) == stages
        and event.at <= at < data_of(event)["until"]
        for event in exemptions
    )


def nobody_decides_on_what_they_wrote(own: list[AuditEvent]) -> None:
    """Not even a decision that is never used: whoever has written any of it so far is refused."""
    writers = set()
    for event in own:
        if event.action in ("start", "edit"):
            writers.add(event.actor)
        assert event.action not in {*STAGE_OF, "decide"} or event.actor not in writers, event.action


def nobody_decides_after_a_conflict(own: list[AuditEvent]) -> None:
    """Whoever declared a conflict of interest takes no decision on this edition any more."""
    for event in own:
        if event.action == "conflict":
            later = {one.action for one in own if one.seq > event.seq and one.actor == event.actor}
            assert not later & {"approve", "clear", "sign", "decide"}, event.actor


def stages_follow_each_other(own: list[AuditEvent]) -> str:
    """Every change of stage has its event: each begins where the one before ended. Returns the last stage."""
    stage = ""
    for event in own:
        if event.action == "start":
            assert stage == ""
            stage = event.to_state
        elif event.to_state:
            assert event.from_state == stage, event.action
            stage = event.to_state
    return stage


def states_follow_each_other(release: Release, history: list[AuditEvent]) -> str:
    """The same for a release."""
    state = ""
    for event in history:
        if event.subject == release.id and event.to_state:
            assert event.from_state == state, event.action
            state = event.to_state
    instants = [json.loads(event.body)["data"] for event in history if event.subject == release.id]
    named = [data.get("to") or data.get("instant") for data in instants if data.get("to") or data.get("instant")]
    assert named[-1][:19] == release.instant.isoformat()[:19]
    return state


def test_whatever_anybody_tries_in_any_order(tmp_path: Path) -> None:
    office = create_workspace(tmp_path / "office", NOON)
    operator = next(actor for id_, actor in Given(office).people.items() if id_ == "gong_lei")
    roles = ["drafter", "section_head", "officer", "leader"]
    person = add_person(office, operator, id=MANY, name="多面", section="zonghe", roles=roles, now=NOON)
    assert actor_of(person).roles == set(roles)
    office.close()
    AnyOrder.template = office.home.path
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=24,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Else the test would show nothing. What else these lives meet varies with the order of sets from run to run; each
    # of the rarer steps has tests of its own.
    assert SEEN["published"] >= 2, SEEN
    assert SEEN["refused"] >= 50, SEEN
