"""`pubflow scan`: the confidentiality scan alone, on files or JSON lines. Keeps nothing."""

import io
import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.scan_page import page_of
from pubflow.cli.showing import Table, Told
from pubflow.cli.verb import verb
from pubflow.errors import BadInput

if TYPE_CHECKING:
    from pubflow.confidentiality.files import FileFinding
    from pubflow.confidentiality.lexicon import Lexicon
    from pubflow.confidentiality.scan import Rules


class ReportFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    HTML = "html"


def scan_verb(app: typer.Typer) -> None:
    """Register `pubflow scan`, which stands alone."""
    verb(app, "scan", example="pubflow scan draft.md tables.xlsx --lexicon names.txt --cleaned-copy public")(scan)


def scan(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Text, Markdown, CSV, HTML, XLSX, DOCX, PDF, pictures, ZIP."),
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Lines {"doc_id", "text"} from stdin; a line for each hard finding.')
    ] = False,
    lexicon: Annotated[Path | None, typer.Option("--lexicon", help="More words to find, one a line, UTF-8.")] = None,
    format_: Annotated[ReportFormat, typer.Option("--format", help="Report as text or as one web page.")] = (
        ReportFormat.TEXT
    ),
    cleaned_copy: Annotated[
        Path | None, typer.Option("--cleaned-copy", help="Folder for copies without properties and hidden parts.")
    ] = None,
) -> Told:
    """Scan files, hidden places included, for what the law protects; values are masked in all output.

    Files: exit 1 if something hard was found or could not be checked. --jsonl: a filter, its findings are its
    output and exit is 0. A cleaned copy still holds what a reader sees.
    """
    if bool(files) == jsonl:
        raise typer.BadParameter("give files, or --jsonl with documents on stdin", param_hint="FILE / --jsonl")
    from pubflow.confidentiality.harness import load_lexicon

    words = load_lexicon(lexicon) if lexicon else None
    if jsonl:
        _scan_stdin(_rules(), words)
        return Told()
    rules = _rules()
    scanned = {str(path): _scan_file(path, rules, words) for path in files or ()}
    for path in files or () if cleaned_copy else ():
        _write_copy(path, cleaned_copy or Path())
    hard = sum(_hard(findings) for findings in scanned.values())
    lines: list[str | Table] = []
    for name, findings in scanned.items():
        lines += _lines(name, findings)
    problem = f"发现 {hard} 处不得公开或未能检查的内容，请处理后再提交" if hard else ""
    data = [{"file": name, "findings": [asdict(one) for one in findings]} for name, findings in scanned.items()]
    shown = lines if format_ is ReportFormat.TEXT else [page_of(scanned)]
    return Told(data, shown, code=1 if hard else 0, problem=problem)


def _hard(findings: "Sequence[FileFinding]") -> int:
    return sum(str(finding.severity) == "hard" for finding in findings)


def _lines(name: str, findings: "Sequence[FileFinding]") -> list[str | Table]:
    if not findings:
        return [f"{name}：没有发现"]
    rows = [(one.place, str(one.severity), one.type, one.around, "；".join(one.evidence)) for one in findings]
    heading = f"{name}：{len(rows)} 处，其中不得公开或未能检查 {_hard(findings)} 处"
    return [heading, Table(("位置", "级别", "类型", "内容（已遮盖）", "依据"), rows, marked=1)]


def _scan_file(path: Path, rules: "Rules", lexicon: "Lexicon | None") -> "Sequence[FileFinding]":
    from pubflow.confidentiality.files import scan_file

    try:
        return scan_file(path, path.name, rules, lexicon)
    except OSError as error:
        raise BadInput(f"文件读不出来（{error.strerror}）", str(path), "请核对文件名") from None


def _write_copy(path: Path, folder: Path) -> None:
    """Write the cleaned copy under the same name; a file that is there already stays. Raises BadInput."""
    from pubflow.extraction.cleaning import CLEANABLE, cleaned
    from pubflow.extraction.limits import in_mib

    try:
        if path.stat().st_size > CLEANABLE.source_bytes:
            raise BadInput(f"文件超过 {in_mib(CLEANABLE.source_bytes)}，不能生成清洗件", str(path), "请拆分后再清洗")
        copy = cleaned(path.read_bytes(), path.name)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / path.name).open("xb") as target:
            target.write(copy)
    except OSError as error:
        why = f"清洗件写不进去（{error.strerror}）"
        raise BadInput(why, str(folder / path.name), "请换一个文件夹，或先移走同名文件") from None


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


def _shipped() -> Path:
    from pubflow.confidentiality.harness import SHIPPED_RULES

    return SHIPPED_RULES.parents[1]
