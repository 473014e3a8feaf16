"""What a verb tells: one object for `--json`, lines and tables for people, a problem for stderr."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

from pubflow.moments import shown

PIPE_WIDTH = 240  # columns of a table that goes into a file or pipe, where nothing should be cut
_COLOURS = {"hard": "red", "soft": "yellow"}
_KEPT = {9: "\t", 10: "\n"}
# A title may hold what a terminal would obey: control characters are shown as signs, not sent.
_CONTROLS = {number: _KEPT.get(number, "�") for number in (*range(32), *range(127, 160))}


@dataclass(frozen=True)
class Table:
    """Rows under a header; every cell is plain text. marked: the column whose word colours its row, if any."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    marked: int | None = None


@dataclass(frozen=True)
class Told:
    """The outcome of a verb.

    data: what `--json` prints, None for nothing. lines: what people read. problem: one sentence for stderr.
    """

    data: Any = None
    lines: Sequence[str | Table] = field(default_factory=tuple)
    code: int = 0
    problem: str = ""


def tell(told: Told, *, as_json: bool) -> int:
    """Print an outcome; its exit code."""
    if as_json:
        if told.data is not None:
            sys.stdout.write(json.dumps(told.data, ensure_ascii=False, indent=2, default=_as_text) + "\n")
    else:
        for line in told.lines:
            if isinstance(line, Table):
                _print_table(line, sys.stdout)
            else:
                sys.stdout.write(plain(line) + "\n")
    if told.problem:
        say(json_of_problem("failed", told.problem) if as_json else told.problem)
    return told.code


def json_of_problem(code: str, message: str, reasons: Sequence[Mapping[str, str]] = (), hint: str = "") -> str:
    """A refusal or failure on one line of JSON, for stderr."""
    told = {"code": code, "message": message, "reasons": [dict(one) for one in reasons], "next": hint}
    return json.dumps(told, ensure_ascii=False)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A moving sign on a terminal's stderr while something takes its time."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def say(line: str) -> None:
    """One line to stderr, for people."""
    sys.stderr.write(plain(line) + "\n")
    sys.stderr.flush()


def plain(text: str) -> str:
    """Text without what a terminal would obey."""
    return text.translate(_CONTROLS)


def moment(value: str | datetime | None, *, seconds: bool = False) -> str:
    """An instant of the API as the office reads it, Asia/Shanghai; empty for none."""
    if value is None:
        return ""
    return shown(datetime.fromisoformat(value) if isinstance(value, str) else value, seconds=seconds)


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _print_table(table: Table, out: TextIO) -> None:
    from rich.console import Console  # late: most verbs print no table
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(file=out, width=None if out.isatty() else PIPE_WIDTH)
    rich = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in table.header:
        rich.add_column(name, overflow="fold")
    for row in table.rows:
        style = _COLOURS.get(str(row[table.marked])) if table.marked is not None else None
        cells = (Text(plain(str(cell if cell is not None else "")).replace("\n", " ")) for cell in row)
        rich.add_row(*cells, style=style)
    console.print(rich)
