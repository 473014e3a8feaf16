"""Who acts: passwords, tokens, and the persons behind them (design decision 8)."""

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, NotSignedIn, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.office.standing_in import stood_in_for
from pubflow.records.store import Tx
from pubflow.records.tables import Person, Section, Token
from pubflow.settings.entry import SLUG

TOKEN_LIFE = timedelta(hours=12)
PASSWORD_LENGTH = 10
_HASHER = PasswordHash((Argon2Hasher(),))
# Verified when the name is unknown, so that the answer takes as long as for a known one.
_NOBODY = _HASHER.hash(secrets.token_hex())
ERASED = "（已删除）"
OPERATOR_ON_SITE = Actor("workspace-owner", frozenset({Role.OPERATOR}))


def actor_of(person: Person) -> Actor:
    """The person as the rules see them."""
    return Actor(person.id, frozenset(person.roles), person.section_id)


def seed_people(office: Office, now: datetime) -> None:
    """Write sections and people of the configuration into an empty register."""
    settings = office.settings
    with office.records.writing(now, what="init", who=OPERATOR_ON_SITE.id) as tx:
        if tx.session.exec(select(Section.id)).first() is not None:
            tx.record(Event("init_repeated", OPERATOR_ON_SITE.id, settings.bureau.id))
            return
        for section in settings.sections.values():
            tx.session.add(Section(id=section.id, name=section.name, head_id=section.head))
            tx.record(Event("section_added", OPERATOR_ON_SITE.id, section.id))
        tx.session.flush()
        for person in settings.people.values():
            add_person_row(
                tx,
                OPERATOR_ON_SITE,
                Person(
                    id=person.id,
                    name=person.name,
                    section_id=person.section,
                    roles=[role.value for role in person.roles],
                    deputy_id=person.deputy or None,
                ),
            )


def add_person_row(tx: Tx, by: Actor, person: Person) -> None:
    """The row and its event; of the name the event has a commitment only, so that it can be erased."""
    tx.session.add(person)
    name = tx.commit_personal("name", person.name, subject=person.id)
    data = {"roles": list(person.roles), "section": person.section_id, "name_commitment": name}
    tx.record(Event("person_added", by.id, person.id, data=data))


def _need_operator(office: Office, actor: Actor, subject: str, action: str, now: datetime) -> None:
    if Role.OPERATOR not in actor.roles:
        refused = StepRefused(subject, action, (Reason("other_role", "这一步由系统管理员办理"),))
        office.refuse(actor, subject, action, now, {"codes": ["other_role"]})
        raise refused


def add_person(
    office: Office, actor: Actor, *, id: str, name: str, section: str, roles: list[str], now: datetime
) -> Person:
    """A new person of the office, without a password yet. Raises BadInput naming the field."""
    # What cannot be a name may be anything, a password too: it does not enter the event.
    usable = re.fullmatch(SLUG, id) is not None
    subject = id if usable else "-"
    _need_operator(office, actor, subject, "people add", now)
    with refusals_recorded(office, actor, subject, "people add", now):
        unknown = [role for role in roles if role not in set(Role)]
        if unknown or not roles:
            raise BadInput(f"没有名为 {'、'.join(unknown) or '（空）'} 的角色", "roles", f"可用角色：{'、'.join(Role)}")
        if not usable:
            raise BadInput(f"“{id}”不能作为登录名", "id", "请用小写字母开头的小写字母、数字、- 和 _")
        if not name.strip():
            raise BadInput("姓名为空", "name", "请写姓名")
        return _insert_person(office, actor, Person(id=id, name=name.strip(), section_id=section, roles=roles), now)


def _insert_person(office: Office, actor: Actor, person: Person, now: datetime) -> Person:
    with office.records.writing(now, what="people add", who=actor.id, subject=person.id) as tx:
        if tx.session.get(Section, person.section_id) is None:
            known = "、".join(tx.session.exec(select(Section.id)).all())
            raise BadInput(f"没有名为 {person.section_id} 的科室", "section", f"可用科室：{known}")
        if tx.session.get(Person, person.id) is not None:
            raise BadInput(f"登录名 {person.id} 已有人使用", "id", "请换一个")
        person.roles = sorted(set(person.roles))
        add_person_row(tx, actor, person)
    return person


def deactivate(office: Office, actor: Actor, person_id: str, *, reason: str, now: datetime) -> None:
    """The person can no longer sign in or act; tokens end at once. Raises NotFound, BadInput."""
    _need_operator(office, actor, person_id, "people deactivate", now)
    with refusals_recorded(office, actor, person_id, "people deactivate", now):
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明停用的理由")
        with office.records.writing(now, what="people deactivate", who=actor.id, subject=person_id) as tx:
            person = _person(tx.session, person_id)
            person.active = False
            _end_tokens(tx.session, person_id, now)
            tx.record(Event("person_deactivated", actor.id, person_id, "operator", reason=reason))


