"""`pubflow review`, `check` and `sign`: decisions on the digest that was read."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.reports import saved
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import group, verb
from pubflow.cli.words import Digest, NeededReason, Reason, Report, act_on, needed_digest

review = group("review", "Department review: inbox, approve, return, conflict.")
check = group("check", "Confidentiality check: run, findings, decide, clear.")


@verb(review, "inbox", example="pubflow review inbox")
def inbox() -> Told:
    """What waits for you, oldest first, with the actions open to you and the digest to decide on."""
    waiting = ask("GET", "inbox")
    rows = [
        (
            one["report"]["id"],
            one["report"]["title"] or "（未公开）",
            one["report"]["stage_name"],
            one["report"]["digest"][:12],
            moment((one["report"]["waiting"] or {}).get("since")),
            " ".join(one["actions"]),
        )
        for one in waiting
    ]
    if not rows:
        return Told(waiting, ["没有等待您办理的稿件"])
    return Told(waiting, [Table(("编号", "标题", "环节", "摘要", "自", "可办理"), rows)])


@verb(review, "approve", example='pubflow review approve R-2026-0001 --digest 3f9a1c2b --reason "数据已核对"')
def approve(report: Report, digest: Digest = None, reason: Reason = "") -> Told:
    """Approve a report for your department; the confidentiality check comes next."""
    return saved(act_on(report, "approve", digest=needed_digest(digest, report), reason=reason))


@verb(
    review, "return", example='pubflow review return R-2026-0001 --digest 3f9a1c2b --place "第二部分" --reason "请核对"'
)
def return_(
    report: Report,
    reason: NeededReason,
    digest: Digest = None,
    place: Annotated[str, typer.Option("--place", help="Where in the text.")] = "",
) -> Told:
    """Return a report to its drafter, from any stage whose decision is yours."""
    return saved(act_on(report, "return", digest=needed_digest(digest, report), reason=reason, place=place))


@verb(review, "conflict", example='pubflow review conflict R-2026-0001 --reason "撰稿人是我的亲属"')
def conflict(report: Report, reason: NeededReason) -> Told:
    """Declare a conflict of interest: you take no decision on this report, a deputy or another person does."""
    ask("POST", "reports", report, "conflict", body={"reason": reason})
    return Told({"report": report, "conflict": True}, [f"{report}：已登记利益冲突，由代理人或其他人办理"])


def sign_verb(app: typer.Typer) -> None:
    """Register `pubflow sign`, which stands alone."""
    verb(app, "sign", example='pubflow sign R-2026-0001 --digest 3f9a1c2b --reason "同意发布"')(sign)


def sign(report: Report, digest: Digest = None, reason: Reason = "") -> Told:
    """Sign a report for publication at its planned instant."""
    return saved(act_on(report, "sign", digest=needed_digest(digest, report), reason=reason))


@verb(check, "run", example="pubflow check run R-2026-0001")
def run(report: Report) -> Told:
    """Show what the scan finds in the newest version now; decides and keeps nothing."""
    return _findings(ask("POST", "reports", report, "scan"))


@verb(check, "findings", example="pubflow check findings R-2026-0001")
def findings(report: Report) -> Told:
    """The findings of the version at hand, values masked, with their decisions."""
    return _findings(ask("GET", "reports", report, "findings"))


@verb(
    check,
    "decide",
    example='pubflow check decide R-2026-0001 7 --digest 3f9a1c2b --pass --basis "办公电话" --reason "对外公布"',
)
def decide(
    report: Report,
    finding: Annotated[int, typer.Argument(metavar="FINDING", help="Number from `check findings`.")],
    basis: Annotated[str, typer.Option("--basis", help="Legal or factual basis.")],
    reason: NeededReason,
    digest: Digest = None,
    pass_: Annotated[bool, typer.Option("--pass", help="The finding may be public.")] = False,
) -> Told:
    """Let one finding pass; what must not be public goes back with `pubflow review return`."""
    if not pass_:
        raise typer.BadParameter(
            f"is missing: say that it may pass, or return the report: pubflow review return {report}",
            param_hint="--pass",
        )
    body = {"digest": needed_digest(digest, report), "decision": "pass", "basis": basis, "reason": reason}
    return saved(ask("POST", "reports", report, "findings", finding, body=body))


@verb(
    check,
    "clear",
    example='pubflow check clear R-2026-0001 --digest 3f9a1c2b --result 公开 --opinion "不涉密，可以公开" --all-no',
)
def clear(
    report: Report,
    result: Annotated[str, typer.Option("--result", help="公开 or 部分公开.")],
    opinion: Annotated[str, typer.Option("--opinion", help="The officer's opinion in words.")],
    digest: Digest = None,
    all_no: Annotated[bool, typer.Option("--all-no", help="I went through every item, and none applies.")] = False,
    yes: Annotated[list[str] | None, typer.Option("--yes", metavar="ITEM", help="This item applies.")] = None,
    no: Annotated[list[str] | None, typer.Option("--no", metavar="ITEM", help="This item does not apply.")] = None,
) -> Told:
    """Fill the review form 保密审查审批表 and let the report go on to approval."""
    items = _checklist()
    answers = {**dict.fromkeys(items, False), **_answers(yes, no)} if all_no else _answers(yes, no)
    missing = [f"{item}（{name}）" for item, name in items.items() if item not in answers]
    if missing:
        raise typer.BadParameter(f"not answered: {'、'.join(missing)}", param_hint="--yes / --no")
    body = {"digest": needed_digest(digest, report), "result": result, "opinion": opinion, "answers": answers}
    return saved(ask("POST", "reports", report, "clear", body=body))


def _answers(yes: list[str] | None, no: list[str] | None) -> dict[str, bool]:
    if both := set(yes or ()) & set(no or ()):
        raise typer.BadParameter(f"both answers for {'、'.join(sorted(both))}", param_hint="--yes / --no")
    return {**dict.fromkeys(no or (), False), **dict.fromkeys(yes or (), True)}


def _checklist() -> dict[str, str]:
    """The items of the form, id to words, as the office has them."""
    return {item["id"]: item["name"] for item in ask("GET", "checklist")}


def _findings(found: list[dict[str, Any]]) -> Told:
    rows = [
        (
            one["id"] if one["id"] is not None else "",
            one["severity"],
            one["type"],
            one["masked"],
            f"{one['start']}-{one['end']}",
            one["decision"] or "未处理",
            "；".join(one["evidence"]),
        )
        for one in found
    ]
    if not rows:
        return Told(found, ["没有发现项"])
    return Told(found, [Table(("编号", "级别", "类型", "内容", "位置", "处理", "依据"), rows)])
