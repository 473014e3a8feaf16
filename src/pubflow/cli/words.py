"""Arguments and options that several verbs share, and what is wrong use of them (exit code 2)."""

from typing import Annotated

import typer

from pubflow.cli.asking import ask


def _identifier(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("is empty")
    return text.strip()


Report = Annotated[str, typer.Argument(metavar="REPORT", help="Such as R-2026-0001.", parser=_identifier)]
Release = Annotated[str, typer.Argument(metavar="RELEASE", help="Such as L-2026-0001.", parser=_identifier)]
PersonId = Annotated[str, typer.Argument(metavar="PERSON", help="Sign-in name.", parser=_identifier)]
Reason = Annotated[str, typer.Option("--reason", help="Why; goes into the audit history.")]
NeededReason = Annotated[str, typer.Option("--reason", help="Why; goes into the audit history.", show_default=False)]
Digest = Annotated[
    str | None, typer.Option("--digest", help="Digest of the version you read, or its first 8 digits or more.")
]
CoProducers = Annotated[
    list[str] | None,
    typer.Option("--co-producer", metavar="NAME", help="A section or organ that produces it jointly; may be repeated."),
]
At = Annotated[str | None, typer.Option("--at", help="An instant, such as 2026-12-01T09:30+08:00.")]
In = Annotated[str | None, typer.Option("--in", help="A span from now: 20s, 15m, 2h, 1d.")]


def needed_digest(digest: str | None, report: str) -> str:
    """The digest, or wrong use with the way to see it: whoever decides says what they have read."""
    if digest:
        return digest
    raise typer.BadParameter(
        f"is missing: a decision is for the version you read. See it with `pubflow report show {report}`.",
        param_hint="--digest",
    )


def needed(text: str | None, option: str, why: str) -> str:
    """The text of an option this verb cannot do without."""
    if text is not None and text.strip():
        return text
    raise typer.BadParameter(f"is missing: {why}", param_hint=option)


def instant_of(at: str | None, wait: str | None) -> dict[str, str | None]:
    """`--at` or `--in` as the API takes them; exactly one of the two."""
    if (at is None) == (wait is None):
        raise typer.BadParameter("give either an instant (--at) or a span from now (--in)", param_hint="--at / --in")
    return {"at": at, "wait": wait}


def act_on(report: str, action: str, **body: object) -> dict[str, object]:
    """Take a step on a report; where it stands now."""
    saved: dict[str, object] = ask("POST", "reports", report, action, body=body)
    return saved
