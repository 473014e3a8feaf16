"""The list of cases that others fail (docs/architecture.md) names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_case_names_tests_that_exist() -> None:
    listed = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Cases that others fail")[2]
    rows = [line for line in listed.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
