"""Who acts: passwords, tokens, deactivation; each of it an audit event, none of it with a secret."""

import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON
from sqlmodel import select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, NotSignedIn, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office import people
from pubflow.office.office import Office
from pubflow.office.people import add_person, deactivate, everybody, seed_people, set_password, sign_in, sign_out, who
from pubflow.office.reading import history
from pubflow.records.tables import AuditEvent, Person, Token
from pubflow.wiring import create_workspace, open_workspace

OPERATOR = Actor("gong_lei", frozenset({Role.OPERATOR}), "bangongshi")
LIN = Actor("lin_xiao", frozenset({Role.DRAFTER}), "zonghe")
PASSWORD = "correct horse battery"
SAME_WORDS = "登录名或密码不对，或已停用。请用 `pubflow login` 登录"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of `pubflow init`, in which lin_xiao has a password; made once, since Argon2id takes its time."""
    path = tmp_path_factory.mktemp("template") / "office"
    office = create_workspace(path, NOON)
    set_password(office, OPERATOR, "lin_xiao", PASSWORD, now=NOON)
    office.close()
    return path


@pytest.fixture
def office(template: Path, tmp_path: Path) -> Iterator[Office]:
    """A copy of it."""
    shutil.copytree(template, tmp_path / "office")
    office = open_workspace(tmp_path / "office")
    yield office
    office.close()


def last(office: Office) -> AuditEvent:
    """The newest event."""
    return history(office, limit=1000)[-1]


def person(office: Office, person_id: str) -> Person:
    """The row as it is now."""
    with office.records.reading() as session:
        return session.get_one(Person, person_id)


def tokens(office: Office) -> list[Token]:
    """All token rows."""
    with office.records.reading() as session:
        return list(session.exec(select(Token)).all())


def in_the_workspace(office: Office, secret: str) -> list[str]:
    """Files of the workspace in which a secret can be read."""
    files = [file for file in office.home.path.rglob("*") if file.is_file()]
    return [file.name for file in files if secret.encode() in file.read_bytes()]


# Passwords


def test_a_password_is_kept_as_argon2id_and_in_no_other_way(office: Office) -> None:
    kept = person(office, "lin_xiao").password_hash or ""
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert in_the_workspace(office, PASSWORD) == []
    set_password(office, OPERATOR, "tang_yue", PASSWORD, now=NOON)
    assert person(office, "tang_yue").password_hash != kept  # salted


def test_setting_a_password_is_an_event_without_the_password(office: Office) -> None:
    event = last(office)
    assert (event.action, event.actor, event.subject) == ("password_set", "gong_lei", "lin_xiao")


def test_a_person_sets_their_own_password_and_nobody_elses(office: Office) -> None:
    set_password(office, LIN, "lin_xiao", "another long one", now=NOON)
    assert sign_in(office, "lin_xiao", "another long one", now=NOON)
    with pytest.raises(StepRefused, match="系统管理员"):
        set_password(office, LIN, "tang_yue", "another long one", now=NOON)
    assert person(office, "tang_yue").password_hash is None
    assert (last(office).action, last(office).actor, last(office).subject) == ("refused", "lin_xiao", "tang_yue")


def test_a_short_password_and_an_unknown_person_are_refused_and_recorded(office: Office) -> None:
    with pytest.raises(BadInput, match="至少 10 个字符"):
        set_password(office, OPERATOR, "lin_xiao", "123456789", now=NOON)
    assert (last(office).action, last(office).subject) == ("refused", "lin_xiao")
    with pytest.raises(NotFound, match="pubflow people list"):
        set_password(office, OPERATOR, "nobody", PASSWORD, now=NOON)
    assert (last(office).action, last(office).subject) == ("refused", "nobody")
    assert sign_in(office, "lin_xiao", PASSWORD, now=NOON)


def test_a_new_password_ends_all_sign_ins_of_that_person_and_of_no_other(office: Office) -> None:
    set_password(office, OPERATOR, "tang_yue", PASSWORD, now=NOON)
    mine, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    theirs, _ = sign_in(office, "tang_yue", PASSWORD, now=NOON)
    set_password(office, LIN, "lin_xiao", "another long one", now=NOON)
    with pytest.raises(NotSignedIn):
        who(office, mine, now=NOON)
    with pytest.raises(NotSignedIn):
        sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    assert who(office, theirs, now=NOON).id == "tang_yue"


def test_a_password_changed_while_the_old_one_is_verified_leaves_no_token(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = people._HASHER.verify

    def slowly(password: str, hashed: str) -> bool:
        good = verify(password, hashed)
        set_password(office, OPERATOR, "lin_xiao", "another long one", now=NOON)
        return good

    monkeypatch.setattr(people._HASHER, "verify", slowly)
    with pytest.raises(NotSignedIn):
        sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    assert tokens(office) == []


# Tokens


def test_a_token_is_long_and_random_and_only_its_hash_is_kept(office: Office) -> None:
    token, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    another, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    assert token != another
    assert len(token) == 43  # 32 bytes in base 64
    assert hashlib.sha256(token.encode()).hexdigest() in {row.hash for row in tokens(office)}
    assert in_the_workspace(office, token) == []


def test_a_token_names_its_person_until_it_expires(office: Office) -> None:
    token, expires = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    assert expires == NOON + timedelta(hours=12)
    assert who(office, token, now=expires - timedelta(microseconds=1)) == LIN
    with pytest.raises(NotSignedIn, match="已过期"):
        who(office, token, now=expires)


@pytest.mark.parametrize("token", ["", "x", "K" * 43])
def test_an_unknown_token_names_nobody(office: Office, token: str) -> None:
    with pytest.raises(NotSignedIn, match="pubflow login"):
        who(office, token, now=NOON)


def test_the_stored_hash_is_no_token(office: Office) -> None:
    sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    with pytest.raises(NotSignedIn):
        who(office, tokens(office)[0].hash, now=NOON)


def test_signing_out_ends_this_sign_in_only_and_twice_is_no_error(office: Office) -> None:
    one, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    other, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    sign_out(office, one, now=NOON)
    sign_out(office, one, now=NOON)
    with pytest.raises(NotSignedIn):
        who(office, one, now=NOON)
    assert who(office, other, now=NOON) == LIN
    assert (last(office).action, last(office).subject) == ("sign_out", "lin_xiao")
    sign_out(office, "unknown", now=NOON)
    assert (last(office).actor, last(office).subject) == ("nobody", "-")


# Signing in


def test_a_wrong_password_an_unknown_name_and_a_closed_account_read_the_same(office: Office) -> None:
    set_password(office, OPERATOR, "tang_yue", PASSWORD, now=NOON)
    deactivate(office, OPERATOR, "tang_yue", reason="调离", now=NOON)
    for name, password in [
        ("lin_xiao", "wrong password"),
        ("nobody_here", PASSWORD),
        ("tang_yue", PASSWORD),
        ("peng_cheng", ""),  # has no password yet
        ("", ""),
    ]:
        with pytest.raises(NotSignedIn) as refused:
            sign_in(office, name, password, now=NOON)
        assert str(refused.value) == SAME_WORDS
        assert (last(office).action, last(office).actor) == ("refused", "nobody")
    assert tokens(office) == []


def test_an_unknown_name_costs_a_verification_like_a_known_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []
    verify = people._HASHER.verify
    monkeypatch.setattr(people._HASHER, "verify", lambda *given: verified.append(given) or verify(*given))
    for name in ("lin_xiao", "nobody_here", "peng_cheng"):
        with pytest.raises(NotSignedIn):
            sign_in(office, name, "wrong password", now=NOON)
    assert len(verified) == 3
    assert all(str(hashed).startswith("$argon2id$") for _, hashed in verified)


def test_a_password_typed_as_a_name_enters_no_file(office: Office) -> None:
    with pytest.raises(NotSignedIn):
        sign_in(office, "my secret password", "", now=NOON)
    assert last(office).action == "refused"
    assert last(office).subject == office.vault.fingerprint("my secret password")[:16]
    assert in_the_workspace(office, "my secret password") == []


def test_sign_ins_are_events_of_the_person(office: Office) -> None:
    sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    assert (last(office).action, last(office).actor, last(office).subject) == ("sign_in", "lin_xiao", "lin_xiao")
    with pytest.raises(NotSignedIn):
        sign_in(office, "lin_xiao", "wrong password", now=NOON)
    assert (last(office).action, last(office).subject) == ("refused", "lin_xiao")


# Deactivation


def test_a_deactivated_person_is_out_at_once_and_for_good(office: Office) -> None:
    token, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    deactivate(office, OPERATOR, "lin_xiao", reason="调离", now=NOON)
    assert (last(office).action, last(office).reason) == ("person_deactivated", "调离")
    with pytest.raises(NotSignedIn):
        who(office, token, now=NOON)
    with pytest.raises(NotSignedIn):
        sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    assert not person(office, "lin_xiao").active


def test_a_token_of_a_person_closed_by_hand_is_worth_nothing(office: Office) -> None:
    token, _ = sign_in(office, "lin_xiao", PASSWORD, now=NOON)
    with office.records.writing(NOON) as tx:  # the token itself stays unrevoked
        tx.session.get_one(Person, "lin_xiao").active = False
        tx.record(Event("person_deactivated", "a", "lin_xiao"))
    with pytest.raises(NotSignedIn):
        who(office, token, now=NOON)


def test_deactivating_needs_an_operator_a_reason_and_somebody(office: Office) -> None:
    for actor, person_id, reason, error in [
        (LIN, "tang_yue", "调离", StepRefused),
        (OPERATOR, "tang_yue", "  ", BadInput),
        (OPERATOR, "nobody", "调离", NotFound),
    ]:
        before = last(office).seq
        with pytest.raises(error):
            deactivate(office, actor, person_id, reason=reason, now=NOON)
        assert (last(office).action, last(office).seq) == ("refused", before + 1)
    assert person(office, "tang_yue").active


# New people

NEW = {"id": "he_ping", "name": " 何平 ", "section": "gongye", "roles": ["section_head", "drafter", "drafter"]}


def test_an_operator_adds_a_person_whose_name_stays_out_of_the_event(office: Office) -> None:
    add_person(office, OPERATOR, **NEW, now=NOON)
    added = person(office, "he_ping")
    assert (added.name, added.roles, added.active) == ("何平", ["drafter", "section_head"], True)
    assert added.password_hash is None
    assert (last(office).action, last(office).actor, last(office).subject) == ("person_added", "gong_lei", "he_ping")
    assert "何平".encode() not in last(office).body


def test_nobody_but_an_operator_adds_people(office: Office) -> None:
    for role in set(Role) - {Role.OPERATOR}:
        with pytest.raises(StepRefused, match="系统管理员"):
            add_person(office, Actor("somebody", frozenset({role})), **NEW, now=NOON)
        assert last(office).action == "refused"
    assert "he_ping" not in {found.id for found in everybody(office)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"roles": ["director"]}, "没有名为 director 的角色。可用角色：drafter、section_head"),
        ({"roles": []}, "没有名为 （空） 的角色"),
        ({"id": ""}, "不能作为登录名"),
        ({"id": "He_Ping"}, "不能作为登录名"),
        ({"id": "R-2026-0001"}, "不能作为登录名"),
        ({"id": "何平"}, "不能作为登录名"),
        ({"id": "he ping"}, "不能作为登录名"),
        ({"id": "he_ping\n"}, "不能作为登录名"),
        ({"name": " "}, "姓名为空"),
        ({"section": "mars"}, "没有名为 mars 的科室。可用科室："),
        ({"id": "lin_xiao"}, "登录名 lin_xiao 已有人使用"),
    ],
)
def test_a_mistake_in_a_new_person_is_named_recorded_and_adds_nobody(
    office: Office, change: dict[str, object], message: str
) -> None:
    before = everybody(office)
    with pytest.raises(BadInput) as refused:
        add_person(office, OPERATOR, **{**NEW, **change}, now=NOON)
    assert message in str(refused.value)
    assert everybody(office) == before
    assert last(office).action == "refused"
    unusable = "id" in change and change["id"] != "lin_xiao"
    assert last(office).subject == ("-" if unusable else change.get("id", "he_ping"))


def test_seeding_twice_adds_nobody(office: Office) -> None:
    before = everybody(office)
    seed_people(office, NOON)
    assert everybody(office) == before
    assert last(office).action == "init_repeated"
