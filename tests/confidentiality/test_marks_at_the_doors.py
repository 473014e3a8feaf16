"""Design decision 6 at every door that takes words: refused before the first write, the officer called.

What is planted must afterwards stand in no file: register, WAL, logs, folders of the workspace, temporary ones.
"""

import base64
import dataclasses
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import Given
from fastapi.testclient import TestClient
from sqlmodel import select
from watching import data_of, events, files_with, refusal

from pubflow.confidentiality.mark_cases import close_case, mark_cases
from pubflow.desk.api import application
from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.moments import utc_now
from pubflow.office.people import OPERATOR_ON_SITE, set_password, sign_in
from pubflow.records.tables import Message
from pubflow.settings.notices import Channel

PLANTED = "雀屏计划第七号附图"  # beside the mark; neither may stay anywhere
MARKED = f"机密★20年\n{PLANTED}"
FILE = {"name": "旧报告.txt", "content": base64.b64encode(f"{MARKED}\n一、概述\n内容。\n".encode()).decode()}

CSV = FILE | {"name": "数据.csv"}

# Every door that takes a person's words, with where the mark is put; {r}: a report before the officer.
DOORS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "import": ("lin_xiao", "POST /reports/import", {"file": FILE}),
    "import name": ("lin_xiao", "POST /reports/import", {"file": FILE | {"name": f"机密★20年{PLANTED}.txt"}}),
    "new": ("lin_xiao", "POST /reports", {"kind": "news", "title": MARKED.replace("\n", " ")}),
    "new figures": ("lin_xiao", "POST /reports", {"kind": "monthly", "title": "月报", "figures": CSV}),
    "edit": ("lin_xiao", "PUT /reports/{d}/text", {"text": f'+++\ntitle = "甲"\n+++\n\n{MARKED}\n', "reason": "改"}),
    "edit reason": ("lin_xiao", "PUT /reports/{d}/text", {"text": "甲", "reason": MARKED}),
    "attach": ("lin_xiao", "POST /reports/{d}/attachments", {"file": FILE}),
    "attach name": (
        "lin_xiao",
        "POST /reports/{d}/attachments",
        {"file": FILE | {"name": f"机密★20年{PLANTED}.txt"}},
    ),
    "attach reason": ("lin_xiao", "POST /reports/{d}/attachments", {"file": FILE, "reason": MARKED}),
    "detach": ("lin_xiao", "POST /reports/{d}/attachments/甲.csv/detach", {"reason": MARKED}),
    "remark": ("wan_ning", "POST /reports/{r}/remarks", {"text": MARKED, "passage": "统计数据"}),
    "approve": ("fang_zhi", "POST /reports/{r}/approve", {"reason": MARKED}),
    "return": ("wan_ning", "POST /reports/{r}/return", {"reason": "见处", "place": MARKED}),
    "opinion": ("wan_ning", "POST /reports/{r}/clear", {"result": "公开", "opinion": MARKED, "answers": {}}),
    "basis": (
        "wan_ning",
        "POST /reports/{r}/findings/1",
        {"decision": "pass", "ground": "consent", "basis": MARKED, "reason": "已核"},
    ),
    "consent": (
        "wan_ning",
        "POST /reports/{r}/findings/1/consent",
        {"holder": MARKED, "on": "2026-11-20", "how": "书面", "document_no": "3号", "reason": "同意"},
    ),
    "override": (
        "wan_ning",
        "POST /reports/{r}/findings/1/override",
        {"holder": "某", "how": "书面", "document_no": "3号", "reason": MARKED},
    ),
    "refer": ("wan_ning", "POST /reports/{r}/refer", {"organ": "区保密局", "reason": MARKED}),
    "reply": ("wan_ning", "POST /reports/{r}/reply", {"answer": "public", "document_no": MARKED, "reason": "见函"}),
    "sign": ("liao_jun", "POST /reports/{r}/sign", {"reason": MARKED}),
    "conflict": ("wan_ning", "POST /reports/{r}/conflict", {"reason": MARKED}),
    "cancel": ("gong_lei", "POST /reports/{r}/cancel", {"reason": MARKED}),
    "settle": ("liao_jun", "POST /withdrawals/W-2026-0001", {"reason": MARKED}),
    "roles": ("gong_lei", "POST /people/lin_xiao/roles", {"give": ["leader"], "take": [], "reason": MARKED}),
}


