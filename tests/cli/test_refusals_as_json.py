"""With --json a refusal is one line of JSON on stderr: a script reads code and reasons, not sentences."""

import json
from pathlib import Path
from typing import Any

from watching import actions_on

from pubflow.moments import utc_now
from pubflow.wiring import create_workspace

NEW = ("report", "new", "--kind", "news", "--title", "工作动态", "--no-wait")


def test_a_refusal_by_the_rules_names_each_reason(desk: Any, by: Any) -> None:
    report = by("lin_xiao", *NEW, "--json").json["report"]
    desk.flows()
    refused = by("fang_zhi", "report", "submit", report, "--json")
    assert (refused.code, refused.out) == (1, "")
    told = json.loads(refused.err)
    assert told.keys() == {"code", "message", "reasons", "next"}
    assert told["code"] == "refused"
    assert "other_role" in [one["code"] for one in told["reasons"]]
    assert all(one["text"] for one in told["reasons"])
    assert told["next"] == f"pubflow report show {report}"
    plain = by("fang_zhi", "report", "submit", report)
    assert plain.code == 1
    assert not plain.err.startswith("{")


def test_a_failure_of_the_installation_and_a_verdict_are_told_so_too(pubflow: Any, tmp_path: Path) -> None:
    away = pubflow("report", "list", "--json", "--url", "http://127.0.0.1:9")
    assert away.code == 1
    assert json.loads(away.err)["code"] in ("office_away", "not_signed_in")
    nothing = pubflow("audit", "checkpoint", "--json", "--home", str(tmp_path / "no"))
    assert json.loads(nothing.err)["code"] == "workspace"
    create_workspace(tmp_path / "office", utc_now()).close()
    assert pubflow("audit", "checkpoint", "--home", str(tmp_path / "office")).code == 0
    (note,) = (tmp_path / "office" / "checkpoints").glob("*.note")
    note.unlink()
    (tmp_path / "office" / "checkpoints" / "audit.pub").unlink()
    bad = pubflow("audit", "verify", "--json", "--home", str(tmp_path / "office"))
    assert bad.code == 1
    assert "audit.pub is missing" in json.loads(bad.err)["message"]


def test_wrong_use_stays_what_the_parser_says(pubflow: Any) -> None:
    assert pubflow("audit", "log", "--limit", "x", "--json").code == 2


def test_asking_for_a_text_before_the_first_draft_finds_nothing_and_records_nothing(desk: Any, by: Any) -> None:
    report = by("lin_xiao", *NEW, "--json").json["report"]
    known = actions_on(desk.line.office, report)
    for _ in range(3):
        missing = by("lin_xiao", "report", "show", report, "--text", "--json")
        assert json.loads(missing.err)["code"] == "not_found"
        assert "初稿还没有生成" in json.loads(missing.err)["message"]
    assert actions_on(desk.line.office, report) == known
    # Who may not read is still refused on record.
    assert by("gong_lei", "report", "show", report, "--text", "--json").code == 1
    assert actions_on(desk.line.office, report) == [*known, "refused"]
    desk.flows()
    assert by("lin_xiao", "report", "show", report, "--text").code == 0
