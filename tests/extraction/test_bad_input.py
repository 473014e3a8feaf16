"""What is broken, too much or made to harm gives a note 未检查, in bounded time; never an error, never silence."""

import io
import zipfile
from pathlib import Path

import pytest

from pubflow.extraction.extract import extract
from pubflow.extraction.limits import Limits
from pubflow.extraction.units import Unit


def _read(content: bytes | Path, name: str, limits: Limits | None = None) -> tuple[list[Unit], list[str]]:
    done = extract(content, name, limits)
    return list(done), [one.reason for one in done.unread if one.hard]


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_bomb_is_unchecked() -> None:
    _, why = _read(_zip({"a.txt": bytes(b"a" * 20_000_000)}), "a.zip")
    assert any("压缩比" in one for one in why)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(unpacked_bytes=1000), "解压后总量"),
        (Limits(member_bytes=1000), "单个内含文件"),
        (Limits(members=1), "内含文件超过"),
        (Limits(depth=0), "层"),
        (Limits(source_bytes=100), "超过"),
        (Limits(whole_bytes=100), "只能读到"),
        (Limits(seconds=-1), "秒"),
    ],
)
def test_each_bound_is_a_note(limits: Limits, reason: str) -> None:
    _, why = _read(_zip({"a.txt": b"x1" * 2000, "b.txt": b"b"}), "a.zip", limits)
    assert any(reason in one for one in why), why


def test_a_hundred_thousand_nested_elements_are_read_without_recursion() -> None:
    content = b"<html>" + b"<div hidden>" * 100_000 + b"text" + b"</div>" * 100_000
    units, why = _read(content, "a.html")
    assert why == []
    at = units[0].text.index("text")
    place = units[0].at(at, at + 4)
    assert place is not None
    assert place.hidden


def test_broken_utf8_is_named_by_its_byte_and_gb18030_is_read() -> None:
    units, why = _read("东湖区统计局".encode() + b"\xff" + b"13800138000", "a.txt")
    assert any("第 18 字节" in one for one in why)
    assert "13800138000" in units[0].text
    units, why = _read("东湖区统计局发布数据".encode("gb18030"), "a.txt")
    assert (units[0].text, why) == ("东湖区统计局发布数据", [])


def test_a_long_csv_comes_in_chunks_with_its_header_and_exact_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("姓名,证件\n" + "甲,1\n" * 600_000 + "乙,last\n", encoding="utf-8")
    units, why = _read(path, "a.csv")
    assert why == []
    assert len(units) > 1
    assert all(unit.text.startswith("姓名,证件\n") for unit in units)
    at = units[-1].text.index("last")
    place = units[-1].at(at, at + 4)
    assert place is not None
    assert place.name == "第600002行第2列"


def test_names_that_climb_up_are_text_and_touch_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    units, why = _read(_zip({"../../evil.txt": b"inside"}), "a.zip")
    assert why == []
    assert [unit.text for unit in units] == ["../../evil.txt\n", "inside"]
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7 nothing", "a.pdf"),
        (b"PK\x03\x04 nothing", "a.xlsx"),
        (b"\x89PNG\r\n\x1a\n", "a.png"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "a.doc"),
        (b"{\\rtf1 text}", "a.rtf"),
        (b"\x00\x01\x02\x03", "a.bin"),
        (b"PK\x05\x06" + bytes(18), "a.docx"),
        (b"plain", "a.xlsx"),
    ],
)
def test_what_is_not_what_it_should_be_is_unchecked(content: bytes, name: str) -> None:
    assert _read(content, name)[1] != []
