"""Claims, remarks, masking proposals and several decisions at once, as people type them."""

from typing import Any

MOBILE = "13800138000"
BODY = f"## 一、联系\n\n联系人手机 {MOBILE}。\n"
BASIS = ("--basis", "个人信息保护法第二十五条", "--reason", "私人号码", "--ground", "privacy")


def before_the_officer(desk: Any, story: Any) -> tuple[str, str]:
    report = story.draft(body=BODY)
    story.ok("lin_xiao", "report", "submit", report)
    desk.flows()
    digest = story.digest(report)
    story.ok("fang_zhi", "review", "approve", report, "--digest", digest)
    desk.flows()
    return report, digest


def test_a_claim_is_seen_in_inbox_and_report_and_freed_by_the_operator(desk: Any, by: Any, story: Any) -> None:
    report, _ = story.in_review()
    held = story.ok("fang_zhi", "review", "claim", report)
    assert (held["person"], held["step"]) == ("fang_zhi", "section")
    assert "fang_zhi 至 20" in by("fang_zhi", "review", "inbox").out
    assert "fang_zhi 至 20" in by("lin_xiao", "report", "show", report).out
    refused = by("lin_xiao", "review", "claim", report)
    assert refused.code == 1
    assert "科室负责人" in refused.err
    assert by("gong_lei", "review", "claim", report, "--release").code == 1  # needs a reason
    freed = story.ok("gong_lei", "review", "claim", report, "--release", "--reason", "联系不上")
    assert freed["released"] == ["fang_zhi"]
    assert story.ok("fang_zhi", "report", "show", report)["claims"] == []


def test_remarks_are_made_answered_resolved_and_listed_with_the_report(by: Any, story: Any) -> None:
    report, _ = story.in_review()
    words = ("--passage", "完成了统计数据发布", "--text", "请写明是哪些数据")
    assert story.ok("fang_zhi", "review", "remark", report, *words)["remark"] == 1
    story.ok("lin_xiao", "review", "remark", report, "--reply", "1", "--text", "是月度数据")
    shown = by("lin_xiao", "report", "show", report)
    assert "未了结批注" in shown.out
    assert "请写明是哪些数据" in shown.out
    assert "↳ 2" in shown.out
    listed = story.ok("lin_xiao", "report", "show", report)["remarks"]
    assert [(one["number"], one["answers"], one["passage"]) for one in listed] == [
        (1, None, "完成了统计数据发布"), (2, 1, "完成了统计数据发布"),
    ]  # fmt: skip
    assert "请写明" not in by("gong_lei", "report", "show", report).out  # the operator reads no drafts
    story.ok("fang_zhi", "review", "remark", report, "--resolve", "1")
    assert "remarks" not in story.ok("lin_xiao", "report", "show", report)


def test_a_remark_names_its_passage_in_one_way(by: Any) -> None:
    for words in ((), ("--passage", "a", "--from", "1", "--to", "2"), ("--from", "1"), ("--from", "1", "--to", "2")):
        assert by("fang_zhi", "review", "remark", "R-2026-0001", "--text", "b", *words).code == 2, words
    assert by("fang_zhi", "review", "remark", "R-2026-0001", "--passage", "a").code == 2


