"""The tree of verbs, and the one place that turns errors into text and exit codes."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

import pubflow
from pubflow.cli import (
    attachments,
    audit,
    backup,
    debts,
    decisions,
    editing,
    exceptional,
    flows,
    keeping,
    lexicons,
    masking,
    notices,
    people,
    releases,
    reports,
    scanning,
    tables,
    workspace,
)
from pubflow.cli.showing import say
from pubflow.cli.verb import FAILED
from pubflow.errors import PubflowError

DONE, INTERRUPTED = 0, 130

app = typer.Typer(
    name="pubflow",
    help="Publication line of a statistics bureau: draft, review, check, sign, release on time, prove.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pubflow {pubflow.__version__}\n")
        raise typer.Exit


@app.callback(epilog="Example:\n\n\b\n  pubflow init && pubflow up")
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Publication line of a statistics bureau: draft, review, check, sign, release on time, prove."""


workspace.workspace_verbs(app)
backup.backup_verbs(app)
people.session_verbs(app)
decisions.sign_verb(app)
scanning.scan_verb(app)
editing.edit_verb(reports.app)
attachments.attachment_verbs(reports.app)
masking.proposals_verb(reports.app)
exceptional.workflow_verbs(reports.app)
debts.debt_verbs(people.app)
notices.due_verb(reports.app)
for room in (
    people.app,
    workspace.config,
    lexicons.app,
    tables.app,
    reports.app,
    decisions.review,
    decisions.check,
    releases.app,
    audit.app,
    keeping.vault,
    flows.app,
    notices.app,
    workspace.portal,
):
    app.add_typer(room)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code. Every error becomes a sentence on stderr; PUBFLOW_DEBUG=1 shows unknown ones."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character gets its number
    try:
        code = app(args=arguments, prog_name="pubflow", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        show = getattr(error, "show", None)
        show() if show else say(str(error))
        return error.exit_code
    except PubflowError as error:
        say(str(error))
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        say("stopped")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        return FAILED
    except Exception as error:
        if os.environ.get("PUBFLOW_DEBUG"):
            raise
        say(f"pubflow failed unexpectedly: {type(error).__name__}: {error}. PUBFLOW_DEBUG=1 shows where.")
        return FAILED
    if code == INTERRUPTED:
        say("stopped")
    return code if isinstance(code, int) else DONE
