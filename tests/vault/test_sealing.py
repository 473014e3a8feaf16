"""Sealed bytes open with the right key, at the right place, unchanged; and in no other way."""

import os
from pathlib import Path

import pytest
from builders import Given
from hypothesis import given as drawn
from hypothesis import strategies as st
from sqlalchemy import text

from pubflow.audit.events import Event
from pubflow.errors import WorkspaceError
from pubflow.office.office import Office
from pubflow.vault import MasterKey, SealBroken, Vault

KEY = MasterKey(bytes(range(32)))
SENTENCE = "全区规模以上工业增加值增长百分之八点七".encode()
PLACE = "R-2026-0001-1/v2"


@pytest.fixture
def vault() -> Vault:
    return Vault(KEY)


def test_what_was_sealed_opens_again_and_never_looks_the_same_twice(vault: Vault) -> None:
    wrapped = vault.new_key()
    first, second = vault.seal(wrapped, SENTENCE, PLACE), vault.seal(wrapped, SENTENCE, PLACE)
    assert vault.open(wrapped, first, PLACE) == vault.open(wrapped, second, PLACE) == SENTENCE
    assert first != second
    assert SENTENCE not in first
    assert len(first) == 12 + len(SENTENCE) + 16  # nonce, content, tag
    assert vault.open(wrapped, vault.seal(wrapped, b"", PLACE), PLACE) == b""


def test_another_master_key_opens_nothing(vault: Vault) -> None:
    wrapped = vault.new_key()
    sealed = vault.seal(wrapped, SENTENCE, PLACE)
    with pytest.raises(SealBroken, match="密钥不对"):
        Vault(MasterKey(bytes(32))).open(wrapped, sealed, PLACE)


def test_another_reports_key_opens_nothing(vault: Vault) -> None:
    sealed = vault.seal(vault.new_key(), SENTENCE, PLACE)
    with pytest.raises(SealBroken):
        vault.open(vault.new_key(), sealed, PLACE)


@pytest.mark.parametrize("place", ["R-2026-0001-1/v3", "R-2026-0002-1/v2", "R-2026-0001-1/source", ""])
def test_bytes_moved_to_another_place_do_not_open(vault: Vault, place: str) -> None:
    wrapped = vault.new_key()
    with pytest.raises(SealBroken):
        vault.open(wrapped, vault.seal(wrapped, SENTENCE, PLACE), place)


_FIXED = Vault(KEY)
_WRAPPED = _FIXED.new_key()
_SEALED = _FIXED.seal(_WRAPPED, SENTENCE, PLACE)


@drawn(st.integers(0, len(_SEALED) - 1), st.integers(0, 7))
def test_any_flipped_bit_breaks_the_seal(place: int, bit: int) -> None:
    changed = bytearray(_SEALED)
    changed[place] ^= 1 << bit
    with pytest.raises(SealBroken):
        _FIXED.open(_WRAPPED, bytes(changed), PLACE)


@drawn(st.integers(0, len(_WRAPPED) - 1), st.integers(0, 7))
def test_any_flipped_bit_of_a_wrapped_key_breaks_the_seal(place: int, bit: int) -> None:
    changed = bytearray(_WRAPPED)
    changed[place] ^= 1 << bit
    with pytest.raises(SealBroken):
        _FIXED.open(bytes(changed), _SEALED, PLACE)


@drawn(st.integers(0, len(_SEALED) - 1))
def test_cut_off_bytes_do_not_open(length: int) -> None:
    with pytest.raises(SealBroken):
        _FIXED.open(_WRAPPED, _SEALED[:length], PLACE)


def test_an_empty_wrapped_key_breaks_the_seal(vault: Vault) -> None:
    with pytest.raises(SealBroken):
        vault.open(b"", _SEALED, PLACE)


def test_a_fingerprint_is_stable_here_and_different_elsewhere(vault: Vault) -> None:
    assert vault.fingerprint("名单.docx") == Vault(KEY).fingerprint("名单.docx")
    assert vault.fingerprint("名单.docx") != Vault(MasterKey(bytes(32))).fingerprint("名单.docx")
    assert vault.fingerprint("名单.docx") != vault.fingerprint("名单2.docx")
    assert len(vault.fingerprint("")) == 64


def test_keys_for_different_purposes_differ() -> None:
    assert len({KEY.derived("wrap"), KEY.derived("fingerprint"), KEY.secret}) == 3


# The key file


def test_a_new_key_file_is_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = MasterKey.create(tmp_path / "master.key")
    finally:
        os.umask(before)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert MasterKey.load(tmp_path / "master.key") == key
    assert key.secret.hex() not in repr(key)


def test_create_never_replaces_a_key(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    key = MasterKey.create(file)
    with pytest.raises(FileExistsError):
        MasterKey.create(file)
    assert MasterKey.load(file) == key


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o644, 0o777])
def test_a_key_that_others_can_reach_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "master.key"
    MasterKey.create(file)
    file.chmod(mode)
    with pytest.raises(WorkspaceError, match=f"chmod 600 {file}"):
        MasterKey.load(file)


@pytest.mark.parametrize("content", ["", "not hexadecimal", "ab" * 31, "ab" * 33])
def test_a_damaged_key_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(WorkspaceError, match="Restore it from the backup"):
        MasterKey.load(file)


def test_a_missing_key_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is missing"):
        MasterKey.load(tmp_path / "master.key")


# Nothing of a draft lies readable in the workspace


def traces(office: Office, sentence: str) -> list[str]:
    """Files of the workspace that hold the sentence in one of the encodings it could lie in."""
    forms = [sentence.encode("utf-8"), sentence.encode("utf-16-le"), sentence.encode("gb18030")]
    forms += [sentence.encode("ascii", "backslashreplace"), sentence.encode("utf-8").hex().encode()]
    files = [file for file in office.home.path.rglob("*") if file.is_file()]
    return [file.name for file in files if any(form in file.read_bytes() for form in forms)]


def test_no_sentence_of_a_draft_lies_readable_in_the_workspace(office: Office, given: Given) -> None:
    planted = "唯有此句全区财政收入为七千三百万元"
    report_id = given.report(body=f"## 一、工作动态\n\n{planted}。\n")
    given.write(report_id, f"## 一、工作动态\n\n{planted}，再改一次。\n")
    assert "register.db-wal" in [file.name for file in office.home.path.iterdir()]
    assert traces(office, planted) == []
    assert planted in given.text(report_id).body
    (office.home.run / "planted.txt").write_text(planted)
    assert traces(office, planted) == ["planted.txt"]


def test_a_version_sealed_elsewhere_does_not_open_as_this_one(office: Office, given: Given) -> None:
    report_id = given.report()
    given.write(report_id, "## 一、工作动态\n\n第三版。\n")
    with office.records.writing(given.now) as tx:  # somebody puts version 2 in the place of version 3
        moved = "UPDATE version SET sealed = (SELECT sealed FROM version WHERE number = 2) WHERE number = 3"
        tx.session.execute(text(moved))
        tx.record(Event("planted", "a", report_id))
    with pytest.raises(SealBroken, match="v3"):
        given.text(report_id)