def test_a_masking_proposal_goes_to_the_drafter_and_back_by_verbs(desk: Any, by: Any, story: Any) -> None:
    report, digest = before_the_officer(desk, story)
    found = story.ok("wan_ning", "check", "findings", report)
    decide = ("check", "decide", report, str(found[0]["id"]), "--digest", digest, *BASIS)
    assert by("wan_ning", *decide, "--pass", "--propose", "mask").code == 2
    assert by("wan_ning", *decide, "--propose", "remove", "--style", "number").code == 2
    assert by("wan_ning", *decide, "--propose", "hide").code == 1
    story.ok("wan_ning", *decide, "--propose", "mask", "--style", "number")
    assert "建议脱敏" in by("wan_ning", "check", "findings", report).out
    form = ("--digest", digest, "--result", "公开", "--opinion", "可以公开", "--all-no")
    refused = by("wan_ning", "check", "clear", report, *form)
    assert "已提出脱敏建议" in refused.err
    story.ok("wan_ning", "review", "return", report, "--digest", digest)
    assert "未答复脱敏建议" in by("lin_xiao", "report", "show", report).out
    (one,) = story.ok("lin_xiao", "report", "proposals", report)
    assert (one["passage"], one["replacement"]) == (MOBILE, "138****8000")
    assert f"【{MOBILE} → 138****8000】" in by("lin_xiao", "report", "proposals", report).out
    number = str(one["number"])
    assert by("lin_xiao", "report", "proposals", report, "--accept", number, "--decline", number).code == 2
    assert by("lin_xiao", "report", "proposals", report, "--decline", number).code == 2
    assert story.ok("lin_xiao", "report", "proposals", report, "--accept", number)["version"] == 3
    story.ok("lin_xiao", "report", "submit", report)
    desk.flows()
    shown = by("fang_zhi", "report", "show", report).out
    assert f"pubflow report diff {report} --old 2 --new 3" in shown
    assert "138****8000" in by("fang_zhi", "report", "diff", report, "--old", "2", "--new", "3").out
    masked = story.digest(report)
    moved = story.ok("fang_zhi", "review", "approve", report, "--digest", masked)
    assert moved["stage"] == "confidentiality_check"
    desk.flows()
    assert story.ok("wan_ning", "check", "findings", report) == []


def test_the_officer_reads_why_a_proposal_was_declined(desk: Any, by: Any, story: Any) -> None:
    report, digest = before_the_officer(desk, story)
    finding = str(story.ok("wan_ning", "check", "findings", report)[0]["id"])
    story.ok("wan_ning", "check", "decide", report, finding, "--digest", digest, *BASIS, "--propose", "remove")
    story.ok("wan_ning", "review", "return", report, "--digest", digest)
    number = str(story.ok("lin_xiao", "report", "proposals", report)[0]["number"])
    story.ok("lin_xiao", "report", "proposals", report, "--decline", number, "--reason", "对外公布的号码")
    story.ok("lin_xiao", "report", "submit", report)
    desk.flows()
    assert "对外公布的号码" in by("wan_ning", "check", "findings", report).out
    assert "没有脱敏建议" in by("lin_xiao", "report", "proposals", story.draft()).out


def test_several_are_approved_and_signed_at_once_and_every_refusal_is_told(desk: Any, by: Any, story: Any) -> None:
    (one, first), (two, second) = story.in_review(), story.in_review()
    done = by("fang_zhi", "review", "approve", f"{one}@{first[:8]}", f"{two}@00000000", "--json")
    assert done.code == 1
    assert f"2 份中有 1 份没有办理：{two}" in done.err
    assert [(item["stage"], item["error"]) for item in done.json] == [
        ("confidentiality_check", None), (None, "refused"),
    ]  # fmt: skip
    assert [reason["code"] for reason in done.json[1]["reasons"]] == ["digest_moved"]
    again = by("fang_zhi", "review", "approve", f"{one}@{first[:8]}", f"{two}@{second[:8]}")
    assert again.code == 1
    assert "稿件" not in again.err
    assert two in again.out
    desk.flows()
    form = ("--result", "公开", "--opinion", "可以公开", "--all-no")
    for report, digest in ((one, first), (two, second)):
        story.ok("wan_ning", "check", "clear", report, "--digest", digest, *form)
    desk.flows()
    story.ok("lin_xiao", "release", "plan", one, two, "--in", "1h")
    signed = story.ok("liao_jun", "sign", f"{one}@{first[:8]}", f"{two}@{second[:8]}", "--reason", "同意发布")
    assert [item["stage"] for item in signed] == ["scheduled", "scheduled"]
    for report in (one, two):  # the office is that of the session: nothing of this test becomes due later
        story.ok("gong_lei", "report", "cancel", report, "--reason", "仅为试验")


def test_several_need_a_digest_each(by: Any) -> None:
    assert by("fang_zhi", "review", "approve", "R-1@3f9a1c2b", "R-2").code == 2
    assert by("fang_zhi", "review", "approve", "R-1", "R-2", "--digest", "3f9a1c2b").code == 2
    assert by("fang_zhi", "review", "approve", "R-1@").code == 2
    assert by("liao_jun", "sign", "@3f9a1c2b").code == 2
