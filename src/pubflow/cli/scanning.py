"""`pubflow scan`: the confidentiality scan alone, on files or JSON lines. Keeps nothing."""

import contextlib
import datetime as dt
import errno
import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.scan_page import page_of
from pubflow.cli.showing import Table, Told, plain
from pubflow.cli.verb import asked, verb
from pubflow.errors import BadInput
from pubflow.moments import SHANGHAI, utc_now

if TYPE_CHECKING:
    from pubflow.confidentiality.files import FileFinding
    from pubflow.confidentiality.lexicon import Lexicon
    from pubflow.confidentiality.public_facts import PublicFacts
    from pubflow.confidentiality.scan import Rules


_EXAMPLES = (
    "pubflow scan draft.md tables.xlsx",
    "pubflow scan draft.docx --lexicon names.txt --cleaned-copy public",
    "pubflow scan *.xlsx --format html > report.html",
    "pubflow scan draft.md --json | jq '.[].findings[].place'",
    "pubflow scan --jsonl < documents.jsonl > findings.jsonl",
)


class ReportFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    HTML = "html"


@dataclass(frozen=True)
class _Basis:
    """What a scan rests on. folder: the configuration it was read from."""

    folder: Path
    rules: "Rules"
    facts: "PublicFacts"
    lexicon: "Lexicon | None"
    day: dt.date


