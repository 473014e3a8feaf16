"""Where Prefect is, for the processes that speak to it: the environment of `pubflow up`, else the workspace."""

import os
from pathlib import Path

from pubflow.errors import WorkspaceError
from pubflow.prefect_client import Prefect
from pubflow.service.prefect_guard import auth_string, prefect_home


def known_address(home: Path) -> str | None:
    """The address of Prefect's API, None while no office runs on this workspace."""
    from pubflow.service.supervisor import read_addresses

    try:
        addresses = read_addresses(home)
    except (OSError, ValueError, TypeError):
        addresses = None
    return os.environ.get("PREFECT_API_URL") or (addresses.prefect_api if addresses else None)


def connect(home: Path) -> Prefect:
    """A connection with this workspace's password. Raises WorkspaceError when nobody knows where Prefect is."""
    address = known_address(home)
    if address is None:
        raise WorkspaceError("Nobody knows where Prefect runs.", "Start the office with `pubflow up`.")
    auth = os.environ.get("PREFECT_API_AUTH_STRING")
    if auth is None and (prefect_home(home) / "auth").exists():
        auth = auth_string(home)
    return Prefect(address, auth)