@pytest.fixture
def called(given: Given) -> Given:
    """An office that sends messages."""
    mail = Channel.model_validate({"id": "mail", "name": "邮件", "url_env": "PUBFLOW_NOTICE_MAIL", "to": "person"})
    notices = given.office.settings.notices.model_copy(update={"channels": {"mail": mail}})
    settings = given.office.settings.model_copy(update={"notices": notices})
    return Given(dataclasses.replace(given.office, settings=settings))


def test_no_door_that_takes_words_lets_a_byte_of_a_marked_text_in(given: Given) -> None:
    office, now = given.office, utc_now()
    given.now = now - timedelta(minutes=5)
    report, draft = given.report(Stage.CONFIDENTIALITY_CHECK), given.report()
    client, tokens = TestClient(application(office, lambda _step, _ids: ("", ""))), {}
    for person in {who for who, _, _ in DOORS.values()}:
        set_password(office, OPERATOR_ON_SITE, person, "for-tests-only", now=now)
        tokens[person] = sign_in(office, person, "for-tests-only", now=now)[0]
    open_ones = []
    for name, (who, door, body) in DOORS.items():
        method, path = door.split(" ")
        digest = given.edition(report).digest
        if "answers" in body:
            body = body | {"answers": {item.id: False for item in office.settings.checklist}}
        answer = client.request(
            method,
            path.format(r=report, d=draft),
            json={"digest": digest, **body},
            headers={"Authorization": f"Bearer {tokens[who]}"},
        )
        if answer.json().get("error") != "secret_mark":
            open_ones.append((name, answer.status_code, answer.text[:200]))
        assert PLANTED not in answer.text
    assert open_ones == [], open_ones
    assert files_with(office, PLANTED) == []
    spooled = [file for file in Path(tempfile.gettempdir()).glob("tmp*") if file.is_file()]
    assert [file for file in spooled if PLANTED.encode() in file.read_bytes()] == []
    cases = mark_cases(office, given.people["wan_ning"], now)
    assert len(cases) == len(DOORS)
    assert {case.rules[0] for case in cases} <= {"level-with-star", "level-with-term", "level-in-name", "level-alone"}


def test_the_officers_are_called_once_an_hour_for_one_person_without_a_word_of_it(called: Given) -> None:
    for _ in range(3):
        with pytest.raises(SecretMarkFound):
            called.office.admit(called.people["lin_xiao"], MARKED, f"{PLANTED}.txt", called.tick())
    with called.office.records.reading() as session:
        told = session.exec(select(Message).where(Message.kind == "secret_mark")).all()
    assert sorted(one.person_id or "" for one in told) == ["tu_hua", "wan_ning"]
    assert all("check off-system" in one.body for one in told)
    assert files_with(called.office, PLANTED) == []


def test_the_officer_records_the_outcome_in_fixed_words_once(given: Given) -> None:
    office, officer = given.office, given.people["wan_ning"]
    with pytest.raises(SecretMarkFound):
        office.admit(given.people["lin_xiao"], MARKED, "甲.txt", given.tick())
    (case,) = mark_cases(office, officer, given.tick())
    assert (case.person, case.outcome) == ("lin_xiao", "")
    with refusal(office, StepRefused, "由保密员办理", codes=["other_role"]):
        close_case(office, given.people["lin_xiao"], case.number, "off_system", now=given.tick())
    with refusal(office, BadInput, "off_system（系统外处理）", codes=["bad_input"]):
        close_case(office, officer, case.number, "别的", now=given.tick())
    with refusal(office, NotFound, "拦截 99999", codes=["not_found"]):
        close_case(office, officer, 99999, "off_system", now=given.tick())
    close_case(office, officer, case.number, "off_system", now=given.tick())
    assert data_of(events(office)[-1]) == {"case": case.number, "outcome": "off_system"}
    assert [(one.outcome, one.closed_by) for one in mark_cases(office, officer, given.tick())] == [
        ("off_system", "wan_ning")
    ]
    with refusal(office, BadInput, "已有处理结果", codes=["bad_input"]):
        close_case(office, officer, case.number, "not_a_mark", now=given.tick())
