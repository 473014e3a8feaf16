"""`pubflow review claim` and `remark`: who has a task, and what is said about a passage."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import verb
from pubflow.cli.words import Digest, Reason, Report, needed

GONE = "原文已改"


def claim_and_remark_verbs(app: typer.Typer) -> None:
    """Register `pubflow review claim` and `remark`."""
    verb(app, "claim", example="pubflow review claim R-2026-0001")(claim)
    example = 'pubflow review remark R-2026-0001 --passage "同比增长8.2%" --text "与公报不一致，请核对"'
    verb(app, "remark", example=example)(remark)


def claim(
    report: Report,
    release: Annotated[bool, typer.Option("--release", help="Give it up; the operator frees another's.")] = False,
    reason: Reason = "",
) -> Told:
    """Take the task that waits here for somebody of your role; it lapses by itself, and while you are away."""
    if release:
        done = ask("POST", "reports", report, "claim", "release", body={"reason": reason})
        return Told(done, [f"{report}：{'、'.join(done['released'])} 的领办已解除"])
    held = ask("POST", "reports", report, "claim")
    return Told(held, [f"{report}：由 {held['person']} 领办（{held['step']}），至 {moment(held['until'])}"])


def remark(
    report: Report,
    text: Annotated[str, typer.Option("--text", help="What you have to say.")] = "",
    passage: Annotated[str, typer.Option("--passage", help="Words that stand in the text once.")] = "",
    from_: Annotated[int | None, typer.Option("--from", min=0, help="Else its place: first character, from 0.")] = None,
    to: Annotated[int | None, typer.Option("--to", min=1, help="And the one after its last.")] = None,
    digest: Digest = None,
    reply: Annotated[int | None, typer.Option("--reply", metavar="N", help="Answer remark N instead.")] = None,
    resolve: Annotated[int | None, typer.Option("--resolve", metavar="N", help="Close the thread of remark N.")] = None,
) -> Told:
    """Remark on a passage of the newest version, answer a remark, or close its thread.

    A remark changes nothing in the text and stops nothing; whoever decides sees it. `report show` lists them.
    """
    if resolve is not None:
        ask("POST", "reports", report, "remarks", resolve, "resolve")
        return Told({"report": report, "remark": resolve}, [f"{report}：批注 {resolve} 已了结"])
    needed(text, "--text", "say what you remark")
    if reply is not None:
        done = ask("POST", "reports", report, "remarks", reply, "answer", body={"text": text})
        return Told(done, [f"{report}：已答复批注 {reply}"])
    if (from_ is None) != (to is None) or (from_ is None) == (not passage):
        raise typer.BadParameter("name the passage by its words, or by --from and --to", param_hint="--passage")
    if from_ is not None:
        needed(digest, "--digest", "a place is one in the version you read")
    body = {"text": text, "digest": digest, "passage": passage, "start": from_, "end": to}
    done = ask("POST", "reports", report, "remarks", body=body)
    return Told(done, [f"{report}：批注 {done['remark']} 已记下"])


def remark_table(found: list[dict[str, Any]]) -> Table:
    """Remarks thread by thread, answers indented."""
    rows = [
        (
            f"  ↳ {one['number']}" if one["answers"] else one["number"],
            "" if one["answers"] else f"{one['start']}-{one['end']}" if one["start"] is not None else GONE,
            "" if one["answers"] else one["passage"],
            one["text"],
            f"{one['by']} {moment(one['made_at'])}",
            f"已了结（{one['resolved_by']}）" if one["resolved_by"] else "",
        )
        for one in found
    ]
    return Table(("批注", "位置", "原文", "内容", "由", ""), rows)
