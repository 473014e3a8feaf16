"""`pubflow scan`: files for people, JSON lines for programs; values are masked everywhere."""

import json
from pathlib import Path
from typing import Any

MOBILE = "13800138000"
ID_NUMBER = "11010519491231002X"  # the specimen of GB 11643-1999


def test_a_file_is_reported_with_masked_surroundings_and_exit_1(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"第一行\n联系人{MOBILE}，证件{ID_NUMBER}。\n", encoding="utf-8")
    found = pubflow("scan", str(tmp_path / "a.txt"))
    assert found.code == 1
    assert MOBILE not in found.out + found.err
    assert ID_NUMBER not in found.out + found.err
    assert "第2行" in found.out
    as_json = pubflow("scan", str(tmp_path / "a.txt"), "--json")
    assert as_json.code == 1
    assert [one["place"] for one in as_json.json[0]["findings"]] == ["第2行第4列", "第2行第18列"]
    assert MOBILE not in as_json.out


def test_a_clean_file_is_exit_0(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("未涉及国家秘密、商业秘密和个人隐私。\n", encoding="utf-8")
    assert pubflow("scan", str(tmp_path / "a.txt")).code == 0


def test_a_lexicon_adds_words(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("某某商贸有限公司本年产值。\n", encoding="utf-8")
    (tmp_path / "words.txt").write_text("某某商贸有限公司\n", encoding="utf-8")
    assert pubflow("scan", str(tmp_path / "a.txt"), "--lexicon", str(tmp_path / "words.txt")).code == 1
    assert pubflow("scan", str(tmp_path / "a.txt"), "--lexicon", str(tmp_path / "none.txt")).code == 1


def test_json_lines_go_in_and_out(pubflow: Any) -> None:
    lines = [{"doc_id": "d1", "text": f"电话{MOBILE}"}, {"doc_id": "d2", "text": "没有"}]
    done = pubflow("scan", "--jsonl", stdin="\n".join(json.dumps(one) for one in lines).encode())
    assert done.code == 0
    assert json.loads(done.out) == {"doc_id": "d1", "start": 2, "end": 13, "type": "MOBILE"}


def test_lines_that_are_no_documents_and_files_that_are_none_are_refused(pubflow: Any, tmp_path: Path) -> None:
    for given in (b"not json\n", b"[1]\n", b'{"doc_id": 1}\n', b"\xff\xfe\n"):
        assert pubflow("scan", "--jsonl", stdin=given).code == 1
    for name in ("none.txt", "."):
        refused = pubflow("scan", str(tmp_path / name))
        assert (refused.code, refused.out) == (1, "")


def test_a_file_that_cannot_be_read_is_unchecked_and_exit_1(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    done = pubflow("scan", str(tmp_path / "a.pdf"), "--json")
    assert done.code == 1
    assert {(one["type"], one["severity"]) for one in done.json[0]["findings"]} == {("UNCHECKED", "hard")}


def test_a_web_page_tells_the_same_and_masks_too(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "<b>.txt").write_text(f"<i>联系人{MOBILE}", encoding="utf-8")
    done = pubflow("scan", str(tmp_path / "<b>.txt"), "--format", "html")
    assert done.code == 1
    assert done.out.startswith("<!DOCTYPE html>")
    assert "第1行第7列" in done.out
    assert MOBILE not in done.out
    assert "<i>" not in done.out
    assert "<b>" not in done.out


def test_a_cleaned_copy_is_written_beside_and_replaces_nothing(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(f"<p>正文</p><!-- {MOBILE} -->", encoding="utf-8")
    words = ("scan", str(tmp_path / "a.html"), "--cleaned-copy", str(tmp_path / "public"))
    assert pubflow(*words).code == 1  # the original holds it
    assert MOBILE.encode() not in (tmp_path / "public" / "a.html").read_bytes()
    assert pubflow("scan", str(tmp_path / "public" / "a.html")).code == 0
    again = pubflow(*words)
    assert (again.code, again.out) == (1, "")
