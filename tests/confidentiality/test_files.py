"""A whole file under the scan."""

from pathlib import Path

from pubflow.confidentiality.files import scan_file
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import load_rules

RULES = load_rules(Path(__file__).parents[2] / "config" / "rules" / "confidentiality.toml")


def test_of_very_many_findings_the_rest_is_counted_into_one_that_blocks() -> None:
    lines = "\n".join(f"手机138{number:08d}" for number in range(2_500))
    found = scan_file(lines.encode(), "名单.txt", RULES)
    assert len(found) == 2_001
    assert found[-1].severity is Severity.HARD
    assert found[-1].evidence == ("另有 500 处未逐一列出，请先处理以上各处再扫描",)
