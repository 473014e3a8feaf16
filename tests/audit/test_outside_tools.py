"""Checkpoints and proofs verify with openssl and with Go's tools, which know nothing of pubflow.

Debian: openssl, golang-go, golang-golang-x-mod-dev (`make test` installs them). A missing tool is a failure.
"""

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
from builders import Given

from pubflow.audit.checkpoint import open_checkpoint
from pubflow.audit.proofs import Proven, proof_file
from pubflow.office.checkpoints import checkpoint, public_key
from pubflow.office.office import Office
from pubflow.records import history

GO_SOURCE = Path(__file__).parent / "go" / "main.go"
GOPATH = Path("/usr/share/gocode")  # where Debian puts Go libraries
# RFC 8410: SubjectPublicKeyInfo of an Ed25519 key is these 12 bytes and the 32 of the key.
DER_HEAD = bytes.fromhex("302a300506032b6570032100")


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built offline from Debian's packages."""
    assert (GOPATH / "src/golang.org/x/mod/sumdb/note").is_dir(), "apt-get install golang-golang-x-mod-dev"
    folder = tmp_path_factory.mktemp("go")
    own = {"GO111MODULE": "off", "GOFLAGS": "", "GOPROXY": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "c")}
    subprocess.run(
        ["go", "build", "-o", str(folder / "outside"), str(GO_SOURCE)],
        env={**os.environ, **own, "HOME": str(folder)},
        check=True,
    )
    return folder / "outside"


def go(outside: Path, *words: object) -> tuple[int, str]:
    done = subprocess.run([str(outside), *map(str, words)], capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def key_file(office: Office) -> Path:
    return office.home.checkpoints / "audit.pub"


def openssl_says(office: Office, note: str, folder: Path) -> str:
    """What openssl says of the signature line, given the bare parts of key and note."""
    raw = base64.b64decode(key_file(office).read_text().strip().split("+", 2)[2])[1:]
    text, _, line = note.rpartition("\n\n")
    signature = base64.b64decode(line.split(" ")[2])[4:]
    for name, content in (("key.der", DER_HEAD + raw), ("text", f"{text}\n".encode()), ("signature", signature)):
        (folder / name).write_bytes(content)
    words = "pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in text -sigfile signature"
    done = subprocess.run(["openssl", *words.split()], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_openssl_verifies_a_checkpoint_and_refuses_a_changed_one(given: Given, tmp_path: Path) -> None:
    note = checkpoint(given.office, given.tick()).read_text()
    size = note.split("\n")[1]
    assert openssl_says(given.office, note, tmp_path) == "Signature Verified Successfully"
    changed = note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n")
    assert openssl_says(given.office, changed, tmp_path) == "Signature Verification Failure"


def test_gos_tools_verify_checkpoint_and_inclusion_of_every_event_and_refuse_changed_ones(
    given: Given, outside: Path, tmp_path: Path
) -> None:
    given.report()
    note = checkpoint(given.office, given.tick()).read_text()
    key = public_key(given.office.home)
    assert key is not None
    size = open_checkpoint(note, key).size
    with given.office.records.engine.connect() as connection:
        events = [
            Proven(one.seq, bytes(one.body), history.inclusion(connection, one.seq - 1, size))
            for one in history.events(connection)
        ]
    file = tmp_path / "proof.json"
    whole = proof_file(events, note)
    file.write_text(json.dumps(whole))
    assert go(outside, "proof", key_file(given.office), file) == (0, f"{size} of {size}")
    for old, new, why in (
        ("section_added", "section_addee", "invalid transparency proof"),
        (f"\\n{size}\\n", f"\\n{size + 1}\\n", "invalid signature"),
        ('"seq": 3,', '"seq": 4,', "invalid transparency proof"),
    ):
        text = json.dumps(whole)
        assert old in text
        file.write_text(text.replace(old, new, 1))
        code, said = go(outside, "proof", key_file(given.office), file)
        assert code == 1
        assert why in said


def test_gos_tools_see_that_a_newer_history_begins_with_an_older_one(given: Given, outside: Path) -> None:
    older = checkpoint(given.office, given.tick())
    given.report()
    newer = checkpoint(given.office, given.tick())
    sizes = [int(one.read_text().split("\n")[1]) for one in (older, newer)]
    with given.office.records.engine.connect() as connection:
        proof = [base64.b64encode(one).decode() for one in history.consistency(connection, *sizes)]
    words = ("consistent", key_file(given.office), older, newer)
    assert go(outside, *words, *proof) == (0, f"{sizes[1]} begins with {sizes[0]}")
    assert go(outside, *words, *proof[:-1])[0] == 1
    assert go(outside, *words, *proof[::-1])[0] == 1
