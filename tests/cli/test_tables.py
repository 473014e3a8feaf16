"""`pubflow tables` as people type it, on the example of the rules dossier, section 5.3."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

INDUSTRIES = "行业,单位数,产值\n印刷,6,12.40\n食品,4,9.85\n医药,2,7.30\n电气,5,11.60\n其他,3,4.15\n合计,20,45.30\n"


@pytest.fixture
def industries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PUBFLOW_HOME", raising=False)
    path = tmp_path / "industries.csv"
    path.write_text(INDUSTRIES, encoding="utf-8")
    return path


def test_two_industries_are_hidden_and_only_their_sum_can_be_computed(industries: Path, pubflow: Any) -> None:
    secret = industries.with_name("secret.json")
    done = pubflow("tables", "protect", str(industries), "--explain", "--confidential", str(secret))
    assert done.code == 0
    assert "医药,2,…" in done.out
    assert "其他,3,…" in done.out
    assert "合计,20,45.30" in done.out
    assert "否则可推算：医药" in done.out
    assert "11.45" not in done.out + done.err
    cells = {one["cell"]: one for one in json.loads(secret.read_text(encoding="utf-8"))["cells"]}
    assert (cells["医药"]["low"], cells["医药"]["high"]) == pytest.approx((0, 11.45))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_the_audit_refuses_one_hidden_cell_and_passes_two(industries: Path, pubflow: Any) -> None:
    public = industries.with_name("public.csv")
    public.write_text(INDUSTRIES.replace("7.30", "…"), encoding="utf-8")
    done = pubflow("tables", "audit", str(public), "--original", str(industries))
    assert done.code == 1
    assert "医药" in done.out
    assert "7.3" not in done.out + done.err
    public.write_text(INDUSTRIES.replace("7.30", "…").replace("4.15", "…"), encoding="utf-8")
    assert pubflow("tables", "audit", str(public), "--original", str(industries)).code == 0
    assert pubflow("tables", "audit", str(industries)).code == 1


def test_what_is_written_is_the_table_and_nothing_is_overwritten(industries: Path, pubflow: Any) -> None:
    out = industries.with_name("public.csv")
    done = pubflow("tables", "protect", str(industries), "--out", str(out), "--json")
    told = json.loads(done.out)
    assert told["hidden"] == ["其他", "医药"]
    assert told["optimum_proven"]
    assert out.read_text(encoding="utf-8") == told["table"]
    assert pubflow("tables", "protect", str(industries), "--out", str(out)).code == 1
    kept = pubflow("tables", "protect", str(industries), "--keep", "其他", "--json")
    assert json.loads(kept.out)["hidden"] == ["医药", "食品"]


def test_a_table_without_respondents_is_refused_with_what_to_do(industries: Path, pubflow: Any) -> None:
    industries.write_text("行业,产值\n印刷,12.40\n医药,7.30\n", encoding="utf-8")
    done = pubflow("tables", "protect", str(industries))
    assert done.code == 1
    assert "--respondents" in done.err


def test_a_table_is_attached_after_its_structure_was_confirmed_and_shown_with_reasons(
    industries: Path, by: Any, story: Any
) -> None:
    report = story.draft()
    asked = by("lin_xiao", "tables", "attach", report, str(industries))
    assert asked.code == 1
    assert "合计 = 印刷 + 食品 + 医药 + 电气 + 其他" in asked.err
    digest = asked.err.split("--structure ")[1][:12]
    done = by("lin_xiao", "tables", "attach", report, str(industries), "--structure", digest, "--seconds", "1")
    assert done.code == 0, done.err
    assert "隐去 2 格（其中本身须隐去 1 格）" in done.out
    shown = by("lin_xiao", "tables", "show", report, "industries.csv")
    assert "否则可推算：医药" in shown.out
    assert "按格数" in shown.out
    assert by("lin_xiao", "tables", "show", report, "industries.csv", "--intervals").code == 1
    assert [one["name"] for one in story.ok("lin_xiao", "report", "attachments", report)] == ["industries.csv"]


def test_contributions_and_last_months_table_are_given_as_files(industries: Path, pubflow: Any) -> None:
    industries.write_text(
        "行业,本月,累计\n印刷,1.00,11.00\n医药,2.00,22.00\n其他,5.00,50.00\n合计,8.00,83.00\n", "utf-8"
    )
    counts, october = industries.with_name("counts.csv"), industries.with_name("october.csv")
    counts.write_text("行业,本月,累计\n印刷,6,6\n医药,2,5\n其他,9,9\n合计,17,20\n", "utf-8")
    october.write_text(
        "行业,单位数,本月,累计\n印刷,6,1.00,10.00\n医药,5,2.00,20.00\n其他,9,5,45\n合计,20,8,75\n", "utf-8"
    )
    words = ("tables", "protect", str(industries), "--respondents", str(counts), "--json")
    assert json.loads(pubflow(*words).out)["hidden"] == ["医药|本月", "印刷|本月"]
    tied = json.loads(pubflow(*words, "--period", "2026-11", "--earlier", f"2026-10={october}").out)
    assert tied["hidden"] == ["医药|本月", "医药|累计", "印刷|本月", "印刷|累计"]
    wrong = pubflow(*words, "--earlier", f"2026-10={october}")
    assert wrong.code == 2
    assert "--period" in wrong.err