def scan_verb(app: typer.Typer) -> None:
    """Register `pubflow scan`, which stands alone."""
    verb(app, "scan", example="\n  ".join(_EXAMPLES))(scan)


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

    Rules and public facts are those of the workspace (--home, PUBFLOW_HOME, ./pubflow-office), else those shipped;
    --jsonl takes the rules alone, without public facts. A cleaned copy still holds what a reader sees.

    Exit code: 0 nothing that stops a publication; 1 something does, or could not be checked, or a file was refused
    (none is scanned then); 2 wrong use; 130 interrupted. --jsonl is a filter: findings are its output, and it exits 0.
    """
    if bool(files) == jsonl:
        raise typer.BadParameter("give files, or --jsonl with documents on stdin", param_hint="FILE / --jsonl")
    if format_ is ReportFormat.HTML and (jsonl or asked().as_json):
        raise typer.BadParameter("give one of the two", param_hint="--format html / --json, --jsonl")
    if jsonl and cleaned_copy:
        raise typer.BadParameter("only files have cleaned copies", param_hint="--cleaned-copy / --jsonl")
    paths = list(dict.fromkeys(files or ()))
    for path in paths:
        _refuse_unreadable(path)
    if cleaned_copy:
        _refuse_taken(paths, cleaned_copy)
    basis = _basis(lexicon)
    if jsonl:
        _scan_stdin(basis.rules, basis.lexicon)
        return Told()
    with _bar(paths) as checked:
        scanned = {str(path): _scan_file(path, basis, partial(checked, at)) for at, path in enumerate(paths)}
    copies = [_write_copy(path, cleaned_copy) for path in paths] if cleaned_copy else []
    hard = sum(_hard(findings) for findings in scanned.values())
    lines: list[str | Table] = []
    for name, findings in scanned.items():
        lines += _lines(name, findings)
    problems = [f"发现 {hard} 处不得公开或未能检查的内容，请处理后再提交"] if hard else []
    problems += [one for one in copies if one]
    lines.append(_words_of(basis))
    data = [{"file": name, "findings": [asdict(one) for one in findings]} for name, findings in scanned.items()]
    shown = lines if format_ is ReportFormat.TEXT else [page_of(scanned, _words_of(basis))]
    return Told(data, shown, code=1 if problems else 0, problem="\n".join(problems))


def _refuse_unreadable(path: Path) -> None:
    from pubflow.extraction.reading import refuse_unopenable

    try:
        refuse_unopenable(path)
    except IsADirectoryError:
        raise BadInput("这是文件夹，不是文件", str(path), f"请写出其中的文件，如 {path}/*") from None
    except FileNotFoundError:
        raise BadInput("没有这个文件", str(path), "请核对文件名") from None
    except PermissionError:
        raise BadInput("没有读取这个文件的权限", str(path), "请先取得权限，或换一个账户") from None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise BadInput(f"文件读不出来（{error.strerror}）", str(path), "请核对文件名") from None
        raise BadInput("不是普通文件（管道或设备），不能检查", str(path), "请先保存为文件") from None


def _refuse_taken(paths: Sequence[Path], folder: Path) -> None:
    """A copy replaces nothing, neither what is there already nor another copy of this run."""
    names = [path.name for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise BadInput("有两个文件同名，清洗件会互相覆盖", name, "请分开清洗")
        if (folder / name).exists():
            raise BadInput("已有同名文件，清洗件不覆盖它", str(folder / name), "请换一个文件夹，或先移走同名文件")


def _hard(findings: "Sequence[FileFinding]") -> int:
    return sum(str(finding.severity) == "hard" for finding in findings)


def _lines(name: str, findings: "Sequence[FileFinding]") -> list[str | Table]:
    if not findings:
        return [f"{name}：没有发现"]
    rows = [(one.place, str(one.severity), one.type, one.around, "；".join(one.evidence)) for one in findings]
    heading = f"{name}：{len(rows)} 处，其中不得公开或未能检查 {_hard(findings)} 处"
    return [heading, Table(("位置", "级别", "类型", "内容（已遮盖）", "依据"), rows, marked=1)]


def _scan_file(path: Path, basis: _Basis, checked: Callable[[int], None]) -> "Sequence[FileFinding]":
    from pubflow.confidentiality.files import scan_file

    try:
        return scan_file(path, path.name, basis.rules, basis.lexicon, facts=basis.facts, day=basis.day, checked=checked)
    except OSError as error:
        raise BadInput(f"文件读不出来（{error.strerror}）", str(path), "扫描时被移走或改动，请再试") from None


def _write_copy(path: Path, folder: Path) -> str:
    """Write the cleaned copy under the same name; why there is none, or nothing. A file that is there already stays."""
    from pubflow.extraction.cleaning import CLEANABLE, cleaned
    from pubflow.extraction.limits import in_mib

    try:
        if path.stat().st_size > CLEANABLE.source_bytes:
            return f"{path}：文件超过 {in_mib(CLEANABLE.source_bytes)}，不能生成清洗件。请拆分后再清洗"
        copy = cleaned(path.read_bytes(), path.name)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / path.name).open("xb") as target:
            target.write(copy)
    except BadInput as error:
        return str(error)
    except OSError as error:
        return f"{folder / path.name}：清洗件写不进去（{error.strerror}）。请换一个文件夹，或先移走同名文件"
    return ""


def _scan_stdin(rules: "Rules", lexicon: "Lexicon | None") -> None:
    from pubflow.confidentiality.harness import scan_jsonl

    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8")
    try:
        scan_jsonl(lines, sys.stdout, rules, lexicon)
    except UnicodeDecodeError as error:
        raise BadInput("标准输入不是 UTF-8", f"第 {error.start} 字节附近", "请另存为 UTF-8") from None
    finally:
        lines.detach()


def _basis(lexicon: Path | None) -> _Basis:
    """Rules and facts of the workspace, where there is one; else those shipped. Both from one folder."""
    from pubflow.confidentiality.harness import SHIPPED_RULES, load_lexicon
    from pubflow.confidentiality.lexicons import lexicon_on
    from pubflow.confidentiality.public_facts import FILE, load_public_facts
    from pubflow.confidentiality.scan import load_rules

    day = utc_now().astimezone(SHANGHAI).date()
    shipped = SHIPPED_RULES.parents[1]
    folder = home_folder() / "config"
    if not (folder / SHIPPED_RULES.relative_to(shipped)).exists():
        if asked().home is not None:
            raise BadInput("这里没有工作区的配置", str(folder), "请核对 --home，或不写它而用随软件的规则")
        folder = shipped
    rules = load_rules(folder / SHIPPED_RULES.relative_to(shipped)).valid_on(day)
    words = load_lexicon(lexicon) if lexicon else lexicon_on(folder, day)
    return _Basis(folder, rules, load_public_facts(folder / FILE), words, day)


def _words_of(basis: _Basis) -> str:
    facts = sum(fact.covers_on(basis.day) for fact in basis.facts.facts)
    words = f"、词库 {len(basis.lexicon.terms)} 个词" if basis.lexicon else ""
    return f"依据：{basis.folder} 中今日有效的规则 {len(basis.rules.rules)} 条、公开事实 {facts} 条{words}"


@contextlib.contextmanager
def _bar(paths: Sequence[Path]) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal once it takes longer than a second: files, bytes, and how much text was checked."""
    if asked().as_json or not sys.stderr.isatty():
        yield lambda _at, _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    began = time.monotonic()
    sizes = [path.stat().st_size for path in paths]
    seen = [0] * len(paths)  # code points of each file
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=sum(sizes), visible=False)

        def show(at: int, count: int) -> None:
            seen[at] += count
            late = time.monotonic() - began > 1
            said = f"{at + 1}/{len(paths)} {plain(paths[at].name)}: {seen[at]:,} characters checked"
            # Of a packed file the text is longer than the file: it counts as done when no text comes any more.
            done = sum(sizes[:at]) + min(seen[at], sizes[at])
            progress.update(task, description=said, completed=done, visible=late)

        yield show
