"""Figures given as CSV, as the rows a template sees. Values stay as written; a `_dec` twin is for computing."""

import csv
import io
from decimal import Decimal, InvalidOperation

from pubflow.drafting.import_decode import decode
from pubflow.errors import BadInput

Row = dict[str, str | Decimal | None]
# Marks of tables for "unknown" or "none" (dossier 5.5).
_NO_FIGURE = {"", "…", "...", "–", "-", "—"}
_WORDS = ("indicator", "unit", "basis")
COLUMNS = (
    "indicator",
    "unit",
    "month_value",
    "prior_ytd_value",
    "ytd_value",
    "ytd_yoy_pct",
    "prior_year_ytd_value",
    "basis",
)


def read_figures(raw: bytes, name: str) -> list[Row]:
    """Rows of a CSV with the columns COLUMNS, in its order.

    Each row holds every column as written (str) and `<column>_dec` (Decimal, None where there is no figure).
    Raises BadInput naming file, row and column.
    """
    text, _ = decode(raw, name.rsplit(".", 1)[0] + ".txt" if name.lower().endswith(".csv") else name)
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="_extra")
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or [])]
    if missing:
        raise BadInput(f"缺少列 {'、'.join(missing)}", f"{name} 第 1 行", f"表头应有：{','.join(COLUMNS)}")
    figures = [_row(row, f"{name} 第 {number} 行") for number, row in enumerate(rows, 2)]
    if not figures:
        raise BadInput("只有表头，没有数据行", name, "请核对文件是否完整")
    return figures


def _row(row: dict[str, str], where: str) -> Row:
    if "_extra" in row or any(row[column] is None for column in COLUMNS):
        raise BadInput("列数与表头不同", where, "含逗号的文字请加引号")
    figures: Row = {column: row[column].strip() for column in COLUMNS}
    if not figures["indicator"]:
        raise BadInput("指标名称为空", where, "请补上 indicator 列")
    for column in COLUMNS:
        if column not in _WORDS:
            figures[f"{column}_dec"] = _number(row[column].strip(), f"{where} {column} 列")
    return figures


def _number(text: str, where: str) -> Decimal | None:
    if text in _NO_FIGURE:
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise BadInput(f"“{text}”不是数字", where, "没有数字时留空或写 …") from None
    if not number.is_finite():
        raise BadInput(f"“{text}”不是数字", where, "没有数字时留空或写 …")
    return number
