"""`pubflow review`, `check` and `sign`: decisions on the digest that was read."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.bulk import Reports, decided
from pubflow.cli.checking import checking_verbs
from pubflow.cli.exceptional import force_verb
from pubflow.cli.notices import due_text
from pubflow.cli.outside import outside_verbs
from pubflow.cli.remarks import claim_and_remark_verbs
from pubflow.cli.reports import held_by, saved
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import group, verb
from pubflow.cli.words import Digest, NeededReason, Reason, Report, act_on, needed_digest

review = group("review", "Department review: inbox, claim, approve, return, remark, conflict.")
check = group("check", "Confidentiality check: run, findings, decide, clear; grounds, referral, form, changed rules.")


@verb(review, "inbox", example="pubflow review inbox")
def inbox() -> Told:
    """What waits for you, oldest first: the digest to decide on, the actions open to you, who has taken it."""
    waiting = ask("GET", "inbox")
    rows = [
        (
            one["report"]["id"],
            one["report"]["title"] or "（未公开）",
            one["report"]["stage_name"],
            one["report"]["digest"][:12],
            moment((one["report"]["waiting"] or {}).get("since")),
            due_text(one["report"]["due"]),
            " ".join(one["actions"]),
            held_by(one["claims"]),
        )
        for one in waiting
    ]
    if not rows:
        return Told(waiting, ["没有等待您办理的稿件"])
    return Told(waiting, [Table(("编号", "标题", "环节", "摘要", "自", "期限", "可办理", "领办"), rows)])


@verb(review, "approve", example='pubflow review approve R-2026-0001 --digest 3f9a1c2b --reason "数据已核对"')
def approve(reports: Reports, digest: Digest = None, reason: Reason = "") -> Told:
    """Approve a report for your department; the confidentiality check comes next.

    Several at once, each with the digest you read: R-2026-0001@3f9a1c2b R-2026-0002@77ab01cd. Each is decided by
    itself; exit code 1 if any was refused.
    """
    return decided(reports, digest, reason, action="approve", many="approvals")


@verb(
    review, "return", example='pubflow review return R-2026-0001 --digest 3f9a1c2b --place "第二部分" --reason "请核对"'
)
def return_(
    report: Report,
    reason: Reason = "",
    digest: Digest = None,
    place: Annotated[str, typer.Option("--place", help="Where in the text.")] = "",
) -> Told:
    """Return a report to its drafter, from any stage whose decision is yours.

    Needs place and reason; after `check decide --propose` both may be left to name the proposals.
    """
    return saved(act_on(report, "return", digest=needed_digest(digest, report), reason=reason, place=place))


@verb(review, "conflict", example='pubflow review conflict R-2026-0001 --reason "撰稿人是我的亲属"')
def conflict(report: Report, reason: NeededReason) -> Told:
    """Declare a conflict of interest: you take no decision on this report, a deputy or another person does."""
    ask("POST", "reports", report, "conflict", body={"reason": reason})
    return Told({"report": report, "conflict": True}, [f"{report}：已登记利益冲突，由代理人或其他人办理"])


claim_and_remark_verbs(review)
force_verb(review)
outside_verbs(review)


checking_verbs(check)


def sign_verb(app: typer.Typer) -> None:
    """Register `pubflow sign`, which stands alone."""
    verb(app, "sign", example='pubflow sign R-2026-0001 --digest 3f9a1c2b --reason "同意发布"')(sign)


def sign(reports: Reports, digest: Digest = None, reason: Reason = "") -> Told:
    """Sign a report for publication at its planned instant.

    Several at once, each with the digest you read, as with `review approve`.
    """
    return decided(reports, digest, reason, action="sign", many="signatures")


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
    example="pubflow check decide R-2026-0001 7 --digest 3f9a1c2b --pass --ground duty_to_publish "
    '--basis "办公电话" --reason "对外公布"',
)
def decide(
    report: Report,
    finding: Annotated[int, typer.Argument(metavar="FINDING", help="Number from `check findings`.")],
    basis: Annotated[str, typer.Option("--basis", help="Legal or factual basis.")],
    reason: NeededReason,
    ground: Annotated[str, typer.Option("--ground", help="Why, by its id; see `check grounds`.")] = "",
    digest: Digest = None,
    pass_: Annotated[bool, typer.Option("--pass", help="The finding may be public.")] = False,
    propose: Annotated[str, typer.Option("--propose", metavar="mask|remove", help="Have the drafter change it.")] = "",
    style: Annotated[str, typer.Option("--style", help="How a mask looks, by its id in config/workflows.toml.")] = "",
) -> Told:
    """Let one finding pass, or propose to mask or remove it, each on a ground that fits its type.

    Consent and public interest need their record first: `check consent`, `check override`.
    With a proposal the report goes back (`pubflow review return`); its drafter accepts or declines each.
    """
    if pass_ == bool(propose):
        raise typer.BadParameter("say either --pass, or --propose mask or remove", param_hint="--pass / --propose")
    if style and propose != "mask":
        raise typer.BadParameter("goes with --propose mask", param_hint="--style")
    decision = propose or "pass"
    body = {"digest": needed_digest(digest, report), "decision": decision, "basis": basis, "reason": reason}
    body |= {"ground": ground, "style": style}
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
            one["place"] or f"{one['start']}-{one['end']}",
            _decided(one),
            one.get("declined", ""),
            "；".join(one["evidence"]),
        )
        for one in found
    ]
    if not rows:
        return Told(found, ["没有发现项"])
    return Told(found, [Table(("编号", "级别", "类型", "内容", "位置", "处理", "起草人不接受", "依据"), rows)])


def _decided(one: dict[str, Any]) -> str:
    """沿用 names who decided, when and on which ground: nobody has decided anew on this version."""
    name = _DECISIONS.get(one["decision"], str(one["decision"]))
    if not one.get("carried_from"):
        return name
    return f"{name}（沿用 {one['carried_from']}：{one['by']}，{moment(one['decided_at'])}，{one['ground']}）"


_DECISIONS = {"": "未处理", "pass": "可公开", "mask": "建议脱敏", "remove": "建议删除"}
