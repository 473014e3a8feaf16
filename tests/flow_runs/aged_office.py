"""An office whose workspace an older program left, upgraded and started: one for the tests of upgrading and of losing
Prefect's database."""

import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from flow_runs import running_office
from flow_runs.running_office import PEOPLE, RunningOffice

from pubflow.office.people import OPERATOR_ON_SITE, set_password
from pubflow.prefect_client import Prefect
from pubflow.service import prefect_guard
from pubflow.settings import shipped_config
from pubflow.wiring import Line, open_workspace

ARCHIVE = Path(__file__).parent.parent / "data" / "office-of-0003.tar.gz"
PASSWORD = "for-tests-only"
OWN = ("people.toml", "bureau.toml")  # what is the office's own; all else comes with the program
ONE_MORE_REVIEW = """
[[kinds.news.reviews]]
id = "office_reads"
name = "办公室审核"
by = "section:bangongshi"
"""


@dataclass
class AgedOffice:
    """The workspace, and the office that runs on it between `start` and `stop`."""

    home: Path
    trace: Path
    running: RunningOffice | None = None
    _register: list[Line] = field(default_factory=list)

    @classmethod
    def unpacked(cls, folder: Path) -> Self:
        """As the older program left it."""
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="tar")  # ours; the modes matter
        return cls(folder / "office", folder / "calls")

    def upgrade(self) -> None:
        """What an administrator does: the configuration that came with the program, with a changed workflow.

        The register is migrated by whoever opens it first.
        """
        shipped = shipped_config()
        for file in (one for one in shipped.rglob("*") if one.is_file() and one.name not in OWN):
            target = self.home / "config" / file.relative_to(shipped)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
        workflows = self.home / "config" / "workflows.toml"
        head, mark, rest = workflows.read_text().partition("\n[kinds.news.fast]")
        assert mark
        workflows.write_text(head + ONE_MORE_REVIEW + mark + rest)
        office = open_workspace(self.home)
        for person in PEOPLE:
            set_password(office, OPERATOR_ON_SITE, person, PASSWORD, now=datetime.now(UTC))
        self._register.append(Line(office))

    def start(self) -> RunningOffice:
        """`pubflow up`, and its people signed in."""
        process = running_office.start(self.home, self.trace)
        try:
            addresses = running_office.addresses_of(self.home, process)
        except BaseException:
            running_office.end(process)
            raise
        prefect = Prefect(addresses.prefect_api, prefect_guard.auth_string(self.home), timeout=30, attempts=100)
        tokens = {person: _token(addresses.desk, person) for person in PEOPLE}
        register = self._register[0]
        self.running = RunningOffice(self.home, process, self.trace, register, addresses, prefect, tokens)
        return self.running

    def stop(self) -> None:
        """Ctrl-C, and wait."""
        if self.running:
            self.running.prefect.close()
            running_office.end(self.running.process)
            self.running = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for line in self._register:
            line.office.close()


def _token(desk: str, person: str) -> str:
    given = {"person": person, "password": PASSWORD}
    return str(httpx.post(f"{desk}/session", json=given, trust_env=False, timeout=30).json()["token"])
