"""The data files of this room as types: one mistake is named with file, entry, key and remedy."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pubflow.errors import BadInput
from pubflow.settings.entries import validated
from pubflow.settings.entry import Entry
from pubflow.settings.models import Problem

E = TypeVar("E", bound=Entry)


def parsed(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises BadInput (English, for the administrator) when it cannot be read as one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", str(path), "Restore it from the shipped config/") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"is not UTF-8 at byte {error.start}", str(path), "Save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"is not TOML ({error})", str(path), "Mend the line named") from None


def read_toml(path: Path, keys: Sequence[str]) -> dict[str, Any]:
    """The tables of a file that has exactly these top-level keys. Raises BadInput as `parsed` does."""
    raw = parsed(path)
    for key in raw:
        if key not in keys:
            raise BadInput("unknown key", f"{path} {key}", f"Known: {', '.join(keys)}")
    for key in keys:
        if key not in raw:
            raise BadInput("is missing", f"{path} {key}", "Add it; see the shipped file")
    return raw


def entries(path: Path, table: str, rows: Any, model: type[E]) -> tuple[E, ...]:
    """The entries of `[[table]]`, each id once. Raises BadInput naming the first mistaken one."""
    if not isinstance(rows, list):
        raise BadInput("is not a list of entries", f"{path} {table}", f"Write [[{table}]] for each entry")
    made: dict[str, E] = {}
    for number, row in enumerate(rows, 1):
        name = row.get("id", f"number {number}") if isinstance(row, dict) else f"number {number}"
        made_one = entry(path, f"[{name}]", row, model)
        if name in made:
            raise BadInput(f"the id {name} is used twice", f"{path} [{name}].id", "Give each entry an id of its own")
        made[name] = made_one
    return tuple(made.values())


def entry(path: Path, key: str, row: Any, model: type[E]) -> E:
    """One entry. Raises BadInput with its first mistake."""
    problems: list[Problem] = []
    made = validated(model, row, str(path), key, problems)
    if made is None:
        first = problems[0]
        raise BadInput(first.what, f"{path} {first.key}", first.remedy)
    return made
