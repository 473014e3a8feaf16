"""The office's lexicons: what is in use, and taking one in."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.showing import Told
from pubflow.cli.verb import group, verb
from pubflow.errors import BadInput, WorkspaceError
from pubflow.moments import SHANGHAI, utc_now

app = group("lexicon", "Lists of terms that no public text may hold.")


@verb(app, "list", example="pubflow lexicon list")
def list_lexicons() -> Told:
    """The lexicons of the workspace: owner, version, how many terms, and until when each counts."""
    from pubflow.confidentiality.lexicons import FOLDER, load_lexicons, read_terms

    config = _config()
    day = utc_now().astimezone(SHANGHAI).date()
    data = [
        {
            **one.model_dump(mode="json"),
            "count": len(read_terms(config / FOLDER / one.terms)),
            "in_use": one.holds_on(day),
        }
        for one in load_lexicons(config)
    ]
    lines = [
        f"{one['id']}  {one['name']} {one['version']}, {one['count']} terms, owner {one['owner']}, "
        f"{one['valid_from']} to {one['expires']}{'' if one['in_use'] else ' (not in use today)'}"
        for one in data
    ]
    return Told(data, lines or ["no lexicon; take one in with `pubflow lexicon import`"])


@verb(
    app,
    "import",
    example="pubflow lexicon import terms.txt --id projects --name 涉密项目名称 --owner bangongshi --version 2016-1 "
    "--source 保密办2016年1号清单 --expires 2017-12-31",
)
def import_terms(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="UTF-8, one term a line.")],
    id: Annotated[str, typer.Option("--id", help="An id of its own; the lexicon that has it is replaced.")],
    name: Annotated[str, typer.Option("--name", help="What the list is called.")],
    owner: Annotated[str, typer.Option("--owner", help="The section that answers for it.")],
    version: Annotated[str, typer.Option("--version", help="As its owner counts.")],
    source: Annotated[str, typer.Option("--source", help="Where the terms come from.")],
    expires: Annotated[str, typer.Option("--expires", metavar="DAY", help="Last day it counts, 2017-12-31.")],
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day; else today.")] = None,
) -> Told:
    """Take a list of terms into the configuration; every scan from now on looks for them.

    What is public already is scanned again by the daily flow, or by `pubflow check rescan`.
    """
    from pubflow.confidentiality.data_files import entry
    from pubflow.confidentiality.lexicons import FILE, ListedLexicon, import_lexicon
    from pubflow.settings import load_settings

    config = _config()
    sections = load_settings(config).sections
    if owner not in sections:
        raise BadInput(f"{owner} is no section", "--owner", f"Known: {', '.join(sections)}")
    row = {
        "id": id,
        "name": name,
        "version": version,
        "owner": owner,
        "source": source,
        "terms": f"{id}.txt",
        "valid_from": _day(since, "--from") if since else utc_now().astimezone(SHANGHAI).date(),
        "expires": _day(expires, "--expires"),
    }
    count = import_lexicon(config, file, entry(config / FILE, "", row, ListedLexicon))
    return Told({"id": id, "count": count}, [f"{id}: {count} terms in use until {expires}"])


def _config() -> Path:
    config = home_folder() / "config"
    if not config.is_dir():
        raise WorkspaceError(f"{config.parent} is not a pubflow workspace.", "Name it with --home.")
    return config


def _day(given: str, option: str) -> dt.date:
    try:
        return dt.date.fromisoformat(given)
    except ValueError:
        raise BadInput(f"{given} is no day", option, "Write it as 2017-12-31") from None
