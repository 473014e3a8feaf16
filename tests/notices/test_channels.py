"""Carrying a message over a real mail server and a real webhook: what reached them, and what is known of a failure."""

import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from notices.conftest import GROUP, MAIL
from notices.postman import BUSY, REFUSE_CONTENT, REFUSE_RECIPIENT, SILENT, VANISH, MailServer, Webhook

from pubflow.office.office import Office
from pubflow.office.outbox import message_id
from pubflow.records.tables import Message
from pubflow.service.channels import NotTaken, OutcomeUnknown, carrier

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def message(channel: str = "mail", *, person: str | None = "fang_zhi", uncertain: int = 0) -> Message:
    return Message(
        id=message_id("k"),
        key="k",
        kind="asked",
        channel=channel,
        person_id=person,
        subject="R-2026-0001",
        headline="R-2026-0001 等待您科室审核",
        body="R-2026-0001：请办理，期限 2026-11-26。\n.单独一行的点",
        created_at=NOW,
        next_try=NOW,
        uncertain=uncertain,
    )


def carry(office: Office, given: Message) -> str:
    return carrier(office, office.settings.notices.channels[given.channel])(given, NOW)


def test_a_mail_arrives_whole_with_a_message_id_that_is_always_the_same(office: Office, post: MailServer):
    carry(office, message())
    carry(office, message())
    assert post.ids() == [f"<{message_id('k')}@donghu.example>"] * 2
    assert post.mails[0].get_all("Message-ID") == [post.ids()[0]]
    assert post.subjects() == ["R-2026-0001 等待您科室审核"] * 2
    assert post.recipients == ["fang_zhi@donghu.example"] * 2
    assert "期限 2026-11-26。" in post.texts()[0]
    assert post.mails[0]["X-Idempotency-Key"] == message_id("k")
    assert post.mails[0]["Date"] == "Mon, 23 Nov 2026 04:00:00 +0000"


def test_a_line_of_nothing_but_a_dot_does_not_cut_the_mail_short(office: Office, post: MailServer):
    given = message()
    given.body = "one\n.\nthree"
    carry(office, given)
    assert post.texts()[0].splitlines()[:3] == ["one", ".", "three"]


def test_what_may_be_a_duplicate_says_so_in_its_subject(office: Office, post: MailServer):
    carry(office, message(uncertain=1))
    assert post.subjects() == ["（可能重复）R-2026-0001 等待您科室审核"]


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        (REFUSE_RECIPIENT, "the mail server refused: 550"),
        (REFUSE_CONTENT, "the mail server refused the message: 554"),
        (BUSY, "the mail server refused: 421"),
    ],
)
def test_a_mail_that_was_refused_has_not_arrived_and_no_address_is_told(
    office: Office, post: MailServer, mood: str, why: str
):
    post.mood = mood
    with pytest.raises(NotTaken) as caught:
        carry(office, message())
    assert caught.value.why == why


def test_a_mail_server_that_vanishes_after_the_content_leaves_it_unknown(office: Office, post: MailServer):
    post.mood = VANISH
    with pytest.raises(OutcomeUnknown):
        carry(office, message())
    assert len(post.mails) == 1


def test_a_mail_server_that_stays_silent_after_the_content_leaves_it_unknown(
    office: Office, post: MailServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pubflow.service.channels.TIMEOUT", 0.2)
    post.mood = SILENT
    with pytest.raises(OutcomeUnknown):
        carry(office, message())
    assert len(post.mails) == 1


def test_a_mail_server_that_is_away_has_taken_nothing(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", "mailto://user:geheim@127.0.0.1:1?from=a@b.example")
    with pytest.raises(NotTaken) as caught:
        carry(office, message())
    assert caught.value.why == "the mail server cannot be reached: ConnectionRefusedError"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "PUBFLOW_NOTICE_MAIL is not set"),
        ("mailto://127.0.0.1", "PUBFLOW_NOTICE_MAIL lacks a server, \\?from="),
        ("mailto://127.0.0.1:geheim?from=a@b.example", "cannot be reached: ValueError"),
        ("mailto://[::1?from=a@b.example", "PUBFLOW_NOTICE_MAIL is not an address"),
    ],
)
def test_a_wrong_address_of_the_server_is_told_without_the_address(
    office: Office, monkeypatch: pytest.MonkeyPatch, url: str, why: str
):
    monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", url)
    with pytest.raises(NotTaken, match=why) as caught:
        carrier(office, office.settings.notices.channels["mail"])(message(), NOW)
    assert "geheim" not in caught.value.why


def test_a_person_without_an_address_is_named_with_the_key_to_add(office: Office, post: MailServer):
    with pytest.raises(NotTaken, match=r"people\.nobody\.contact\.mail is missing"):
        carry(office, message(person="nobody"))


def test_a_webhook_gets_the_message_with_its_idempotency_key(with_channels: Callable[..., Office], hook: Webhook):
    carry(with_channels(GROUP), message("group", person=None))
    ((headers, body),) = hook.posts
    assert headers["Idempotency-Key"] == message_id("k")
    assert "R-2026-0001" in body.decode()


@pytest.mark.parametrize(("status", "kind"), [(500, NotTaken), (404, NotTaken), (0, OutcomeUnknown)])
def test_a_webhook_that_fails_tells_whether_it_can_have_arrived(
    with_channels: Callable[..., Office], hook: Webhook, status: int, kind: type[Exception]
):
    hook.status = status
    with pytest.raises(kind):
        carry(with_channels(GROUP), message("group", person=None))
    assert len(hook.posts) == 1


def test_a_webhook_that_is_away_has_taken_nothing_and_no_log_holds_its_secret(
    with_channels: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PUBFLOW_NOTICE_GROUP", "json://127.0.0.1:1/geheim")
    office, said = with_channels(GROUP), io.StringIO()
    handler = logging.StreamHandler(said)  # as the service logs; pytest's own handler listens to every logger
    logging.getLogger().addHandler(handler)
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    with pytest.raises(NotTaken) as caught:
        carry(office, message("group", person=None))
    logging.getLogger().removeHandler(handler)
    assert caught.value.why == "the server cannot be reached"
    assert "connection" in said.getvalue()
    assert "geheim" not in said.getvalue()


def test_the_address_of_a_person_stands_in_for_the_braces(
    with_channels: Callable[..., Office], hook: Webhook, monkeypatch: pytest.MonkeyPatch
):
    office = with_channels(MAIL)
    monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", f"json://127.0.0.1:{hook.port}/to/{{to}}")
    carry(office, message())
    assert len(hook.posts) == 1
