"""Messages and due days as verbs: what a stranger types, and who may not."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from pubflow.audit.events import Event
from pubflow.office.outbox import Outbox, message_id, put


def stopped(desk: Any) -> str:
    """A message that was given up; its id."""
    office, now = desk.line.office, datetime.now(UTC)
    key, channel = f"asked/{secrets.token_hex(4)}", f"c{secrets.token_hex(4)}"
    with office.records.writing(now, what="test") as tx:
        tx.record(Event("test", "nobody", "R-2026-0001"))
        place = {"subject": "R-2026-0001", "headline": "R-2026-0001 等待您审签", "body": "请办理"}
        put(tx, key, kind="asked", channel=channel, person_id="liao_jun", **place)
    outbox = Outbox(office.records, office.settings.notices.sending)
    for _ in range(office.settings.notices.sending.attempts):
        outbox.refused(outbox.take(channel, now), "the mail server refused: 550", now)
        now += timedelta(hours=1)
    return message_id(key)


def test_messages_are_listed_with_why_they_stopped_and_sent_again_by_the_operator(desk: Any, by: Any, story: Any):
    stuck = stopped(desk)
    done = by("gong_lei", "notices", "list", "--state", "given_up")
    assert done.code == 0, done.err
    row = next(line for line in done.out.splitlines() if stuck in line)
    assert "多次被拒，已停发" in row
    assert "the mail server refused: 550" in row
    assert story.ok("gong_lei", "notices", "retry", stuck) == {"messages": [stuck]}
    (again,) = [one for one in story.ok("gong_lei", "notices", "list") if one["id"] == stuck]
    assert (again["state"], again["attempts"]) == ("waiting", 0)
    outbox = Outbox(desk.line.office.records, desk.line.office.settings.notices.sending)
    outbox.sent(outbox.take(again["channel"], datetime.now(UTC)), "250", datetime.now(UTC))
    refused = by("gong_lei", "notices", "retry", stuck)
    assert refused.code == 1
    assert "已送达，不能重新发送" in refused.err


def test_all_that_stopped_is_sent_again_at_once(desk: Any, story: Any):
    both = sorted([stopped(desk), stopped(desk)])
    done = story.ok("gong_lei", "notices", "retry", "--all")
    assert sorted(done["messages"]) == both


def test_messages_are_not_everybodys(desk: Any, by: Any):
    assert "消息向系统管理员、审计员和主要领导开放" in by("lin_xiao", "notices", "list").err
    refused = by("lin_xiao", "notices", "retry", stopped(desk))
    assert refused.code == 1
    assert "这一步由系统管理员办理" in refused.err


def test_wrong_use_and_unknown_ids_are_told(by: Any):
    assert by("gong_lei", "notices", "retry").code == 2
    assert by("gong_lei", "notices", "retry", "M-1", "--all").code == 2
    unknown = by("gong_lei", "notices", "retry", "M-0000000000000000")
    assert (unknown.code, "找不到 消息 M-0000000000000000" in unknown.err) == (1, True)
    wrong = by("gong_lei", "notices", "list", "--state", "lost")
    assert (wrong.code, "没有“lost”这种状态" in wrong.err) == (1, True)


def test_due_days_are_shown_by_kind_in_the_list_in_the_inbox_and_with_their_explanation(by: Any, story: Any):
    report, _ = story.in_review()
    kinds = by("lin_xiao", "report", "due")
    assert kinds.code == 0, kinds.err
    assert "统计月报" in kinds.out
    assert report in kinds.out  # a 临时 item, by its limit
    view = story.ok("lin_xiao", "report", "show", report)["line"]
    day = view["due"]["day"]
    assert view["due"]["explanation"][-1] == f"到期日：{view['due']['text']}"
    told = by("lin_xiao", "report", "show", report, "--due").out.splitlines()
    assert told[0] == f"办理期限：{view['due']['text']}"
    assert told[2].endswith("工作日") or "不计" in told[2]
    assert f"主动公开期限：{view['limit']['text']}" in told
    for words in (("report", "list"), ("report", "show", report), ("review", "inbox")):
        assert day in by("fang_zhi", *words).out