def erase(office: Office, actor: Actor, person_id: str, *, reason: str, now: datetime) -> None:
    """Erase the name of a deactivated person, in the register and behind the commitments of the history.

    The history stays whole; nobody can show any more of whom its commitments speak. Raises NotFound, BadInput.
    """
    _need_operator(office, actor, person_id, "people erase", now)
    with refusals_recorded(office, actor, person_id, "people erase", now):
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明删除的理由，其中不要写个人信息")
        with office.records.writing(now, what="people erase", who=actor.id, subject=person_id) as tx:
            person = _person(tx.session, person_id)
            if person.active:
                raise BadInput(f"{person_id} 仍在使用", "id", "请先停用：pubflow people deactivate")
            person.name = ERASED
            data = {"commitments": tx.erase_personal(person_id)}
            tx.record(Event("person_erased", actor.id, person_id, "operator", reason=reason, data=data))


def set_password(office: Office, actor: Actor, person_id: str, password: str, *, now: datetime) -> None:
    """Set a password (Argon2id); one's own, or anybody's as operator. Other sign-ins of that person end."""
    if actor.id != person_id:
        _need_operator(office, actor, person_id, "people password", now)
    with refusals_recorded(office, actor, person_id, "people password", now):
        if len(password) < PASSWORD_LENGTH:
            raise BadInput("密码太短", "password", f"至少 {PASSWORD_LENGTH} 个字符")
        hashed = _HASHER.hash(password)
        with office.records.writing(now, what="people password", who=actor.id, subject=person_id) as tx:
            person = _person(tx.session, person_id)
            person.password_hash = hashed
            _end_tokens(tx.session, person_id, now)
            tx.record(Event("password_set", actor.id, person_id))


def sign_in(office: Office, person_id: str, password: str, *, now: datetime) -> tuple[str, datetime]:
    """A new token and when it expires. Raises NotSignedIn in the same words whatever was wrong."""
    with office.records.reading() as session:
        person = session.get(Person, person_id)
    hashed = person.password_hash if person and person.active and person.password_hash else _NOBODY
    good = _HASHER.verify(password, hashed) and hashed is not _NOBODY
    token = secrets.token_urlsafe(32)
    if not good or person is None or not _token_kept(office, person.id, token, hashed, now):
        # What was typed as a name may be a password: it is fingerprinted, never written.
        shown = person.id if person else office.vault.fingerprint(person_id)[:16]
        office.records.record(Event("refused", "nobody", shown, data={"step": "sign_in"}), now)
        raise NotSignedIn("登录名或密码不对，或已停用")
    return token, now + TOKEN_LIFE


def _token_kept(office: Office, person_id: str, token: str, hashed: str, now: datetime) -> bool:
    """False when the password was changed or the person deactivated while it was being verified."""
    with office.records.writing(now, what="sign_in", who=person_id, subject=person_id) as tx:
        person = tx.session.get_one(Person, person_id, with_for_update=True)
        if not person.active or person.password_hash != hashed:
            return False
        tx.session.add(Token(hash=_token_hash(token), person_id=person_id, created_at=now, expires_at=now + TOKEN_LIFE))
        tx.record(Event("sign_in", person_id, person_id))
        return True


def sign_out(office: Office, token: str, *, now: datetime) -> None:
    """End one sign-in. An unknown token is no error: it is ended already."""
    with office.records.writing(now, what="sign_out") as tx:
        row = tx.session.get(Token, _token_hash(token))
        if row is not None:
            row.revoked_at = row.revoked_at or now
        tx.record(Event("sign_out", row.person_id if row else "nobody", row.person_id if row else "-"))


def who(office: Office, token: str, *, now: datetime) -> Actor:
    """The person behind a token. Raises NotSignedIn."""
    with office.records.reading() as session:
        row = session.get(Token, _token_hash(token))
        person = session.get(Person, row.person_id) if row else None
        absent = stood_in_for(session, person, now) if person else ()
    if row is None or person is None or row.revoked_at is not None or not person.active:
        raise NotSignedIn("登录已失效")
    if row.expires_at <= now:
        raise NotSignedIn("登录已过期")
    return replace(actor_of(person), stands_in_for=absent)


def everybody(office: Office) -> list[Person]:
    """All persons, by id."""
    with office.records.reading() as session:
        return list(session.exec(select(Person).order_by(col(Person.id))).all())


def _person(session: Session, person_id: str) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(f"人员 {person_id}", "请用 `pubflow people list` 查看登录名")
    return person


def _end_tokens(session: Session, person_id: str, now: datetime) -> None:
    for token in session.exec(select(Token).where(Token.person_id == person_id, col(Token.revoked_at).is_(None))):
        token.revoked_at = now


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
