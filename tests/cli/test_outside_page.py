"""The page behind a one-time link, over real HTTP on loopback, and the verbs of the exceptional ways."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pubflow.office.reading import history

PASSAGE = "本月完成了统计数据发布"
GOOD = {"answer": "correct", "where": "", "what": "", "name": "欧阳"}


def link_for(story: Any, report: str, digest: str, *words: str) -> str:
    given = words or ("--passage", PASSAGE)
    made = story.ok(
        "fang_zhi",
        "review",
        "fact-check",
        report,
        "--name",
        "欧阳",
        "--organ",
        "某学会",
        "--digest",
        digest[:8],
        *given,
    )
    return str(made["link"])


def get(link: str) -> httpx.Response:
    return httpx.get(link, trust_env=False, timeout=30)


def post(link: str, **changes: str) -> httpx.Response:
    return httpx.post(link, data={**GOOD, **changes}, trust_env=False, timeout=30)


@pytest.fixture
def asked(story: Any) -> tuple[str, str]:
    """A report in review and a link to one of its passages."""
    report, digest = story.in_review()
    return report, link_for(story, report, digest)


def test_the_page_shows_just_the_passage_and_is_told_to_nobody(asked: tuple[str, str]) -> None:
    report, link = asked
    page = get(link)
    assert page.status_code == 200
    assert PASSAGE in page.text
    assert "一、动态" not in page.text  # the rest of the text
    assert report not in page.text
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert "frame-ancestors 'none'" in policy
    nonce = re.search(r"nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert f'<style nonce="{nonce[1]}">' in page.text
    assert nonce[1] not in get(link).text


def test_what_a_person_wrote_is_shown_as_text(story: Any) -> None:
    report = story.draft(body="## 一、动态\n\n<b>粗</b>&amp;\n")
    story.ok("lin_xiao", "report", "submit", report)
    story.desk.flows()
    link = link_for(story, report, story.digest(report), "--passage", "<b>粗</b>&amp;")
    assert "&lt;b&gt;粗&lt;/b&gt;&amp;amp;" in get(link).text
    again = post(link, answer="wrong", what="", where='"><script>alert(1)</script>')
    assert again.status_code == 422
    assert "没有写明意见" in again.text
    assert "<script" not in again.text


def test_mail_programs_open_it_often_and_the_person_answers_once(story: Any, asked: tuple[str, str]) -> None:
    report, link = asked
    assert [get(link).status_code for _ in range(3)] == [200, 200, 200]
    done = post(link, answer="wrong", where="第一段", what="应为十一月")
    assert done.status_code == 200
    assert "已收到" in done.text
    assert post(link).status_code == 410
    assert get(link).status_code == 410
    assert "只能答复一次" in get(link).text
    (told,) = story.ok("fang_zhi", "review", "links", report)
    assert (told["answer"], told["where"], told["what"], told["ended"]) == ("wrong", "第一段", "应为十一月", "used")
    shown = story.by("fang_zhi", "review", "links", report)
    assert "欧阳，某学会" in shown.out
    assert "待回应" in shown.out
    assert "指出有误，尚无回应" in story.by("fang_zhi", "report", "show", report).out
    assert story.by("gong_lei", "review", "links", report).code == 1  # the operator reads no drafts
    story.ok("fang_zhi", "review", "respond", report, told["id"], "--reason", "已核对")
    story.ok("gong_lei", "review", "link-erase", report, told["id"], "--reason", "本人申请")
    assert "欧阳" not in story.by("fang_zhi", "review", "links", report).out


def test_of_two_answers_at_the_same_moment_one_counts(story: Any, asked: tuple[str, str]) -> None:
    report, link = asked
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(answered.status_code for answered in pool.map(lambda _: post(link), range(4)))
    assert codes == [200, 410, 410, 410]
    events = story.ok("fang_zhi", "report", "show", report)
    assert events["notes"] == []


def test_a_voided_and_an_edited_link_say_so(story: Any, asked: tuple[str, str]) -> None:
    report, link = asked
    (told,) = story.ok("fang_zhi", "review", "links", report)
    story.ok("fang_zhi", "review", "link-void", report, told["id"], "--reason", "发错了人")
    assert (get(link).status_code, post(link).status_code) == (410, 410)
    assert "已由发出单位作废" in get(link).text
    other = link_for(story, report, story.digest(report))
    words = ("--digest", story.digest(report)[:8], "--place", "全文", "--reason", "请补充")
    story.ok("fang_zhi", "review", "return", report, *words)
    story.ok("lin_xiao", "report", "edit", report, "--replace", PASSAGE, "--with", "已发布", "--reason", "改写")
    assert post(other).status_code == 410
    assert "已经修改" in get(other).text


def test_a_secret_mark_in_an_answer_is_refused_and_the_link_stays(asked: tuple[str, str]) -> None:
    _, link = asked
    refused = post(link, answer="wrong", what="机密★10年")
    assert refused.status_code == 422
    assert "国家秘密标志" in refused.text
    assert "机密★" not in refused.text
    assert post(link).status_code == 200


def test_a_form_that_is_too_large_or_no_form_is_refused(asked: tuple[str, str]) -> None:
    _, link = asked
    assert post(link, what="字" * 20_000).status_code == 422
    assert httpx.post(link, content=b"\xff\xfe=1", trust_env=False).status_code == 422
    assert httpx.post(link, content=b"&".join(b"a=1" for _ in range(30)), trust_env=False).status_code == 422
    assert post(link).status_code == 200


def test_after_ten_wrong_links_an_address_is_refused_even_with_a_right_one(desk: Any, asked: tuple[str, str]) -> None:
    _, link = asked
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    known = max(event.seq for event in history(desk.line.office, limit=100_000))
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(transport=transport, trust_env=False, timeout=30) as stranger:
        tried = [stranger.get(f"{base}/outside/{'x' * 42}{number}").status_code for number in range(10)]
        assert tried == [404] * 10
        blocked = stranger.get(link)
        assert blocked.status_code == 429
        assert blocked.headers["retry-after"] == "900"
        assert stranger.post(link, data=GOOD).status_code == 429
        assert stranger.get(f"{base}/outside/xyz").status_code == 429
    refused = [event for event in history(desk.line.office, after=known, limit=1000) if event.action == "refused"]
    assert len(refused) == 10  # the ones after are not written: nobody fills the history from outside
    assert b"127.0.0.2" not in b"".join(event.body for event in refused)
    assert get(link).status_code == 200  # another address


# The other verbs, as people type them


def test_a_review_is_forced_and_its_debt_cleared_by_verbs(desk: Any, story: Any, by: Any) -> None:
    report, digest = story.in_review()
    words = ("--digest", digest[:8], "--reason", "负责人调离")
    assert by("liao_jun", "review", "force", report, *words).code == 2  # which review?
    refused = by("liao_jun", "review", "force", report, "--step", "section", *words)
    assert refused.code == 1
    assert "fang_zhi 可以审核" in refused.err
    assert by("lin_xiao", "people", "debts").code == 0
    none = by("liao_jun", "review", "force", report, "--confirm", *words)
    assert none.code == 1
    assert "没有人申请" in none.err
    assert by("liao_jun", "people", "clear", "99", "--reason", "已看").code == 1


def test_a_report_is_moved_onto_the_present_workflow_by_verbs(story: Any, by: Any) -> None:
    report, _ = story.in_review()
    assert "没有差别" in by("gong_lei", "report", "move-workflow", report, "--show").out
    assert by("gong_lei", "report", "move-workflow", report, "--reason", "调整").code == 1
    assert by("fang_zhi", "report", "move-workflow", report, "--show").code == 1
    assert story.ok("fang_zhi", "report", "fast", report, "--reason", "当日发布")["stage"] == "department_review"
    assert by("gong_lei", "report", "move-workflow", report).code == 2  # without a reason


def test_an_earlier_instant_by_two_verbs(story: Any, by: Any) -> None:
    report, digest = story.in_approval()
    release = story.ok("lin_xiao", "release", "plan", report, "--in", "5h")["id"]
    story.ok("liao_jun", "sign", report, "--digest", digest[:8])
    at = ("--at", "2036-01-01T09:30+08:00", "--reason", "改期")
    story.ok("gong_lei", "release", "move", release, *at)
    earlier = ("--at", "2035-12-31T09:30+08:00", "--reason", "提前")
    assert "待确认" in by("gong_lei", "release", "move", release, *earlier).out
    shown = by("gong_lei", "release", "show", release).out
    assert "gong_lei 申请提前到 2035-12-31 09:30:00" in shown
    assert story.ok("liao_jun", "release", "move", release, *earlier, "--confirm")["instant"].startswith(
        "2035-12-31T01:30"
    )


def test_a_co_producer_is_named_at_the_start_or_by_an_edit(story: Any) -> None:
    new = ("report", "new", "--kind", "news", "--title", "联合动态", "--co-producer", "工业能源科", "--no-wait")
    report = story.ok("lin_xiao", *new)["report"]
    story.desk.flows()
    assert 'co_producers = "工业能源科"' in story.ok("lin_xiao", "report", "show", report, "--text")["text"]
    assert "联合发布：gongye" in story.ok("lin_xiao", "report", "show", report)["notes"]
    story.ok("lin_xiao", "report", "edit", report, "--co-producer", "某某局", "--reason", "换单位")
    assert "联合单位尚未同意：某某局" in story.ok("lin_xiao", "report", "show", report)["notes"]


def test_deactivating_for_cause_asks_the_chief_and_roles_are_changed_by_verbs(desk: Any, story: Any, by: Any) -> None:
    add = ("--name", "临时", "--section", "zonghe", "--role", "section_head")
    story.ok("gong_lei", "people", "add", "lin_shi", *add)
    changed = story.ok("gong_lei", "people", "roles", "lin_shi", "--give", "drafter", "--reason", "兼")
    assert changed["roles"] == ["drafter", "section_head"]
    done = by("gong_lei", "people", "deactivate", "lin_shi", "--void-decisions", "--reason", "违纪")
    assert done.code == 0
    assert "pubflow people void-decisions lin_shi" in done.out
    refused = by("gong_lei", "people", "void-decisions", "lin_shi", "--reason", "同意")
    assert refused.code == 1
    assert "主要领导" in refused.err
