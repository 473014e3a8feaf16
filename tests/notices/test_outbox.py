"""The outbox on both databases: written once, taken by one, and what has a receipt is never sent again."""

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import NOON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notices.conftest import written

from pubflow.audit.events import Event
from pubflow.errors import BadInput
from pubflow.office.outbox import LEASE, MessageState, Outbox, message_id, put
from pubflow.records.store import Records
from pubflow.records.tables import Message
from pubflow.settings.notices import Sending

RULES = Sending(attempts=4, first_wait_seconds=30, longest_wait_seconds=100, desk="请登录", source="试验")
SECOND = timedelta(seconds=1)


def write(records: Records, key: str, *, channel: str = "mail") -> bool:
    with records.writing(NOON, what="test") as tx:
        tx.record(Event("test", "nobody", "R-2026-0001"))
        return put(tx, key, kind="asked", channel=channel, subject="R-2026-0001", headline="标题", body="正文")


def only(records: Records) -> Message:
    (message,) = written(records)
    return message


@pytest.fixture
def outbox(records: Records) -> Outbox:
    return Outbox(records, RULES)


def taken(outbox: Outbox, now=NOON, channel: str = "mail") -> Message:
    message = outbox.take(channel, now)
    assert message is not None
    return message


def test_the_same_message_is_written_once_and_keeps_its_id(records: Records):
    assert write(records, "asked/R-2026-0001/1/3/section")
    first = only(records).id
    assert not write(records, "asked/R-2026-0001/1/3/section")
    assert only(records).id == first == message_id("asked/R-2026-0001/1/3/section")


def test_a_message_is_gone_with_the_transaction_that_fails(records: Records):
    def write_and_fail() -> None:
        with records.writing(NOON, what="test") as tx:
            put(tx, "k", kind="asked", channel="mail", subject="R", headline="标题", body="正文")
            raise BadInput("stop")

    with pytest.raises(BadInput, match="stop"):
        write_and_fail()
    assert written(records) == []


def test_a_taken_message_is_nobody_elses_until_its_lease_runs_out(records: Records, outbox: Outbox):
    write(records, "k")
    taken(outbox)
    assert outbox.take("mail", NOON + LEASE - SECOND) is None


def test_two_senders_never_take_the_same_message(records: Records, outbox: Outbox):
    for number in range(12):
        write(records, f"k{number}")
    got: list[str] = []
    start = threading.Barrier(2)

    def send() -> None:
        start.wait()
        while (message := outbox.take("mail", NOON)) is not None:
            got.append(message.id)
            outbox.sent(message, "ok", NOON)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    # A sender that finds every candidate gone may stop early; the next look takes what is left.
    send_rest = []
    while (message := outbox.take("mail", NOON)) is not None:
        send_rest.append(message.id)
        outbox.sent(message, "ok", NOON)
    assert sorted(got + send_rest) == sorted(message_id(f"k{number}") for number in range(12))


def test_a_channel_takes_only_its_own(records: Records, outbox: Outbox):
    write(records, "k", channel="group")
    assert outbox.take("mail", NOON) is None


def test_refusals_wait_longer_each_time_and_are_given_up_after_so_many(records: Records, outbox: Outbox):
    write(records, "k")
    now = NOON
    for wait in (30, 60, 100):
        message = taken(outbox, now)
        outbox.refused(message, "the server cannot be reached", now)
        assert only(records).next_try == now + timedelta(seconds=wait)
        assert outbox.take("mail", now + timedelta(seconds=wait - 1)) is None
        now += timedelta(seconds=wait)
    outbox.refused(taken(outbox, now), "the server cannot be reached", now)
    row = only(records)
    assert (row.state, row.attempts, row.last_error) == ("given_up", 4, "the server cannot be reached")
    assert outbox.take("mail", now + timedelta(days=30)) is None


