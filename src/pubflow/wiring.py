"""The one place that knows how a real office is put together from its workspace folder."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pubflow.confidentiality.actions import marks, scan_version
from pubflow.confidentiality.attached import look_into
from pubflow.drafting.starting import make_draft
from pubflow.errors import BadInput, WorkspaceError
from pubflow.moments import utc_now
from pubflow.office import due, story
from pubflow.office.checkpoints import signing_key
from pubflow.office.due import DueStep, StepOutcome, StepRuns
from pubflow.office.making import new_workspace_folder
from pubflow.office.master_key import settle
from pubflow.office.office import Home, Office
from pubflow.office.people import seed_people
from pubflow.office.story import Story
from pubflow.publication.listing import empty_portal
from pubflow.publication.tree import PublicTree
from pubflow.publication.verifying import scheduled_publication
from pubflow.records.engine import open_engine
from pubflow.records.pending import Pending
from pubflow.records.schema import migrate
from pubflow.records.store import Records
from pubflow.review.actions import open_review
from pubflow.review.approval import open_approval
from pubflow.service.daily import daily
from pubflow.service.stuck import Stuck, stuck_releases, stuck_steps
from pubflow.settings import load_settings, write_default_config
from pubflow.vault import MasterKey, Vault, hold

DEFAULT_HOME = "pubflow-office"
FIRST_GENERATION = "empty"


class MachineStep(Protocol):
    """A machine step: reads the register, does what is due, writes it; safe to run twice."""

    def __call__(self, office: Office, subject: str, now: datetime, /) -> StepOutcome: ...


MACHINE_STEPS: Mapping[str, MachineStep] = {
    "drafting": make_draft,
    "department-review": open_review,
    "confidentiality-check": scan_version,
    "approval": open_approval,
    "scheduled-publication": scheduled_publication,
    "daily": daily,
}


class Line:
    """The office as flows and service see it: what is due, doing it, and the stories to tell."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.runs = StepRuns(office)

    def due_steps(self, now: datetime) -> Sequence[DueStep]:  # noqa: ARG002 - what is due does not depend on the clock yet
        """All machine steps that are due."""
        return due.due_steps(self.office)

    def due_versions(self, step: str, subjects: Iterable[str]) -> Mapping[str, int]:
        """{subject: version} of those this step is due for. `daily` may always run."""
        if step == due.DAILY:
            return dict.fromkeys(subjects, 0)
        found, wanted = due.due_versions(self.office, step), set(subjects)
        return {subject: version for subject, version in found.items() if subject in wanted}

    def run_step(self, step: str, subject: str, now: datetime) -> StepOutcome:
        """Do one machine step, or say that it is not due. Raises BadInput for a step that does not exist."""
        if step not in MACHINE_STEPS:
            raise BadInput(f"没有名为 {step} 的流程", remedy=f"可用：{'、'.join(MACHINE_STEPS)}")
        return MACHINE_STEPS[step](self.office, subject, now)

    def story(self, subject: str) -> Story | None:
        """The story of one report or release."""
        return story.story(self.office, subject, utc_now())

    def board(self, now: datetime) -> Sequence[Story]:
        """The whole line."""
        return story.board(self.office, now)

    def alarms(self, now: datetime) -> Sequence[Stuck]:
        """Releases and machine steps that stand still; `pubflow doctor` looks at more."""
        return [*stuck_releases(self.office, now), *stuck_steps(self.office, now)]

    def change_counter(self) -> int:
        """The number of the last audit event."""
        return story.change_counter(self.office)

    def changed_since(self, seq: int) -> Sequence[str]:
        """Reports and releases with events after `seq`."""
        return story.changed_since(self.office, seq)


def home_of(given: Path | None = None) -> Home:
    """The workspace: as given, or PUBFLOW_HOME, or ./pubflow-office."""
    return Home((given or Path(os.environ.get("PUBFLOW_HOME") or DEFAULT_HOME)).resolve())


def create_workspace(path: Path, now: datetime) -> Office:
    """Write a new workspace: configuration to edit, keys, database with sections and people.

    Raises WorkspaceError when the folder holds something already, or cannot be written; nothing stays then.
    """
    folder = path.resolve()
    with new_workspace_folder(folder) as room:
        home = Home(room)
        for inner in (home.keys, home.run):
            inner.mkdir(mode=0o700)
        write_default_config(home.config)
        home.config.chmod(0o700)  # it names the people and their roles
        MasterKey.create(home.master_key)
        with closing(open_workspace(room)) as office:
            signing_key(home, office.settings.bureau.site.site_domain)
            seed_people(office, now)
            tree = PublicTree(home.public)
            tree.build(FIRST_GENERATION, empty_portal(office), release="-", digest="-", base=None)
            tree.switch(FIRST_GENERATION)
    return open_workspace(folder)


def open_workspace(path: Path | None = None, *, alone: bool = False) -> Office:
    """Open a workspace's register and vault; brings the schema up to date.

    alone: to change the master key, which needs that nobody else has the workspace open.
    Raises WorkspaceError for a folder that is none, ConfigError with every problem of its configuration.
    """
    home = home_of(path)
    if not home.master_key.exists():
        raise WorkspaceError(
            f"{home.path} is not a pubflow workspace.", "Make one with `pubflow init`, or set PUBFLOW_HOME."
        )
    settings = load_settings(home.config)
    pending = Pending(home.pending)
    pending.reserve()
    old_mask = os.umask(0o077)
    try:
        engine = open_engine(home.database_url)
        migrate(engine)
    finally:
        os.umask(old_mask)
    held = hold(home.master_key, lambda: settle(home, engine), alone=alone)
    vault = Vault(MasterKey.load(home.master_key), held)
    return Office(home, settings, Records(engine, pending, vault), vault, marks, look_into)


def open_office(home: Path | None = None) -> Line:
    """What a flow or the service needs, from PUBFLOW_HOME."""
    return Line(open_workspace(home))
