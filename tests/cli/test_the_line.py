"""A report's way by verbs: each verb's use, its refusals, and what it says."""

import base64
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pubflow.publication.switching import release_round

SEED = Path(__file__).parents[1] / "data" / "donghu-2016-annual-report.txt"
TITLE = "南昌市东湖区统计局2016年政府信息公开工作年度报告"


def test_the_import_tells_what_was_read_and_waits_for_the_draft(desk: Any, by: Any, story: Any) -> None:
    stop = threading.Event()

    def machines() -> None:
        while not stop.wait(0.1):
            desk.flows()

    thread = threading.Thread(target=machines)
    thread.start()
    try:
        done = by("lin_xiao", "report", "import", str(SEED), "--title", TITLE)
    finally:
        stop.set()
        thread.join()
    assert done.code == 0, done.err
    assert "去除拼音注音 150 处" in done.out
    assert "3 + 7 + 144 + 9 + 1778 + 11 + 12 + 3 = 1967" in done.out
    assert "目录字段 8 项" in done.out
    assert "共 6 部分" in done.out
    for code in range(1, 10):
        assert f"W{code}" in done.out
    report = done.out.split()[0]
    kept = story.ok("lin_xiao", "report", "show", report, "--difference")
    assert base64.b64decode(kept["content"]) == SEED.read_bytes()
    assert "-索引號: | A25010" in kept["difference"]
    assert "+索引号: | A25010" in kept["difference"]
    assert by("gong_lei", "report", "show", report, "--difference").code == 1  # the operator reads no drafts
    refused = by("lin_xiao", "report", "submit", report)
    assert refused.code == 1
    assert f"下一步：pubflow report show {report}" in refused.err
    half = by("lin_xiao", "report", "warnings", report, "--accept", "W1", "--accept", "W77", "--reason", "按原文保留")
    assert half.code == 1
    assert "W1 已处理，W77 没有" in half.err
    # The destroyed run is mended in the text; the other warnings are accepted with a reason.
    assert by("lin_xiao", "report", "warnings", report, "--accept", "W1").code == 2
    accepted = [word for code in range(2, 9) for word in ("--accept", f"W{code}")]
    answered = story.ok("lin_xiao", "report", "warnings", report, *accepted, "--reason", "按原文保留")
    assert [one["state"] for one in answered] == ["accepted"] * 8 + ["open"]
    mended = (
        "--replace",
        "申请?zhí)幚砹鞒獭<讧?qiáng)政府",
        "--with",
        "申请处理流程。加强政府",
        "--reason",
        "按字节还原",
    )
    assert story.ok("lin_xiao", "report", "edit", report, *mended)["version"] == 2
    assert "申请处理流程。加强政府" in by("lin_xiao", "report", "diff", report).out
    assert story.ok("lin_xiao", "report", "submit", report)["stage"] == "department_review"
    again = by("lin_xiao", "report", "import", str(SEED), "--title", TITLE, "--no-wait")
    assert again.code == 1


