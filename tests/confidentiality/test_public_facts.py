"""A registered value is no finding, in any spelling, while the fact holds; an ended fact covers nothing."""

from datetime import date
from pathlib import Path

import pytest
from builders import Given
from hypothesis import given as given_any
from hypothesis import strategies as st

from pubflow.confidentiality.bases import scan_text
from pubflow.confidentiality.public_facts import Fact, PublicFacts, disagreements, load_public_facts, normal_form
from pubflow.errors import BadInput
from pubflow.settings import load_settings, shipped_config

FILE = shipped_config() / "rules" / "public-facts.toml"
DAY = date(2026, 11, 23)


def fact(**changes: object) -> Fact:
    fields: dict[str, object] = {
        "id": "phone", "type": "LANDLINE", "value": "0791-86612345", "owner": "bangongshi", "reason": "办公电话",
        "source": "条例", "valid_from": date(2026, 1, 1), "expires": date(2026, 12, 31),
    }  # fmt: skip
    return Fact.model_validate(fields | changes)


def test_a_fact_covers_its_value_in_any_spelling_within_its_period_and_for_its_type_alone() -> None:
    facts = PublicFacts([fact()])
    for spelling in ("0791-86612345", "０７９１—８６６１２３４５", "(0791) 8661 2345", "079186612345"):
        assert facts.covers("LANDLINE", spelling, DAY), spelling
    assert facts.covers("LANDLINE", "0791-86612346", DAY) is None
    assert facts.covers("MOBILE", "0791-86612345", DAY) is None
    assert facts.covers("LANDLINE", "0791-86612345", date(2026, 12, 31))
    assert facts.covers("LANDLINE", "0791-86612345", date(2027, 1, 1)) is None
    assert facts.covers("LANDLINE", "0791-86612345", date(2025, 12, 31)) is None


def test_mailboxes_that_differ_by_a_dot_are_two() -> None:
    facts = PublicFacts([fact(type="EMAIL", value="a.b@donghu.example")])
    assert facts.covers("EMAIL", "A.B@donghu.example", DAY)
    assert facts.covers("EMAIL", "ab@donghu.example", DAY) is None


@given_any(st.text(max_size=30))
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)


def test_facts_that_end_within_a_month_are_named() -> None:
    facts = PublicFacts(
        [fact(), fact(id="soon", expires=date(2026, 12, 23)), fact(id="over", expires=date(2026, 1, 2))]
    )
    assert [one.id for one in facts.ending(DAY)] == ["soon", "over"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("expires = 2027-12-31", "", r"\[office_telephone\].expires：is missing"),
        ("expires = 2027-12-31", "expires = 2015-12-31", "is after expires"),
        ('id = "office_mailbox"', 'id = "office_telephone"', "used twice"),
        ('owner = "bangongshi"', 'owner = "bangongshi"\nownr = "x"', r"\[office_telephone\].ownr：unknown key"),
    ],
)
def test_a_mistaken_file_is_refused_with_entry_key_and_remedy(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "public-facts.toml"
    file.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        load_public_facts(file)


def test_the_shipped_facts_agree_with_the_bureau_and_a_difference_is_named(tmp_path: Path) -> None:
    settings = load_settings(shipped_config())
    assert disagreements(load_public_facts(FILE), settings, FILE) == []
    file = tmp_path / "public-facts.toml"
    text = FILE.read_text(encoding="utf-8").replace("0791-00000000", "0791-11111111").replace("bangongshi", "nobody", 1)
    file.write_text(text, encoding="utf-8")
    odd = [str(one) for one in disagreements(load_public_facts(file), settings, file)]
    assert any("nobody is no section" in one for one in odd)
    assert any("'0791-11111111' is not the '0791-00000000' of bureau.toml" in one for one in odd)


def test_a_registered_mobile_is_no_finding(given: Given) -> None:
    file = given.office.settings.folder / "rules" / "public-facts.toml"
    entry = (
        '\n[[fact]]\nid = "duty"\ntype = "MOBILE"\nvalue = "138-1234-5678"\nowner = "bangongshi"\nreason = "值班电话"\n'
        'source = "本局默认"\nvalid_from = 2026-01-01\nexpires = 2026-12-31\n'
    )
    file.write_text(file.read_text(encoding="utf-8") + entry, encoding="utf-8")
    assert [
        one.type for one in scan_text(given.office, "联系电话 13812345678。\n\n联系电话 13987654321。\n", given.now)
    ] == ["MOBILE"]
