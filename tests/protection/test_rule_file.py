"""The shipped rules can be read; a mistake is named with file, entry and remedy."""

import datetime as dt
from pathlib import Path

import pytest

from pubflow.errors import BadInput
from pubflow.protection.rule_file import load_rules
from pubflow.protection.sensitivity import Dominance, Threshold

SHIPPED = Path("config/rules/protection.toml")
DAY = dt.date(2026, 1, 5)


def test_the_shipped_rules() -> None:
    assert load_rules(SHIPPED, DAY) == (Threshold(3, 20.0), Dominance(1, 85.0))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("minimum = 3", "minimum = 1", "minimum"),
        ('kind = "threshold"', 'kind = "treshold"', "unknown kind"),
        ("k = 85.0", "k = 850.0", "k"),
        ("n = 1\n", "n = 1\nm = 2\n", "m"),
        ("valid_from = 2010-01-01", "valid_from = 2030-01-01", "no rule holds"),
        ("[[rule]]", "[[rules]]", "not a list"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, match: str) -> None:
    path = tmp_path / "protection.toml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=match) as refused:
        load_rules(path, DAY)
    assert refused.value.remedy
