"""Sealed files: what another program of the format makes opens here, and no changed or missing byte goes unnoticed."""

import base64
import io

import pytest

from pubflow.service.age import CHUNK, TAG, AgeRefused, OpeningFile, SealingFile

SECRET = b"correct horse battery"
QUICK = 2  # scrypt rounds as a power of two
# Made with rage (pyrage 1.4.0): another implementation of the format, in another language.
BY_RAGE = (
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBMelpabUV2OEY4Q05neElSVnNTVWVBIDE2CldiU1UxaVdJajhCeWJUaGRv"
    "KzIxekl0QWxmZWRLaWdXTnNHRjJKeHhOdVEKLS0tIFMyK3VZbEdiL3ptWWFDSlQxektiUEhXM0xValJJTVBJU2FJeTdFSktaWmMK"
    "N5gWnXmaQOQEIRZDyz9kGuDSGFKB/pC6dY0u2kWnL9BHZC148Y/9"
)


def sealed(content: bytes, *, work: int = QUICK) -> bytes:
    out = io.BytesIO()
    sealing = SealingFile(out, SECRET, work=work)
    for start in range(0, len(content), 50_000):  # pieces that do not fit the chunks
        sealing.write(content[start : start + 50_000])
    sealing.finish()
    return out.getvalue()


def opened(file: bytes, secret: bytes = SECRET) -> bytes:
    opening, parts = OpeningFile(io.BytesIO(file), secret), []
    while part := opening.read(70_000):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_opens_whatever_its_length(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    file = sealed(content)
    assert opened(file) == content
    assert len(file) - len(sealed(b"")) == size + TAG * (max(1, -(-size // CHUNK)) - 1)


def test_a_file_of_another_program_opens() -> None:
    assert opened(base64.b64decode(BY_RAGE)) == "台账\n".encode()


def test_a_change_of_any_byte_is_noticed() -> None:
    file = sealed(b"abc")
    for place in range(len(file)):
        for flip in (0x01, 0x20, 0x80):
            changed = bytearray(file)
            changed[place] ^= flip
            with pytest.raises(AgeRefused):
                opened(bytes(changed))


def test_a_file_cut_anywhere_is_noticed_at_the_chunks_borders_too() -> None:
    file = sealed(bytes(2 * CHUNK + 7))
    header = len(sealed(b"")) - TAG
    borders = [header + number * (CHUNK + TAG) for number in range(3)]
    for end in {*range(header), *(border + by for border in borders for by in (-1, 0, 1)), len(file) - 1}:
        with pytest.raises(AgeRefused):
            opened(file[:end])


def test_chunks_that_change_places_are_noticed_and_so_is_what_is_added() -> None:
    file = sealed(bytes(3 * CHUNK))
    start, long = len(sealed(b"")) - TAG, CHUNK + TAG
    first, second = file[start : start + long], file[start + long : start + 2 * long]
    for changed in (file[:start] + second + first + file[start + 2 * long :], file + b"x", file + file[-long:]):
        with pytest.raises(AgeRefused, match="changed or cut off"):
            opened(changed)


def test_a_wrong_passphrase_is_told_as_such() -> None:
    with pytest.raises(AgeRefused, match="The passphrase or key is not the one"):
        opened(sealed(b"abc"), b"another passphrase")


def test_a_header_that_asks_for_too_much_memory_is_refused_before_it_takes_any() -> None:
    with pytest.raises(AgeRefused, match="2\\^40 rounds"):
        opened(sealed(b"abc").replace(b" 2\n", b" 40\n", 1))


def test_the_same_content_never_gives_the_same_file() -> None:
    assert sealed(b"abc")[-40:] != sealed(b"abc")[-40:]
