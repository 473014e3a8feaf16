"""The confidentiality check beside its peers: quality and speed on labelled documents, in one interleaved run.

Quality through `pubflow scan --jsonl`, as an office runs it; speed through the function, without process start.
Each peer lives in a virtual environment of its own, made from the pins in `bench/confidentiality/presidio.txt`.
"""

import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CORPORA = HERE / "confidentiality"
PEERS = HERE / ".peers"
DEVELOPMENT = CORPORA / "dev-1.jsonl"
READ, FROZEN = ("second", "third"), "fourth"  # once unseen and read since; never read
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)  # bytes of UTF-8


def measure_confidentiality() -> list[dict[str, Any]]:
    """A row for each scanner on the development set."""
    return _rows(DEVELOPMENT, CORPORA / "lexicon.txt", "confidentiality-development")


def measure_read() -> list[dict[str, Any]]:
    """A row for each scanner and corpus that was unseen once; rules have been mended on it since."""
    return [row for name in READ for row in _of_corpus(name)]


def measure_frozen() -> list[dict[str, Any]]:
    """A row for each scanner on the corpus that nobody who wrote a rule has read."""
    return _of_corpus(FROZEN)


def _of_corpus(name: str) -> list[dict[str, Any]]:
    folder = CORPORA / name
    rows = _rows(folder / "corpus.jsonl", folder / "terms.txt", f"confidentiality-{name}")
    return [{"corpus": name} | row for row in rows]


def measure_lengths() -> list[dict[str, Any]]:
    """A row for each length of one document: time must grow no faster than length."""
    os.environ["LEXICON"] = str(CORPORA / "lexicon.txt")
    from pubflow.confidentiality.harness import make

    scan = make()
    rows = []
    for size in SIZES:
        for form, text in _texts(size):
            document = {"text": text, "format": form}
            rounds = max(1, 200_000 // size)
            seconds = min(_seconds(lambda: [list(scan(document)) for _ in range(rounds)]) for _ in range(3))  # noqa: B023
            length = len(text.encode()) * rounds
            rows.append(
                {"format": form, "bytes": size, "MB/s": length / seconds / 1e6, "findings": len(list(scan(document)))}
            )
    return rows


def _texts(size: int) -> Iterator[tuple[str, str]]:
    """Development documents of each format one after the other, repeated and cut to `size` bytes."""
    documents = [json.loads(line) for line in DEVELOPMENT.read_text("utf-8").splitlines()]
    for form in ("text", "csv", "html"):
        piece = "\n\n".join(document["text"] for document in documents if document["format"] == form)
        data = piece.encode()
        yield form, (data * (size // len(data) + 1))[:size].decode("utf-8", "ignore")


def _seconds(run: Any) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _rows(corpus: Path, terms: Path, name: str) -> list[dict[str, Any]]:
    result = HERE / "results" / f"{name}.json"
    result.parent.mkdir(exist_ok=True)
    command = f"{Path(sys.executable).with_name('pubflow')} scan --jsonl --lexicon {terms}"
    scanners = [f"pubflow=cmd:{command}", "pubflow, function=pubflow.confidentiality.harness:make"]
    scanners += ["naive=adapters.naive:make"]
    scanners += [f"Presidio, {kind}={_presidio()}:adapters.presidio_zh:make_{kind}" for kind in ("rules", "norm")]
    options = [part for scanner in scanners for part in ("--scanner", scanner)]
    subprocess.run(
        [
            *(sys.executable, str(CORPORA / "harness.py"), "--corpus", str(corpus), "--repeats", "3"),
            *("--out", str(result), "--markdown", str(result.with_suffix(".md"))),
            *options,
        ],
        check=True,
        env=os.environ | {"LEXICON": str(terms)},
        stdout=subprocess.DEVNULL,
    )
    found = json.loads(result.read_text("utf-8"))["scanners"]
    return [_row(scanner, found[scanner]) for scanner in (one.partition("=")[0] for one in scanners)]


def _row(name: str, measured: dict[str, Any]) -> dict[str, Any]:
    score = measured["score"]
    return {
        "scanner": name,
        "macro F1": score["macro_f1"],
        "evaded recall": score["evaded_recall"],
        "precision": score["micro"]["precision"],
        "recall": score["micro"]["recall"],
        "clean flagged": score["docs"]["clean_flagged"],
        "MB/s of CPU": measured["time"]["mb_s_cpu"],
    }


def _presidio() -> Path:
    """The interpreter of Presidio's own environment, made on first use."""
    python = PEERS / "presidio" / "bin" / "python"
    if not python.exists():
        venv.create(PEERS / "presidio", with_pip=True)
        pins = CORPORA / "presidio.txt"
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(pins)], check=True)
    return python
