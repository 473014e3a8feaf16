"""An imported lexicon is looked for in every scan while it holds; a mistake in it changes nothing."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import Given

from pubflow.confidentiality.bases import rules_digest, scan_text
from pubflow.confidentiality.lexicons import (
    FILE,
    FOLDER,
    ListedLexicon,
    ending,
    import_lexicon,
    lexicon_on,
    load_lexicons,
)
from pubflow.errors import BadInput
from pubflow.service.stuck import of_the_check
from pubflow.settings import shipped_config

DAY = date(2026, 11, 23)


def listed(**changes: Any) -> ListedLexicon:
    fields: dict[str, Any] = {
        "id": "projects", "name": "项目名称", "version": "1", "owner": "bangongshi", "source": "保密办清单",
        "terms": "projects.txt", "valid_from": date(2026, 1, 1), "expires": date(2026, 12, 31),
    }  # fmt: skip
    return ListedLexicon.model_validate(fields | changes)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_config(), tmp_path / "config"))


def terms_file(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "terms.txt"
    file.write_bytes(content.encode())
    return file


def test_a_lexicon_counts_on_both_days_of_its_period_and_a_new_version_replaces_the_old(
    config: Path, tmp_path: Path
) -> None:
    assert lexicon_on(config, DAY) is None
    assert (
        import_lexicon(config, terms_file(tmp_path, "\ufeff# 2016年\n白桦计划\n\n青松工程\n白桦计划\n"), listed()) == 2
    )
    for day, counts in ((date(2025, 12, 31), 0), (date(2026, 1, 1), 2), (date(2026, 12, 31), 2), (date(2027, 1, 1), 0)):
        lexicon = lexicon_on(config, day)
        assert len(lexicon.terms if lexicon else ()) == counts, day
    import_lexicon(config, terms_file(tmp_path, "红松专项\n"), listed(version="2"))
    lexicon = lexicon_on(config, DAY)
    assert lexicon is not None
    assert lexicon.terms == ("红松专项",)
    assert [one.version for one in load_lexicons(config)] == ["2"]
    assert [one.id for one in ending(load_lexicons(config), date(2026, 12, 1))] == ["projects"]
    assert ending(load_lexicons(config), DAY) == []


def test_terms_are_kept_to_the_account_that_runs_the_office(config: Path, tmp_path: Path) -> None:
    import_lexicon(config, terms_file(tmp_path, "白桦计划\n"), listed())
    assert (config / FOLDER / "projects.txt").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("白桦计划\n桦\n", r"line 2.*fewer than 2 characters"),
        ("", "holds 0 terms"),
        ("# 只有说明\n", "holds 0 terms"),
    ],
)
def test_a_mistaken_list_is_refused_with_its_line_and_nothing_is_written(
    config: Path, tmp_path: Path, content: str, said: str
) -> None:
    before = (config / FILE).read_bytes()
    with pytest.raises(BadInput, match=said):
        import_lexicon(config, terms_file(tmp_path, content), listed())
    assert (config / FILE).read_bytes() == before
    assert not (config / FOLDER / "projects.txt").exists()


def test_a_list_that_is_not_utf8_or_lost_its_terms_is_named(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_bytes("白桦计划".encode("gb18030"))
    with pytest.raises(BadInput, match="is not UTF-8 at byte 0"):
        import_lexicon(config, file, listed())
    import_lexicon(config, terms_file(tmp_path, "白桦计划\n"), listed())
    (config / FOLDER / "projects.txt").unlink()
    with pytest.raises(BadInput, match=r"projects\.txt.*cannot be read.*Import the lexicon again"):
        lexicon_on(config, DAY)


def test_the_office_looks_for_its_terms_scans_anew_for_new_ones_and_is_told_when_they_end(
    given: Given, tmp_path: Path
) -> None:
    office, text = given.office, "据 白 桦 计 划 的材料整理。\n"
    digest = rules_digest(office, given.now)
    assert scan_text(office, text, given.now) == []
    day = given.now.date()
    import_lexicon(
        office.settings.folder,
        terms_file(tmp_path, "白桦计划\n"),
        listed(valid_from=day, expires=day + timedelta(days=9)),
    )
    (finding,) = scan_text(office, text, given.now)
    assert (finding.type, text[finding.start : finding.end]) == ("LEXICON", "白 桦 计 划")
    assert rules_digest(office, given.now) != digest
    assert any("the lexicon projects of bangongshi ends on" in one.what for one in of_the_check(office, given.now))
