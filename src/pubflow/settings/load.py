"""The configuration of an office: read once, checked as a whole, or refused with every problem at once."""

import shutil
import tempfile
from pathlib import Path

from pubflow.errors import WorkspaceError
from pubflow.settings.calendar_files import make_calendar
from pubflow.settings.calendar_models import CalendarData
from pubflow.settings.crosscheck import cross_problems
from pubflow.settings.entries import Entries, make_entries
from pubflow.settings.models import ConfigError, Problem, Settings
from pubflow.settings.notices import Notices
from pubflow.settings.reading import CALENDAR, DISCLOSURE, read_files, rule_problems


def load_settings(folder: Path) -> Settings:
    """The configuration in `folder` (a `config/`). Raises ConfigError with all problems when there is any."""
    made, calendar, problems = _read(folder)
    if (
        problems
        or made.bureau is None
        or made.exceptional is None
        or made.sending is None
        or made.asked is None
        or made.returned is None
        or made.secret_mark is None
        or made.withdrawal is None
        or calendar is None
    ):
        raise ConfigError(tuple(problems))
    return Settings(
        folder=folder,
        bureau=made.bureau,
        sections=made.sections,
        people=made.people,
        categories=made.categories,
        cadences=made.cadences,
        kinds=made.kinds,
        checklist=made.checklist,
        review_results=made.review_results,
        masks=made.masks,
        exceptional=made.exceptional,
        notices=Notices(
            sending=made.sending,
            asked=made.asked,
            returned=made.returned,
            secret_mark=made.secret_mark,
            withdrawal=made.withdrawal,
            rungs=made.rungs,
            channels=made.channels,
        ),
        rules=tuple(rule for _, rule in made.rules),
        calendar=calendar,
    )


def check_config(folder: Path) -> list[Problem]:
    """Every problem of the configuration in `folder`, file by file; empty when it can be used."""
    return _read(folder)[2]


def shipped_config() -> Path:
    """The `config/` of the checkout this package runs from.

    Raises WorkspaceError when there is none: a wheel alone has neither configuration nor flows.
    """
    folder = Path(__file__).resolve().parents[3] / "config"
    if not (folder / "bureau.toml").is_file():
        raise WorkspaceError(
            f"There is no shipped configuration at {folder}: the installed package alone has no config/ and no flows/.",
            "Install from a checkout (`pip install -e .`) or an image of one.",
        )
    return folder


def write_default_config(target: Path) -> None:
    """Copy the shipped configuration to `target`, for the office to edit.

    Raises WorkspaceError when `target` already holds something: an edited configuration is never overwritten.
    """
    source = shipped_config()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkspaceError(f"{target} already exists.", "Edit it, or move it away first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".config-") as half:
        # Copied beside, then renamed: a full disk leaves no half configuration behind.
        shutil.copytree(source, Path(half) / "config").replace(target)


def _read(folder: Path) -> tuple[Entries, CalendarData | None, list[Problem]]:
    files = read_files(folder)
    made = make_entries(files)
    calendar, calendar_problems = make_calendar(
        {name: table for name, table in files.toml.items() if name.startswith(f"{CALENDAR}/")}
    )
    problems = [*files.problems, *made.problems, *calendar_problems]
    for name, table in files.toml.items():
        if name.startswith("rules/") and name != DISCLOSURE:
            problems += rule_problems(name, table)
    problems += cross_problems(made, files.report_templates)
    return made, calendar, sorted(problems, key=lambda problem: problem.file)
