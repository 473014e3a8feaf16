"""How a verb is registered: the options that all share, its example, and what it tells."""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pubflow.cli.showing import Told, json_of_problem, say, tell
from pubflow.errors import PubflowError

FAILED = 1
Verb = Callable[..., Told]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the office; else PUBFLOW_URL, else the workspace's.")
]
HomeFolder = Annotated[
    Path | None, typer.Option("--home", help="The workspace; else PUBFLOW_HOME, else ./pubflow-office.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable on stdout, nothing else.")]


@dataclass(frozen=True)
class Asked:
    """What was asked for besides the verb's own words."""

    as_json: bool = False
    url: str | None = None
    home: Path | None = None


_asked: ContextVar[Asked] = ContextVar("asked")


def asked() -> Asked:
    """The shared options of the verb that runs now."""
    return _asked.get()


def group(name: str, about: str) -> typer.Typer:
    """A group of verbs."""
    return typer.Typer(name=name, help=about, no_args_is_help=True, rich_markup_mode=None)


def verb(app: typer.Typer, name: str, *, example: str, hidden: bool = False) -> Callable[[Verb], Verb]:
    """Register a function as the verb `name`; its docstring is the description.

    example: a whole command line, printed at the end of `--help`. The verb returns what to tell; it prints nothing.
    """

    def register(function: Verb) -> Verb:
        def run(**given: Any) -> int:
            options = Asked(given.pop("as_json"), given.pop("url"), given.pop("home"))
            before = _asked.set(options)
            try:
                return tell(function(**given), as_json=options.as_json)
            except PubflowError as error:
                if not options.as_json:
                    raise
                reasons = getattr(error, "reasons", ())
                told = [{"code": str(one.code), "text": str(one.text)} for one in reasons]
                message = str(getattr(error, "message", error))
                say(json_of_problem(getattr(error, "error", error.code), message, told, getattr(error, "hint", "")))
                return FAILED
            finally:
                _asked.reset(before)

        run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
        own = list(inspect.signature(function).parameters.values())
        run.__signature__ = inspect.Signature(own + _shared())  # type: ignore[attr-defined]  # typer reads it
        run.__annotations__ = {one.name: one.annotation for one in own + _shared()}
        app.command(name, epilog=f"Example:\n\n\b\n  {example}", hidden=hidden)(run)
        return function

    return register


def _shared() -> list[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter("as_json", kind, default=False, annotation=AsJson),
        inspect.Parameter("url", kind, default=None, annotation=Url),
        inspect.Parameter("home", kind, default=None, annotation=HomeFolder),
    ]
