"""An approval is void on any edit: through whatever door, nothing becomes public that was not decided on word for word.

Every route of the API that can write stands in DOORS with what it may do to a signed report; a new one fails the test
until it stands there too.
"""

import base64
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from attached import attached
from builders import Given
from fastapi import FastAPI
from fastapi.testclient import TestClient
from masked import BODY, MOBILE, back, let_pass, propose
from sqlmodel import select
from watching import events

from pubflow.desk.api import application
from pubflow.documents.report_text import Head, ReportText
from pubflow.drafting.actions import edit, submit
from pubflow.errors import StepRefused
from pubflow.lifecycle.stages import Action, Stage
from pubflow.lifecycle.steps import next_stage, objections
from pubflow.moments import utc_now
from pubflow.office.line import facts_of
from pubflow.office.office import Office
from pubflow.office.people import OPERATOR_ON_SITE, set_password, sign_in
from pubflow.publication.pages import attachment_path, item_path
from pubflow.publication.releases import recall
from pubflow.publication.switching import release_round
from pubflow.publication.tree import PublicTree
from pubflow.records.engine import UnrecordedWrite
from pubflow.records.tables import Edition, Release, Report, Version
from pubflow.review.approval import sign
from pubflow.wiring import MACHINE_STEPS, Line, open_workspace

PERSONS = ("lin_xiao", "fang_zhi", "wan_ning", "liao_jun", "xiong_ping", "gong_lei")
APPROVED, PLANTED = "本月完成了统计数据发布", "这是没有人审定过的文字"
SOURCE = base64.b64encode(f"没有审定的旧报告\n一、概述\n{PLANTED}。\n".encode()).decode()

