"""Protect one table with pytauargus (the engine of tau-ARGUS, HiGHS as solver), in its own environment.

Reads JSON on standard input: columns (name: codes or values of each respondent), tables (names of their axes),
hierarchies (axis: {group: leaves}), rules and suppress (both as in a tau-ARGUS batch). Writes JSON on standard output:
hidden (keys of hidden cells), levels (key, lower and upper of each cell its own rules ask for), seconds.
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
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),  # its solvers leave their logs where they run
        contextlib.redirect_stdout(sys.stderr),
    ):
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
    hidden, levels = [], []
    for axes, table in zip(asked["tables"], made.tables, strict=True):
        for row in table.rows:
            key = [row[axis] for axis in axes]
            if row["status"] in "UM":
                hidden.append(key)
            if row["status"] == "U":
                levels.append([key, row["lower"], row["upper"]])
    json.dump({"hidden": hidden, "levels": levels, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