def test_a_draft_that_no_flow_makes_is_reported_with_what_to_check(by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pubflow.cli.reports.DRAFT_WITHIN", 0.3)
    done = by("lin_xiao", "report", "new", "--kind", "news", "--title", "没有流程", "--json")
    assert done.code == 1
    assert done.json["version"] == 0
    assert "pubflow doctor" in done.err


def test_a_report_goes_from_draft_to_public_page_by_verbs(desk: Any, by: Any, story: Any) -> None:
    report, digest = story.in_review()
    inbox = story.ok("fang_zhi", "review", "inbox")
    assert (report, ["approve", "return"]) in [(one["report"]["id"], one["actions"]) for one in inbox]
    assert digest[:12] in by("fang_zhi", "review", "inbox").out
    story.ok("fang_zhi", "review", "approve", report, "--digest", digest[:8])
    desk.flows()
    assert story.ok("wan_ning", "check", "findings", report) == []
    assert story.ok("wan_ning", "check", "run", report) == []
    words = ("--result", "公开", "--opinion", "可以公开", "--all-no")
    assert story.ok("wan_ning", "check", "clear", report, "--digest", digest[:8], *words)["stage"] == "approval"
    desk.flows()
    release = story.ok("lin_xiao", "release", "plan", report, "--in", "1h")["id"]
    assert story.ok("liao_jun", "sign", report, "--digest", digest[:8])["stage"] == "scheduled"
    staged = story.ok("gong_lei", "release", "stage", release)
    assert desk.prefect[-1]["parameters"] == {"reports": [release]}
    assert staged["name"] == f"{release} scheduled-publication"
    desk.flows()
    assert story.ok("lin_xiao", "release", "show", release)["state"] == "staged"
    later = datetime.now(UTC) + timedelta(hours=2)
    assert [one.release_id for one in release_round(desk.line.office, lambda: later)] == [release]
    shown = by("lin_xiao", "report", "show", report)
    assert "已发布" in shown.out
    assert story.ok("lin_xiao", "report", "show", report)["public_path"].endswith(f"/{report}/")
    assert release in by("lin_xiao", "release", "list").out
    assert report not in [one["id"] for one in story.ok("lin_xiao", "report", "list", "--open")]


def test_a_decision_without_the_digest_that_was_read_is_wrong_use(by: Any) -> None:
    for words in (
        ("review", "approve", "R-2026-0001"),
        ("review", "return", "R-2026-0001", "--reason", "r"),
        ("sign", "R-2026-0001"),
        ("check", "decide", "R-2026-0001", "1", "--pass", "--basis", "b", "--reason", "r"),
        ("check", "clear", "R-2026-0001", "--result", "公开", "--opinion", "o", "--all-no"),
    ):
        refused = by("fang_zhi", *words)
        assert refused.code == 2, words
        assert "pubflow report show R-2026-0001" in refused.err


def test_the_review_form_names_the_items_that_were_not_answered(by: Any, story: Any) -> None:
    report, digest = story.in_check()
    words = ("check", "clear", report, "--digest", digest, "--result", "公开", "--opinion", "可以公开")
    refused = by("wan_ning", *words, "--no", "state_secret")
    assert refused.code == 2
    assert "work_secret（是否涉及工作秘密）" in refused.err
    assert "state_secret" not in refused.err
    assert by("wan_ning", *words, "--all-no", "--yes", "privacy").code == 1
    returned = story.ok(
        "wan_ning", "review", "return", report, "--digest", digest, "--reason", "含个人信息", "--place", "一"
    )
    assert returned["stage"] == "drafting"


def test_a_finding_passes_with_a_basis(desk: Any, story: Any, by: Any) -> None:
    report = story.draft(body="## 一、联系\n\n联系人手机 13800138000。\n")
    story.ok("lin_xiao", "report", "submit", report)
    desk.flows()
    digest = story.digest(report)
    story.ok("fang_zhi", "review", "approve", report, "--digest", digest)
    desk.flows()
    found = story.ok("wan_ning", "check", "findings", report)
    assert "13800138000" not in json.dumps(found)
    finding = str(found[0]["id"])
    words = ("check", "decide", report, finding, "--digest", digest, "--basis", "工作电话", "--reason", "对外公布")
    assert by("wan_ning", *words).code == 2
    assert by("fang_zhi", *words, "--pass").code == 1
    assert by("wan_ning", *words, "--pass").code == 1  # no ground
    words += ("--ground", "duty_to_publish")
    assert story.ok("wan_ning", *words, "--pass")["stage"] == "confidentiality_check"
    assert "可公开" in by("wan_ning", "check", "findings", report).out


def test_an_author_cannot_approve_and_is_told_who_can(by: Any, story: Any) -> None:
    report, digest = story.in_review()
    refused = by("lin_xiao", "review", "approve", report, "--digest", digest)
    assert refused.code == 1
    assert refused.out == ""
    assert "请由同事办理" in refused.err
    log = story.ok("gong_lei", "audit", "log", "--subject", report)["events"]
    assert log[-1]["action"] == "refused"


def test_of_two_processes_that_approve_at_once_one_wins_and_the_other_is_told(desk: Any, story: Any) -> None:
    report, digest = story.in_review()
    environment = os.environ | {"PUBFLOW_URL": desk.url, "PUBFLOW_TOKEN": desk.tokens["fang_zhi"]}
    command = [sys.executable, "-m", "pubflow", "review", "approve", report, "--digest", digest]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [one.communicate(timeout=30)[1] for one in both]
    assert sorted(one.returncode for one in both) == [0, 1]
    assert "Traceback" not in "".join(said)
    assert "pubflow report show" in "".join(said)
    decisions = story.ok("fang_zhi", "report", "show", report)["decisions"]
    assert [one["decision"] for one in decisions] == ["approved"]


def test_a_text_somebody_else_changed_meanwhile_is_kept_in_a_file(by: Any, story: Any) -> None:
    report = story.draft()
    begun = story.digest(report)
    changed = ("--replace", "本月完成了", "--with", "十月完成了", "--reason", "写明月份")
    story.ok("lin_xiao", "report", "edit", report, *changed)
    mine = story.ok("lin_xiao", "report", "show", report, "--text")["text"].replace("十月", "十一月")
    words = ("report", "edit", report, "--file", "-", "--seen", begun, "--reason", "写明月份")
    refused = by("lin_xiao", *words, stdin=mine.encode())
    assert refused.code == 1
    kept = Path(refused.err.split("仍在 ")[1].split("：")[0])
    assert kept.read_text(encoding="utf-8") == mine
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()


def test_a_text_with_a_secret_mark_is_refused_and_kept_nowhere(by: Any, story: Any) -> None:
    report = story.draft()
    text = story.ok("lin_xiao", "report", "show", report, "--text")["text"]
    refused = by(
        "lin_xiao", "report", "edit", report, "--file", "-", "--reason", "r", stdin=f"{text}\n机密★10年\n".encode()
    )
    assert refused.code == 1
    assert "仍在" not in refused.err
    assert "保密员" in refused.err


def test_the_editor_makes_a_new_version_and_one_that_fails_saves_nothing(
    by: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = story.draft()
    assert by("lin_xiao", "report", "edit", report, "--reason", "r").code == 2  # no terminal here, no editor named
    monkeypatch.setenv("EDITOR", "sed -i s/本月/上月/")
    assert story.ok("lin_xiao", "report", "edit", report, "--reason", "改月份")["version"] == 3
    assert "上月" in by("lin_xiao", "report", "show", report, "--text").out
    assert "本月" in by("lin_xiao", "report", "show", report, "--text", "--version", "2").out
    assert by("lin_xiao", "report", "edit", report, "--reason", "又存一次").code == 1  # nothing changed
    assert list(Path.cwd().glob("*unsaved*")) == []
    monkeypatch.setenv("EDITOR", "false")
    assert by("lin_xiao", "report", "edit", report, "--reason", "r").code == 1
    monkeypatch.setenv("EDITOR", "no-such-editor")
    assert by("lin_xiao", "report", "edit", report, "--reason", "r").code == 1


def test_releases_are_moved_held_resumed_and_cancelled(by: Any, story: Any) -> None:
    report = story.draft()
    release = story.ok("lin_xiao", "release", "plan", report, "--at", "2030-01-01T09:30+08:00")["id"]
    assert story.ok("lin_xiao", "release", "show", release)["instant"] == "2030-01-01T01:30:00Z"
    moved = story.ok("liao_jun", "release", "move", release, "--at", "2030-01-02T09:30+08:00", "--reason", "推迟")
    assert moved["instant"] == "2030-01-02T01:30:00Z"
    assert story.ok("liao_jun", "release", "hold", release, "--reason", "等待核对")["held"] is True
    assert "暂停" in by("liao_jun", "release", "show", release).out
    assert story.ok("liao_jun", "release", "resume", release, "--reason", "核对无误")["held"] is False
    retried = by("gong_lei", "release", "retry", release, "--reason", "r")
    assert retried.code == 1
    assert f"pubflow release show {release}" in retried.err
    assert story.ok("liao_jun", "release", "cancel", release, "--reason", "不再发布")["state"] == "cancelled"
    assert story.ok("lin_xiao", "report", "cancel", report, "--reason", "重复建立")["stage"] == "cancelled"


def test_a_signed_report_is_recalled_with_a_reason(desk: Any, story: Any, by: Any) -> None:
    report, digest = story.in_approval()
    story.ok("lin_xiao", "release", "plan", report, "--in", "1d")
    story.ok("liao_jun", "sign", report, "--digest", digest)
    assert by("liao_jun", "report", "recall", report).code == 2
    assert story.ok("liao_jun", "report", "recall", report, "--reason", "需核对")["stage"] == "drafting"
    desk.flows()


def test_flows_are_listed_and_started_by_the_operator_only(desk: Any, story: Any, by: Any) -> None:
    report = story.ok("lin_xiao", "report", "new", "--kind", "news", "--title", "待起草", "--no-wait")["report"]
    due = story.ok("gong_lei", "flow", "list")["due"]
    assert {"step": "drafting", "subject": report, "version": 0} in due
    assert story.ok("gong_lei", "flow", "run", "drafting", report)["id"] == "run-1"
    assert desk.prefect[-1]["parameters"] == {"reports": [report]}
    assert by("lin_xiao", "flow", "run", "drafting", report).code == 1
    assert by("gong_lei", "flow", "run", "no-such-step").code == 1
    desk.flows()


BAD = {
    "unknown file type": ("x.pdf", b"%PDF-1.7\n"),
    "empty file": ("x.txt", b""),
    "wrong encoding": ("x.txt", "信息公开".encode() * 5 + b"\xff\xff\xfe"),
    "UTF-16": ("x.txt", "信息公开".encode("utf-16")),
    "two titles": ("x.txt", SEED.read_bytes() if SEED.exists() else b""),
    "no text at all": ("x.txt", b"\n\n \n"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_words_and_no_report_is_made(case: str, by: Any, story: Any, tmp_path: Path) -> None:
    name, content = BAD[case]
    (tmp_path / name).write_bytes(content)
    before = len(story.ok("lin_xiao", "report", "list"))
    title = "一个标题\n另一个标题" if case == "two titles" else "标题"
    refused = by("lin_xiao", "report", "import", str(tmp_path / name), "--title", title, "--no-wait", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in refused.err)
    assert len(story.ok("lin_xiao", "report", "list")) == before


@pytest.mark.parametrize(
    "words",
    [
        ("report", "import", "no-such-file.txt", "--title", "标题"),
        ("report", "import", ".", "--title", "标题"),
        ("report", "new", "--kind", "no-such-kind", "--title", "标题"),
        ("report", "new", "--kind", "news", "--title", ""),
        ("report", "new", "--kind", "news", "--title", "标题", "--category", "没有的类别"),
        ("report", "new", "--kind", "news", "--title", "\udcff"),
        ("report", "show", "R-2026-9999"),
        ("report", "show", "../people"),
        ("report", "show", "R-2026-0001", "--text", "--version", "999"),
        ("report", "diff", "R-2026-9999"),
        ("report", "edit", "R-2026-9999", "--file", "no-such-file", "--reason", "r"),
        ("report", "warnings", "R-2026-9999", "--accept", "W1", "--reason", "r"),
        ("release", "plan", "R-2026-0001", "--at", "2026-02-30T09:30+08:00"),
        ("release", "plan", "R-2026-0001", "--at", "2020-01-01T09:30+08:00"),
        ("release", "plan", "R-2026-0001", "--in", "soon"),
        ("release", "plan", "R-2026-9999", "--in", "1h"),
        ("release", "show", "L-2026-9999"),
        ("review", "approve", "R-2026-9999", "--digest", "12345678"),
        ("audit", "log"),
    ],
)
def test_bad_input_is_refused_with_exit_1_and_a_sentence(words: tuple[str, ...], by: Any) -> None:
    refused = by("lin_xiao", *words)
    assert refused.code == 1, refused.out
    assert refused.out == ""
    assert len(refused.err) > 10


def test_a_digest_that_is_not_the_newest_is_refused(by: Any, story: Any) -> None:
    report, _ = story.in_review()
    refused = by("fang_zhi", "review", "approve", report, "--digest", "00000000")
    assert refused.code == 1
    assert "摘要" in refused.err


def test_an_interrupted_verb_ends_with_130(by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pubflow.cli.reports.ask", interrupted)
    stopped = by("lin_xiao", "report", "list")
    assert (stopped.code, stopped.err) == (130, "stopped\n")
