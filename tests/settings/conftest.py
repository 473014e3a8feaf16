"""A copy of the shipped configuration that a test may spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pubflow.settings import shipped_config

ROOM_RULE = '[[rule]]\nid = "x"\nsource = "条例（2019）第十四条"\nvalid_from = 2019-05-15\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration; the files of other rooms are the least the loader asks of them."""
    folder = tmp_path / "config"
    shutil.copytree(shipped_config(), folder, ignore=shutil.ignore_patterns("demo", "portal", "import.toml", "conf*"))
    for name in ("import", "confidentiality"):
        (folder / f"rules/{name}.toml").write_text(ROOM_RULE, encoding="utf-8")
    (folder / "templates/portal").mkdir()
    (folder / "templates/portal/page.html.j2").write_text("{{ title }}", encoding="utf-8")
    return folder


@pytest.fixture
def spoil(config: Path) -> Callable[[str, str, str], Path]:
    """Replace the first `old` in a file by `new`; an `old` that is not there is a mistake of the test."""

    def change(file: str, old: str, new: str) -> Path:
        text = (config / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (config / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return config

    return change
