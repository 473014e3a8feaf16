"""Signed notes and checkpoints, held against the example of the C2SP specification and of Go's documentation."""

import threading
from pathlib import Path

import pytest

from pubflow.audit.checkpoint import Checkpoint, open_checkpoint
from pubflow.audit.notes import NoteRefused, PublicKey, SigningKey, opened
from pubflow.errors import WorkspaceError

# Key and note of the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NAME = "donghu.example/pubflow-audit"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.load_or_create(tmp_path_factory.mktemp("keys") / "audit.key", NAME)


def test_gos_own_example_opens() -> None:
    assert opened(GO_NOTE, PublicKey.parse(GO_KEY)) == GO_TEXT
    assert str(PublicKey.parse(f"{GO_KEY}\n")) == GO_KEY


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("answer", "question", "does not fit the text"),
        ("\n—", "\n-", "no signature line"),
        ("— PeterNeumann", "— Peter", "not signed with the key"),
        ("x08go", "x08gp", "does not fit|not signed"),
        ("\n\n—", "\n—", "no signed note"),
        ("then", "\tthen", "control characters"),
        ("JnAM=", "JnAM", "base64"),
        ("JnAM=\n", "JnAM=", "no signed note"),
        ("cryptography", "cryptography" * 6000, "too long"),
    ],
)
def test_a_changed_note_is_refused(old: str, new: str, why: str) -> None:
    assert old in GO_NOTE
    with pytest.raises(NoteRefused, match=why):
        opened(GO_NOTE.replace(old, new, 1), PublicKey.parse(GO_KEY))


def test_signatures_of_other_keys_are_passed_over(key: SigningKey) -> None:
    ours = key.sign(GO_TEXT).rpartition("\n\n")[2]
    assert opened(GO_NOTE + ours, key.public) == GO_TEXT
    assert opened(GO_NOTE + ours, PublicKey.parse(GO_KEY)) == GO_TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("+AR", "+AS"),
        GO_KEY.replace("10TW", "10T"),
        GO_KEY.replace("Peter", "Peter "),
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        PublicKey.parse(text)


def test_the_key_file_is_its_owners_only_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    key = SigningKey.load_or_create(path, NAME)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load_or_create(path, "another.example/name") == key
    assert [one.name for one in tmp_path.iterdir()] == ["audit.key"]
    path.chmod(0o640)
    with pytest.raises(WorkspaceError, match="chmod 600"):
        SigningKey.load_or_create(path, NAME)


@pytest.mark.parametrize("content", ["", "PRIVATE+KEY+a+00000000+AAAA", "no key at all"])
def test_a_damaged_key_file_is_refused_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "audit.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(WorkspaceError, match="not a key for checkpoints"):
        SigningKey.load_or_create(path, NAME)
    assert path.read_text() == content


def test_two_that_make_the_key_at_once_take_the_same(tmp_path: Path) -> None:
    made: list[SigningKey] = []
    ready = threading.Barrier(8)

    def make() -> None:
        ready.wait()
        made.append(SigningKey.load_or_create(tmp_path / "audit.key", NAME))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len({one.seed for one in made}) == 1


def test_a_checkpoint_is_origin_size_and_root_a_line_each(key: SigningKey) -> None:
    # base64 of 32 zero bytes
    checkpoint = Checkpoint(NAME, 1967, bytes(32))
    assert checkpoint.text == f"{NAME}\n1967\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    note = checkpoint.signed(key)
    assert note.startswith(f"{checkpoint.text}\n— {NAME} ")
    assert open_checkpoint(note, key.public) == checkpoint
    assert checkpoint.signed(key) == note


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        f"{NAME}\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        f"{NAME}\n1\nAAAA\n",
        f"{NAME}\n1\n",
        f"{NAME}\n1\n%%%%\n",
        "another.example/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_of_this_history_is_refused(key: SigningKey, text: str) -> None:
    with pytest.raises(NoteRefused):
        open_checkpoint(key.sign(text), key.public)
