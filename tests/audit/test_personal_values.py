"""Personal data never enters an event: a commitment does, and the value behind it can be erased."""

import hashlib
import hmac
import json

import pytest
from builders import NOON, Given
from sqlmodel import select
from watching import data_of, events, rows

from pubflow.audit.events import Event
from pubflow.audit.verify import verify
from pubflow.errors import BadInput, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.checkpoints import checkpoint, stored_checkpoints
from pubflow.office.office import Office
from pubflow.office.people import ERASED, add_person, deactivate, erase, everybody
from pubflow.records import history
from pubflow.records.engine import UnrecordedWrite
from pubflow.records.store import Records
from pubflow.records.tables import PersonalValue
from pubflow.vault import SealBroken

OPERATOR = Actor("gong_lei", frozenset({Role.OPERATOR}), "bangongshi")
NAME = "谌雨薇"


def added(office: Office) -> str:
    """A person with a name found nowhere else; the commitment in the event."""
    add_person(office, OPERATOR, id="chen_yu", name=NAME, section="zonghe", roles=["drafter"], now=NOON)
    return str(data_of(events(office)[-1])["name_commitment"])


def gone(office: Office) -> None:
    deactivate(office, OPERATOR, "chen_yu", reason="调离", now=NOON)
    erase(office, OPERATOR, "chen_yu", reason="本人申请", now=NOON)


def values(office: Office) -> list[PersonalValue]:
    with office.records.reading() as session:
        return list(session.exec(select(PersonalValue).where(PersonalValue.subject == "chen_yu")).all())


def test_the_event_of_a_new_person_has_a_commitment_and_never_the_name(office: Office) -> None:
    commitment = added(office)
    assert len(bytes.fromhex(commitment)) == 32
    assert not [event.seq for event in events(office) if NAME in event.body.decode() or "谌" in event.body.decode()]
    (kept,) = values(office)
    assert (kept.commitment, kept.kind) == (commitment, "name")
    assert NAME.encode() not in kept.sealed


def test_the_commitment_is_the_hmac_of_the_name_with_the_salt_that_is_sealed_beside_it(office: Office) -> None:
    commitment = added(office)
    (kept,) = values(office)
    opened = office.vault.open(kept.wrapped_key, kept.sealed, commitment)
    salt, value = opened[:32], opened[32:]
    assert value.decode() == NAME
    assert hmac.new(salt, value, hashlib.sha256).hexdigest() == commitment
    with office.records.writing(NOON) as tx:
        assert tx.personal(commitment) == NAME
        tx.record(Event("looked", "a", "chen_yu"))


def test_the_same_name_twice_gives_commitments_that_nobody_can_link(office: Office) -> None:
    with office.records.writing(NOON) as tx:
        commitments = [tx.commit_personal("name", NAME, subject=str(number)) for number in range(2)]
        tx.record(Event("x", "a", "s", data={"commitments": commitments}))
    assert len(set(commitments)) == 2
    plain = {hashlib.sha256(NAME.encode()).hexdigest(), hmac.new(b"", NAME.encode(), hashlib.sha256).hexdigest()}
    assert plain.isdisjoint(commitments)


def test_after_erasure_the_history_and_its_checkpoints_hold_and_the_name_is_nowhere_in_the_register(
    given: Given,
) -> None:
    office = given.office
    commitment = added(office)
    checkpoint(office, NOON)
    gone(office)
    assert values(office) == []
    assert NAME not in repr(rows(office))
    assert next(person.name for person in everybody(office) if person.id == "chen_yu") == ERASED
    with office.records.engine.connect() as connection:
        verdict = verify(history.events(connection), stored_checkpoints(office))
    assert verdict.good
    last = events(office)[-1]
    assert (last.action, last.actor, last.subject, last.reason) == (
        "person_erased", "gong_lei", "chen_yu", "本人申请",
    )  # fmt: skip
    assert data_of(last) == {"commitments": [commitment]}
    with office.records.writing(NOON) as tx:
        assert tx.personal(commitment) is None
        tx.record(Event("looked", "a", "chen_yu"))
    # no page of the file, free ones included, still has the sealed bytes
    office.close()
    for file in office.home.path.glob("register.db*"):
        assert NAME.encode() not in file.read_bytes()


def test_erasing_needs_an_operator_a_reason_and_a_person_who_is_no_longer_active(office: Office) -> None:
    added(office)
    with pytest.raises(StepRefused, match="系统管理员"):
        erase(office, Actor("lin_xiao", frozenset({Role.DRAFTER})), "chen_yu", reason="r", now=NOON)
    with pytest.raises(BadInput, match="理由"):
        erase(office, OPERATOR, "chen_yu", reason=" ", now=NOON)
    with pytest.raises(BadInput, match="请先停用"):
        erase(office, OPERATOR, "chen_yu", reason="r", now=NOON)
    assert [event.action for event in events(office)[-3:]] == ["refused"] * 3
    assert len(values(office)) == 1


def test_a_value_exchanged_behind_our_back_is_not_shown_as_the_one_committed_to(office: Office) -> None:
    commitment = added(office)
    (kept,) = values(office)
    with office.records.writing(NOON) as tx:
        row = tx.session.get_one(PersonalValue, commitment)
        row.sealed = office.vault.seal(kept.wrapped_key, bytes(32) + "别人".encode(), commitment)
        tx.record(Event("tampered", "a", "s"))
    with office.records.writing(NOON) as tx:
        with pytest.raises(SealBroken):
            tx.personal(commitment)
        tx.record(Event("looked", "a", "s"))


def test_a_personal_value_without_an_event_is_refused_by_the_register(office: Office) -> None:
    with pytest.raises(UnrecordedWrite, match="personal_value"), office.records.writing(NOON) as tx:
        tx.commit_personal("name", NAME, subject="x")
    assert "x" not in [one.subject for one in values(office)]


def test_a_register_opened_without_a_vault_takes_no_personal_value(records: Records) -> None:
    with pytest.raises(RuntimeError, match="without a vault"), records.writing(NOON) as tx:
        tx.commit_personal("name", NAME, subject="x")


def test_no_event_of_init_holds_a_name_of_the_shipped_people(office: Office) -> None:
    names = {person.name for person in everybody(office)}
    assert names
    for event in events(office):
        assert not [name for name in names if name in json.dumps(json.loads(event.body), ensure_ascii=False)]
