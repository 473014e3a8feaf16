"""`make chaos` in small: a process dies exactly at its point, by SIGKILL from outside; what is left is judged."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import invariants
from chaos.control import Control, Order
from chaos.keeper import Nursery, Program
from chaos.people import DRAFTER

WITHIN = 30.0


class Scene:
    """One process that brings a report to its public page, and another one that goes on after it."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.home, self.nursery, self.folder = folder / "office", nursery, folder
        (folder / "control").mkdir()
        self.control = Control(folder / "control")

    def killed_at(self, point: str) -> bool:
        order = self.control.give(Order("one", point))
        code = self.run("one", str(self.home))
        assert order.done.is_set() == (code == -signal.SIGKILL), (self.folder / "said").read_text()
        return order.done.is_set()

    def run(self, role: str, *words: str) -> int | None:
        environment = {"PUBFLOW_CHAOS_SOCKET": self.control.address, "PUBFLOW_CHAOS_ROOT": str(self.folder)}
        program = Program("one", "chaos.one_release", words, role)
        return self.nursery.wait(self.nursery.start(program, environment, self.folder / "said"), WITHIN)

    def violations(self) -> list[str]:
        return [name for name, _ in invariants.check(self.home, {}, []).violations]

    def public(self) -> bool:
        return invariants.page_of(self.home, "R-2026-0001").exists()

    def stage(self) -> str:
        return str(invariants.read(self.home).editions[0]["stage"])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery") / "log")
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    variables = {"PUBFLOW_CHAOS_FAULT": "event append outside the transaction"}
    nursery = Nursery(tmp_path_factory.mktemp("nursery") / "log", variables)
    yield nursery
    nursery.close()


@pytest.mark.parametrize(
    ("point", "stage", "public"),
    [
        ("before commit in actions.submit", "drafting", False),
        ("in the middle of write public/generations/*.part/….html in tree._write_folder", "scheduled", False),
        ("before rename public/root in tree.switch", "scheduled", False),
        ("after rename public/root in tree.switch", "scheduled", True),
        ("after commit in switching._switch", "published", True),
        ("before link checkpoints/*.note in checkpoints.write_once", "published", True),
    ],
)
def test_a_process_dies_at_its_point_and_the_next_one_completes_what_it_left(
    sound: Nursery, tmp_path: Path, point: str, stage: str, public: bool
):
    scene = Scene(tmp_path, sound)
    assert scene.killed_at(point)
    assert (scene.stage(), scene.public()) == (stage, public)
    assert scene.run("", str(scene.home), "on") == 0
    assert scene.violations() == []
    if stage in ("scheduled", "published"):
        assert (scene.stage(), scene.public()) == ("published", True)
        assert sum(event["action"] == "publish" for event in invariants.read(scene.home).events) == 1


def test_an_event_that_is_not_in_its_transaction_is_noticed_after_a_kill(faulty: Nursery, tmp_path: Path):
    scene = Scene(tmp_path, faulty)
    assert scene.killed_at("after commit in actions.submit")
    assert "every change of stage or state has its event" in scene.violations()


def test_the_same_kill_of_the_sound_code_is_no_violation(sound: Nursery, tmp_path: Path):
    scene = Scene(tmp_path, sound)
    assert scene.killed_at("after commit in actions.submit")
    assert scene.violations() == []
    assert invariants.read(scene.home).events[-1]["actor"] == DRAFTER
