"""The sender over real servers: down for a while, refusing for ever, two at once, killed before it could record."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import Given
from notices.conftest import GROUP, MAIL, written
from notices.postman import REFUSE_RECIPIENT, MailServer, Webhook, mail_server

from pubflow.lifecycle.stages import Stage
from pubflow.office.messages import messages, retry
from pubflow.office.office import Office
from pubflow.office.outbox import LEASE, Outbox
from pubflow.office.people import deactivate
from pubflow.office.standing_in import set_absence
from pubflow.review.actions import send_back
from pubflow.service.backing_up import back_up
from pubflow.service.channels import carrier
from pubflow.service.restoring import restore
from pubflow.service.sender import send_one, start_senders
from pubflow.service.stuck_messages import stuck_messages
from pubflow.wiring import open_workspace

BESIDE = Path(__file__).with_name("dying_sender.py")


def send_all(office: Office, now: datetime, channel: str = "mail") -> int:
    """What one sender does when it looks; how many messages it handled."""
    outbox = Outbox(office.records, office.settings.notices.sending)
    carry = carrier(office, office.settings.notices.channels[channel])
    count = 0
    while send_one(office, outbox, channel, carry, lambda: now):
        count += 1
    return count


def states(office: Office) -> Counter[str]:
    return Counter(one.state for one in messages(office))


def test_the_reviewer_gets_a_mail_when_the_review_is_opened_and_only_once(given: Given, post: MailServer):
    report = given.report(Stage.DEPARTMENT_REVIEW)
    assert send_all(given.office, given.now) == 1
    assert send_all(given.office, given.now + timedelta(days=1)) == 0
    assert post.recipients == ["fang_zhi@donghu.example"]
    assert post.subjects() == [f"{report} 等待您科室审核"]
    assert f"{report}：请科室负责人（zonghe，fang_zhi）办理科室审核，期限 2026-11-26。" in post.texts()[0]


def test_a_server_that_is_down_for_a_while_loses_nothing(
    given: Given, monkeypatch: pytest.MonkeyPatch, post: MailServer
):
    given.report(Stage.DEPARTMENT_REVIEW)
    monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", "mailto://127.0.0.1:1?from=a@b.example")
    now = given.now
    for _ in range(3):
        assert send_all(given.office, now) == 1
        now += timedelta(hours=1)
    assert [one.last_error for one in messages(given.office)] == [
        "the mail server cannot be reached: ConnectionRefusedError"
    ]
    monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", post.url)
    assert send_all(given.office, now) == 1
    assert post.subjects()[0].startswith("R-2026-0001")  # not marked: the server had taken nothing before
    assert states(given.office) == {"sent": 1}


def test_a_channel_that_refuses_for_ever_is_given_up_in_sight_and_holds_nobody_up(
    with_channels: Callable[..., Office], post: MailServer, hook: Webhook
):
    given = Given(with_channels(MAIL, GROUP))
    given.report(Stage.DEPARTMENT_REVIEW)
    hook.status = 403
    now = given.now
    for _ in range(20):
        send_all(given.office, now, "group")
        send_all(given.office, now, "mail")
        now += timedelta(hours=1)
    assert len(post.mails) == 1
    assert len(hook.posts) == given.office.settings.notices.sending.attempts
    assert states(given.office) == {"sent": 1, "given_up": 1}
    (trouble,) = stuck_messages(given.office, now)
    (stuck,) = [one.id for one in messages(given.office) if one.state == "given_up"]
    assert (trouble.subject, trouble.verb) == ("group", f"pubflow notices retry {stuck}")
    hook.status = 200
    assert retry(given.office, given.people["gong_lei"], stuck, now=now) == [stuck]
    send_all(given.office, now, "group")
    assert states(given.office) == {"sent": 2}
    assert list(stuck_messages(given.office, now)) == []


def test_one_address_that_is_refused_does_not_hold_up_the_others(given: Given, post: MailServer):
    given.report(Stage.DEPARTMENT_REVIEW)
    given.report(Stage.DEPARTMENT_REVIEW, drafter="xia_tian")
    post.moods = [REFUSE_RECIPIENT]
    assert send_all(given.office, given.now) == 2
    assert states(given.office) == {"sent": 1, "waiting": 1}


def test_messages_nobody_tries_are_told_by_the_doctor(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    assert list(stuck_messages(given.office, given.now + timedelta(minutes=9))) == []
    (trouble,) = stuck_messages(given.office, given.now + timedelta(minutes=11))
    assert trouble.verb == "pubflow up"


def test_people_without_an_address_are_told_by_the_doctor(with_channels: Callable[..., Office]):
    given = Given(with_channels(MAIL))
    given.office.settings.people.pop("fang_zhi")
    (trouble,) = stuck_messages(given.office, given.now)
    assert trouble.what == "fang_zhi cannot be told by mail: no address"
    assert trouble.verb == "add contact.mail in config/people.toml, then pubflow up"


def test_two_senders_deliver_each_message_once(given: Given, post: MailServer):
    reports = [given.report(Stage.DEPARTMENT_REVIEW) for _ in range(6)]
    threads = [threading.Thread(target=send_all, args=(given.office, given.now)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send_all(given.office, given.now)
    assert Counter(post.ids()) == {f"<{one.id}@donghu.example>": 1 for one in written(given.office.records)}
    assert len(post.mails) == len(reports)


def test_a_task_that_was_done_before_the_mail_went_out_is_not_asked_for_any_more(given: Given, post: MailServer):
    report = given.report(Stage.DEPARTMENT_REVIEW)
    given.advance(report, Stage.DEPARTMENT_REVIEW)
    given.flows()
    send_all(given.office, given.now)
    assert states(given.office) == {"overtaken": 1, "sent": 2}
    assert sorted(post.recipients) == ["tu_hua@donghu.example", "wan_ning@donghu.example"]


def test_who_was_deactivated_gets_no_mail(given: Given, post: MailServer):
    given.report(Stage.DEPARTMENT_REVIEW)
    deactivate(given.office, given.people["gong_lei"], "fang_zhi", reason="调离", now=given.tick())
    send_all(given.office, given.now)
    assert states(given.office) == {"overtaken": 1}
    assert post.mails == []


def test_a_sender_killed_between_sending_and_recording_sends_once_more_marked_with_the_same_id(
    given: Given, post: MailServer
):
    given.report(Stage.DEPARTMENT_REVIEW)
    environment = os.environ | {"PUBFLOW_HOME": str(given.office.home.path), "AT": given.now.isoformat()}
    died = subprocess.run([sys.executable, str(BESIDE)], env=environment, check=False, capture_output=True, text=True)
    assert died.returncode == -9, died.stderr
    assert len(post.mails) == 1
    assert send_all(given.office, given.now + LEASE / 2) == 0  # it may still be at work
    send_all(given.office, given.now + LEASE)
    send_all(given.office, given.now + LEASE + timedelta(minutes=1))
    assert len(set(post.ids())) == 1
    assert post.subjects() == ["R-2026-0001 等待您科室审核", "（可能重复）R-2026-0001 等待您科室审核"]
    assert send_all(given.office, given.now + timedelta(days=1)) == 0
    assert states(given.office) == {"sent": 1}


def test_the_service_sends_by_itself(given: Given, post: MailServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pubflow.service.sender.BEAT", 0.02)
    stop, seen = threading.Event(), threading.Event()

    def clock() -> datetime:
        if post.mails:
            seen.set()
        return given.now

    senders = start_senders(given.office, stop, clock)
    for sender in senders:
        sender.start()
    given.report(Stage.DEPARTMENT_REVIEW)
    assert seen.wait(10)
    stop.set()
    for sender in senders:
        sender.join(5)
        assert not sender.is_alive()
    assert len(post.mails) == 1


def test_a_mail_server_that_comes_back_on_its_old_port_is_used_again(given: Given, monkeypatch: pytest.MonkeyPatch):
    given.report(Stage.DEPARTMENT_REVIEW)
    with mail_server() as first:
        port = first.port
    monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", first.url)
    send_all(given.office, given.now)
    with mail_server(port) as second:
        send_all(given.office, given.now + timedelta(minutes=1))
        assert len(second.mails) == 1


def test_the_deputy_of_an_absent_head_is_asked_instead(given: Given, post: MailServer):
    until = given.now + timedelta(days=5)
    set_absence(given.office, given.people["fang_zhi"], "fang_zhi", until=until, reason="出差", now=given.tick())
    given.report(Stage.DEPARTMENT_REVIEW)
    send_all(given.office, given.now)
    assert post.recipients == ["deng_bo@donghu.example"]


def test_a_return_tells_the_drafter(given: Given, post: MailServer):
    report = given.report(Stage.DEPARTMENT_REVIEW)
    send_back(
        given.office,
        report,
        given.people["fang_zhi"],
        digest=given.edition(report).digest,
        reason="请核对第二部分的机密数字",
        place="第二部分",
        now=given.tick(),
    )
    send_all(given.office, given.now)
    assert post.recipients == ["lin_xiao@donghu.example"]
    assert post.subjects() == [f"{report} 已退回修改"]
    assert "核对" not in post.texts()[0]


def test_what_a_backup_holds_unsent_goes_out_of_the_restored_office_marked_and_what_was_sent_does_not(
    given: Given, post: MailServer, tmp_path: Path
):
    given.report(Stage.DEPARTMENT_REVIEW)
    send_all(given.office, given.now)
    given.report(Stage.DEPARTMENT_REVIEW)
    made = back_up(given.office.home, tmp_path / "b.tar.age", b"for-tests-only", given.now, work=2)
    send_all(given.office, given.now)  # after the backup, before the loss
    done = restore(made.file, tmp_path / "restored", b"for-tests-only", None)
    again = open_workspace(done.home)
    send_all(again, given.now)
    again.close()
    assert [subject[:17] for subject in post.subjects()] == [
        "R-2026-0001 等待您科室",
        "R-2026-0002 等待您科室",
        "（可能重复）R-2026-0002",
    ]
    assert post.ids()[1] == post.ids()[2]