# What every request offers besides its own fields: a person of bad will fills in whatever may help.
OFFERED: dict[str, Any] = {
    "reason": "更正", "place": "全文", "opinion": "可以公开", "basis": "条例", "decision": "pass", "result": "公开",
    "ground": "not_what_it_seems", "answers": {}, "answer": "accepted", "title": PLANTED, "kind": "news",
    "numbers": [1], "step": "section",
    "file": {"name": "旧报告.txt", "content": SOURCE}, "passage": APPROVED, "confirm": True, "give": [], "take": [],
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """A route's own fields, and what it may do to a signed report.

    does: nothing (its text and approvals are as they were), or voids (it is no longer signed). alone: it changes the
    office so much that it gets one of its own. once: who tries does not matter there.
    """

    does: str = "nothing"
    fields: dict[str, Any] = field(default_factory=dict)
    alone: bool = False
    once: bool = False


HOLDER = {"holder": "某公司", "on": "2026-01-05", "how": "书面", "document_no": "来函3号"}

DOORS: dict[str, Door] = {
    # the text and its metadata
    "PUT /reports/{report_id}/text": Door(),
    "POST /reports/{report_id}/warnings/{code}": Door(),
    "POST /reports/{report_id}/proposals/accept": Door(),
    "POST /reports/{report_id}/proposals/{number}/decline": Door(),
    "POST /reports/{report_id}/attachments": Door(),
    "POST /reports/{report_id}/attachments/{name}/detach": Door(),
    "POST /reports/{report_id}/tables": Door(fields={"name": "表.csv", "table": "行业,单位数,产值\n甲,6,1\n乙,7,2\n"}),
    "POST /reports/import": Door(),  # a report of its own
    "POST /reports": Door(),
    # the line
    "POST /reports/{report_id}/submit": Door(),
    "POST /reports/{report_id}/approve": Door(),
    "POST /reports/{report_id}/return": Door(),
    "POST /reports/{report_id}/clear": Door(),
    "POST /reports/{report_id}/findings/{finding_id}": Door(),
    "POST /reports/{report_id}/findings/{finding_id}/consent": Door(fields=HOLDER),
    "POST /reports/{report_id}/findings/{finding_id}/override": Door(fields=HOLDER),
    "POST /reports/{report_id}/refer": Door(fields={"organ": "区保密局"}),
    "POST /reports/{report_id}/reply": Door(fields={"answer": "public", "document_no": "复函5号"}),
    "POST /reports/{report_id}/sign": Door(),
    "POST /approvals": Door(),
    "POST /signatures": Door(),
    "POST /reports/{report_id}/recall": Door("voids", alone=True),
    "POST /reports/{report_id}/cancel": Door("voids", alone=True),
    "POST /reports/{report_id}/conflict": Door(),
    "POST /reports/{report_id}/force": Door(),
    "POST /reports/{report_id}/force/confirm": Door(),
    "POST /reports/{report_id}/fast": Door(),
    "POST /reports/{report_id}/workflow": Door(),
    "POST /debts/{debt_id}/clear": Door(),
    # beside the line
    "POST /reports/{report_id}/scan": Door(),
    "POST /marks/{case}": Door(fields={"outcome": "off_system"}),
    "POST /rules/preview": Door(fields={"content": ""}),
    "POST /rescan": Door(),
    "POST /withdrawals/{task}": Door(),
    "POST /reports/{report_id}/claim": Door(),
    "POST /reports/{report_id}/claim/release": Door(),
    "POST /reports/{report_id}/remarks": Door(fields={"text": "请核对"}),
    "POST /reports/{report_id}/remarks/{number}/answer": Door(fields={"text": "请核对"}),
    "POST /reports/{report_id}/remarks/{number}/resolve": Door(),
    "POST /reports/{report_id}/outside": Door(fields={"kind": "fact_check", "name": "外人", "organ": "某局"}),
    "POST /reports/{report_id}/outside/{check_id}/{act}": Door(),
    "POST /outside/{token}": Door(),
    "POST /notices/retry": Door(),
    "POST /flows/{step}/run": Door(),
    # releases
    "POST /releases": Door(fields={"wait": "1h"}),
    "POST /releases/{release_id}/{verb}": Door(fields={"wait": "3h"}, alone=True),
    # people
    "POST /session": Door(fields={"person": "", "password": "no password"}, once=True),
    "DELETE /session": Door(alone=True),
    "POST /people": Door(fields={"id": "new_one", "name": "新人", "section": "zonghe", "roles": ["leader"]}),
    "POST /people/{person_id}/roles": Door(fields={"give": ["leader"]}, alone=True),
    "POST /people/{person_id}/absence": Door(fields={"until": None}, alone=True),
    "POST /people/{person_id}/exemptions": Door(
        fields={"stages": ["confidentiality_check", "approval"], "until": "2999-01-01T00:00+08:00"}
    ),
    "POST /people/{person_id}/password": Door(fields={"password": "short"}),
    "POST /people/{person_id}/deactivate": Door(alone=True),
    "POST /people/{person_id}/void": Door(alone=True),
    "POST /people/{person_id}/void/confirm": Door(alone=True),
    "POST /people/{person_id}/erase": Door(),
}


@dataclass
class Desk:
    """An office with a signed and staged report, another one nobody has approved, and everybody signed in."""

    office: Office
    given: Given
    tokens: dict[str, str]
    signed: str
    other: str

    def __post_init__(self) -> None:
        self.release = self.given.release(self.signed).id

    @cached_property
    def app(self) -> FastAPI:
        return application(self.office, self.run_flow)

    @cached_property
    def client(self) -> TestClient:
        return TestClient(self.app, raise_server_exceptions=False)

    def run_flow(self, step: str, reports: list[str]) -> tuple[str, str]:
        for subject in reports or [due.subject for due in Line(self.office).due_steps(utc_now()) if due.step == step]:
            Line(self.office).run_step(step, subject, utc_now())
        return step, "run-1"

    def attempt(self, door: str) -> list[int]:
        """Everybody tries a door with everything it may be given; the answers' codes."""
        method, path = door.split(" ")
        text = self.given.text(self.signed)
        planted = ReportText(head=text.head.model_copy(update={"title": PLANTED}), body=f"{PLANTED}。\n").canonical()
        digest = self.given.edition(self.signed).digest
        body = OFFERED | {
            "digest": digest, "seen": digest, "text": planted, "reports": [self.signed, self.other],
            "subject": self.signed, "items": [{"report": self.signed, "digest": digest}],
            "answers": {item.id: False for item in self.office.settings.checklist},
        }  # fmt: skip
        paths = [path]
        for name, values in {
            "report_id": [self.signed], "release_id": [self.release], "code": ["W1"], "number": ["1"], "debt_id": ["1"],
            "finding_id": ["1"], "check_id": ["C-1"], "act": ["respond"], "token": ["x" * 43], "step": [*MACHINE_STEPS],
            "case": ["1"], "task": ["W-2026-0001"], "name": ["附表.csv"],
            "verb": ["hold", "resume", "move", "cancel", "retry"], "person_id": ["liao_jun", "luo_qin"],
        }.items():  # fmt: skip
            paths = [one.replace(f"{{{name}}}", value) for one in paths for value in values]
        codes = []
        for one in dict.fromkeys(paths):
            for token in list(self.tokens.values())[: 1 if DOORS[door].once else None]:
                answer = self.client.request(
                    method, one, json=body | DOORS[door].fields, headers={"Authorization": f"Bearer {token}"}
                )
                misspelt = answer.status_code == 422 and '"bad_request"' in answer.text
                assert not misspelt, (door, answer.text)  # else the attempt would show nothing
                assert answer.status_code < 500, (door, answer.text)
                codes.append(answer.status_code)
        return codes

    def state(self) -> list[object]:
        """What the signed report is, to the public and to the rules: text, metadata, stage, release."""
        with self.office.records.reading() as session:
            edition = self.given.edition(self.signed)
            versions = session.exec(select(Version.number, Version.digest).where(Version.edition_id == edition.id))
            report = session.get_one(Report, self.signed)
            fields = report.model_dump(exclude={"created_at"})
            return [edition.stage, edition.version, edition.digest, edition.release_id, sorted(versions), fields]

    def go_on(self, rounds: int = 1) -> None:
        """The machines do what is due, and the instant passes."""
        for _ in range(rounds):
            self.given.now = max(self.given.now, utc_now())
            self.given.flows()
            with self.office.records.reading() as session:
                instants = session.exec(select(Release.instant)).all()
            self.given.now = max([self.given.now, *instants]) + timedelta(seconds=1)
            release_round(self.office, lambda: self.given.now)

    def public(self) -> dict[str, str]:
        """The public page of each report that has one."""
        tree = PublicTree(self.office.home.public)
        with self.office.records.reading() as session:
            editions = session.exec(select(Edition)).all()
        found = {one.report_id: tree.read(f"{item_path(one.report_id)}index.html") for one in editions}
        return {report: page.decode() for report, page in found.items() if page is not None}

    def nothing_unapproved_is_public(self) -> None:
        """Nobody reads a planted word, and each public page has its three decisions in the history."""
        root = self.office.home.public / "root"
        assert not [page for page in root.rglob("*") if page.is_file() and PLANTED in page.read_text("utf-8", "ignore")]
        for report, page in self.public().items():
            own = events(self.office, subject=report)
            (published,) = (event for event in own if event.action == "publish")
            on_this = {event.action: event.actor for event in own if event.digest == published.digest}
            deciders = {on_this["approve"], on_this["clear"], on_this["sign"]}
            assert len(deciders) == 3
            assert not deciders & {event.actor for event in own if event.action in ("start", "edit")}
            assert APPROVED in page


@pytest.fixture(scope="module")
def prepared(new_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], str, str]:
    """The office that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("doors") / "office"
    office = open_workspace(shutil.copytree(new_workspace, folder, symlinks=True))
    now, tokens = utc_now(), {}
    for person in PERSONS:
        set_password(office, OPERATOR_ON_SITE, person, "for-tests-only", now=now)
        tokens[person] = sign_in(office, person, "for-tests-only", now=now)[0]
    given = Given(office, now=now - timedelta(minutes=5))
    # A version nobody approved lies behind the signed one.
    signed = given.report(body=f"{PLANTED}。\n")
    attached(given, signed, "附表.csv", f"说明\n{PLANTED}\n".encode())
    attached(given, signed, "附表.csv", "行业,产值\n制造业,345.6\n".encode(), replace=True)
    given.write(signed, f"## 一、工作动态\n\n{APPROVED}。\n")
    other = given.report(body=f"{PLANTED}。\n")  # before the signature: its flows would stage the release
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(signed, stage, release_in=timedelta(hours=2))
    office.close()
    return folder, tokens, signed, other


def opened(prepared: tuple[Path, dict[str, str], str, str], folder: Path) -> Desk:
    template, tokens, signed, other = prepared
    office = open_workspace(shutil.copytree(template, folder, symlinks=True))
    return Desk(office, Given(office, now=utc_now()), tokens, signed, other)


@pytest.fixture(scope="module")
def shared(prepared: tuple[Path, dict[str, str], str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = opened(prepared, tmp_path_factory.mktemp("shared") / "office")
    desk.given.flows()  # staged
    yield desk
    desk.office.close()


@pytest.fixture
def own(prepared: tuple[Path, dict[str, str], str, str], tmp_path: Path) -> Iterator[Desk]:
    desk = opened(prepared, tmp_path / "office")
    yield desk
    desk.office.close()


def writing_routes(app: FastAPI) -> set[str]:
    """Every route that is not only read, hidden ones too."""
    found: set[str] = set()

    def walk(routes: list[Any]) -> None:
        for route in routes:
            methods = set(getattr(route, "methods", None) or ()) - {"GET", "HEAD", "OPTIONS"}
            found.update(f"{method} {route.path}" for method in methods)
            inner = getattr(route, "original_router", route)
            walk(getattr(inner, "routes", None) or [])

    walk(list(app.routes))
    return found


def test_every_route_that_writes_is_one_of_these_doors(shared: Desk) -> None:
    assert writing_routes(shared.app) == set(DOORS), "a new door: write into DOORS what it may do to a signed report"


@pytest.mark.parametrize("door", [name for name, door in DOORS.items() if not door.alone])
def test_no_door_changes_a_signed_report(shared: Desk, door: str) -> None:
    before = shared.state()
    shared.attempt(door)
    assert shared.state() == before


@pytest.mark.parametrize("door", [name for name, door in DOORS.items() if door.alone])
def test_a_door_that_does_more_leaves_nothing_unapproved_behind(own: Desk, door: str) -> None:
    own.given.flows()
    before = own.state()
    own.attempt(door)
    if DOORS[door].does == "voids":
        assert own.given.edition(own.signed).stage in (Stage.DRAFTING, Stage.CANCELLED)
    else:
        assert own.state() == before
    own.go_on(2)
    own.nothing_unapproved_is_public()
    assert own.signed not in own.public() or DOORS[door].does == "nothing"


def test_after_every_attempt_the_approved_text_goes_out_as_it_was_signed(shared: Desk) -> None:
    for door in ("PUT /reports/{report_id}/text", "POST /releases", "POST /signatures"):
        shared.attempt(door)
    shared.go_on()
    assert list(shared.public()) == [shared.signed]
    (listed,) = shared.given.text(shared.signed).head.attachments
    file = PublicTree(shared.office.home.public).read(f"{item_path(shared.signed)}{attachment_path(listed)}")
    assert file == "行业,产值\n制造业,345.6\n".encode()
    shared.nothing_unapproved_is_public()


OTHER_VALUES: dict[str, Any] = {
    "kind": "统计动态", "category": "人事信息", "period": "2016-11", "date_created": "2016-11-01", "method": "不予公开",
    "attachments": (),
}  # fmt: skip


@pytest.fixture(scope="module")
def recalled(
    prepared: tuple[Path, dict[str, str], str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """The signed report taken back: its text may be edited again."""
    desk = opened(prepared, tmp_path_factory.mktemp("recalled") / "office")
    recall(desk.office, desk.signed, desk.given.people["liao_jun"], reason="更正", now=desk.given.tick())
    yield desk
    desk.office.close()


@pytest.fixture(scope="module")
def approved_text(recalled: Desk) -> ReportText:
    return recalled.given.text(recalled.signed)


@pytest.mark.parametrize("name", [*Head.model_fields, "body"])
def test_whatever_the_public_will_see_voids_every_approval_when_it_is_edited(
    recalled: Desk, approved_text: ReportText, name: str
) -> None:
    given, report = recalled.given, recalled.signed
    head = approved_text.head.model_copy(update={name: OTHER_VALUES.get(name, "改过的内容")} if name != "body" else {})
    new = ReportText(head=head, body="改过的内容。\n" if name == "body" else approved_text.body).canonical()
    edit(recalled.office, report, given.people["lin_xiao"], new, reason="更正", seen=None, now=given.tick())
    with recalled.office.records.reading() as session:
        facts = facts_of(session, given.edition(report))
    assert facts.passed == frozenset()
    assert next_stage(facts, Action.SUBMIT) is Stage.DEPARTMENT_REVIEW
    refused = [one.code for one in objections(facts, Action.SUBMIT, given.people["lin_xiao"], given.now)]
    assert refused == (["metadata_missing", "check_failed"] if name == "method" else [])
    with pytest.raises(StepRefused, match="起草阶段没有“签发”"):
        sign(recalled.office, report, given.people["liao_jun"], digest=facts.digest, remark="", now=given.tick())


def test_the_edited_text_does_not_go_out_at_the_instant_that_was_signed(recalled: Desk) -> None:
    assert recalled.given.edition(recalled.signed).stage == Stage.DRAFTING
    recalled.go_on()
    assert recalled.public() == {}


def test_a_mask_accepted_after_the_approval_has_to_be_confirmed_cleared_and_signed(given: Given) -> None:
    """The officer proposes before the approval; after it nobody can, and what is accepted goes the whole way."""
    report = given.report(Stage.CONFIDENTIALITY_CHECK, body=f"{APPROVED}。{BODY}")
    let_pass(given, report, 0)
    let_pass(given, report, 1)
    given.clear(report)
    given.flows()
    with pytest.raises(StepRefused, match="没有“处理发现项”这一步"):
        propose(given, report)
    back(given, report, "liao_jun")
    submit(given.office, report, given.people["lin_xiao"], now=given.tick())
    assert given.edition(report).stage == Stage.APPROVAL
    assert MOBILE in given.text(report).body


# Somebody with all rights on the database file, who leaves no event behind.
RAW = {
    "the row points to an older version": "UPDATE edition SET version = 2 WHERE report_id = :signed",
    "the row is an older version": """UPDATE edition SET version = 2,
        digest = (SELECT digest FROM version WHERE edition_id = edition.id AND number = 2) WHERE report_id = :signed""",
    "an attachment holds another one's file": """UPDATE attachment SET
        sealed = (SELECT sealed FROM attachment AS a WHERE a.report_id = :signed ORDER BY size DESC LIMIT 1)
        WHERE report_id = :signed""",
    "a version holds another one's text": """UPDATE version SET
        sealed = (SELECT sealed FROM version AS v WHERE v.edition_id = version.edition_id AND v.number = 2)
        WHERE edition_id LIKE :signed || '%'""",
    "a draft is called signed and joins the release": """UPDATE edition SET stage = 'scheduled',
        release_id = (SELECT release_id FROM edition WHERE report_id = :signed) WHERE report_id = :other""",
    "the report has another title": "UPDATE report SET title = :planted WHERE id = :signed",
    "the report stands in another list": "UPDATE report SET category = 'personnel' WHERE id = :signed",
    "a decision is taken away": "DELETE FROM review WHERE state = 'cleared' AND edition_id LIKE :signed || '%'",
    "a decision is for another text": "UPDATE review SET digest = 'x' WHERE state = 'signed'",
}
# As it was signed: the lists are made from the signed text too.
STILL_GOES_OUT = {"the report has another title", "the report stands in another list"}
# Staged files are sealed by themselves: what happens to the register's copy afterwards does not reach them.
STAGED_GOES_OUT = {"an attachment holds another one's file"}


@pytest.mark.parametrize("staged", [False, True], ids=["before staging", "after staging"])
@pytest.mark.parametrize("what", RAW)
def test_a_row_written_past_us_makes_nothing_public_that_was_not_decided(own: Desk, what: str, staged: bool) -> None:
    if staged:
        own.given.flows()
    with closing(sqlite3.connect(own.office.home.path / "register.db")) as database, database:
        names = {"signed": own.signed, "other": own.other, "planted": PLANTED}
        asked = {name: value for name, value in names.items() if f":{name}" in RAW[what]}
        assert database.execute(RAW[what], asked).rowcount > 0
    own.go_on()
    own.nothing_unapproved_is_public()
    if what in STILL_GOES_OUT or (staged and what in STAGED_GOES_OUT):
        assert list(own.public()) == [own.signed]
    else:
        assert own.public() == {}
        assert own.given.release(own.signed).state == "failed"


def test_a_write_of_ours_without_its_event_is_not_kept(own: Desk) -> None:
    before = own.state()
    with pytest.raises(UnrecordedWrite), own.office.records.writing(utc_now()) as tx:
        tx.session.get_one(Report, own.signed).title = PLANTED
    assert own.state() == before
