"""What the scan finds, what it lets pass, and how its rules are read. Everything personal here is invented."""

import datetime as dt
import json
import re
import time
from io import StringIO
from itertools import pairwise
from pathlib import Path

import opencc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pubflow.confidentiality import harness
from pubflow.confidentiality.check_digits import check_digit, luhn
from pubflow.confidentiality.lexicon import Lexicon
from pubflow.confidentiality.normalise import normalise
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import load_rules, scan
from pubflow.confidentiality.secret_marks import secret_marks, secret_marks_in_name
from pubflow.errors import BadInput

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config/rules/confidentiality.toml"
SEED = ROOT / "tests/data/donghu-2016-annual-report.txt"
RULES = load_rules(SHIPPED)
SENTENCES = [
    pytest.param(rule.id, kind, sentence, id=f"{rule.id}-{kind}-{number}")
    for rule in RULES.rules
    for kind in ("hits", "passes")
    for number, sentence in enumerate(getattr(rule, kind))
]


@pytest.mark.parametrize(("rule", "kind", "sentence"), SENTENCES)
def test_every_rule_hits_and_passes_the_sentences_beside_it(rule: str, kind: str, sentence: str) -> None:
    found = secret_marks_in_name(sentence) if rule.endswith("-in-name") else scan(sentence, RULES)
    assert (rule in [one.rule for one in found]) if kind == "hits" else found == []


# --- resident identity numbers


