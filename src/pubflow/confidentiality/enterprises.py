"""Figures that belong to one enterprise (Statistics Law 2024 Art. 28), in running text."""

import re

from pubflow.confidentiality.found import Found, Reading
from pubflow.confidentiality.rule_kinds import EnterpriseFigures, SmallCell

_NAME = re.compile(r"[\u3400-\u9fffA-Za-z0-9（()）·&]{2,40}$")
_SENTENCE_END = re.compile(r"[\n。；;！？]")
_COUNTS = {"1": 1, "一": 1, "2": 2, "二": 2, "两": 2, "3": 3, "三": 3}
_VALUE = re.compile(
    r"[0-9][0-9,，.]{0,18}[ \u3000]?(?:[万亿千]?(?:元|吨|千瓦时|人|件|台|辆|美元|平方米|度|头|只|立方米|公斤))"
)
_SAID_BEFORE = 24  # characters before a name that may say why its figures are public
_REACH = 140  # characters read after a name for its figures


class Enterprises:
    """The rule of the kind `enterprise_figures`."""

    def __init__(self, rule: EnterpriseFigures) -> None:
        self._rule = rule
        self.words = (*rule.endings, *rule.deictic)
        self._deictic = frozenset(rule.deictic)
        indicators = "|".join(sorted(map(re.escape, rule.indicators), key=len, reverse=True))
        units = "|".join(sorted(map(re.escape, rule.units), key=len, reverse=True))
        spelt = "〇零一二三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟"
        number = rf"[0-9OlI{spelt}][0-9OlIZSBb,，.．{spelt}]{{0,18}}[ \u3000]?[多余]?"
        self._figures = re.compile(rf"(?:{indicators})[^。；;！？\n]{{0,24}}?{number}(?:{units})")
        self._names = re.compile("|".join(map(re.escape, rule.endings)))

    def is_enterprise(self, cell: str) -> bool:
        """Whether a table's cell is the name of an enterprise."""
        return len(cell) >= 4 and cell.rstrip("）)】 ").endswith(self._rule.endings) and not self._is_general(cell)

    def any_in(self, text: str, start: int, end: int) -> bool:
        """Whether an enterprise's name may end between two places."""
        return self._names.search(text, start, end) is not None

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The figures after an enterprise's name that ends at `end`."""
        text = reading.text
        word = text[start:end]
        first = start
        if word not in self._deictic:
            name = _NAME.search(text[max(0, start - 40) : start])
            if not name or self._is_general(name[0] + word):
                return
            first = start - len(name[0])
        stop = _SENTENCE_END.search(text, end, end + _REACH)
        last = stop.start() if stop else min(len(text), end + _REACH)
        figures = list(self._figures.finditer(text, end, last))
        if not figures:
            return
        other = self._names.search(text, end, figures[0].start())
        if other and not self._is_general(text[max(end, other.start() - 8) : other.end()]) and word in self._deictic:
            return
        before = _SENTENCE_END.split(text[max(0, first - _SAID_BEFORE) : first])[-1]
        if any(known in before or known in text[first:last] for known in self._rule.public_context):
            return
        if reading.found and reading.found[-1].rule is self._rule and reading.found[-1].end >= first:
            return
        why = ("写的是一家企业的名称和它的统计数据", "识别或者推断单个统计调查对象的资料不得公开（统计法第二十八条）")
        reading.found.append(Found(first, figures[-1].end(), self._rule, why))

    def _is_general(self, name: str) -> bool:
        return any(word in name for word in self._rule.not_names)


class FewRespondents:
    """The rule of the kind `small_cell` in running text: 全区只有1家，实现产值5600万元."""

    def __init__(self, rule: SmallCell) -> None:
        self._rule = rule
        self.words = rule.only
        respondents = "|".join(map(re.escape, rule.respondents))
        self._count = re.compile(rf"有?(?P<count>[{''.join(_COUNTS)}])[家户个][^，。；\n]{{0,16}}?(?:{respondents})")

    def at(self, reading: Reading, start: int, end: int) -> None:
        """The values that the sentence gives of so few."""
        text = reading.text
        count = self._count.match(text, end)
        if not count or _COUNTS[count["count"]] >= self._rule.fewest:
            return
        stop = _SENTENCE_END.search(text, count.end(), count.end() + _REACH)
        last = stop.start() if stop else min(len(text), count.end() + _REACH)
        why = (f"前面写明{text[start : count.end()]}", "可能据此推断出单个统计调查对象（统计法第二十八条）")
        reading.found += [Found(*value.span(), self._rule, why) for value in _VALUE.finditer(text, count.end(), last)]
