"""Figures given as CSV, as the rows a template sees. Values stay as written; a `_dec` twin is for computing."""

import csv
import io
from decimal import Decimal, InvalidOperation
from pathlib import PurePath

from pubflow.drafting.import_decode import decode
from pubflow.errors import BadInput

SUFFIX = ".csv"
_SAVE_AS = f"请另存为 UTF-8 编码的 {SUFFIX} 文件，再上传"
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
    rows = csv.DictReader(io.StringIO(figures_text(raw, name), newline=""), restkey="_extra")
    try:
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or [])]
        if missing:
            raise BadInput(f"缺少列 {'、'.join(missing)}", f"{name} 第 1 行", f"表头应有：{','.join(COLUMNS)}")
        # line_num, not a count of rows: blank lines and line breaks in quotes would shift every later number.
        figures = [_row(row, f"{name} 第 {rows.line_num} 行") for row in rows]
    except csv.Error as error:
        raise BadInput(
            f"这一行不是 CSV（{error}）", f"{name} 第 {rows.line_num + 1} 行", "请核对引号是否成对"
        ) from None
    if not figures:
        raise BadInput("只有表头，没有数据行", name, "请核对文件是否完整")
    return figures


def figures_text(raw: bytes, name: str) -> str:
    """The file's text, UTF-8 or GBK: what the door looks at. Raises BadInput naming the file."""
    if not name.lower().endswith(SUFFIX):
        raise BadInput(f"不认识的文件类型“{PurePath(name).suffix}”，数据须是 {SUFFIX} 文件", name, _SAVE_AS)
    try:
        return decode(raw, f"{name}.txt")[0]
    except BadInput as error:
        raise BadInput(error.what, name, _SAVE_AS) from None


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
