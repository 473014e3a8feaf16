"""The import's rules are read whole, each with its source and dates; a mistake is named with its key."""

import datetime as dt
from pathlib import Path

import pytest

from pubflow.drafting.import_rules import load_import_rules
from pubflow.settings.models import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "rules" / "import.toml"


def test_the_shipped_rules_load_and_name_the_eight_fields_and_the_title():
    rules = load_import_rules(SHIPPED).on(dt.date(2026, 12, 1))
    assert [entry.field for entry in rules.label] == [
        "index_no", "subject_class", "publisher", "date_created", "doc_no", "validity", "scope", "method", "title",
    ]  # fmt: skip
    assert rules.number_of("first_report_year") == 2008


def test_a_rule_outside_its_dates_is_missed_with_its_name():
    rules = load_import_rules(SHIPPED).on(dt.date(2007, 1, 1))
    with pytest.raises(ConfigError, match=r"rules/import\.toml: first_report_year"):
        rules.number_of("first_report_year")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "no_override"', 'identity = "no_override"', "sentence.5.id"),
        ("pattern = '《(?P<title>", "pattern = '《(?P<title", "sentence.1.pattern"),
        ('source = "本局默认"\n', "", "source"),
        ('phrase = "审计结果"', "phrase = ", "is not TOML"),
    ],
)
def test_a_mistake_in_the_rules_is_named_with_its_place(tmp_path, old, new, message):
    broken = tmp_path / "import.toml"
    text = SHIPPED.read_text("utf-8")
    assert old in text
    broken.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_import_rules(broken)
    assert message in str(refused.value)


def test_a_missing_file_is_told_as_such(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_import_rules(tmp_path / "import.toml")
