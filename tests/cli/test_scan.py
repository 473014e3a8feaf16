"""`pubflow scan`: files for people, JSON lines for programs; values are masked everywhere."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from pubflow.confidentiality.harness import SHIPPED_RULES

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


def test_what_the_office_registered_as_public_is_no_finding_where_its_workspace_is_at_hand(
    pubflow: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("联系邮箱：bangongshi@tjj-donghu.cn\n", encoding="utf-8")
    assert pubflow("scan", "a.txt").code == 1
    for home, expires in (("office", "2027-12-31"), ("late", "2016-01-02")):
        rules = tmp_path / home / "config" / "rules"
        shutil.copytree(SHIPPED_RULES.parent, rules)
        facts = (rules / "public-facts.toml").read_text(encoding="utf-8")
        own = facts.replace("tjj@donghu.example", "bangongshi@tjj-donghu.cn").replace("2027-12-31", expires)
        (rules / "public-facts.toml").write_text(own, encoding="utf-8")
    told = pubflow("scan", "a.txt", "--home", str(tmp_path / "office"))
    assert told.code == 0
    assert str(tmp_path / "office" / "config") in told.out
    assert pubflow("scan", "a.txt", "--home", str(tmp_path / "late")).code == 1


def test_a_home_without_configuration_is_refused_instead_of_other_rules_taken(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("没有\n", encoding="utf-8")
    refused = pubflow("scan", "a.txt", "--home", str(tmp_path))
    assert (refused.code, refused.out) == (1, "")
    assert "--home" in refused.err


def test_a_folder_a_pipe_and_a_missing_file_are_named_before_anything_is_scanned(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"联系人{MOBILE}\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("folder", "文件夹"), ("pipe", "管道"), ("none.txt", "没有这个文件"), ("/dev/null", "设备")):
        refused = pubflow("scan", "a.txt", name)
        assert (refused.code, refused.out) == (1, "")
        assert name in refused.err
        assert said in refused.err


def test_a_value_in_the_name_of_a_place_is_masked_too(pubflow: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"{ID_NUMBER}.txt", f"联系人{MOBILE}")
        archive.writestr(f"{ID_NUMBER}.bin", b"\x00\x01")
    done = pubflow("scan", "a.zip", "--json")
    assert len(done.json[0]["findings"]) == 4  # two names, the number inside the first, the second unchecked
    assert ID_NUMBER not in done.out
    assert "压缩包内“110" in done.out


def test_several_files_are_told_one_by_one_in_the_order_given(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("没有\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text(f"联系人{MOBILE}\n", encoding="utf-8")
    done = pubflow("scan", "b.txt", "a.txt", "b.txt", "--json")
    assert done.code == 1
    assert [(one["file"], len(one["findings"])) for one in done.json] == [("b.txt", 0), ("a.txt", 1)]


def test_two_reports_at_once_are_wrong_use(pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("没有\n", encoding="utf-8")
    for words in (("a.txt", "--json", "--format", "html"), ("--jsonl", "--format", "html"), ("a.txt", "--jsonl"), ()):
        assert pubflow("scan", *words).code == 2
    assert pubflow("scan", "--jsonl", "--cleaned-copy", "public").code == 2


def test_copies_of_one_name_are_refused_and_one_that_cannot_be_made_still_gives_the_report(
    pubflow: Any, tmp_path: Path
) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("没有\n", encoding="utf-8")
    refused = pubflow("scan", "one/a.txt", "two/a.txt", "--cleaned-copy", "public")
    assert (refused.code, refused.out) == (1, "")
    (tmp_path / "a.rtf").write_bytes(b"{\\rtf1 text}")
    told = pubflow("scan", "one/a.txt", "a.rtf", "--cleaned-copy", "public")
    assert told.code == 1
    assert "one/a.txt：没有发现" in told.out
    assert "不能生成清洗件" in told.err
    assert [path.name for path in (tmp_path / "public").iterdir()] == ["a.txt"]


def test_a_long_scan_shows_a_bar_on_the_terminal_only_and_ctrl_c_ends_it_calmly(tmp_path: Path) -> None:
    (tmp_path / "a[x].csv").write_text("姓名,数值\n" + "甲,12345\n" * 2_000_000, encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pubflow", "scan", str(tmp_path / "a[x].csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path) as running:
        os.close(theirs)
        said = _until(ours, "characters checked", 60)
        running.send_signal(signal.SIGINT)
        said += _until(ours, "stopped", 20)
        assert running.stdout is not None
        assert (running.wait(20), running.stdout.read()) == (130, b"")
    os.close(ours)
    assert "1/1 a[x].csv: " in said
    assert "Traceback" not in said


def _until(terminal: int, word: str, seconds: float) -> str:
    """What the terminal shows until `word` comes."""
    said, ends = "", time.monotonic() + seconds
    while word not in said and time.monotonic() < ends:
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 65536).decode("utf-8", "replace")
    assert word in said
    return said
