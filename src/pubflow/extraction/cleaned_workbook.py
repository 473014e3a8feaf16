"""The cleaned copy of a workbook: the values of its shown cells with their looks."""

import io
from copy import copy as same

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.worksheet.worksheet import Worksheet

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.number_formats import shown_number, shown_text
from pubflow.extraction.workbook import letters


def clean_workbook(content: bytes, removed: list[str]) -> bytes:
    """A workbook with shown values only. Raises TooMuch when no sheet is shown."""
    book: Workbook = load_workbook(io.BytesIO(content), data_only=True, keep_links=False, keep_vba=False)
    fresh = Workbook()
    fresh.remove(fresh.worksheets[0])
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            _copy(sheet, fresh.create_sheet(sheet.title), removed)
        else:
            removed.append(f"隐藏工作表“{sheet.title}”")
    if len(book.chartsheets):
        removed.append("图表工作表")
    if not fresh.worksheets:
        raise TooMuch("没有显示的工作表")
    if book.defined_names:
        removed.append("定义名称")
    fresh.properties = DocumentProperties(creator="")
    removed.append("文档属性")
    out = io.BytesIO()
    fresh.save(out)
    return out.getvalue()


def _copy(sheet: Worksheet, target: Worksheet, removed: list[str]) -> None:
    """Cells, merged cells, widths, heights, frozen panes, print layout; nothing else comes along."""
    hidden_columns = _hidden_columns(sheet, target)
    for number, size in sheet.row_dimensions.items():
        if size.hidden or size.height == 0:
            target.row_dimensions[number].hidden = True
        elif size.height is not None:
            target.row_dimensions[number].height = size.height
    for row in sheet.iter_rows():
        for cell in row:
            if not isinstance(cell, Cell):
                continue  # covered by a merged cell
            _note(cell, removed)
            if cell.column in hidden_columns or target.row_dimensions[cell.row].hidden:
                removed.append("隐藏行列的内容" if cell.value is not None else "隐藏行列")
                continue
            if _is_unseen(cell):
                removed.append("格式隐藏的内容")
                cell.value = None
            _copy_cell(cell, target)
    for merged in sheet.merged_cells.ranges:
        target.merge_cells(merged.coord)
    target.freeze_panes = sheet.freeze_panes
    target.page_setup.orientation = sheet.page_setup.orientation
    target.page_setup.paperSize = sheet.page_setup.paperSize
    for what, there in (("图表", sheet._charts), ("图片", sheet._images), ("数据透视表", sheet._pivots)):  # type: ignore[attr-defined]
        if there:
            removed.append(what)


def _hidden_columns(sheet: Worksheet, target: Worksheet) -> set[int]:
    hidden = set()
    for size in sheet.column_dimensions.values():
        first, last = size.min or 1, size.max or size.min or 1
        for column in range(first, min(last, 16384) + 1):
            if size.hidden or size.width == 0:
                hidden.add(column)
                if column <= sheet.max_column:
                    target.column_dimensions[letters(column)].hidden = True
            elif column <= sheet.max_column:
                target.column_dimensions[letters(column)].width = size.width
    return hidden


def _is_unseen(cell: Cell) -> bool:
    """Whether the cell's format shows nothing of it."""
    if isinstance(cell.value, str):
        return cell.value != "" and shown_text(cell.value, cell.number_format) == ""
    number = isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool)
    return number and shown_number(str(cell.value), cell.number_format) == ""


def _copy_cell(cell: Cell, target: Worksheet) -> None:
    if cell.value is None and not cell.has_style:
        return
    copy = target.cell(cell.row, cell.column)
    copy.value = cell.value
    if cell.data_type == "s":
        copy.data_type = "s"  # a text that begins with = stays a text
    if cell.has_style:
        for look in ("font", "border", "fill", "alignment"):
            setattr(copy, look, same(getattr(cell, look)))
        copy.number_format = cell.number_format


def _note(cell: Cell, removed: list[str]) -> None:
    if cell.comment is not None:
        removed.append("批注")
    if cell.hyperlink is not None:
        removed.append("超链接")
