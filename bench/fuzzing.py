"""Fuzzing: damaged small files into the extractors, damaged texts into the detectors. Nothing may crash or hang."""

import io
import random
import signal
import time
import zipfile
from collections.abc import Callable
from types import FrameType
from typing import Any

import docx
from openpyxl import Workbook
from PIL import Image
from pypdf import PdfWriter

from pubflow.confidentiality.harness import SHIPPED_RULES
from pubflow.confidentiality.scan import load_rules, scan
from pubflow.extraction.extract import extract

INPUTS = 100_000  # over all targets together
SECONDS = 5.0  # for one input
SEED = 20261124  # the same inputs in every run
_TEXT = "姓名,证件号码,电话\n张三,11010519491231002X,13800138000\n联系地址：东湖区某路1号，机密★10年\n"
_PAGE = f"<html><body><p hidden>{_TEXT}</p><!-- &#49;&#x31; --><table><tr><td>1</td></tr></table></body></html>"
_PIECES = [b"<", b">", b'"', b"&#", b"\x00", b"\xff\xfe", b"PK\x03\x04", b"%%EOF", b"9" * 40, "　１★〔".encode()]


def measure_fuzzing(inputs: int = INPUTS) -> list[dict[str, Any]]:
    """A row a target: inputs tried, crashes, time-outs, faults that the extractor caught and noted as 未检查."""
    targets = _targets()
    chance = random.Random(SEED)  # noqa: S311 - no secret
    rows = [_row(name, inputs // len(targets), seed, run, chance) for name, (seed, run) in targets.items()]
    print(f"{sum(row['inputs'] for row in rows)} inputs tried")
    return rows


def _targets() -> dict[str, tuple[bytes, Callable[[bytes], int]]]:
    """By name: a small valid input, and what takes it and counts the faults caught."""
    files = {"a.xlsx": _workbook(), "a.docx": _document(), "a.pdf": _pdf(), "a.png": _picture()}
    files |= {"a.csv": _TEXT.encode(), "a.html": _PAGE.encode(), "a.txt": _TEXT.encode("gb18030")}
    rules = load_rules(SHIPPED_RULES)

    def extractor(name: str) -> Callable[[bytes], int]:
        def run(content: bytes) -> int:
            done = extract(content, name)
            for _ in done:
                pass
            return sum(one.reason.startswith("读取出错") for one in done.unread)

        return run

    def detector(form: str) -> Callable[[bytes], int]:
        def run(content: bytes) -> int:
            scan(content.decode("utf-8", "replace"), rules, format=form)
            return 0

        return run

    found = {f"extract {name}": (content, extractor(name)) for name, content in files.items()}
    texts = {"text": _TEXT, "csv": _TEXT, "html": _PAGE}
    return found | {f"scan {form}": (text.encode(), detector(form)) for form, text in texts.items()}


def _row(name: str, count: int, seed: bytes, run: Callable[[bytes], int], chance: random.Random) -> dict[str, Any]:
    crashes, outs, caught, slowest, first = 0, 0, 0, 0.0, ""
    before = signal.signal(signal.SIGALRM, _too_long)
    try:
        for _ in range(count):
            content = _mutated(seed, chance)
            began = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                caught += run(content)
            except _TooLong:
                outs += 1
            except Exception as error:  # noqa: BLE001 - any crash is what we look for
                crashes += 1
                first = first or f"{type(error).__name__}: {error}"[:120]
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            slowest = max(slowest, time.perf_counter() - began)
    finally:
        signal.signal(signal.SIGALRM, before)
    return {
        "target": name,
        "inputs": count,
        "crashes": crashes,
        "time-outs": outs,
        "faults caught": caught,
        "slowest s": slowest,
        "first crash": first,
    }


class _TooLong(BaseException):
    """An input took longer than SECONDS; no `except Exception` of the code under test catches it."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLong


def _mutated(seed: bytes, chance: random.Random) -> bytes:
    """The seed with a few changes; an archive mostly inside its members, or nothing but its frame would be tried."""
    if seed.startswith(b"PK") and chance.random() < 0.8:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(seed)) as old, zipfile.ZipFile(out, "w") as new:
            names = old.namelist()
            for name in names:
                content = old.read(name)
                new.writestr(name, _changed(content, chance) if chance.random() < 2 / len(names) else content)
        return out.getvalue()
    return _changed(seed, chance)


def _changed(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at : at + 1] = chance.randbytes(1)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = data[at : at + chance.randint(1, 200)] * chance.randint(1, 5)
            case 3:
                data[at:at] = chance.choice(_PIECES) * chance.choice((1, 1, 1, 100))
            case _:
                data[at : at + 4] = chance.randbytes(4)
    return bytes(data)


def _workbook() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for line in _TEXT.splitlines():
        book.worksheets[0].append(line.split(","))
    book.create_sheet("附表").sheet_state = "hidden"
    book.save(out)
    return out.getvalue()


def _document() -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph(_TEXT)
    document.add_table(2, 2).cell(0, 0).text = "证件号码"
    document.save(out)
    with zipfile.ZipFile(out) as whole:  # without the pictures and styles of the library's model document
        kept = {name: whole.read(name) for name in whole.namelist() if "thumbnail" not in name and "theme" not in name}
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w") as target:
        for name, content in kept.items():
            target.writestr(name, content)
    return small.getvalue()


def _pdf() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Author": "张三"})
    writer.add_attachment("a.txt", _TEXT.encode())
    writer.write(out)
    return out.getvalue()


def _picture() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x013B] = "Zhang"
    Image.new("RGB", (4, 4)).save(out, "PNG", exif=exif)
    return out.getvalue()
