"""Numbers of a workbook: as the sheet shows them, and as the file has them where that is something else."""

import datetime as dt
import io

import pytest
from openpyxl import Workbook, load_workbook

from pubflow.extraction.cleaning import cleaned
from pubflow.extraction.extract import extract
from pubflow.extraction.number_formats import shown_number, shown_text
from pubflow.extraction.units import Unit

ID_NUMBER = "11010519491231002X"  # the specimen of GB 11643-1999


def _units(book: Workbook) -> list[Unit]:
    out = io.BytesIO()
    book.save(out)
    return list(extract(out.getvalue(), "a.xlsx"))


def _place(units: list[Unit], text: str) -> list[tuple[str, bool]]:
    found = []
    for unit in units:
        if (at := unit.text.find(text)) >= 0 and (place := unit.at(at, at + len(text))) is not None:
            found.append((place.name, place.hidden))
    return found


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        ("42370", "yyyy-mm-dd", "2016-01-01"),
        ("42370.75", 'yyyy"年"m"月"d"日" h:mm', "2016年1月1日 18:00"),
        ("42370.5", "h:mm AM/PM", "12:00 PM"),
        ("59", "yyyy/m/d", "1900/2/28"),
        ("60", "yyyy/m/d", "1900/2/28"),  # to Excel 29 February 1900, which the calendar does not have
        ("61", "yyyy/m/d", "1900/3/1"),
        ("0.125", "0.0%", "12.5%"),
        ("0.125", "0%", "13%"),
        ("-3", "0.0%;(0.0%)", "(300.0%)"),
        ("13800138000", "000-0000-0000", "138-0013-8000"),
        ("138000", '"138"00000000', "13800138000"),
        ("20160101", '0000"年"00"月"00"日"', "2016年01月01日"),
        ("1234567", "0,", "1235"),
        ("5", ";;;", ""),
        # What only rounds, groups, colours or names a currency or a unit leaves the stored digits.
        ("1234.5", "#,##0.0", "1234.5"),
        ("1234", "¥#,##0", "1234"),
        ("-3", "0;[Red]0", "-3"),
        ("12", '0"元"', "12"),
        ("110105194912310020", "0.00E+00", "110105194912310020"),
        # What cannot be shown in that way stays as it is.
        ("1E400", "0%", "1E400"),
        ("-1", "yyyy", "-1"),
        ("99999999", "yyyy", "99999999"),
        ("no number", "0%", "no number"),
    ],
)
def test_a_number_is_shown_as_its_format_says(value: str, code: str, shown: str) -> None:
    assert shown_number(value, code) == shown


def test_days_may_count_from_1904_and_the_fourth_part_of_a_format_is_for_text() -> None:
    assert shown_number("40908", "yyyy-mm-dd", from_1904=True) == "2016-01-01"
    assert shown_text("甲", ";;;") == ""
    assert shown_text("甲", ";;;@") == "甲"
    assert shown_text("甲", "0.00") == "甲"


def test_dates_per_cent_and_numbers_of_people_come_as_shown_and_as_stored() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "表"
    sheet.append(["出生日期", "比重", "证件号码", "证件号码", "电话", "备用"])
    sheet.append([dt.date(1949, 12, 31), 0.125, 110105194912310020, ID_NUMBER, 13800138000, 138000])
    sheet["B2"].number_format = "0.0%"
    sheet["C2"].number_format = "0"
    sheet["E2"].number_format = "000-0000-0000"
    sheet["F2"].number_format = '"139"00000000'
    units = _units(book)
    assert _place(units, "1949-12-31") == [("工作表“表”A2", False)]
    assert _place(units, "12.5%") == [("工作表“表”B2", False)]
    # A number keeps fifteen or sixteen digits, in Excel as here: the end of an ID typed as a number is gone.
    assert _place(units, "1101051949123100") == [("工作表“表”C2", False)]
    assert _place(units, ID_NUMBER) == [("工作表“表”D2", False)]
    assert _place(units, "138-0013-8000") == [("工作表“表”E2", False)]
    assert _place(units, "13800138000") == [("工作表“表”E2（存储值）", True)]
    assert any("电话：13800138000" in unit.text for unit in units)
    assert _place(units, "13900138000") == [("工作表“表”F2", False)]
    assert not any("：138000\n" in unit.text for unit in units)


def test_a_cell_that_its_format_hides_is_read_as_hidden_and_goes_from_the_copy() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "表"
    sheet.append(["甲", "乙"])
    sheet.append([13800138000, ID_NUMBER])
    for at in ("A2", "B2"):
        sheet[at].number_format = ";;;"
    units = _units(book)
    assert _place(units, "13800138000") == [("工作表“表”A2（存储值）", True)]
    assert _place(units, ID_NUMBER) == [("工作表“表”B2（存储值）", True)]
    out = io.BytesIO()
    book.save(out)
    copy = load_workbook(io.BytesIO(cleaned(out.getvalue(), "a.xlsx"))).worksheets[0]
    assert [copy["A1"].value, copy["A2"].value, copy["B2"].value] == ["甲", None, None]
