"""Who asks, and what of: the dependencies of every route."""

from typing import Annotated

from fastapi import Depends, Header, Request

from pubflow.errors import NotSignedIn
from pubflow.lifecycle.facts import Actor
from pubflow.moments import utc_now
from pubflow.office.office import Office
from pubflow.office.people import who


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


TheOffice = Annotated[Office, Depends(_office)]


def bearer(authorization: Annotated[str, Header()] = "") -> str:
    """The token of `Authorization: Bearer TOKEN`. Raises NotSignedIn."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    return token


Bearer = Annotated[str, Depends(bearer)]


def _signed_in(token: Bearer, office: TheOffice) -> Actor:
    return who(office, token, now=utc_now())


SignedIn = Annotated[Actor, Depends(_signed_in)]
