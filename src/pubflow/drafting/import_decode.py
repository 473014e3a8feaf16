"""From bytes to text: which files the import reads, and how it refuses the others. Pure."""

import re
from functools import cache
from pathlib import PurePath

from opencc import OpenCC

from pubflow.errors import BadInput

SUFFIXES = (".txt", ".md")
_FORMATS = {
    b"%PDF": "PDF",
    b"PK\x03\x04": "Office 或压缩文件",
    b"\xd0\xcf\x11\xe0": "旧版 Office 文件",
    b"{\\rtf": "RTF",
}
_WIDE_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UTF8_MARK = b"\xef\xbb\xbf"
_SAVE_AS = "请另存为 UTF-8 编码的 .txt 或 .md 文件，再导入"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_HAN = re.compile(r"[\u4e00-\u9fff]")

# Any bytes above 0x80 that come in pairs "are" GB18030, so a strict decoding proves little. Of real Chinese text
# nearly all characters are (after conversion to simplified) of GB 2312's symbols and its first level, the 3755
# common ones: 0.997 in the 2016 report, against 0.25-0.33 for Big5, 0.15 for Shift JIS, 0.67 for EUC-JP read so.
# Korean EUC-KR uses the very same ranges and cannot be told apart this way.
_COMMON_SHARE = 0.9
_COMMON_ROWS = {0xA1, 0xA2, 0xA3, 0xA8, *range(0xB0, 0xD8)}
# So many Chinese characters readable as UTF-8 before the first bad byte do not come about by chance in a GBK file.
_SURELY_UTF8 = 3


def decode(raw: bytes, name: str) -> tuple[str, str]:
    """The text of an imported file and its encoding, `utf-8` or `gb18030` (which includes GBK).

    raw: the file as it is; name: its name, of which the suffix counts.
    UTF-8 is tried first, strictly, then GB18030, strictly and only if the result looks like Chinese; nothing is
    replaced or dropped but a byte order mark of UTF-8. Byte positions in messages count from 0.
    Raises BadInput: unknown type, empty, UTF-16 or UTF-32, binary content, or any other encoding.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        what = f"不认识的文件类型“{suffix}”" if suffix else "文件名没有后缀，看不出类型"
        raise BadInput(f"{what}，能导入的类型：{'、'.join(SUFFIXES)}", name, _SAVE_AS)
    if not raw.removeprefix(_UTF8_MARK).strip():
        raise BadInput("文件是空的，没有任何文字", name, "请核对是否选错了文件")
    _refuse_what_is_no_text(raw, name)
    try:
        return raw.decode("utf-8").removeprefix("\ufeff"), "utf-8"
    except UnicodeDecodeError as error:
        return _as_gb18030(raw, name, error.start), "gb18030"


def _refuse_what_is_no_text(raw: bytes, name: str) -> None:
    for mark, encoding in _WIDE_MARKS.items():
        if raw.startswith(mark):
            raise BadInput(f"文件是 {encoding} 编码（从第 0 字节的标记看出），不能读取", name, _SAVE_AS)
    for mark, kind in _FORMATS.items():
        if raw.startswith(mark):
            raise BadInput(f"内容不是文本，而是 {kind}（从第 0 字节看出）", name, _SAVE_AS)
    if found := _CONTROL.search(raw):
        what = (
            f"第 {found.start()} 字节是控制字符 0x{raw[found.start()]:02X}，文件不是文本，或者是没有标记的 UTF-16 编码"
        )
        raise BadInput(what, name, _SAVE_AS)


def _as_gb18030(raw: bytes, name: str, utf8_stop: int) -> str:
    found = f"第 {utf8_stop} 字节（0x{raw[utf8_stop]:02X}）不是 UTF-8 编码"
    if len(_HAN.findall(raw[:utf8_stop].decode("utf-8"))) >= _SURELY_UTF8:
        raise BadInput(f"{found}，而此前都是 UTF-8，文件可能在这里损坏", name, "请取得完好的文件再导入")
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError as error:
        what = f"{found}，第 {error.start} 字节（0x{raw[error.start]:02X}）也不是 GBK/GB18030 编码"
        raise BadInput(what, name, _SAVE_AS) from None
    if _common_share(text) < _COMMON_SHARE:
        what = f"{found}；按 GBK/GB18030 读出来又不像中文，可能是 Big5 等其他编码"
        raise BadInput(what, name, _SAVE_AS)
    return text


def _common_share(text: str) -> float:
    """Which part of the non-ASCII characters is common in Chinese text, 0 to 1."""
    wide = [character for character in simplified(text) if ord(character) > 0x7F]
    return sum(_is_common(character) for character in wide) / len(wide) if wide else 1.0


def _is_common(character: str) -> bool:
    try:
        return character.encode("gb2312")[0] in _COMMON_ROWS
    except UnicodeEncodeError:
        return False


def simplified(text: str) -> str:
    """The text in simplified characters (OpenCC t2s, with its dictionary of phrases)."""
    return str(_converter().convert(text))


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")  # loads its dictionaries: 10 ms, once a process