def test_a_sender_that_died_leaves_an_unknown_outcome_which_is_sent_once_more(records: Records, outbox: Outbox):
    write(records, "k")
    taken(outbox)
    now = NOON + LEASE
    assert outbox.take("mail", now) is None  # seen, and noted as unknown
    assert (only(records).state, only(records).uncertain) == ("waiting", 1)
    again = taken(outbox, now + timedelta(seconds=30))
    assert again.uncertain == 1
    now += timedelta(seconds=30) + LEASE
    assert outbox.take("mail", now) is None
    assert only(records).state == "unknown"
    assert outbox.take("mail", now + timedelta(days=30)) is None


def test_a_receipt_that_comes_late_ends_it_for_whoever_holds_it_now(records: Records, outbox: Outbox):
    write(records, "k")
    slow = taken(outbox)
    outbox.take("mail", NOON + LEASE)
    other = taken(outbox, NOON + LEASE + timedelta(seconds=30))
    outbox.sent(slow, "250 first", NOON + LEASE + timedelta(seconds=31))
    outbox.refused(other, "the mail server refused: 451", NOON + LEASE + timedelta(seconds=32))
    row = only(records)
    assert (row.state, row.receipt, row.last_error) == ("sent", "250 first", "")


def test_a_refusal_that_comes_late_changes_nothing(records: Records, outbox: Outbox):
    write(records, "k")
    slow = taken(outbox)
    outbox.take("mail", NOON + LEASE)
    taken(outbox, NOON + LEASE + timedelta(seconds=30))
    outbox.refused(slow, "late", NOON + LEASE + timedelta(seconds=31))
    assert (only(records).state, only(records).last_error) == ("sending", "发送后没有留下结果")


def test_a_clock_set_back_holds_no_message_up(records: Records, outbox: Outbox):
    write(records, "k")
    outbox.refused(taken(outbox), "away", NOON)
    yesterday = NOON - timedelta(days=1)
    message = taken(outbox, yesterday)
    assert message.attempts == 2
    outbox.sent(message, "ok", yesterday)
    assert only(records).state == "sent"


def test_a_clock_set_back_frees_a_lease_of_the_future(records: Records, outbox: Outbox):
    write(records, "k")
    taken(outbox)
    outbox.take("mail", NOON - timedelta(days=1))
    assert (only(records).state, only(records).uncertain) == ("waiting", 1)


_KEYS = itertools.count()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["refused", "unknown", "sent", "died", "died after sending", "late sent", "look"]),
            st.integers(-300, 400),
        ),
        max_size=14,
    )
)
def test_whatever_happens_a_receipt_ends_it_and_no_message_is_lost(
    records: Records, outbox: Outbox, story: list[tuple[str, int]]
):
    channel = f"c{next(_KEYS)}"
    write(records, channel, channel=channel)
    now, held, receipt, doubtful, refusals = NOON, [], False, 0, 0
    does: dict[str, Callable[[Message], None]] = {
        "refused": lambda one: outbox.refused(one, "no", now),
        "unknown": lambda one: outbox.unknown(one, "?", now),
        "sent": lambda one: outbox.sent(one, "ok", now),
    }
    for what, seconds in story:
        now += timedelta(seconds=seconds)
        if what == "late sent":
            if held:
                outbox.sent(held[0], "ok", now)
                receipt = True
            continue
        message = outbox.take(channel, now)
        if message is None:
            continue
        assert not receipt, "taken again after its receipt"
        held.append(message)
        if what in does:
            does[what](message)
        receipt |= what == "sent"
        refusals += what == "refused"
        doubtful += what != "sent" and what != "refused"
    assert doubtful <= 2, "sent a third time although nobody knew of two"
    now += 3 * LEASE + timedelta(hours=1)
    for _ in range(4):  # a sender that works, for as long as it finds something
        while (message := outbox.take(channel, now)) is not None:
            assert not receipt
            outbox.sent(message, "ok", now)
            receipt = True
        now += timedelta(hours=1)
    (row,) = [one for one in written(records) if one.channel == channel]
    if receipt:
        assert row.state == MessageState.SENT
    else:  # it stopped where a person sees it, and for a reason
        assert row.state == (MessageState.UNKNOWN if doubtful == 2 else MessageState.GIVEN_UP)
        assert doubtful == 2 or row.attempts >= RULES.attempts
