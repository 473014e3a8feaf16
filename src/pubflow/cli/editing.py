"""`pubflow report edit`: a new version from a file, by replacing words, or in the editor. A text is never lost."""

import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from pubflow.cli.asking import OfficeAway, Refused, ask, read_bytes
from pubflow.cli.reports import saved
from pubflow.cli.showing import Told, say
from pubflow.cli.verb import verb
from pubflow.cli.words import CoProducers, NeededReason, Report
from pubflow.errors import BadInput, WorkspaceError


def edit_verb(app: typer.Typer) -> None:
    """Register `pubflow report edit`."""
    example = 'pubflow report edit R-2026-0001 --replace "1968条" --with "1967条" --reason "与分类合计核对"'
    verb(app, "edit", example=example)(edit)


def edit(
    report: Report,
    reason: NeededReason,
    file: Annotated[str | None, typer.Option("--file", help="The whole new text; - for standard input.")] = None,
    replace: Annotated[list[str] | None, typer.Option("--replace", help="Words that stand in the text once.")] = None,
    with_: Annotated[list[str] | None, typer.Option("--with", help="What stands there instead.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field, e.g. subject_class=统计."),
    ] = None,
    co_producer: CoProducers = None,
    seen: Annotated[
        str | None, typer.Option("--seen", help="Digest you began with; else the newest version's at this moment.")
    ] = None,
) -> Told:
    """Save a new version: from --file, by --replace ... --with ..., by --set ..., or (none given) in $EDITOR.

    A version that somebody else saved meanwhile is never overwritten; your text is then kept in a file.
    """
    if co_producer:
        set_ = [*(set_ or ()), f"co_producers={'、'.join(co_producer)}"]
    if file is not None and (replace or with_ or set_):
        raise typer.BadParameter("does not go with --replace or --set", param_hint="--file")
    if len(replace or ()) != len(with_ or ()) or not all(replace or ()):
        raise typer.BadParameter("each --replace needs words and its own --with", param_hint="--replace / --with")
    shown = ask("GET", "reports", report, "text")
    if file is not None:
        text = _decoded(sys.stdin.buffer.read() if file == "-" else read_bytes(Path(file)), file)
    elif replace or set_:
        text = _replaced(shown["text"], list(zip(replace or (), with_ or (), strict=True)))
        text = _with_fields(text, set_ or [])
    else:
        text = _in_editor(report, shown["text"])
    own_words = file == "-" or (file is None and not replace and not set_ and text != shown["text"])
    return _save(report, text, reason, seen or shown["digest"], file=file, own_words=own_words)


def _save(report: str, text: str, reason: str, seen: str, *, file: str | None, own_words: bool) -> Told:
    """Save a version. own_words: the text stands nowhere else yet; it is kept in a file when it cannot be saved."""
    try:
        done: dict[str, Any] = ask(
            "PUT", "reports", report, "text", body={"text": text, "reason": reason, "seen": seen}
        )
    except (Refused, OfficeAway) as error:
        # A text with a secret mark is not kept anywhere (design decision 6).
        is_secret = isinstance(error, Refused) and error.error == "secret_mark"
        where = None if is_secret else _kept(report, text) if own_words else file
        if where is not None:
            say(f"您的文字仍在 {where}：请对照新版本后用 --file 再保存")
        raise
    return saved(done)


def _with_fields(text: str, fields: list[str]) -> str:
    """The text with catalogue fields set; the office checks names and values."""
    if not fields:
        return text
    from pubflow.documents.report_text import ReportText  # late: the other ways of editing need no parser

    given = dict(field.partition("=")[::2] for field in fields)
    if not all("=" in field for field in fields) or not all(given):
        raise typer.BadParameter("write FIELD=VALUE", param_hint="--set")
    whole = ReportText.parse(text)
    head = type(whole.head).checked({**whole.head.model_dump(), **given})
    return ReportText(head=head, body=whole.body).canonical()


def _replaced(text: str, changes: list[tuple[str, str]]) -> str:
    for old, new in changes:
        times = text.count(old)
        if times != 1:
            what = "文稿中找不到" if not times else f"文稿中有 {times} 处"
            raise BadInput(f"{what}“{old}”", "--replace", "请写得与文稿完全一致，并长到只出现一次")
        text = text.replace(old, new)
    return text


def _decoded(raw: bytes, name: str) -> str:
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8-sig")
    from pubflow.drafting.import_decode import decode  # late: only a file in GBK needs its tables

    return decode(raw, name)[0]


def _in_editor(report: str, text: str) -> str:
    """The text as it leaves the editor. The file is the owner's only and is removed; `_save` keeps what fails."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    if not sys.stdin.isatty() and not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise typer.BadParameter("no terminal to edit in: give --file or --replace ... --with ...", param_hint="--file")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix=f"{_as_name(report)}-", suffix=".md") as draft:
        draft.write(text)
        draft.flush()
        try:
            code = subprocess.run([*words, draft.name], check=False).returncode
        except OSError as error:
            raise WorkspaceError(
                f"The editor {words[0]!r} does not start: {error.strerror}.", "Set EDITOR, or use --file."
            ) from None
        if code:
            raise WorkspaceError(f"The editor ended with {code}; nothing was saved.", "Edit again, or use --file.")
        return _decoded(Path(draft.name).read_bytes(), draft.name)


def _kept(report: str, text: str) -> Path:
    """A file of the owner only with a text that could not be saved."""
    descriptor, name = tempfile.mkstemp(prefix=f"{_as_name(report)}-unsaved-", suffix=".md")
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    return Path(name)


def _as_name(report: str) -> str:
    return "".join(sign for sign in report if sign.isalnum() or sign == "-")[:40]