# Check digits worked out by hand from GB 11643: weighted sum modulo 11, then 1 0 X 9 8 7 6 5 4 3 2.
@pytest.mark.parametrize(("first17", "last"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_the_check_digit_is_that_of_the_standards_own_examples(first17: str, last: str) -> None:
    assert check_digit(first17) == last


BIRTHS = st.dates(dt.date(1900, 1, 1), dt.date(2024, 12, 31))
PROVINCES = st.sampled_from(["11", "31", "36", "44", "50", "62", "65", "81"])


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    area = draw(PROVINCES) + f"{draw(st.integers(0, 9999)):04}"
    first17 = f"{area}{draw(BIRTHS):%Y%m%d}{draw(st.integers(0, 999)):03}"
    return first17 + check_digit(first17)


# Anything but what would make it another number: digits, their gaps, a decimal point, X, or the start of a reference.
NEIGHBOURS = st.text(
    st.characters(exclude_categories=["Nd", "Nl", "No", "Cs", "Pd", "Cf"], exclude_characters="Xx &.,．·_⁠"), max_size=30
)


@given(before=NEIGHBOURS, number=resident_ids(), after=NEIGHBOURS)
def test_a_valid_resident_id_is_found_at_its_place_in_any_surroundings(before: str, number: str, after: str) -> None:
    found = [one for one in scan(f"{before}{number}{after}", RULES) if one.type == "CN_ID"]
    assert [(one.start, one.end) for one in found] == [(len(before), len(before) + 18)]
    assert found[0].masked == number[:6] + "********" + number[14:]
    assert number[6:14] not in "".join(found[0].evidence)


@given(number=resident_ids(), place=st.integers(0, 17), digit=st.sampled_from("0123456789"))
def test_one_changed_digit_makes_it_no_resident_id(number: str, place: int, digit: str) -> None:
    assume(number[place] != digit)
    changed = number[:place] + digit + number[place + 1 :]
    assert "CN_ID" not in [one.type for one in scan(f"编号{changed}。", RULES)]


DISGUISES = {
    "full-width": lambda digits: digits.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789X"}),
    "zero-width": lambda digits: "\u200b".join(digits),
    "spaces": lambda digits: " ".join(digits),
    "hyphens": lambda digits: f"{digits[:6]}-{digits[6:14]}-{digits[14:]}",
    "references": lambda digits: "".join(f"&#{ord(d)};" for d in digits),
    "line break": lambda digits: f"{digits[:10]}\n{digits[10:]}",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@given(
    number=resident_ids(),
    before=st.sampled_from(["", "　号码\u200b：", "&amp;、"]),
    after=st.sampled_from(["", "。\ufeff", "　"]),
)
@settings(max_examples=20)
def test_a_disguised_resident_id_is_found_and_the_place_is_that_of_the_original(
    disguise: str, number: str, before: str, after: str
) -> None:
    hidden = DISGUISES[disguise](number)
    found = [one for one in scan(before + hidden + after, RULES) if one.type == "CN_ID"]
    assert [(one.start, one.end) for one in found] == [(len(before), len(before) + len(hidden))]


# --- places


@given(st.text(st.sampled_from("密★ab19\u200b\ufeff　１９①⑩㉑&#;49\n"), max_size=60))
def test_every_character_of_the_plain_text_leads_back_to_where_it_came_from(text: str) -> None:
    plain = normalise(text)
    spans = [plain.original(place, place + 1) for place in range(len(plain.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    for (start, end), character in zip(spans, plain.text, strict=True):
        assert character in normalise(text[start:end]).text


def test_places_by_hand_where_one_character_becomes_two_and_another_none() -> None:
    plain = normalise("甲⑩\u200b乙１")
    assert plain.text == "甲10乙1"
    assert [plain.original(at, at + 1) for at in range(5)] == [(0, 1), (1, 2), (1, 2), (3, 4), (4, 5)]
    assert plain.original(2, 4) == (1, 4)


def test_a_text_without_disguise_is_used_as_it_is() -> None:
    text = "2016年，规模以上工业增加值增长9.1%。"
    assert normalise(text).text is text


def test_places_count_code_points_also_beyond_the_basic_plane_and_behind_a_lone_surrogate() -> None:
    found = scan("𠮷😀\ud800请勿外传，13812345678", RULES)
    assert [(one.type, one.start, one.end) for one in found] == [("INTERNAL_MARK", 3, 7), ("MOBILE", 8, 19)]


# --- mobiles, cards, figures


def test_findings_are_masked_in_the_usual_way_and_explain_themselves() -> None:
    found = scan("手机13812345678，卡号6225880012345675", RULES)
    assert [(one.type, one.masked, one.severity) for one in found] == [
        ("MOBILE", "138****5678", Severity.HARD),
        ("BANK_CARD", "************5675", Severity.HARD),
    ]
    assert found[0].evidence == ("11位，号段是手机号段", "前面写有“手机”")
    assert found[1].evidence == ("16位，校验码正确（Luhn）", "开头是已知的银行卡号段", "前面写有“卡号”")


def test_numbers_in_neighbouring_fields_of_a_csv_row_are_each_found() -> None:
    row = "1,360102198502141230,13812345678,6225880012345675,2016"
    assert [one.type for one in scan(row, RULES)] == ["CN_ID", "MOBILE", "BANK_CARD"]


def test_luhn_by_hand() -> None:
    # 7992739871 gives 67 with its check digit's place empty, so the check digit is 3 (the textbook example).
    assert [digit for digit in "0123456789" if luhn("7992739871" + digit)] == ["3"]


def test_an_18_digit_number_with_a_birth_date_and_a_wrong_check_digit_is_not_taken_for_a_card() -> None:
    # Gansu's 62 is also UnionPay's; of the ten last digits one passes Luhn.
    first17 = "62010219780830667"
    numbers = [first17 + last for last in "0123456789"]
    assert [one.type for number in numbers for one in scan(f"编为{number}。", RULES)] == ["CN_ID"]
    card = next(number for number in numbers if luhn(number))
    assert [one.type for one in scan(f"银行卡{card}。", RULES)] == ["BANK_CARD"]


# --- lexicon, fingerprint, validity


def test_the_lexicon_finds_its_longest_term_also_through_zero_width_characters() -> None:
    lexicon = Lexicon(("青松", "青松工程", "a.b", ""))
    found = scan("😀启动青\u200b松工程，a+b，a.b", RULES, lexicon)
    assert [(one.type, one.start, one.end, one.masked) for one in found] == [
        ("LEXICON", 3, 8, "青***"),
        ("LEXICON", 13, 16, "a**"),
    ]


def test_rules_hold_within_their_dates_but_marks_always() -> None:
    early = RULES.valid_on(dt.date(2001, 1, 1))
    assert [one.type for one in scan("机密★10年，13812345678", early)] == ["SECRET_MARK"]
    assert [one.type for one in scan("机密★10年，13812345678", RULES.valid_on(dt.date(2026, 1, 1)))] == [
        "SECRET_MARK",
        "MOBILE",
    ]


# --- the real report


@pytest.mark.parametrize("script", ["traditional", "simplified"])
def test_the_real_report_of_2016_has_no_hard_finding(script: str) -> None:
    text = SEED.read_text(encoding="utf-8")
    if script == "simplified":
        text = opencc.OpenCC("t2s").convert(re.sub(r"\([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü]+\)", "", text))
        assert "未涉及国家秘密、商业秘密和个人隐私" in text
    assert scan(text, RULES) == []
    assert secret_marks(text) == []


# --- rules that are not as they should be

BROKEN = [
    ('id = "mobile"', 'id = "Mobile!"', r"\[Mobile!\]\.id"),
    ('segments = ["13"', 'segmants = ["13"', r"\[mobile\]\.segm[ae]nts"),
    ('valid_from = 2021-11-01\nsegments = ["13"', 'valid_from = "soon"\nsegments = ["13"', r"\[mobile\]\.valid_from"),
    ('id = "email"', 'id = "mobile"', r"mobile is used twice"),
    ('pattern = "内部资料|', 'pattern = "(?=内部资料)|', r"\[internal-words\]\.pattern.*re2 syntax"),
    ('pattern = "内部资料|', 'pattern = "(a)\\\\1|', r"\[internal-words\]\.pattern.*re2 syntax"),
    ('pattern = "内部资料|', 'pattern = "|', r"matches an empty text"),
    ('id = "level-alone"', 'id = "level-alien"', r"there is no mark shape level-alien"),
    (
        'detector = "mark"\ntype = "SECRET_MARK"\nseverity = "hard"',
        'detector = "mark"\ntype = "SECRET_MARK"\nseverity = "soft"',
        r"\[level-with-star\].*always hard",
    ),
    ("[[rules]]", "[[rules]", r"is not TOML"),
]


@pytest.mark.parametrize(("good", "bad", "said"), BROKEN, ids=[case[2] for case in BROKEN])
def test_a_broken_rule_is_refused_with_file_rule_and_key(tmp_path: Path, good: str, bad: str, said: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert good in text
    path = tmp_path / "rules.toml"
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=rf"rules\.toml(?s:.*){said}"):
        load_rules(path)


def test_the_entry_of_a_mark_cannot_be_taken_out(tmp_path: Path) -> None:
    entries = SHIPPED.read_text(encoding="utf-8").split("[[rules]]")
    path = tmp_path / "rules.toml"
    path.write_text("[[rules]]".join(entry for entry in entries if 'id = "keep-safe"' not in entry), encoding="utf-8")
    with pytest.raises(BadInput, match=r"keep-safe.*cannot be switched off"):
        load_rules(path)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"id = '\xc3\x28'", "not UTF-8 at byte 6"), (b"", "Add this key")]
)
def test_a_rules_file_that_is_missing_or_unreadable_says_so(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "rules.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=said):
        load_rules(path)


# --- harness


def test_warnings_are_only_written_when_asked_for() -> None:
    line = json.dumps({"doc_id": "1", "text": "此件请勿外传"})
    without, with_warnings = StringIO(), StringIO()
    assert (harness.scan_jsonl([line], without, RULES), without.getvalue()) == (0, "")
    assert harness.scan_jsonl([line], with_warnings, RULES, warnings=True) == 1


def test_json_lines_go_in_and_findings_come_out() -> None:
    lines = [
        json.dumps({"doc_id": "甲", "format": "txt", "text": "手机13812345678"}, ensure_ascii=False),
        "",
        json.dumps({"doc_id": "乙", "format": "txt", "text": "无"}, ensure_ascii=False),
    ]
    out = StringIO()
    assert harness.scan_jsonl(lines, out, RULES) == 1
    assert out.getvalue() == '{"doc_id": "甲", "start": 2, "end": 13, "type": "MOBILE"}\n'


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "x"}', '{"doc_id": "1", "text": 5}'])
def test_a_line_that_is_no_document_is_named_by_its_number(line: str) -> None:
    with pytest.raises(BadInput, match="第 2 行"):
        harness.scan_jsonl(["", line], StringIO(), RULES)


def test_the_benchmark_entry_uses_the_shipped_rules_and_the_lexicon_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "terms.txt").write_text("\ufeff青松工程\n\n白桦计划\n", encoding="utf-8")
    monkeypatch.setenv("LEXICON", str(tmp_path / "terms.txt"))
    spans = harness.make()
    assert list(spans({"text": "白桦计划，电话13812345678"})) == [(0, 4, "LEXICON"), (7, 18, "MOBILE")]


@pytest.mark.parametrize(("content", "said"), [(None, "读不出来"), (b"\n \n", "没有词"), (b"\xff\xfe", "不是 UTF-8")])
def test_a_lexicon_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "terms.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=said):
        harness.load_lexicon(path)


# --- any text, and time

NASTY = st.text(st.sampled_from("密机秘绝内部工作级★☆* 　\n\f|-_1386²X.&#;\u200b年月（）+="), max_size=200)


@given(NASTY | st.text(max_size=200))
@settings(max_examples=200)
def test_no_text_breaks_the_scan_and_findings_are_in_order_without_overlap(text: str) -> None:
    found = scan(text, RULES)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "1",
        "密",
        "机 ",
        "机密 ",
        "机密\n",
        "内部 ",
        "1\n",
        "&#",
        "&amp;",
        "\u200b",
        "*",
        "\n",
        " ",
        "密级：",
        "a@",
        "a.",
        "1-1 ",
        "+++\n",
        "内部\n\f",
    ],
)
def test_time_grows_with_length_and_not_faster(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        best = 9.0
        for _ in range(2):
            began = time.process_time()
            scan(text, RULES)
            best = min(best, time.process_time() - began)
        return best

    # Ten times the text; quadratic time would be a hundred times. The floor keeps tiny timings from deciding.
    assert seconds(40_000) < 30 * max(seconds(4_000), 0.003)
