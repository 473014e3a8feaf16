"""The canonical bytes of an event and its hashes; expected values made with printf and sha256sum."""

from datetime import UTC, datetime

import pytest

from pubflow.audit.events import GENESIS, Event, chain_of, leaf_of

AT = datetime(2026, 11, 23, 4, 0, 0, 123456, tzinfo=UTC)
EVENT = Event(
    "approve",
    "fang_zhi",
    "R-2026-0001",
    role="section_head",
    digest="3f9a",
    from_state="department_review",
    to_state="confidentiality_check",
    reason="同意",
    data={"z": 1, "a": ["x"]},
)
BODY = (
    '{"action":"approve","actor":"fang_zhi","at":"2026-11-23T04:00:00.123456Z","data":{"a":["x"],"z":1},'
    '"digest":"3f9a","from":"department_review","reason":"同意","role":"section_head","seq":7,'
    '"subject":"R-2026-0001","to":"confidentiality_check","v":1}'
)


def test_the_body_is_this_very_json() -> None:
    assert EVENT.body(7, AT).decode() == BODY


def test_the_body_does_not_depend_on_the_order_of_data_or_the_zone_of_the_moment() -> None:
    other = Event(**{**vars(EVENT), "data": {"a": ["x"], "z": 1}})
    assert other.body(7, datetime.fromisoformat("2026-11-23T12:00:00.123456+08:00")) == BODY.encode()


def test_the_leaf_is_that_of_rfc_6962_and_the_chain_begins_with_zeros() -> None:
    # (printf '\\0'; printf '%s' "$BODY") | sha256sum, then 32 zero bytes and that leaf
    leaf = leaf_of(BODY.encode())
    assert leaf.hex() == "956441ab1ffa57eaa974db04353ec2158260b3c259e47a2ae81ebf9dc9036bef"
    assert chain_of(GENESIS, leaf).hex() == "f73e1267b4096fb6d73e10a1aa8e5ee2fe4d10703b761951d7f1cafe3008f0ff"


def test_an_empty_event_has_every_field() -> None:
    assert Event("a", "b", "c").body(1, AT).decode() == (
        '{"action":"a","actor":"b","at":"2026-11-23T04:00:00.123456Z","data":{},"digest":"","from":"","reason":"",'
        '"role":"","seq":1,"subject":"c","to":"","v":1}'
    )


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Event("a", "b", "c", data={"x": float("nan")}).body(1, AT)
    with pytest.raises(TypeError):
        Event("a", "b", "c", data={"x": b"bytes"}).body(1, AT)
