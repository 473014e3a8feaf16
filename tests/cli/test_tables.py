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
