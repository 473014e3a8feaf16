"""`pubflow report proposals`: what the officer proposes to mask or remove, and the drafter's answers."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.reports import saved
from pubflow.cli.showing import Table, Told
from pubflow.cli.verb import verb
from pubflow.cli.words import Reason, Report, needed

_STATES = {"open": "未答复", "accepted": "已接受", "declined": "不接受", "withdrawn": "已撤回"}


def proposals_verb(app: typer.Typer) -> None:
    """Register `pubflow report proposals`."""
    verb(app, "proposals", example="pubflow report proposals R-2026-0001 --accept 3 --accept 4")(proposals)


def proposals(
    report: Report,
    accept: Annotated[list[int] | None, typer.Option("--accept", metavar="N", help="Let the program make it.")] = None,
    decline: Annotated[int | None, typer.Option("--decline", metavar="N", help="Keep the text; with --reason.")] = None,
    reason: Reason = "",
) -> Told:
    """The proposals to mask or remove a passage, each with what it would change; accept them, or decline one.

    Those accepted together make one new version with exactly these replacements. If nothing else is edited, only the
    head of your section confirms the difference; then the confidentiality check looks at the new text.
    """
    if accept and decline is not None:
        raise typer.BadParameter("does not go with --decline", param_hint="--accept")
    if accept:
        return saved(ask("POST", "reports", report, "proposals", "accept", body={"numbers": accept}))
    if decline is not None:
        needed(reason, "--reason", "the officer has to see why")
        ask("POST", "reports", report, "proposals", decline, "decline", body={"reason": reason})
        return Told({"report": report, "declined": decline}, [f"{report}：不接受脱敏建议 {decline}，理由已告知保密员"])
    found: list[dict[str, Any]] = ask("GET", "reports", report, "proposals")
    if not found:
        return Told(found, ["没有脱敏建议"])
    rows = [
        (
            one["number"],
            _STATES.get(one["state"], one["state"]),
            f"v{one['version']} {one['start']}-{one['end']}",
            f"…{one['before']}【{one['passage']} → {one['replacement'] or '（删除）'}】{one['after']}…",
            f"{one['basis']}；{one['reason']}",
            f"{one['answered_by'] or ''} {one['answer']}".strip(),
        )
        for one in found
    ]
    return Told(found, [Table(("建议", "状态", "位置", "改动", "依据和理由", "答复"), rows)])
