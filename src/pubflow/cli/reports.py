"""`pubflow report`: bringing reports onto the line, reading, answering import warnings, submitting."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask, given_file
from pubflow.cli.notices import due_text, due_told
from pubflow.cli.remarks import remark_table
from pubflow.cli.showing import Table, Told, moment, say
from pubflow.cli.verb import asked, group, verb
from pubflow.cli.words import CoProducers, NeededReason, Reason, Report, act_on, needed
from pubflow.errors import PubflowError

DRAFT_WITHIN = 60.0  # seconds to wait for the drafting flow
app = group("report", "Reports: new, import, edit, submit, show, list, diff, warnings, cancel, recall.")
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the drafting flow to make version 1.")]
Fast = Annotated[str, typer.Option("--fast", metavar="REASON", help="Ask for the fast lane of an occasional kind.")]
Title = Annotated[str, typer.Option("--title", help="The full title, one line.")]


@verb(app, "new", example='pubflow report new --kind news --title "东湖区统计局工作动态" --period 2026-11')
def new(
    kind: Annotated[str, typer.Option("--kind", help="Report kind of config/workflows.toml, such as monthly.")],
    title: Title,
    category: Annotated[str, typer.Option("--category", help="Category; else that of the kind.")] = "",
    period: Annotated[str, typer.Option("--period", help="The period reported on, such as 2026-10.")] = "",
    figures: Annotated[Path | None, typer.Option("--figures", help="CSV with the figures of the template.")] = None,
    co_producer: CoProducers = None,
    fast: Fast = "",
    no_wait: NoWait = False,
) -> Told:
    """Start a report; the drafting flow makes version 1 from its template and figures."""
    body: dict[str, Any] = {"kind": kind, "title": title, "category": category, "period": period}
    body |= {"co_producers": co_producer or [], "fast": fast}
    if figures is not None:
        body["figures"] = given_file(figures)
    report = str(ask("POST", "reports", body=body)["report"])
    return _with_draft({"report": report}, [f"{report} 已建立"], no_wait=no_wait)


@verb(app, "import", example='pubflow report import report-2016.txt --title "某某统计局2016年政府信息公开工作年度报告"')
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Text file, UTF-8 or GBK.")],
    title: Annotated[str | None, typer.Option("--title", help="The title, where the file has none.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="Report kind of config/workflows.toml.")] = "yearly_report",
    category: Annotated[str, typer.Option("--category", help="Category; else that of the kind.")] = "",
    fast: Fast = "",
    no_wait: NoWait = False,
) -> Told:
    """Import an old report; tells what was read, and the oddities a person must accept or mend before `submit`."""
    body = {"file": given_file(file), "title": title, "kind": kind, "category": category}
    body["fast"] = fast
    read = ask("POST", "reports", "import", body=body)
    return _with_draft(read, _what_was_read(read, file.name), no_wait=no_wait)


@verb(app, "submit", example="pubflow report submit R-2026-0001")
def submit(report: Report) -> Told:
    """Send the draft on to its reviewers; says what is missing if it cannot go."""
    return saved(act_on(report, "submit"))


@verb(app, "cancel", example='pubflow report cancel R-2026-0001 --reason "重复建立"')
def cancel(report: Report, reason: NeededReason) -> Told:
    """End a report before its publication; it leaves its release."""
    return saved(act_on(report, "cancel", reason=reason))


@verb(app, "recall", example='pubflow report recall R-2026-0001 --reason "第三部分数据需核对"')
def recall(report: Report, reason: NeededReason) -> Told:
    """Take a signed report back to drafting before its instant; its release is held."""
    return saved(act_on(report, "recall", reason=reason))


@verb(app, "list", example="pubflow report list --open")
def list_(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
) -> Told:
    """All reports, newest first, with where they stand and whom they wait for."""
    lines = ask("GET", "reports", params={"open_only": open_only})
    rows = [
        (
            line["id"],
            line["title"] or "（未公开）",
            line["stage_name"],
            f"v{line['version']}",
            _waits_for(line["waiting"]),
            due_text(line["due"]),
            moment(line["instant"], seconds=True),
        )
        for line in lines
    ]
    return Told(lines, [Table(("编号", "标题", "环节", "版本", "等待", "期限", "发布时间"), rows)])


@verb(app, "show", example="pubflow report show R-2026-0001 --text")
def show(
    report: Report,
    text: Annotated[bool, typer.Option("--text", help="The text itself; the reader is recorded.")] = False,
    version: Annotated[int | None, typer.Option("--version", min=1, help="With --text: an older version.")] = None,
    difference: Annotated[bool, typer.Option("--difference", help="What the import changed in its raw file.")] = False,
    due: Annotated[bool, typer.Option("--due", help="How its due days were counted, day by day.")] = False,
) -> Told:
    """One report: stage, digest, versions, decisions, and what you may do or why not.

    With --difference --json the raw file is there as well, in base64.
    """
    if version is not None and not text:
        raise typer.BadParameter("goes with --text", param_hint="--version")
    if text:
        found = ask("GET", "reports", report, "text", params={"version": version})
        return Told(found, [found["text"].removesuffix("\n")])
    if difference:
        source = ask("GET", "reports", report, "source")
        head = f"{source['name']}  SHA-256 {source['sha256']}"
        return Told(source, [head, source["difference"].removesuffix("\n") or "导入没有改动原文件"])
    view = ask("GET", "reports", report)
    if due:
        return due_told(view["line"])
    if not view["open_remarks"] or view["line"]["title"] is None:
        return Told(view, _view(view))
    found = ask("GET", "reports", report, "remarks")  # they quote the draft: asked for by itself, the reader is logged
    return Told(view | {"remarks": found}, [*_view(view), "", remark_table(found)])


@verb(app, "diff", example="pubflow report diff R-2026-0001 --old 1 --new 3")
def diff(
    report: Report,
    old: Annotated[int | None, typer.Option("--old", min=1, help="Version; else the one before --new.")] = None,
    new_: Annotated[int | None, typer.Option("--new", min=1, help="Version; else the newest.")] = None,
) -> Told:
    """What changed between two versions, as a unified difference."""
    if old is None:
        newest = new_ if new_ is not None else ask("GET", "reports", report)["line"]["version"]
        old = max(int(newest) - 1, 1)
    found = ask("GET", "reports", report, "diff", params={"old": old, "new": new_})
    return Told(found, [found["diff"].removesuffix("\n") or "两个版本没有差别"])


@verb(app, "warnings", example='pubflow report warnings R-2026-0001 --accept W2 --reason "按原文保留7份"')
def warnings(
    report: Report,
    accept: Annotated[list[str] | None, typer.Option("--accept", metavar="CODE", help="Keep as it is.")] = None,
    mended: Annotated[list[str] | None, typer.Option("--mended", metavar="CODE", help="The text was mended.")] = None,
    reason: Reason = "",
) -> Told:
    """The import warnings of a report, and their answers; open ones keep it from being submitted."""
    answers = [*((code, "accepted") for code in accept or ()), *((code, "mended") for code in mended or ())]
    if answers:
        needed(reason, "--reason", "an answer to a warning is recorded with its reason")
    for number, (code, answer) in enumerate(answers):
        try:
            ask("POST", "reports", report, "warnings", code, body={"answer": answer, "reason": reason})
        except PubflowError:
            if number:
                say(f"{'、'.join(done for done, _ in answers[:number])} 已处理，{code} 没有：")
            raise
    found = ask("GET", "reports", report, "warnings")
    rows = [(one["code"], _ANSWERS.get(one["state"], one["state"]), one["text"], one["reason"]) for one in found]
    still = sum(one["state"] == "open" for one in found)
    return Told(found, [Table(("编号", "状态", "提示", "理由"), rows), f"还有 {still} 条未处理"])


_ANSWERS = {"open": "未处理", "accepted": "已接受", "mended": "已修正"}


def saved(data: dict[str, Any]) -> Told:
    """A step taken or a version saved, as one line."""
    if asked().as_json:
        return Told(data)
    from pubflow.lifecycle.stages import ZH, Stage  # late: 0.15 s for one word

    stage = Stage(str(data["stage"]))
    return Told(data, [f"{data['report']} v{data['version']} {ZH[stage]}（{stage}），摘要 {str(data['digest'])[:12]}"])


# What an import tells


def _what_was_read(read: dict[str, Any], name: str) -> list[str | Table]:
    counts = read["counts"]
    adding = " + ".join(map(str, counts.values()))
    lines: list[str | Table] = [
        f"{read['report']} 已导入：{name}（{read['encoding']}）",
        f"去除拼音注音 {read['pinyin_removed']} 处，繁体转简体 {read['characters_converted']} 字",
        f"目录字段 {len(read['fields'])} 项：",
        Table(("字段", "内容"), list(read["fields"].items())),
        f"共 {len(read['sections'])} 部分：{'；'.join(read['sections'])}",
    ]
    if counts:
        lines += [
            Table(("类别", "条数"), list(counts.items())),
            f"{adding} = {sum(counts.values())}，文中合计 {read['total']}，当年 {read['items_in_year']} 条",
        ]
    rows = [(one["code"], one["text"], one["place"], one["remedy"]) for one in read["warnings"]]
    if rows:
        answer = f"pubflow report warnings {read['report']} --accept 编号 --reason 理由"
        lines += [
            f"导入提示 {len(rows)} 条：",
            Table(("编号", "提示", "位置", "处理办法"), rows),
            f"逐条处理：{answer}",
        ]
    return lines


def _with_draft(data: dict[str, Any], lines: list[str | Table], *, no_wait: bool) -> Told:
    """Wait for version 1, which the drafting flow makes, and say where to look when it does not come."""
    report = str(data["report"])
    if no_wait:
        return Told(data, [*lines, f"{report} 的第 1 版由起草流程生成"])
    version = _wait_for_draft(report)
    if version:
        return Told(data | {"version": version}, [*lines, f"第 {version} 版已生成：pubflow report show {report}"])
    problem = (
        f"{report} 已建立，但 {DRAFT_WITHIN:.0f} 秒内没有生成第 1 版：起草流程没有运行。"
        "请系统管理员查看 `pubflow doctor` 和 `pubflow flow list`，并确认 `pubflow up` 正在运行"
    )
    return Told(data | {"version": 0}, lines, code=1, problem=problem)


def _wait_for_draft(report: str) -> int:
    """The version once there is one, 0 when the time is over."""
    if asked().as_json or not sys.stderr.isatty():
        return _poll(report)
    from rich.console import Console

    with Console(stderr=True).status(f"{report}: 等待起草流程生成第 1 版……"):
        return _poll(report)


def _poll(report: str) -> int:
    until = time.monotonic() + DRAFT_WITHIN
    while time.monotonic() < until:
        version = int(ask("GET", "reports", report)["line"]["version"])
        if version:
            return version
        time.sleep(0.25)
    return 0


# What a report looks like


def _waits_for(waiting: dict[str, Any] | None) -> str:
    if waiting is None:
        return ""
    whom = " ".join(part for part in (waiting["role"], waiting["section"], waiting["person"]) if part)
    return f"{whom}（自 {moment(waiting['since'])}）"


def held_by(claims: list[dict[str, Any]]) -> str:
    """Who has taken a report's tasks, and until when."""
    return "、".join(f"{one['person']} 至 {moment(one['until'])}" for one in claims)


