"""The scan as benchmarks and `pubflow scan --jsonl` call it."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from pubflow.confidentiality.lexicon import Lexicon
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import Rules, load_rules, scan, scanner_of
from pubflow.confidentiality.scanner import FORMATS
from pubflow.errors import BadInput

SHIPPED_RULES = Path(__file__).parents[3] / "config" / "rules" / "confidentiality.toml"

Span = tuple[int, int, str]  # start, end in code points, type


def make() -> Callable[[Mapping[str, Any]], Iterator[Span]]:
    """`scan(doc)` for benchmarks: doc["text"] in, (start, end, type) out.

    Hard findings only, since a warning stops nothing. Reads the rules of the checkout,
    and the lexicon that the environment variable LEXICON names, if it does.
    """
    rules = load_rules(SHIPPED_RULES)
    path = os.environ.get("LEXICON")
    lexicon = load_lexicon(Path(path)) if path else None

    scanner = scanner_of(rules, lexicon)

    def spans(doc: Mapping[str, Any]) -> Iterator[Span]:
        form = doc.get("format", "text")
        plain, odd = scanner.plain(doc["text"], form)
        for found in scanner.find(plain, form, odd=odd, warnings=False):
            yield *plain.original(found.start, found.end), found.rule.type

    return spans


def load_lexicon(path: Path) -> Lexicon:
    """One term a line, UTF-8. Raises BadInput for a file that cannot be read or holds no term."""
    try:
        return Lexicon(tuple(path.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        raise BadInput(f"词库读不出来（{error.strerror}）", str(path), "请核对文件名") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"词库第 {error.start} 字节不是 UTF-8", str(path), "请另存为 UTF-8") from None
    except ValueError:
        raise BadInput("词库里没有词", str(path), "请每行写一个词") from None


def scan_jsonl(
    lines: Iterable[str], out: TextIO, rules: Rules, lexicon: Lexicon | None = None, *, warnings: bool = False
) -> int:
    """One JSON object a line, {"doc_id", "text", ...}, to one line a finding, {"doc_id", "start", "end", "type"}.

    Hard findings only, unless `warnings`. Returns the number of findings written.
    Raises BadInput with the line number at the first line that is no such object; what was written before stays.
    """
    count = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        doc_id, text, form = _document(line, number)
        for finding in scan(text, rules, lexicon, format=form):
            if finding.severity is not Severity.HARD and not warnings:
                continue
            place = {"doc_id": doc_id, "start": finding.start, "end": finding.end, "type": finding.type}
            out.write(json.dumps(place, ensure_ascii=False) + "\n")
            count += 1
    return count


def _document(line: str, number: int) -> tuple[Any, str, str]:
    remedy = '每行应是一个 JSON 对象，如 {"doc_id": "1", "format": "txt", "text": "……"}'
    try:
        doc = json.loads(line)
    except ValueError:
        raise BadInput("这一行不是 JSON", f"第 {number} 行", remedy) from None
    if not isinstance(doc, dict) or "doc_id" not in doc or not isinstance(doc.get("text"), str):
        raise BadInput("这一行没有 doc_id 或 text", f"第 {number} 行", remedy)
    form = {"txt": "text"}.get(form := doc.get("format", "text"), form)
    if form not in FORMATS:
        raise BadInput(f"不认识的 format：{form}", f"第 {number} 行", "可用：txt、text、csv、html")
    return doc["doc_id"], doc["text"], form
