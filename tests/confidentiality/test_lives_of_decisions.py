"""沿用: a pass holds on while value and clause stay the same, and dies with any change of either."""

import secrets

from builders import Given
from hypothesis import assume, given
from hypothesis import strategies as st
from masked import MOBILE, back, checked, finding, let_pass, propose
from watching import actions_on, data_of, events

from pubflow.confidentiality.actions import findings
from pubflow.confidentiality.fingerprints import clause_of, life_of, normal_value
from pubflow.lifecycle.stages import Stage
from pubflow.vault import MasterKey, Vault

BEFORE, AFTER = "办公室电话", "，工作日可以拨打"


class _Key:
    """As much of a vault as a fingerprint needs: an HMAC under one key."""

    fingerprint = Vault(MasterKey(secrets.token_bytes(32))).fingerprint


VAULT: Vault = _Key()  # type: ignore[assignment]
words = st.text(alphabet="电话号码办公室值班张三0123456789 ，。\n", max_size=8)


def life(before: str, value: str, after: str, *, rule: str = "mobile", around: str = "") -> str:
    text = f"{around}{before}{value}{after}。另一句。"
    start = len(around) + len(before)
    return life_of(VAULT, rule, text, start, start + len(value))


def again(office_given: Given, report_id: str, body: str) -> None:
    """The text goes back, is written anew and comes before the officer again."""
    back(office_given, report_id)
    office_given.write(report_id, body)
    office_given.advance(report_id, Stage.DRAFTING)
    office_given.advance(report_id, Stage.DEPARTMENT_REVIEW)
    office_given.flows()


def test_a_clause_ends_with_its_sentence_line_or_cell() -> None:
    text = "第一句。电话13812345678，请记；第三句\n| 甲 | 13812345678 |"
    for at in (text.index("1381"), text.rindex("1381")):
        begin, end = clause_of(text, at, at + 11)
        assert text[begin:end] in ("电话13812345678，请记", " 13812345678 ")


@given(place=st.integers(0, 30), sign=st.characters(categories=("L", "N", "P", "S")))
def test_any_other_sign_in_the_clause_makes_another_life(place: int, sign: str) -> None:
    clause = BEFORE + MOBILE + AFTER
    changed = clause[:place] + sign + clause[place:]
    assume(sign not in "。！？!?；;|" and normal_value(changed) != normal_value(clause))  # those end a clause
    at = changed.find(MOBILE)
    assume(at >= 0)
    assert life(BEFORE, MOBILE, AFTER) != life(changed[:at], MOBILE, changed[at + 11 :])


@given(around=words)
def test_what_stands_in_other_sentences_does_not_matter(around: str) -> None:
    assert life(BEFORE, MOBILE, AFTER, around=f"{around}。") == life(BEFORE, MOBILE, AFTER)


@given(digit=st.integers(0, 10), other=st.sampled_from("0123456789"))
def test_one_other_digit_makes_another_life(digit: int, other: str) -> None:
    value = MOBILE[:digit] + other + MOBILE[digit + 1 :]
    assert (life(BEFORE, value, AFTER) == life(BEFORE, MOBILE, AFTER)) == (value == MOBILE)


@given(before=words, value=words, after=words)
def test_no_sign_can_wander_from_one_part_into_the_next(before: str, value: str, after: str) -> None:
    assume(value[:1].isalnum() and before[-1:].isalnum())
    assert life(before[:-1], before[-1] + value, after) != life(before, value, after)


def test_the_same_number_in_another_spelling_is_the_same_value_and_another_rule_another_life() -> None:
    assert normal_value("１３８-1234 5678") == MOBILE
    assert life(BEFORE, MOBILE, AFTER, rule="other") != life(BEFORE, MOBILE, AFTER)


def test_a_pass_holds_on_in_the_next_version_with_who_and_on_which_ground(given: Given) -> None:
    report_id = checked(given)
    first = finding(given, report_id, 0)
    let_pass(given, report_id, 0)
    again(given, report_id, given.text(report_id).body + "\n另一句。\n")
    now = findings(given.office, report_id)
    assert [(one.decision, one.by, one.ground, one.carried_from) for one in now] == [
        ("pass", "wan_ning", "not_what_it_seems", first),
        ("", None, "", None),
    ]
    (event,) = (one for one in events(given.office, subject=report_id) if one.action == "carried_over")
    assert data_of(event)["findings"] == [[now[0].id, first, "wan_ning", "not_what_it_seems"]]


def test_a_changed_clause_or_number_waits_for_a_new_decision(given: Given) -> None:
    for changed in ("联系人李四，电话 13812345678", "联系人张三，电话 13812345679"):
        report_id = checked(given)
        let_pass(given, report_id, 0)
        again(given, report_id, given.text(report_id).body.replace("联系人张三，电话 13812345678", changed))
        assert [one.decision for one in findings(given.office, report_id)] == ["", ""]
        assert "carried_over" not in actions_on(given.office, report_id)


def test_what_holds_on_may_be_decided_anew(given: Given) -> None:
    report_id = checked(given)
    let_pass(given, report_id, 0)
    again(given, report_id, given.text(report_id).body + "\n另一句。\n")
    propose(given, report_id, 0)
    one = findings(given.office, report_id)[0]
    assert (one.decision, one.carried_from) == ("mask", None)
