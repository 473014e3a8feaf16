"""The tokens of `pubflow login`: a file of the owner only, one token for each office address."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from pubflow.errors import WorkspaceError


def token_file() -> Path:
    """XDG_CONFIG_HOME/pubflow/tokens.json."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "pubflow" / "tokens.json"


def token_for(url: str) -> str | None:
    """PUBFLOW_TOKEN, else the token kept for this address, else None. Raises WorkspaceError for a file others read."""
    given = os.environ.get("PUBFLOW_TOKEN")
    return given or _read().get(url, {}).get("token")


def keep_token(url: str, entry: dict[str, str] | None) -> None:
    """Keep a sign-in for this address; None forgets it. Raises WorkspaceError when it cannot be written."""
    known = _read()
    if entry is None:
        known.pop(url, None)
    else:
        known[url] = entry
    file = token_file()
    passing = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(known, out, indent=2)
        passing.replace(file)
    except OSError as error:
        passing.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{file} cannot be written: {error.strerror}.", "Free space, or set XDG_CONFIG_HOME to another folder."
        ) from None


def _read() -> dict[str, dict[str, Any]]:
    file = token_file()
    try:
        if file.stat().st_mode & 0o077:
            raise WorkspaceError(f"{file} can be read by others.", f"Run: chmod 600 {file}")
        known = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{file} cannot be read: {error}.", "Remove it, then run `pubflow login`.") from None
    if not isinstance(known, dict) or not all(isinstance(entry, dict) for entry in known.values()):
        raise WorkspaceError(f"{file} is not what `pubflow login` writes.", "Remove it, then run `pubflow login`.")
    return known
