"""Signing in and out, and the people of the office."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, SecretStr

from pubflow.desk.asking import Bearer, SignedIn, TheOffice
from pubflow.moments import parse_instant, utc_now
from pubflow.office import people
from pubflow.office.roles import change_roles
from pubflow.office.standing_in import debts, exempt, set_absence
from pubflow.publication.voiding import ask_void, confirm_void
from pubflow.records.tables import Exemption, Person

router = APIRouter()


class SignIn(BaseModel):
    """Name and password."""

    person: str
    password: SecretStr


class SignedInOut(BaseModel):
    """The token, shown once."""

    token: str
    person: str
    expires_at: datetime


class PersonOut(BaseModel):
    """A person without secrets."""

    id: str
    name: str
    section: str
    roles: list[str]
    active: bool
    may_sign_in: bool
    deputy: str | None
    absent_until: datetime | None


class Absence(BaseModel):
    """Until when somebody is away; None means back."""

    until: str | None = None
    reason: str = ""


class ExemptionIn(BaseModel):
    """Two stages in which one person may decide, until when, and why."""

    stages: list[str]
    until: str
    reason: str


class ExemptionOut(BaseModel):
    """An exemption in force: a debt that is shown until it ends."""

    person: str
    stages: list[str]
    until: datetime
    reason: str
    by: str


class NewPerson(BaseModel):
    """A person to add."""

    id: str
    name: str
    section: str
    roles: list[str]


class NewPassword(BaseModel):
    """A password to set."""

    password: SecretStr


class VoidAsked(BaseModel):
    """Asked for: the chief confirms until then."""

    person: str
    confirm_until: datetime


class RolesIn(BaseModel):
    """Roles to give and to take."""

    give: list[str] = []
    take: list[str] = []
    reason: str = ""


class Why(BaseModel):
    """A reason."""

    reason: str = ""


@router.post("/session")
def sign_in(given: SignIn, office: TheOffice) -> SignedInOut:
    """Sign in; the token goes into `Authorization: Bearer` of all other requests."""
    token, expires_at = people.sign_in(office, given.person, given.password.get_secret_value(), now=utc_now())
    return SignedInOut(token=token, person=given.person, expires_at=expires_at)


@router.delete("/session", status_code=204)
def sign_out(token: Bearer, office: TheOffice) -> None:
    """End this sign-in."""
    people.sign_out(office, token, now=utc_now())


@router.get("/people")
def listed(office: TheOffice, actor: SignedIn) -> list[PersonOut]:
    """Everybody."""
    return [_out(person) for person in people.everybody(office)]


@router.post("/people", status_code=201)
def add(given: NewPerson, office: TheOffice, actor: SignedIn) -> PersonOut:
    """Add a person (operator)."""
    return _out(people.add_person(office, actor, **given.model_dump(), now=utc_now()))


@router.post("/people/{person_id}/deactivate", status_code=204)
def deactivate(person_id: str, why: Why, office: TheOffice, actor: SignedIn) -> None:
    """Deactivate a person (operator)."""
    people.deactivate(office, actor, person_id, reason=why.reason, now=utc_now())


@router.post("/people/{person_id}/void", status_code=201)
def void(person_id: str, why: Why, office: TheOffice, actor: SignedIn) -> VoidAsked:
    """Ask that the decisions of a deactivated person be void (operator); the chief confirms."""
    asked = ask_void(office, actor, person_id, reason=why.reason, now=utc_now())
    return VoidAsked(person=person_id, confirm_until=asked.confirm_until)


@router.post("/people/{person_id}/void/confirm")
def confirm_voiding(person_id: str, why: Why, office: TheOffice, actor: SignedIn) -> list[str]:
    """Confirm it (chief); the reports that lost a decision."""
    return confirm_void(office, actor, person_id, reason=why.reason, now=utc_now())


@router.post("/people/{person_id}/roles")
def roles(person_id: str, given: RolesIn, office: TheOffice, actor: SignedIn) -> PersonOut:
    """Give and take roles (operator)."""
    return _out(change_roles(office, actor, person_id, **given.model_dump(), now=utc_now()))


@router.post("/people/{person_id}/erase", status_code=204)
def erase(person_id: str, why: Why, office: TheOffice, actor: SignedIn) -> None:
    """Erase a deactivated person's name (operator)."""
    people.erase(office, actor, person_id, reason=why.reason, now=utc_now())


@router.post("/people/{person_id}/password", status_code=204)
def password(person_id: str, given: NewPassword, office: TheOffice, actor: SignedIn) -> None:
    """Set a password: one's own, or anybody's as operator."""
    people.set_password(office, actor, person_id, given.password.get_secret_value(), now=utc_now())


@router.post("/people/{person_id}/absence")
def absence(person_id: str, given: Absence, office: TheOffice, actor: SignedIn) -> PersonOut:
    """Note an absence (one's own, or anybody's as operator); the deputy acts meanwhile."""
    until = parse_instant(given.until) if given.until else None
    return _out(set_absence(office, actor, person_id, until=until, reason=given.reason, now=utc_now()))


@router.post("/people/{person_id}/exemptions", status_code=201)
def exemption(person_id: str, given: ExemptionIn, office: TheOffice, actor: SignedIn) -> ExemptionOut:
    """Let a person decide in two stages (chief)."""
    until = parse_instant(given.until)
    made = exempt(office, actor, person_id, given.stages, until=until, reason=given.reason, now=utc_now())
    return _exemption(made)


@router.get("/exemptions")
def exemptions(office: TheOffice, actor: SignedIn) -> list[ExemptionOut]:
    """Exemptions in force."""
    return [_exemption(one) for one in debts(office, utc_now())]


def _exemption(one: Exemption) -> ExemptionOut:
    stages = [one.stage, one.other_stage]
    return ExemptionOut(person=one.person_id, stages=stages, until=one.valid_to, reason=one.reason, by=one.by)


def _out(person: Person) -> PersonOut:
    return PersonOut(
        id=person.id,
        name=person.name,
        section=person.section_id,
        roles=person.roles,
        active=person.active,
        may_sign_in=person.active and person.password_hash is not None,
        deputy=person.deputy_id,
        absent_until=person.absent_until,
    )
