"""Verbs for persons outside: a fact check or a consent by a one-time link, and what comes back."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import verb
from pubflow.cli.words import Digest, NeededReason, Report, needed_digest

Name = Annotated[str, typer.Option("--name", help="Who answers: the person's name.")]
Organ = Annotated[str, typer.Option("--organ", help="The person's organ.")]
Valid = Annotated[
    int | None, typer.Option("--valid-workdays", min=1, help="How long the link is valid; else as configured.")
]
Check = Annotated[str, typer.Argument(metavar="CHECK", help="Number from `pubflow review links`.")]
_ANSWERS = {"": "", "correct": "无误", "wrong": "有误", "agreed": "同意", "refused": "不同意"}
_ENDED = {
    "": "等待答复",
    "used": "已答复",
    "voided": "已作废",
    "expired": "已过期",
    "edited": "已改稿",
    "over": "已结束",
}


def outside_verbs(review: typer.Typer) -> None:
    """Register the verbs in `pubflow review`."""
    link = "--name 张三 --organ 某某公司 --digest 3f9a1c2b"
    verb(review, "fact-check", example=f'pubflow review fact-check R-2026-0001 {link} --passage "产值12亿元"')(
        fact_check
    )
    example = "pubflow review consent R-2026-0001 --name 李四 --organ 某某局 --digest 3f9a1c2b"
    verb(review, "consent", example=example)(consent)
    verb(review, "links", example="pubflow review links R-2026-0001")(links)
    verb(review, "respond", example='pubflow review respond R-2026-0001 R-2026-0001-1-F1 --reason "已更正"')(respond)
    verb(review, "link-void", example='pubflow review link-void R-2026-0001 R-2026-0001-1-F1 --reason "发错了人"')(void)
    verb(review, "link-erase", example='pubflow review link-erase R-2026-0001 R-2026-0001-1-F1 --reason "本人申请"')(
        erase
    )


def fact_check(
    report: Report,
    name: Name,
    organ: Organ,
    digest: Digest = None,
    passage: Annotated[
        list[str] | None, typer.Option("--passage", help="What the person sees, word by word; may be repeated.")
    ] = None,
    whole_text: Annotated[
        bool, typer.Option("--whole-text", help="The person sees the whole unpublished text.")
    ] = False,
    valid_workdays: Valid = None,
) -> Told:
    """Have a named person outside check facts by a link that is shown once and answers once.

    Send it by a way only that person reads. An edit ends it; a fault found keeps the report from being signed until
    somebody responds (`review respond`).
    """
    if whole_text == bool(passage):
        raise typer.BadParameter("say what the person sees: either --passage or --whole-text", param_hint="--passage")
    return _asked(report, "fact_check", name, organ, digest, passage or [], valid_workdays)


def consent(report: Report, name: Name, organ: Organ, digest: Digest = None, valid_workdays: Valid = None) -> Told:
    """Ask a co-producing organ for its consent to the whole text; a refusal sends the report back."""
    return _asked(report, "consent", name, organ, digest, [], valid_workdays)


def _asked(
    report: str, kind: str, name: str, organ: str, digest: str | None, passages: list[str], valid: int | None
) -> Told:
    body = {"kind": kind, "name": name, "organ": organ, "passages": passages, "valid_workdays": valid}
    made = ask("POST", "reports", report, "outside", body={**body, "digest": needed_digest(digest, report)})
    told = f"{made['check']} 有效至 {moment(made['expires_at'])}；链接只显示这一次，请只发给本人："
    return Told(made, [told, str(made["link"])])


def links(report: Report) -> Told:
    """The links of a report with their answers; the reader is recorded."""
    found = ask("GET", "reports", report, "outside")
    rows = [
        (
            one["id"],
            (one["person"] or "（已删除）").replace("\n", "，"),
            f"v{one['version']}",
            _ENDED[one["ended"]],
            moment(one["expires_at"]),
            _ANSWERS[one["answer"]],
            "：".join(part for part in (one["where"], one["what"]) if part),
            _response(one),
        )
        for one in found
    ]
    if not rows:
        return Told(found, ["没有送外部核对"])
    return Told(found, [Table(("编号", "何人", "版本", "状态", "有效至", "答复", "意见", "回应"), rows)])


def _response(check: dict[str, Any]) -> str:
    if check["acknowledged_by"]:
        return f"{check['acknowledged_by']}：{check['acknowledgement']}"
    return "待回应" if check["answer"] == "wrong" else ""


def respond(report: Report, check: Check, reason: NeededReason) -> Told:
    """Say what becomes of a fault found outside: corrected, or why not. Only then is the report signed."""
    return _changed(report, check, "respond", reason, "已回应")


def void(report: Report, check: Check, reason: NeededReason) -> Told:
    """End a link before its time."""
    return _changed(report, check, "void", reason, "已作废")


def erase(report: Report, check: Check, reason: NeededReason) -> Told:
    """Erase name and organ of the person after the link has ended (operator); the history stays whole. No way back."""
    return _changed(report, check, "erase", reason, "个人信息已删除")


def _changed(report: str, check: str, act: str, reason: str, done: str) -> Told:
    ask("POST", "reports", report, "outside", check, act, body={"reason": reason})
    return Told({"check": check, act: True}, [f"{check} {done}"])
