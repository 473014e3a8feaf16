"""The shipped calendar, and copies of its folder that a test may change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pubflow.settings import Settings, load_settings, shipped_config
from pubflow.workdays import Calendar


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings(shipped_config())


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return Calendar.load(shipped_config() / "calendar")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of config/calendar."""
    return Path(shutil.copytree(shipped_config() / "calendar", tmp_path / "calendar"))


@pytest.fixture
def without(folder: Path) -> Callable[..., Calendar]:
    """The shipped calendar as if the notices of these years had not been issued."""

    def made(*years: int) -> Calendar:
        for year in years:
            (folder / f"{year}.toml").unlink()
        return Calendar.load(folder)

    return made
