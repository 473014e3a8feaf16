"""kill -9 in the middle of a writing transaction."""

import json
import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_a_writer_killed_at_any_instant_leaves_the_register_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed_writer.py")), str(tmp_path), "12"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT / 'tests'}"},
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == 12
    for number, found in enumerate(rounds, 1):
        assert (found["sound"], found["chain"]) == ("ok", True), found
        assert found["rows"] == 20 * found["events"], "a transaction was written in part"
        assert found["number"] == found["events"], "a number was lost or given twice"
        # What was told as committed is there; a killed commit may be there too, one a round.
        assert found["told"] <= found["events"] <= found["told"] + number, found
