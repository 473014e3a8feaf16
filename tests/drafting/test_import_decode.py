"""Which files the import reads: encodings, types, and the byte a refusal names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubflow.drafting.import_decode import decode
from pubflow.errors import BadInput

SEED = Path(__file__).parents[1] / "data" / "donghu-2016-annual-report.txt"
CHINESE = "东湖区统计局2016年政府信息公开工作年度报告\n一、概述\n"


def test_the_real_report_is_utf_8():
    text, encoding = decode(SEED.read_bytes(), SEED.name)
    assert encoding == "utf-8"
    assert text.startswith("索引號: | A25010-7481-1397-0846-6018-8139")


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_a_gbk_file_is_read(encoding):
    assert decode(CHINESE.encode(encoding), "a.txt") == (CHINESE, "gb18030")


def test_the_real_report_saved_as_gb18030_reads_the_same():
    text = SEED.read_text("utf-8")
    assert decode(text.encode("gb18030"), "a.txt") == (text, "gb18030")


def test_a_byte_order_mark_of_utf_8_is_not_part_of_the_text():
    assert decode(b"\xef\xbb\xbf" + CHINESE.encode(), "a.md") == (CHINESE, "utf-8")


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.doc", "a.html", "a"])
def test_an_unknown_type_is_refused_and_the_known_ones_are_named(name):
    with pytest.raises(BadInput, match=r"\.txt、\.md") as refused:
        decode(CHINESE.encode(), name)
    assert refused.value.where == name


@pytest.mark.parametrize("raw", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(raw):
    with pytest.raises(BadInput, match="文件是空的"):
        decode(raw, "a.txt")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (CHINESE.encode("utf-16"), "UTF-16 编码"),
        (CHINESE.encode("utf-32"), "UTF-32 编码"),
        ("年报2016".encode("utf-16-le"), "第 5 字节是控制字符 0x00"),
        ("年报".encode() + b"\x00", "第 6 字节是控制字符 0x00"),
        (b"%PDF-1.7\n\x00\x01", "内容不是文本，而是 PDF"),
        (b"PK\x03\x04\x14\x00", "内容不是文本，而是 Office 或压缩文件"),
        ("年报abc年报".encode() + b"\xff", "第 15 字节（0xFF）不是 UTF-8 编码，而此前都是 UTF-8"),
        (CHINESE.encode()[:-2], "而此前都是 UTF-8，文件可能在这里损坏"),
        (b"2016 \xc4\xea\xff", "第 5 字节（0xC4）不是 UTF-8 编码，第 7 字节（0xFF）也不是 GBK/GB18030 编码"),
        ("caf\xe9".encode("latin-1"), "第 3 字节（0xE9）不是 UTF-8 编码，第 3 字节（0xE9）也不是 GBK/GB18030 编码"),
        ("東湖區統計局年度報告，主動公開政府信息的情況".encode("big5"), "可能是 Big5 等其他编码"),
        ("これは統計局の報告書です。公開します".encode("shift_jis"), "按 GBK/GB18030 读出来又不像中文"),
    ],
)  # fmt: skip
def test_what_is_no_readable_text_is_refused_with_the_place(raw, message):
    with pytest.raises(BadInput) as refused:
        decode(raw, "a.txt")
    assert message in refused.value.what
    assert refused.value.remedy


@given(st.binary(max_size=200))
def test_any_bytes_are_either_read_without_loss_or_refused(raw):
    try:
        text, encoding = decode(raw, "a.txt")
    except BadInput:
        return
    assert text.encode(encoding) == raw.removeprefix(b"\xef\xbb\xbf")
