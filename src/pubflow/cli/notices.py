"""`pubflow notices`: the messages of the office. `pubflow report due`: what each kind owes next."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import group, verb

app = group("notices", "Messages to people: list, retry.")


@verb(app, "list", example="pubflow notices list --state given_up")
def list_(
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="waiting, sending, sent, given_up, unknown, overtaken; may be given twice."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 200,
) -> Told:
    """Messages, newest first: state, attempts, last error, next try. No address is shown."""
    found = ask("GET", "notices", params={"state": state, "limit": limit})
    if not found:
        return Told(found, ["没有消息"])
    rows = [
        (
            one["id"],
            one["headline"],
            one["channel"],
            one["person"] or "群组",
            one["state_name"],
            one["attempts"],
            moment(one["next_try"], seconds=True),
            one["last_error"] or one["receipt"],
        )
        for one in found
    ]
    return Told(found, [Table(("编号", "标题", "渠道", "收件人", "状态", "次数", "下次发送", "说明"), rows)])


@verb(app, "retry", example="pubflow notices retry M-3f9a1c2b77ab01cd")
def retry(
    message: Annotated[str | None, typer.Argument(metavar="[MESSAGE]", help="Else give --all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that were given up or are of unknown outcome.")] = False,
) -> Told:
    """Send again what was given up or is of unknown outcome (operator). What has a receipt is never sent again."""
    if (message is None) != every:
        raise typer.BadParameter("name one message, or give --all", param_hint="MESSAGE / --all")
    done = ask("POST", "notices", "retry", body={"message": message})
    ids = done["messages"]
    return Told(done, [f"{one} 将重新发送" for one in ids] or ["没有需要重新发送的消息"])


def due_verb(app: typer.Typer) -> None:
    """Register `pubflow report due` beside the other verbs on reports."""
    verb(app, "due", example="pubflow report due")(due)


def due() -> Told:
    """What each kind owes next, soonest first; a date says if it is provisional (暂定) for lack of a year's notice."""
    found = ask("GET", "due")
    rows = [
        (one["name"], one["cadence"], one["period"], one["report"] or "", due_text(one["due"]), one["section"] or "")
        for one in found
    ]
    return Told(found, [Table(("种类", "周期", "报告期", "稿件", "应发布日期", "科室"), rows)])


def due_told(line: dict[str, Any]) -> Told:
    """The due days of a report with the days that were counted and skipped."""
    found = {name: line[name] for name in ("due", "limit")}
    lines = [
        said
        for name, title in (("due", "办理期限"), ("limit", "主动公开期限"))
        if found[name]
        for said in (f"{title}：{due_text(found[name])}", *found[name]["explanation"], "")
    ]
    return Told(found, lines[:-1] or [f"{line['id']} 现在没有期限"])


def due_text(due: dict[str, Any] | None) -> str:
    """A due day as it is shown, with how late it is."""
    if due is None:
        return ""
    late = -int(due["workdays_left"])
    return f"{due['text']} 逾期{f'{late}个工作日' if late > 0 else ''}" if due["overdue"] else str(due["text"])
