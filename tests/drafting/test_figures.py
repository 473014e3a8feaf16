"""Figures from CSV: every mistake names file, row and column; values stay as written."""

from decimal import Decimal

import pytest

from pubflow.drafting.figures import read_figures
from pubflow.errors import BadInput

HEADER = "indicator,unit,month_value,prior_ytd_value,ytd_value,ytd_yoy_pct,prior_year_ytd_value,basis"
GOOD = "规模以上工业增加值,亿元,12.5,100.1,112.6,5.4,106.8,可比价"


def read(*lines: str, name: str = "十月.csv", encoding: str = "utf-8") -> list[dict[str, object]]:
    return [dict(row) for row in read_figures("\n".join(lines).encode(encoding), name)]


def test_values_stay_as_written_with_a_number_beside_them() -> None:
    (row,) = read(HEADER, '规模以上工业增加值,亿元,"1,012.50",…,112.6,-5.4,—,可比价')
    assert row["month_value"] == "1,012.50"
    assert row["month_value_dec"] == Decimal("1012.50")
    assert (row["prior_ytd_value"], row["prior_ytd_value_dec"]) == ("…", None)
    assert row["ytd_yoy_pct_dec"] == Decimal("-5.4")
    assert row["prior_year_ytd_value_dec"] is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_utf_8_with_and_without_mark_and_gbk_are_read_alike(encoding: str) -> None:
    assert read(HEADER, GOOD, encoding=encoding) == read(HEADER, GOOD)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER.replace(",ytd_value", ""), GOOD), "十月.csv 第 1 行：缺少列 ytd_value。表头应有：indicator"),
        ((HEADER,), "十月.csv：只有表头，没有数据行"),
        ((HEADER, GOOD, GOOD.replace("112.6", "约112")), "十月.csv 第 3 行 ytd_value 列：“约112”不是数字"),
        ((HEADER, GOOD.replace("5.4", "NaN")), "十月.csv 第 2 行 ytd_yoy_pct 列：“NaN”不是数字"),
        ((HEADER, GOOD.replace("12.5", "Infinity")), "十月.csv 第 2 行 month_value 列：“Infinity”不是数字"),
        ((HEADER, GOOD + ",多出一列"), "十月.csv 第 2 行：列数与表头不同"),
        ((HEADER, GOOD, "工业用电量,亿度,1.2"), "十月.csv 第 3 行：列数与表头不同"),
        ((HEADER, GOOD.replace("规模以上工业增加值", " ")), "十月.csv 第 2 行：指标名称为空"),
        # the number is that of the line in the file, whatever blank lines and quoted line breaks stand before it
        ((HEADER, "", "", GOOD.replace("112.6", "x")), "十月.csv 第 4 行 ytd_value 列：“x”不是数字"),
        ((HEADER, GOOD.replace("可比价", '"可比\n价"'), GOOD.replace("112.6", "x")), "十月.csv 第 4 行 ytd_value 列"),
        ((HEADER, GOOD.replace("可比价", "价" * 140_000)), "十月.csv 第 2 行：这一行不是 CSV"),
    ],
)
def test_a_mistake_names_file_row_and_column(lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(*lines)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("raw", "name", "message"),
    [
        (b"PK\x03\x04", "十月.xlsx", "十月.xlsx：不认识的文件类型“.xlsx”，数据须是 .csv 文件"),
        (b"PK\x03\x04", "十月.csv", "十月.csv：内容不是文本，而是 Office 或压缩文件"),
        (b"", "十月.CSV", "十月.CSV：文件是空的"),
        (HEADER.encode() + b"\n\xff\xff", "十月.csv", f"十月.csv：第 {len(HEADER) + 1} 字节（0xFF）不是 UTF-8 编码"),
        (HEADER.encode("utf-16"), "十月.csv", "十月.csv：文件是 UTF-16 编码"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_under_its_own_name(raw: bytes, name: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_figures(raw, name)
    assert str(refused.value).startswith(message)
    assert ".txt" not in str(refused.value)
