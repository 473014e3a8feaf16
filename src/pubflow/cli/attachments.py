"""`pubflow report attach`, `detach`, `attachments`, `attachment`: files that go public with a report."""

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask, given_file
from pubflow.cli.reports import saved
from pubflow.cli.showing import Table, Told, moment, say
from pubflow.cli.verb import verb
from pubflow.cli.words import Reason, Report
from pubflow.errors import BadInput, PubflowError

CLEANED_WITHIN = 600.0  # seconds; looking through and cleaning a large workbook takes minutes
Name = Annotated[str, typer.Argument(metavar="NAME", help="File name as `report attachments` shows it.")]
Version = Annotated[int | None, typer.Option("--version", min=1, help="An older version; else the newest.")]


def attachment_verbs(app: typer.Typer) -> None:
    """Register the four verbs."""
    verb(app, "attach", example='pubflow report attach R-2026-0001 附表1.xlsx --reason "补充分行业数据"')(attach)
    verb(app, "detach", example='pubflow report detach R-2026-0001 附表1.xlsx --reason "改为正文中的表"')(detach)
    verb(app, "attachments", example="pubflow report attachments R-2026-0001")(attachments)
    verb(app, "attachment", example="pubflow report attachment R-2026-0001 附表1.xlsx --out copy.xlsx")(attachment)


def attach(
    report: Report,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="xlsx, docx, pdf, csv, txt, md, png, jpg.")],
    reason: Reason = "",
    replace: Annotated[bool, typer.Option("--replace", help="A file of the same name gives way.")] = False,
) -> Told:
    """Attach files to a draft, each as a new version: a cleaned copy goes public, the original is not kept.

    Tells what the copy lacks (properties, comments, hidden sheets), and what hid in the original.
    """
    given = [given_file(path) for path in files]
    done: list[dict[str, Any]] = []
    for file in given:
        body = {"file": file, "reason": reason, "replace": replace}
        try:
            done.append(ask("POST", "reports", report, "attachments", body=body, within=CLEANED_WITHIN))
        except PubflowError:
            if done:
                say(f"{'、'.join(one['name'] for one in done)} 已添加，{file['name']} 没有：")
            raise
    return Told(done, [line for one in done for line in _attached(one)])


def detach(report: Report, name: Name, reason: Reason = "") -> Told:
    """Take an attachment off a draft, as a new version; earlier versions keep theirs."""
    return saved(ask("POST", "reports", report, "attachments", name, "detach", body={"reason": reason}))


def attachments(report: Report, version: Version = None) -> Told:
    """The attachments of a version: size and digest of the cleaned copy, who added it; the reader is recorded."""
    found = ask("GET", "reports", report, "attachments", params={"version": version})
    rows = [
        (one["name"], one["kind"], f"{one['size']:,}", one["sha256"][:12], one["added_by"], moment(one["added_at"]))
        for one in found
    ]
    if not rows:
        return Told(found, ["没有附件"])
    return Told(found, [Table(("文件名", "类型", "字节", "摘要", "添加人", "时间"), rows)])


def attachment(
    report: Report,
    name: Name,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it; nothing is overwritten.")],
    version: Version = None,
) -> Told:
    """Read a cleaned copy back, byte for byte as it would go public; the reader is recorded."""
    found = ask("GET", "reports", report, "attachments", name, params={"version": version})
    try:
        with out.open("xb") as file:
            file.write(base64.b64decode(found.pop("content")))
    except OSError as error:
        raise BadInput(f"文件写不进去（{error.strerror}）", str(out), "请换一个文件名或文件夹") from None
    return Told(found | {"out": str(out)}, [f"{found['name']} → {out}  SHA-256 {found['sha256']}"])


def _attached(one: dict[str, Any]) -> list[str | Table]:
    lines: list[str | Table] = [
        f"{one['report']} v{one['version']}：已添加附件 {one['name']}（清洗件 {one['size']:,} 字节，"
        f"摘要 {one['sha256'][:12]}）"
    ]
    if one["removed"]:
        lines.append(f"清洗件中没有：{'、'.join(one['removed'])}")
    if one["hidden"]:
        lines.append(
            f"原文件看不见的地方有 {len(one['hidden'])} 处不得公开的内容，清洗件中没有；请同时处理手中的原文件："
        )
        rows = [(each["place"], each["type"], each["masked"]) for each in one["hidden"]]
        lines.append(Table(("位置", "类型", "内容（已遮盖）"), rows))
    return lines
