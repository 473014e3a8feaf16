"""Every verb of the contract is there, explains itself with an example, and starts without loading a database."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

import pubflow as package
from pubflow.cli.app import app

# Design section 8, what is built of it.
CONTRACT = {
    "": "init demo up login logout doctor service reconcile sign scan backup restore",
    "people": "list add absent exempt deactivate erase password debts clear roles void-decisions",
    "config": "check",
    "lexicon": "list import",
    "tables": "protect audit attach show",
    "report": "new import edit submit show list diff warnings cancel recall proposals fast move-workflow due "
    "attach detach attachments attachment",
    "review": "inbox approve return conflict claim remark force fact-check consent links respond link-void link-erase",
    "check": "run findings decide clear grounds consent override letter refer reply form marks off-system "
    "rules-preview rescan withdrawals settle",
    "release": "plan list show stage move hold resume cancel retry",
    "audit": "log verify checkpoint prove export rotate-key restart-after-restore",
    "vault": "rotate-key",
    "flow": "run list resume",
    "notices": "list retry",
    "portal": "serve",
}


def _verbs(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, one in inner.items():
        yield from _verbs(one, (*words, name))


VERBS = dict(_verbs(get_command(app)))


def test_the_verbs_are_those_of_the_contract() -> None:
    expected = {f"{group} {name}".strip() for group, names in CONTRACT.items() for name in names.split()}
    assert {" ".join(words) for words in VERBS} - {"serve-api"} == expected


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_describes_each_verb_with_an_example_and_json(words: tuple[str, ...], pubflow: Any) -> None:
    done = pubflow(*words, "--help")
    assert done.code == 0
    assert f"pubflow {' '.join(words)}" in done.out.partition("Example:")[2]
    assert "--json" in done.out
    assert len(VERBS[words].help) > 20


def test_version_and_wrong_use_have_their_exit_codes(pubflow: Any) -> None:
    assert pubflow("--version").out == f"pubflow {package.__version__}\n"
    assert pubflow("reprot").code == 2
    assert pubflow("report").code == 2
    assert pubflow("report", "show").code == 2
    assert pubflow("release", "plan", "R-2026-0001").code == 2
    assert pubflow("release", "plan", "R-2026-0001", "--in", "20s", "--at", "2030-01-01").code == 2
    assert pubflow("report", "show", "").code == 2
    assert pubflow("report", "edit", "R-1", "--replace", "a", "--reason", "r").code == 2
    assert pubflow("scan").code == 2


def test_a_verb_over_http_loads_no_database_and_no_converter() -> None:
    program = (
        "import sys; from pubflow.cli import main; code = main(['report', 'list', '--url', 'http://127.0.0.1:9']);"
        "print(code, [name for name in ('sqlalchemy', 'opencc', 'fastapi', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "1 []\n"
