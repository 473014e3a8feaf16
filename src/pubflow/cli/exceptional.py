"""Verbs of the exceptional ways on a report: force a review, the fast lane, another workflow."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.reports import saved
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import verb
from pubflow.cli.words import Digest, NeededReason, Reason, Report, needed, needed_digest


def force_verb(review: typer.Typer) -> None:
    """Register `pubflow review force`."""
    example = 'pubflow review force R-2026-0001 --step section --digest 3f9a1c2b --reason "负责人住院，无人代理"'
    verb(review, "force", example=example)(force)


def workflow_verbs(report: typer.Typer) -> None:
    """Register `pubflow report fast` and `pubflow report move-workflow`."""
    verb(report, "fast", example='pubflow report fast R-2026-0001 --reason "上级要求当日发布"')(fast)
    example = 'pubflow report move-workflow R-2026-0001 --reason "机构调整"'
    verb(report, "move-workflow", example=example)(move_workflow)


def force(
    report: Report,
    reason: NeededReason,
    step: Annotated[str, typer.Option("--step", help="The review that cannot be had, such as section.")] = "",
    digest: Digest = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Confirm what another person has asked for.")] = False,
) -> Told:
    """Force a department review that nobody can give: a leader or operator asks, another leader or the chief confirms.

    It stays a debt (`pubflow people debts`) until a third person clears it.
    """
    shown = needed_digest(digest, report)
    if confirm:
        if step:
            raise typer.BadParameter("does not go with --confirm", param_hint="--step")
        return saved(ask("POST", "reports", report, "force", "confirm", body={"digest": shown, "reason": reason}))
    step = needed(step, "--step", "name the review; `pubflow report show` lists what waits")
    asked = ask("POST", "reports", report, "force", body={"step": step, "digest": shown, "reason": reason})
    how = f"pubflow review force {report} --confirm --digest {shown[:8]} --reason ..."
    return Told(
        asked, [f"{report}：已申请强制通过 {step}，等待另一人在 {moment(asked['confirm_until'])} 前确认：{how}"]
    )


def fast(report: Report, reason: NeededReason) -> Told:
    """Let an occasional report go the fast lane (section head or leader): less time, reviews side by side.

    No review, check or signature is left out.
    """
    return saved(ask("POST", "reports", report, "fast", body={"reason": reason}))


def move_workflow(
    report: Report,
    reason: Reason = "",
    show: Annotated[bool, typer.Option("--show", help="Only tell what would change.")] = False,
) -> Told:
    """Move a report onto the present config/workflows.toml (operator); what was decided stands where it still fits."""
    difference = ask("GET", "reports", report, "workflow")
    lines = _difference(difference)
    if show:
        return Told(difference, lines)
    needed(reason, "--reason", "a change of workflow is recorded with its reason")
    moved = ask("POST", "reports", report, "workflow", body={"reason": reason})
    told = saved(moved)
    return Told({**moved, "difference": difference}, [*lines, *told.lines])


def _difference(difference: dict[str, Any]) -> list[str | Table]:
    words = {"new": "新增审核", "gone": "不再有的审核", "renamed": "改名", "changed": "改变"}
    rows = [(word, "、".join(difference[name])) for name, word in words.items() if difference[name]]
    return [Table(("变化", "内容"), rows)] if rows else ["与现行流程没有差别"]