def _difference(view: dict[str, Any]) -> str:
    if view["confirm_from"] is None:
        return ""
    return f"pubflow report diff {view['line']['id']} --old {view['confirm_from']} --new {view['line']['version']}"


def _view(view: dict[str, Any]) -> list[str | Table]:
    line = view["line"]
    facts = [
        ("环节", f"{line['stage_name']}（{line['stage']}）"),
        ("版本", f"v{line['version']}"),
        ("摘要", line["digest"]),
        ("种类", line["kind"]),
        ("类别", line["category"]),
        ("起草人", f"{line['drafter']}（{line['section']}）"),
        ("等待", _waits_for(line["waiting"])),
        ("期限", due_text(line["due"])),
        ("主动公开期限", due_text(line["limit"])),
        ("发布", f"{line['release'] or ''} {moment(line['instant'], seconds=True)}".strip()),
        ("索引号", view["index_no"] or ""),
        ("公开页面", view["public_path"] or ""),
        ("注意", "；".join(view["notes"])),
        ("未处理提示", "、".join(view["open_warnings"])),
        ("未处理发现项", view["open_findings"] or ""),
        ("未答复脱敏建议", "、".join(map(str, view["open_proposals"]))),
        ("未了结批注", view["open_remarks"] or ""),
        ("领办", held_by(view["claims"])),
        ("只需确认差异", _difference(view)),
    ]
    lines: list[str | Table] = [f"{line['id']} {line['title'] or '（未公开）'}"]
    lines.append(Table(("", ""), [(name, value) for name, value in facts if value]))
    versions = [
        (f"v{one['number']}", one["digest"][:12], one["author"], moment(one["created_at"]), one["reason"])
        for one in view["versions"]
    ]
    if versions:
        lines += ["", Table(("版本", "摘要", "作者", "时间", "理由"), versions)]
    decisions = [
        (moment(one["at"]), one["stage"], one["decision"], one["person_id"], f"v{one['version']}", one["reason"])
        for one in view["decisions"]
    ]
    if decisions:
        lines += ["", Table(("时间", "环节", "决定", "人员", "版本", "意见"), decisions)]
    possible = [
        (action, "可以" if not why else "；".join(one["text"] for one in why))
        for action, why in view["actions"].items()
    ]
    return [*lines, "", Table(("您可办理", ""), possible)] if possible else lines
