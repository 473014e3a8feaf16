"""`pubflow scan`: the confidentiality scan alone, on files or JSON lines. Keeps nothing."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pubflow.cli.asking import home_folder, read_bytes
from pubflow.cli.showing import Table, Told
from pubflow.cli.verb import verb
from pubflow.errors import BadInput

if TYPE_CHECKING:
    from pubflow.confidentiality.detectors import Lexicon
    from pubflow.confidentiality.scan import Rules, ScanFinding

AROUND = 16  # characters shown on each side of a finding


def scan_verb(app: typer.Typer) -> None:
    """Register `pubflow scan`, which stands alone."""
    verb(app, "scan", example="pubflow scan draft.md --lexicon names.txt")(scan)


def scan(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Text files, UTF-8 or GBK.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Lines {"doc_id", "text"} from stdin; a line for each hard finding.')
    ] = False,
    lexicon: Annotated[Path | None, typer.Option("--lexicon", help="More words to find, one a line, UTF-8.")] = None,
) -> Told:
    """Scan texts for what the law protects; values are masked in all output.

    Files: exit 1 if something hard was found. --jsonl: a filter, its findings are its output and exit is 0.
    """
    if bool(files) == jsonl:
        raise typer.BadParameter("give files, or --jsonl with documents on stdin", param_hint="FILE / --jsonl")
    from pubflow.confidentiality.harness import load_lexicon

    words = load_lexicon(lexicon) if lexicon else None
    if jsonl:
        _scan_stdin(_rules(), words)
        return Told()
    scanned = [_scan_file(path, _rules(), words) for path in files or ()]
    hard = sum(one.hard for one in scanned)
    lines: list[str | Table] = []
    for one in scanned:
        lines += one.lines()
    problem = f"发现 {hard} 处不得公开的内容，请处理后再提交" if hard else ""
    return Told([one.data() for one in scanned], lines, code=1 if hard else 0, problem=problem)


@dataclass(frozen=True)
class _Scanned:
    """One file with its findings; `places` are (line, masked surroundings) of each."""

    name: str
    findings: "Sequence[ScanFinding]"
    places: Sequence[tuple[int, str]]

    @property
    def hard(self) -> int:
        return sum(str(finding.severity) == "hard" for finding in self.findings)

    def data(self) -> dict[str, Any]:
        return {
            "file": self.name,
            "findings": [
                {
                    "rule": one.rule,
                    "type": one.type,
                    "severity": str(one.severity),
                    "start": one.start,
                    "end": one.end,
                    "line": line,
                    "masked": one.masked,
                    "evidence": list(one.evidence),
                }
                for one, (line, _) in zip(self.findings, self.places, strict=True)
            ],
        }

    def lines(self) -> list[str | Table]:
        if not self.findings:
            return [f"{self.name}：没有发现"]
        rows = [
            (f"第{line}行", str(one.severity), one.type, around, "；".join(one.evidence))
            for one, (line, around) in zip(self.findings, self.places, strict=True)
        ]
        heading = f"{self.name}：{len(rows)} 处，其中不得公开 {self.hard} 处"
        return [heading, Table(("位置", "级别", "类型", "内容（已遮盖）", "依据"), rows, marked=1)]


def _scan_file(path: Path, rules: "Rules", lexicon: "Lexicon | None") -> _Scanned:
    from pubflow.confidentiality.scan import scan as find
    from pubflow.drafting.import_decode import decode

    text, _ = decode(read_bytes(path), path.name)
    found = find(text, rules, lexicon)
    return _Scanned(str(path), found, _places(text, found))


def _places(text: str, found: "Sequence[ScanFinding]") -> list[tuple[int, str]]:
    """Line and surroundings of each finding, in a text where all findings are masked: a neighbour may be one too."""
    masked, spans, last = "", [], 0
    for finding in found:  # in reading order, without overlaps
        masked += text[last : finding.start]
        spans.append((len(masked), len(masked) + len(finding.masked)))
        masked += finding.masked
        last = finding.end
    masked += text[last:]
    return [
        (text.count("\n", 0, finding.start) + 1, _around(masked, *span))
        for finding, span in zip(found, spans, strict=True)
    ]


def _around(masked: str, start: int, end: int) -> str:
    before = masked[max(0, start - AROUND) : start].rpartition("\n")[2]
    behind = masked[end : end + AROUND].partition("\n")[0]
    return f"{before}{masked[start:end]}{behind}"


def _scan_stdin(rules: "Rules", lexicon: "Lexicon | None") -> None:
    from pubflow.confidentiality.harness import scan_jsonl

    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8")
    try:
        scan_jsonl(lines, sys.stdout, rules, lexicon)
    except UnicodeDecodeError as error:
        raise BadInput("标准输入不是 UTF-8", f"第 {error.start} 字节附近", "请另存为 UTF-8") from None
    finally:
        lines.detach()


def _rules() -> "Rules":
    """The rules of the workspace, where there is one; else those shipped."""
    from pubflow.confidentiality.harness import SHIPPED_RULES
    from pubflow.confidentiality.scan import load_rules

    own = home_folder() / "config" / "rules" / "confidentiality.toml"
    return load_rules(own if own.exists() else SHIPPED_RULES)
