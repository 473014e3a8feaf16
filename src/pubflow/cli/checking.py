"""`pubflow check`, around the decisions: grounds, right holders, referral, the review form, marks, changed rules."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask, read_bytes
from pubflow.cli.reports import saved
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import verb
from pubflow.cli.words import Digest, NeededReason, Report, needed_digest
from pubflow.errors import BadInput

Finding = Annotated[int, typer.Argument(metavar="FINDING", help="Number from `check findings`.")]
Holder = Annotated[str, typer.Option("--holder", help="The right holder; kept erasable beside the history.")]
How = Annotated[str, typer.Option("--how", help="In writing, by mail, ...")]
DocumentNo = Annotated[str, typer.Option("--doc", help="Number of the document.")]


def checking_verbs(check: typer.Typer) -> None:
    """Register the verbs."""
    verb(check, "grounds", example="pubflow check grounds --type MOBILE")(grounds)
    verb(
        check,
        "consent",
        example="pubflow check consent R-2026-0001 7 --digest 3f9a1c2b --holder 某公司 --on 2026-11-20 --how 书面 "
        '--doc 来函3号 --reason "同意公开"',
    )(consent)
    verb(
        check,
        "override",
        example="pubflow check override R-2026-0001 7 --digest 3f9a1c2b --holder 某公司 --how 书面 "
        '--doc 告知2号 --reason "关系公众安全"',
    )(override)
    verb(check, "letter", example="pubflow check letter R-2026-0001 T-2026-0001")(letter)
    verb(
        check,
        "refer",
        example='pubflow check refer R-2026-0001 --digest 3f9a1c2b --to 区保密局 --reason "是否涉密不明确"',
    )(refer)
    verb(
        check,
        "reply",
        example='pubflow check reply R-2026-0001 --digest 3f9a1c2b --answer public --doc 复函5号 --reason "可以公开"',
    )(reply)
    verb(check, "form", example="pubflow check form R-2026-0001 --format html > form.html")(form)
    verb(check, "marks", example="pubflow check marks")(marks)
    verb(check, "off-system", example="pubflow check off-system 412 --outcome off_system")(off_system)
    verb(check, "rules-preview", example="pubflow check rules-preview new-rules.toml --since 2025-01-01")(rules_preview)
    verb(check, "rescan", example="pubflow check rescan")(rescan)
    verb(check, "withdrawals", example="pubflow check withdrawals")(withdrawals)
    verb(check, "settle", example='pubflow check settle W-2026-0001 --reason "已核实为对外公布的电话"')(settle)


def grounds(
    type_: Annotated[str, typer.Option("--type", help="Only those that fit this interest or ANY.")] = "",
) -> Told:
    """The grounds a decision may name: id, what it carries, law and article."""
    found = [one for one in ask("GET", "grounds") if not type_ or type_ in one["fits"] or "any" in one["fits"]]
    rows = [
        (one["id"], one["code"], one["name"], " ".join(one["decisions"]), " ".join(one["fits"]), one["source"])
        for one in found
    ]
    return Told(found, [Table(("代码", "类别", "理由", "处理", "适用", "依据"), rows)])


def consent(
    report: Report,
    finding: Finding,
    holder: Holder,
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="Day of the consent.")],
    how: How,
    document_no: DocumentNo,
    reason: NeededReason,
    digest: Digest = None,
) -> Told:
    """Note that the right holder consents to the publication of one value; then it may pass with --ground consent."""
    body = {"holder": holder, "on": on, "how": how, "document_no": document_no, "reason": reason}
    return _recorded(report, finding, "consent", body, digest)


def override(
    report: Report,
    finding: Finding,
    holder: Holder,
    how: How,
    document_no: DocumentNo,
    reason: NeededReason,
    digest: Digest = None,
) -> Told:
    """Note that public interest outweighs the right holder's and make the letter that tells them what and why.

    Then the value may pass with --ground public_interest.
    """
    body = {"holder": holder, "how": how, "document_no": document_no, "reason": reason}
    return _recorded(report, finding, "override", body, digest)


def letter(report: Report, number: Annotated[str, typer.Argument(metavar="RECORD")]) -> Told:
    """The letter to a right holder as it was made; the reader is logged."""
    found = ask("GET", "reports", report, "letters", number)
    return Told(found, found["text"].rstrip("\n").split("\n"))


def refer(
    report: Report,
    organ: Annotated[str, typer.Option("--to", help="The competent department or the secrecy administration.")],
    reason: NeededReason,
    digest: Digest = None,
) -> Told:
    """Refer a report that you are unsure about (需报审): it is not cleared before the answer is on record."""
    body = {"digest": needed_digest(digest, report), "organ": organ, "reason": reason}
    return saved(ask("POST", "reports", report, "refer", body=body))


def reply(
    report: Report,
    answer: Annotated[str, typer.Option("--answer", metavar="public|withheld", help="What the organ answered.")],
    document_no: DocumentNo,
    reason: NeededReason,
    digest: Digest = None,
) -> Told:
    """Record the answer to a referral; after `withheld` this text cannot be cleared."""
    body = {"digest": needed_digest(digest, report), "answer": answer, "document_no": document_no, "reason": reason}
    return saved(ask("POST", "reports", report, "reply", body=body))


def form(
    report: Report,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|json", help="A page to print, or the data.")
    ] = "html",
) -> Told:
    """The review form 保密审查审批表 of the version at hand: kept as the officer signed it, or what is known so far."""
    if format_ not in ("html", "json"):
        raise typer.BadParameter("html or json", param_hint="--format")
    found = ask("GET", "reports", report, "form")
    page = found.pop("html")
    return Told(found, page.rstrip("\n").split("\n")) if format_ == "html" else Told(found, _as_lines(found))


def marks() -> Told:
    """State-secret marks refused at the doors: when, who, which rules, and the recorded outcome. No text is kept."""
    found = ask("GET", "marks")
    rows = [
        (one["number"], moment(one["at"]), one["person"], " ".join(one["rules"]), one["outcome"] or "未记录")
        for one in found
    ]
    if not rows:
        return Told(found, ["没有拦截记录"])
    return Told(found, [Table(("编号", "时间", "人员", "规则", "处理"), rows)])


def off_system(
    case: Annotated[int, typer.Argument(metavar="CASE", help="Number from `check marks`.")],
    outcome: Annotated[str, typer.Option("--outcome", metavar="off_system|not_a_mark")] = "off_system",
) -> Told:
    """Record how a refused mark was handled (系统外处理), in fixed words: no sentence of yours is kept."""
    ask("POST", "marks", case, body={"outcome": outcome})
    return Told({"case": case, "outcome": outcome}, [f"{case}：已记录处理结果"])


def rules_preview(
    file: Annotated[Path, typer.Argument(metavar="NEW.toml", help="A changed rules/confidentiality.toml.")],
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="Else 1 January of last year.")] = None,
) -> Told:
    """Show what changed rules would flag among what is public, and what they would no longer find; changes nothing."""
    try:
        content = read_bytes(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"第 {error.start} 字节不是 UTF-8", str(file), "请另存为 UTF-8") from None
    found = ask("POST", "rules", "preview", body={"content": content, "since": since})
    rows = [
        (sign, one["report"], one["rule"], one["type"], one["severity"], one["masked"])
        for sign, ones in (("新增", found["added"]), ("不再", found["gone"]))
        for one in sorted(ones, key=lambda one: (one["rule"], one["report"]))
    ]
    head = (
        f"{found['since']} 以来公开的 {found['texts']} 篇：新增 {len(found['added'])} 项，不再 {len(found['gone'])} 项"
    )
    return Told(found, [head, *([Table(("变化", "报告", "规则", "类型", "级别", "内容"), rows)] if rows else [])])


def rescan() -> Told:
    """Scan what is public with the rules of today; a new hard finding opens a withdrawal task. Done daily as well."""
    found = ask("POST", "rescan")
    tasks = f"，新的撤回事项：{'、'.join(found['tasks'])}" if found["tasks"] else ""
    return Told(found, [f"扫描了 {found['texts']} 篇{tasks}"])


def withdrawals(
    all_: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
) -> Told:
    """Public texts in which changed rules find something hard, and that somebody must withdraw or leave public."""
    found = ask("GET", "withdrawals", params={"all_of_them": all_})
    rows = [
        (
            one["id"],
            one["report"],
            "；".join(f"{each['type']} {each['masked']}" for each in one["findings"]),
            moment(one["opened_at"]),
            one["state"],
            one["settled_by"] or "",
        )
        for one in found
    ]
    if not rows:
        return Told(found, ["没有待办的撤回事项"])
    return Told(found, [Table(("编号", "报告", "发现", "自", "状态", "了结人"), rows)])


def settle(task: Annotated[str, typer.Argument(metavar="TASK")], reason: NeededReason) -> Told:
    """Decide that a text stays public although changed rules find something in it, with a reason (leader)."""
    ask("POST", "withdrawals", task, body={"reason": reason})
    return Told({"task": task, "stays": True}, [f"{task}：继续公开，已记录"])


def _recorded(report: str, finding: int, kind: str, body: dict[str, Any], digest: str | None) -> Told:
    body = {**body, "digest": needed_digest(digest, report)}
    found = ask("POST", "reports", report, "findings", finding, kind, body=body)
    return Told(found, [f"{report} 发现项 {finding}：已登记 {found['record']}"])


def _as_lines(found: dict[str, Any]) -> list[str]:
    form = found["form"]
    kept = f"已存档，摘要值 {found['form_digest']}" if found["kept"] else "尚未签署"
    return [f"{form['number'] or found['report']}：{form['result'] or '未定'}，{kept}"]
