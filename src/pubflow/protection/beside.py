"""What stands beside a table: the contributions of single respondents, and the office's weights of cells."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from pubflow.errors import BadInput
from pubflow.protection.sensitivity import by_holding
from pubflow.protection.table import Cell, Contribution, Relation

_HEADS = {
    "cell": ("cell", "格", "单元格", "项目"),
    "respondent": ("respondent", "调查对象", "单位", "企业"),
    "value": ("value", "数值", "值"),
    "weight": ("weight", "权数", "权重", "费用"),
    "holding": ("holding", "集团", "控股"),
}
_NEEDED = ("cell", "respondent", "value")


def with_contributions(
    cells: Mapping[str, Cell], relations: Collection[Relation], text: str, where: str, half: float
) -> dict[str, Cell]:
    """The cells with the contributions of a CSV text: cell, respondent, value; weight and holding where known.

    A cell is named as everywhere else (row, or row|column). Totals that are not named take those of their parts. The
    same respondent in several cells, and all units of a holding, are one. half: half of the last printed digit.
    Raises BadInput (Chinese): what is not in the table, not a number, there twice, or does not add up to its cell.
    """
    found = _contributions(cells, text, f"{where} 的贡献表")
    made = dict(cells)
    for id, parts in found.items():
        made[id] = _counted(made[id], parts)
    for _ in range(8):  # levels of totals
        before = len(found)
        for relation in relations:
            inner = [id for id, _ in relation.terms[1:]]
            if relation.total and relation.total not in found and all(id in found for id in inner):
                found[relation.total] = [one for id in inner for one in found[id]]
                made[relation.total] = _counted(made[relation.total], found[relation.total])
        if len(found) == before:
            break
    for id, parts in found.items():
        total = math.fsum(one.value * one.weight for one in parts)
        slack = half * (len(parts) + 1) + 1e-9 * abs(cells[id].value)
        if abs(total - cells[id].value) > slack:
            what = f"“{id}”的贡献之和与表中的数不符，相差 {total - cells[id].value:.6g}"
            raise BadInput(what, f"{where} 的贡献表", "请核对贡献表，或更正表中的数")
    return made


def weights_of(text: str, where: str) -> dict[str, float]:
    """What hiding each named cell costs the office: CSV with cell and weight. Raises BadInput."""
    rows = _rows(text, where, ("cell", "weight"))
    found: dict[str, float] = {}
    for line, row in rows:
        if row["cell"] in found:
            raise BadInput(f"“{row['cell']}”出现两次", f"{where} 第 {line} 行", "请合并")
        found[row["cell"]] = _number(row["weight"], where, line, "费用")
    return found


def _counted(cell: Cell, parts: list[Contribution]) -> Cell:
    owners = by_holding(parts)
    told = max(len(owners), round(math.fsum(one.weight for one in owners)))
    return replace(cell, contributions=tuple(parts), respondents=told)


def _contributions(cells: Mapping[str, Cell], text: str, where: str) -> dict[str, list[Contribution]]:
    found: dict[str, list[Contribution]] = defaultdict(list)
    seen: dict[tuple[str, str], int] = {}
    for line, row in _rows(text, where, _NEEDED):
        id, respondent = row["cell"], row["respondent"]
        if id not in cells or cells[id].rate:
            raise BadInput(f"表中没有“{id}”这一格", f"{where} 第 {line} 行", "请按“行名”或“行名|列名”填写")
        if not respondent:
            raise BadInput("没有写明调查对象", f"{where} 第 {line} 行", "请填写单位的代号")
        if (id, respondent) in seen:
            what = f"“{respondent}”在“{id}”中出现两次"
            raise BadInput(what, f"{where} 第 {seen[id, respondent]} 行和第 {line} 行", "请合并为一行")
        seen[id, respondent] = line
        weight = _number(row.get("weight") or "1", where, line, "权数")
        if weight < 1:
            raise BadInput("权数小于 1", f"{where} 第 {line} 行", "权数是所代表的单位数，至少为 1")
        value = _number(row["value"], where, line, "数值")
        found[id].append(Contribution(value, weight, row.get("holding") or f"调查对象 {respondent}"))
    return found


def _rows(text: str, where: str, needed: Collection[str]) -> list[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text))
    try:
        head = [one.strip().lower() for one in next(reader, [])]
        at = {key: head.index(word) for key, words in _HEADS.items() for word in words if word in head}
        lacking = [_HEADS[key][1] for key in needed if key not in at]
        if lacking:
            raise BadInput(f"缺少列：{'、'.join(lacking)}", where, "第一行须为表头")
        found = []
        for row in reader:
            if not any(one.strip() for one in row):
                continue
            if len(row) < len(head):
                raise BadInput("列数不够", f"{where} 第 {reader.line_num} 行", "请补齐")
            found.append((reader.line_num, {key: row[column].strip() for key, column in at.items()}))
    except csv.Error as error:
        raise BadInput(f"不是 CSV（{error}）", where, "请另存为 CSV") from None
    return found


def _number(text: str, where: str, line: int, what: str) -> float:
    try:
        value = float(text.replace(",", "").replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"{what}“{text}”不是数", f"{where} 第 {line} 行", "请填写数字")
    return value
