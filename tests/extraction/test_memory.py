"""What is made to fill the memory does not: each file is scanned by a process of its own, whose peak is measured.

The bound is that of docs/decisions/confidentiality-scan.md, for the whole process: Python, libraries, compiled rules.
"""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

BOUND = 300 * 1024 * 1024  # bytes
_SCAN = """
import json, re, sys
from pathlib import Path
from pubflow.confidentiality.files import scan_file
from pubflow.confidentiality.harness import SHIPPED_RULES
from pubflow.confidentiality.scan import load_rules

def peak():
    # Not ru_maxrss: that of a new program begins with the peak of the one that started it.
    return int(re.search(r"VmHWM:\\s*([0-9]+) kB", Path("/proc/self/status").read_text())[1]) * 1024

rules = load_rules(SHIPPED_RULES)
scan_file(b"text", "a.txt", rules)
before = peak()
found = scan_file(Path(sys.argv[1]), Path(sys.argv[1]).name, rules)
told = [(one.type, str(one.severity), one.place) for one in found]
print(json.dumps({"before": before, "peak": peak(), "found": told}))
"""


def _long_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8") as target:
        target.write("姓名,数值\n")
        for number in range(150_000):
            target.write(f"甲{number},{number * 7 % 1000}\n")
        target.write("联系人13800138000,1\n")


def _bomb(path: Path) -> None:
    inner = io.BytesIO()
    with (
        zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.txt", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(b"a" * 1024 * 1024))  # 300 MiB of one letter: a thousandth when packed
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in.zip", inner.getvalue())


def _deep_page(path: Path) -> None:
    path.write_bytes(b"<div hidden>" * 100_000 + "联系人13800138000".encode() + b"</div>" * 100_000)


def _wide_workbook(path: Path) -> None:
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Override PartName="/xl/workbook.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        )
        for part, kind, target in (("", "officeDocument", "xl/workbook.xml"), ("xl/", "worksheet", "sheet1.xml")):
            archive.writestr(
                f"{part}_rels/{'workbook.xml' if part else ''}.rels",
                f'<Relationships xmlns="{package}/relationships"><Relationship Id="s" Type="{office}/{kind}" '
                f'Target="{target}"/></Relationships>',
            )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns:r="{office}"><sheets><sheet name="一" r:id="s"/></sheets></workbook>',
        )
        with archive.open("xl/sheet1.xml", "w") as sheet:
            sheet.write(head.encode())
            for row in range(1, 60_001):
                cells = "".join(f"<c><v>{row * number % 997}</v></c>" for number in (3, 5, 7))
                sheet.write(f'<row r="{row}">{cells}</row>'.encode())
            sheet.write('<row r="60001"><c t="str"><v>联系人13800138000</v></c></row></sheetData></worksheet>'.encode())


@pytest.mark.parametrize(
    ("name", "build", "type_", "place"),
    [
        ("a.csv", _long_csv, "MOBILE", "第150002行第1列"),
        ("a.zip", _bomb, "UNCHECKED", "压缩包内“in.zip”：压缩包内“a.txt”：文件"),
        ("a.html", _deep_page, "MOBILE", "第1行第1200004列（隐藏元素）"),
        ("a.xlsx", _wide_workbook, "MOBILE", "工作表“一”A60001"),
    ],
)
def test_the_scan_stays_below_its_bound_and_finds_what_stands_at_the_end(
    tmp_path: Path, name: str, build: Callable[[Path], None], type_: str, place: str
) -> None:
    build(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, str(tmp_path / name)], capture_output=True, timeout=120, check=True
    )
    told = json.loads(done.stdout)
    assert [type_, "hard", place] in told["found"], told["found"]
    assert told["peak"] < BOUND, f"{told['peak'] / 2**20:.0f} MiB"
    sys.stdout.write(f"{name}: {told['peak'] / 2**20:.0f} MiB, of these {told['before'] / 2**20:.0f} before reading\n")
