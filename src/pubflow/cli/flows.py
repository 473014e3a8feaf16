"""`pubflow flow`: machine steps by hand, and what is due."""

from typing import Annotated

import typer

from pubflow.cli.asking import ask, home_folder
from pubflow.cli.showing import Table, Told
from pubflow.cli.verb import group, verb

app = group("flow", "Flows: run one by hand, list what is due.")


@verb(app, "run", example="pubflow flow run confidentiality-check R-2026-0001")
def run(
    step: Annotated[str, typer.Argument(metavar="STEP", help="drafting, department-review, ..., daily.")],
    subject: Annotated[
        str | None, typer.Argument(metavar="[SUBJECT]", help="A report or release; else all that is due.")
    ] = None,
) -> Told:
    """Start a flow by hand. For a step that is not due it says so and changes nothing."""
    return started(step, subject)


@verb(app, "list", example="pubflow flow list")
def list_() -> Told:
    """Machine steps that are due now, and whether Prefect answers."""
    due = ask("GET", "flows")
    rows = [(one["step"], one["subject"], f"v{one['version']}" if one["version"] else "") for one in due]
    lines: list[str | Table] = [Table(("流程", "对象", "版本"), rows)] if rows else ["没有到期的流程"]
    prefect = _prefect_state()
    return Told({"due": due, "prefect": prefect}, [*lines, f"Prefect：{prefect}"])


@verb(app, "resume", example="pubflow flow resume")
def resume() -> Told:
    """Let the machine steps go on after somebody paused the work pool in Prefect (on the office's machine)."""
    from pubflow.cli.prefect import connect
    from pubflow.service.supervisor import POOL

    with connect(home_folder()) as prefect:
        was_paused = prefect.is_paused(POOL)
        prefect.resume(POOL)
    return Told({"was_paused": was_paused}, ["the work pool goes on" if was_paused else "the work pool was not paused"])


def started(step: str, subject: str | None) -> Told:
    """Start a flow run through the office."""
    run_ = ask("POST", "flows", step, "run", body={"subject": subject})
    lines = [f"已启动 {run_['name']}（{run_['id']}）"]
    if run_["note"]:
        lines.append(f"现在不需要这一步，运行不会改变任何东西：{run_['note']}")
    return Told(run_, lines)


def _prefect_state() -> str:
    """What the workspace of this machine knows of Prefect; one request at most."""
    from pubflow.cli.prefect import known_address

    address = known_address(home_folder())
    if address is None:
        return "unknown: no office runs on the workspace here"
    from pubflow.prefect_client import Prefect

    with Prefect(address, None, timeout=2, attempts=1) as prefect:
        return f"answers at {address}" if prefect.is_healthy() else f"does not answer at {address}"
