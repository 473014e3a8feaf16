"""Protect one table with pytauargus (the engine of tau-ARGUS, HiGHS as solver), in its own environment.

Reads JSON on standard input: columns (name: codes or values of each respondent), tables (names of their axes),
hierarchies (axis: {group: leaves}), rules and suppress (both as in a tau-ARGUS batch). Writes JSON on standard output:
hidden (for each table the keys of its hidden cells), primary (as many of them as its own rules asked for), seconds.
"""

import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

from pytauargus import protect


def main() -> None:
    """Protect what stands on standard input."""
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        trees = {}
        for axis, groups in asked["hierarchies"].items():
            trees[axis] = str(Path(folder) / f"{axis}.hrc")
            lines = [line for group, leaves in groups.items() for line in (group, *(f"@{leaf}" for leaf in leaves))]
            Path(trees[axis]).write_text("\n".join(lines) + "\n")
        began = time.process_time()
        made = protect(
            asked["columns"],
            asked["tables"],
            response="value",
            safety_rules=asked["rules"],
            suppress=asked["suppress"],
            holding_var="holding",
            hrc=trees or None,
            totcode="T",
            workdir=folder,
        )
        seconds = time.process_time() - began
    hidden, primary = [], []
    for axes, table in zip(asked["tables"], made.tables, strict=True):
        for into, states in ((hidden, "UM"), (primary, "U")):
            into.append([[row[axis] for axis in axes] for row in table.rows if row["status"] in states])
    json.dump({"hidden": hidden, "primary": primary, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
