"""`make bench`: run all measurements, print their tables, write bench/results/NAME.json."""

import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.audit import measure_audit
from bench.detection import measure_confidentiality, measure_frozen, measure_lengths, measure_read
from bench.fuzzing import measure_fuzzing
from bench.line import measure_line
from bench.tables import measure_tables

BENCHES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "audit": measure_audit,
    "line": measure_line,
    "confidentiality": measure_confidentiality,
    "read": measure_read,
    "frozen": measure_frozen,
    "lengths": measure_lengths,
    "fuzz": measure_fuzzing,
    "tables": measure_tables,
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the benches named on the command line, or all."""
    console = Console()
    for name in sys.argv[1:] or list(BENCHES):
        rows = BENCHES[name]()
        table = Table(*rows[0], title=name)
        for row in rows:
            table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()))
        console.print(table)
        RESULTS.mkdir(exist_ok=True)
        machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
        (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
