"""Oddities of an imported report that a person must accept or mend before it may be submitted (dossier 6.3). Pure.

W1-W9 are those of the dossier, found by general checks; W10-W12 are ours: figures that do not add up, dates that do
not exist, sections out of order. Nothing here repairs anything.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pubflow.drafting.import_cleaning import Cleaned
from pubflow.drafting.import_figures import CategoryName, Figures, impossible_dates
from pubflow.drafting.import_oddities import Place, oddities
from pubflow.drafting.import_problems import pair_problems
from pubflow.drafting.import_reading import Structure
from pubflow.drafting.import_rules import ImportRules, compiled

_DOUBLED = re.compile(r".{0,6}[，,、。；;：:]{2,}.{0,6}")
_HAN_DIGITS = "一二三四五六七八九"
_ACCEPT = "请核对原件；确认无误的说明理由后接受，否则用 `pubflow report edit` 更正"


@dataclass(frozen=True)
class ImportWarning:
    """One kind of oddity with every place it was found at. `code` is stable and unique in one import."""

    code: str
    text: str
    places: tuple[Place, ...]
    remedy: str = _ACCEPT
    blocks: bool = True

    @property
    def place(self) -> Place:
        """The first place, for a one-line list."""
        return self.places[0]

    def __str__(self) -> str:
        return f"{self.code} {self.text}：{'；'.join(map(str, self.places))}。{self.remedy}"


@dataclass(frozen=True)
class Reading:
    """Everything the checks look at; all of it derived from one file."""

    cleaned: Cleaned
    structure: Structure
    figures: Figures
    categories: tuple[CategoryName, ...]
    rules: ImportRules
    author_org: str


def warnings_of(reading: Reading) -> tuple[ImportWarning, ...]:
    """All warnings of one import in the order of their codes; a clean file has none."""
    return tuple(warning for check in _CHECKS if (warning := check(reading)) is not None)


def _categories_named_and_counted(reading: Reading) -> ImportWarning | None:
    figures, find = reading.figures, reading.structure.find
    if not figures.named or figures.counts is None:
        return None
    in_scheme = {category.name for category in reading.categories if category.named_in_scheme}
    places = [find(name, "计了数但没有列名") for name in figures.counts if name not in figures.named]
    places = [
        place if place.quote in in_scheme else Place(place.line, place.quote, place.note + "，目录分类方案中也没有列名")
        for place in places
    ]
    places += [find(name, "列了名但没有计数") for name in figures.named if name not in figures.counts]
    if figures.named_stated != len(figures.named):
        places.append(find("主要分为", f"称{figures.named_stated or '？'}类，实际列名{len(figures.named)}类"))
    text = f"列名的目录分类{len(figures.named)}个，计数的{len(figures.counts)}个，不一致"
    return _warning("W1", text, places)


def _number_of_annual_reports(reading: Reading) -> ImportWarning | None:
    figures, rules = reading.figures, reading.rules
    label = next((name for name in rules.words("annual_report_category") if name in (figures.counts or {})), None)
    if label is None or figures.counts is None or figures.as_of is None:
        return None
    first, last = rules.number_of("first_report_year"), figures.as_of.year - 1
    expected = {last - first + 1}
    if figures.as_of.month * 100 + figures.as_of.day <= rules.number_of("yearly_report_due"):
        expected.add(last - first)
    counted = figures.counts[label]
    if counted in expected:
        return None
    note = f"{first}至{last}年度每年一份，应为{max(expected)}份；也可能首份为{last - counted + 1}年度，或缺一份"
    text = f"截至{figures.as_of}年报计{counted}份，与年份推算的不符（仅为推断）"
    return _warning("W2", text, [reading.structure.find(f"{label}{counted}", note)])


def _problems_without_measures(reading: Reading) -> ImportWarning | None:
    pairing = pair_problems(reading.structure, reading.rules)
    if pairing is None:
        return None
    places = [Place(p.line, p.quote, "没有对应的措施") for p in pairing.unanswered]
    places += [Place(m.line, m.quote, "没有对应的问题") for m in pairing.unprompted]
    problems, measures = len(pairing.problems), len(pairing.measures)
    if problems != measures:
        places.append(Place(pairing.measures[0].line, pairing.measures[0].quote, "措施从这里开始"))
    return _warning("W3", f"问题{problems}项，措施{measures}项，对应情况按用词推断，仅供核对", places)


def _boilerplate(reading: Reading) -> ImportWarning | None:
    entries, text = reading.rules.boilerplate, _body_text(reading)
    places = [reading.structure.find(entry.phrase, entry.why) for entry in entries if entry.phrase in text]
    return _warning("W4", "像从其他单位的报告套用来的语句", places)


def _form(reading: Reading) -> ImportWarning | None:
    places = [*_empty_fields(reading), *reading.structure.unknown_labels, *_publisher(reading), *_wording(reading)]
    return _warning("W5", "表头或用语不规范", places)


def _empty_fields(reading: Reading) -> Iterable[Place]:
    structure, label_of = reading.structure, reading.rules.label_of
    if not structure.title:
        yield Place(0, label_of("title"), "文件中没有，由导入人员给出")
    for name, value in structure.fields.items():
        if not value:
            yield Place(structure.field_lines.get(name, 0), label_of(name), "表头中为空")


def _publisher(reading: Reading) -> Iterable[Place]:
    structure, publisher = reading.structure, reading.structure.fields.get("publisher", "")
    if not publisher:
        return
    place = Place(structure.field_lines["publisher"], publisher)
    if reading.author_org:
        if publisher != reading.author_org:
            yield Place(place.line, publisher, f"发布机构不是责任部门{reading.author_org}，两栏分开登记")
        return
    text = _body_text(reading)
    for entry in reading.rules.self_reference:
        if entry.word in text and not publisher.endswith(entry.ending):
            yield Place(place.line, publisher, f"正文自称“{entry.word}”，发布机构却不是以“{entry.ending}”结尾")


def _wording(reading: Reading) -> Iterable[Place]:
    text = _body_text(reading)
    for entry in reading.rules.mixed_words:
        if all(word in text for word in entry.words):
            for word in entry.words:
                yield reading.structure.find(word, f"{'、'.join(entry.words)}混用")
    for line in reading.structure.body_lines:
        for found in _DOUBLED.finditer(line.text):
            yield Place(line.number, found[0], "标点重复")


def _converted_by_machine(reading: Reading) -> ImportWarning | None:
    cleaned = reading.cleaned
    if not cleaned.first_change:
        return None
    text = f"原文经机器转换：去除插入的拼音{cleaned.pinyin_removed}处，繁体转为简体{cleaned.characters_converted}字"
    first = cleaned.text.split("\n")[cleaned.first_change - 1]
    places = [Place(cleaned.first_change, first[:20], "第一处改动，全部差异随原文件保存")]
    places += [Place(line, words, "可能也是拼音，没有声调，未去除") for line, words in cleaned.untoned]
    return _warning("W6", text, places)


def _opaque_index_number(reading: Reading) -> ImportWarning | None:
    number = reading.structure.fields.get("index_no", "")
    if not number or any(compiled(scheme.pattern).search(number) for scheme in reading.rules.index_scheme):
        return None
    place = Place(reading.structure.field_lines["index_no"], number, f"前缀{number.split('-')[0]}的含义推不出来")
    return _warning("W7", "索引号不属于已知的编号规则，整体保留，不作解读", [place])


def _two_statements_in_one(reading: Reading) -> ImportWarning | None:
    patterns = [reading.rules.sentence_pattern(name) for name in ("no_protected_content", "no_override")]
    for line in reading.structure.body_lines:
        for sentence in line.text.split("。"):
            both = [found for pattern in patterns if (found := pattern.search(sentence))]
            if len(both) == 2:
                places = [Place(line.number, found.group(0), "单独成立的一项声明") for found in both]
                return _warning("W8", "一句话里有两项不同的声明，分开登记，须分别有审查记录佐证", places)
    return None


def _destroyed(reading: Reading) -> ImportWarning | None:
    remedy = "系统不会自行修复。请对照原件用 `pubflow report edit` 更正并写明理由；确属原文如此的，说明理由后接受"
    return _warning("W9", "清理后仍有疑似损坏的文字", oddities(reading.cleaned.text), remedy)


def _figures_that_do_not_add_up(reading: Reading) -> ImportWarning | None:
    figures, find = reading.figures, reading.structure.find
    if figures.counts is None:
        return None
    places = [find(name, "同一分类计了两次") for name in figures.counted_twice]
    places += [find(part, "读不出条数") for part in figures.unread_parts]
    if figures.sum != figures.total:
        added = "+".join(map(str, figures.counts.values()))
        places.append(find(f"{figures.total}条", f"分类合计 {added} = {figures.sum}，不是{figures.total}"))
    return _warning("W10", f"累计条数对不上：写明{figures.total}条，分类合计{figures.sum}条", places)


def _dates_that_do_not_exist(reading: Reading) -> ImportWarning | None:
    return _warning("W11", "正文中有不存在的日期", impossible_dates(reading.structure))


def _sections_out_of_order(reading: Reading) -> ImportWarning | None:
    places, expected = [], 1
    for section in reading.structure.sections:
        number = section.heading.partition("、")[0]
        if number not in _NUMERALS:
            continue
        if number != _NUMERALS[expected - 1]:
            places.append(Place(section.line, section.heading, f"这里应为“{_NUMERALS[expected - 1]}、”"))
        expected = min(_NUMERALS.index(number) + 2, len(_NUMERALS))
    return _warning("W12", "章节编号不连续，可能缺了一部分", places)


_NUMERALS = [*_HAN_DIGITS, "十", *("十" + digit for digit in _HAN_DIGITS), "二十"]


def _body_text(reading: Reading) -> str:
    return "\n".join(line.text for line in reading.structure.body_lines)


def _warning(code: str, text: str, places: Sequence[Place], remedy: str = _ACCEPT) -> ImportWarning | None:
    return ImportWarning(code, text, tuple(places), remedy) if places else None


_CHECKS: tuple[Callable[[Reading], ImportWarning | None], ...] = (
    _categories_named_and_counted,
    _number_of_annual_reports,
    _problems_without_measures,
    _boilerplate,
    _form,
    _converted_by_machine,
    _opaque_index_number,
    _two_statements_in_one,
    _destroyed,
    _figures_that_do_not_add_up,
    _dates_that_do_not_exist,
    _sections_out_of_order,
)
