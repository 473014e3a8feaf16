"""One decision on several reports: each with the digest that was read, each with its own answer."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.reports import saved
from pubflow.cli.showing import Table, Told
from pubflow.cli.words import act_on, needed_digest

Reports = Annotated[
    list[str],
    typer.Argument(metavar="REPORT...", help="Such as R-2026-0001; several as R-2026-0001@3f9a1c2b, with the digest."),
]


def decided(reports: list[str], digest: str | None, reason: str, *, action: str, many: str) -> Told:
    """Decide on one report, or on several. action: the step's name; many: the API's path for several.

    Exit code 1 if any was refused; each answer is told.
    """
    items = [_item(one) for one in reports]
    if len(items) == 1:
        report, own = items[0]
        return saved(act_on(report, action, digest=needed_digest(own or digest, report), reason=reason))
    if digest is not None:
        raise typer.BadParameter("is for one report; write each as R-2026-0001@3f9a1c2b", param_hint="--digest")
    for report, own in items:
        needed_digest(own, report)
    asked = [{"report": report, "digest": own} for report, own in items]
    answers: list[dict[str, Any]] = ask("POST", many, body={"items": asked, "reason": reason})
    refused = [one for one in answers if one["error"]]
    from pubflow.lifecycle.stages import ZH, Stage  # late: 0.15 s for one word

    rows = [(one["report"], "未办理" if one["error"] else ZH[Stage(one["stage"])], one["message"]) for one in answers]
    problem = f"{len(answers)} 份中有 {len(refused)} 份没有办理：{'、'.join(one['report'] for one in refused)}"
    table = Table(("编号", "结果", "说明"), rows)
    return Told(answers, [table], code=1 if refused else 0, problem=problem if refused else "")


def _item(given: str) -> tuple[str, str | None]:
    report, at, digest = given.strip().partition("@")
    if not report or (at and not digest):
        raise typer.BadParameter(f"{given!r} is not REPORT or REPORT@DIGEST", param_hint="REPORT")
    return report, digest or None
