"""`pubflow tables`: hide what would give a respondent away in a table, and audit what is hidden. Keeps nothing."""

import datetime as dt
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.showing import Table, Told
from pubflow.cli.verb import asked, group, verb
from pubflow.errors import BadInput
from pubflow.moments import SHANGHAI, utc_now

if TYPE_CHECKING:
    from pubflow.protection.auditing import Audit
    from pubflow.protection.reading import Sheet
    from pubflow.protection.sensitivity import Level, Rule
    from pubflow.protection.suppressing import Pattern

app = group("tables", "Tables that give no respondent away.")
_SHIPPED = Path(__file__).parents[3] / "config"
_WORDS = {"threshold": "调查对象过少", "dominance": "过于集中", "p-percent": "过于集中"}

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, UTF-8 or GB18030, one header line.")]
Respondents = Annotated[
    Path | None, typer.Option("--respondents", help="A CSV of the same shape with the respondents of each cell.")
]
Counts = Annotated[bool, typer.Option("--counts", help="The figures themselves count respondents.")]
Confidential = Annotated[
    Path | None, typer.Option("--confidential", help="File for intervals and rules; for those allowed, mode 600.")
]


@verb(app, "protect", example="pubflow tables protect industries.csv --out public.csv --explain")
def protect_table(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the table; else it is printed.")] = None,
    respondents: Respondents = None,
    counts: Counts = False,
    cost: Annotated[str, typer.Option("--cost", help="What hiding a cell costs: value or count.")] = "value",
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For the search for a cheaper pattern.")] = 10.0,
    keep: Annotated[list[str] | None, typer.Option("--keep", metavar="CELL", help="Stays published.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Why each cell is hidden.")] = False,
    confidential: Confidential = None,
) -> Told:
    """Hide cells so that no figure leads to one respondent; print … for them, and what that costs.

    Totals, differences, growth and shares are inferred from the table and told: check them. The pattern has passed
    the audit of the whole table, or nothing is written. Exit code: 0 written, 1 refused.
    """
    from pubflow.protection.reading import protected_csv, read_sheet
    from pubflow.protection.suppressing import Cost, protect

    if cost not in list(Cost):
        raise typer.BadParameter("value or count", param_hint="--cost")
    for path in (out, confidential):
        if path is not None and path.exists():
            raise BadInput("已有同名文件，不覆盖它", str(path), "请换一个文件名")
    sheet = read_sheet(file, counts=counts, respondents=respondents)
    rules, levels = _levels(sheet, file)
    made = protect(sheet.cells, levels, cost=Cost(cost), keep=keep or (), seconds=seconds)
    text = protected_csv(sheet, made.hidden)
    if out:
        _write(out, text, 0o644)
    if confidential:
        _write(confidential, json.dumps(_secret(made.audit, rules), ensure_ascii=False, indent=2) + "\n", 0o600)
    why = _why(sheet, levels, made) if explain else {}
    price = made.price
    data: dict[str, Any] = {
        "hidden": sorted(made.hidden),
        "primary": sorted(made.primary),
        "totals_hidden": list(made.totals),
        "price": {"cells": price.cells, "secondary": price.secondary, "share_of_value": round(price.share, 4)},
        "optimum_proven": price.proven,
        "structure": list(sheet.structure),
        "table": text,
    } | ({"why": why} if explain else {})
    lines: list[str | Table] = [] if out else [text.rstrip("\n"), ""]
    lines += ["表的结构（请核对）：", *(f"  {one}" for one in sheet.structure)]
    lines.append(
        f"隐去 {price.cells} 格，其中本身须隐去 {price.cells - price.secondary} 格，为防推算 {price.secondary} 格；"
        f"占数值的 {100 * price.share:.1f}%；{'已证明最省' if price.proven else '未证明最省'}；审核：安全"
    )
    if made.totals:
        lines.append(f"不得不隐去合计：{'、'.join(made.totals)}")
    if why:
        lines.append(Table(("隐去的格", "原因"), list(why.items())))
    return Told(data, lines)


@verb(app, "audit", example="pubflow tables audit public.csv --original industries.csv")
def audit_table(
    file: File,
    original: Annotated[Path | None, typer.Option("--original", help="The same table with nothing hidden.")] = None,
    respondents: Respondents = None,
    counts: Counts = False,
    confidential: Confidential = None,
) -> Told:
    """Say whether an outsider, or a respondent, could compute what a table hides (…) or should hide.

    Exit code: 0 safe; 1 not safe, or the table was refused.
    """
    from pubflow.protection.auditing import audit
    from pubflow.protection.reading import read_sheet

    if confidential is not None and confidential.exists():
        raise BadInput("已有同名文件，不覆盖它", str(confidential), "请换一个文件名")
    whole = read_sheet(original, counts=counts, respondents=respondents) if original else None
    sheet = read_sheet(file, counts=counts, respondents=respondents, original=whole)
    rules, levels = _levels(sheet, file)
    done = audit(sheet.cells, sheet.marked, levels)
    if confidential:
        _write(confidential, json.dumps(_secret(done, rules), ensure_ascii=False, indent=2) + "\n", 0o600)
    unsafe = [(one.cell, one.reason) for one in done.unsafe]
    data = {
        "safe": done.safe,
        "hidden": sorted(sheet.marked),
        "unsafe": [{"cell": cell, "reason": reason} for cell, reason in unsafe],
        "structure": list(sheet.structure),
    }
    lines: list[str | Table] = ["表的结构（请核对）：", *(f"  {one}" for one in sheet.structure)]
    if unsafe:
        lines.append(Table(("不安全的格", "原因"), unsafe))
    else:
        lines.append(f"安全：隐去 {len(sheet.marked)} 格，推算不出")
    problem = f"{len(unsafe)} 格不安全，请用 `pubflow tables protect` 生成可公布的表" if unsafe else ""
    return Told(data, lines, code=1 if unsafe else 0, problem=problem)


def _levels(sheet: "Sheet", file: Path) -> "tuple[tuple[Rule, ...], dict[str, Level]]":
    from pubflow.protection.rule_file import FILE, load_rules
    from pubflow.protection.sensitivity import sensitive_cells

    if sheet.missing:
        shown = "、".join(sheet.missing[:5]) + (f"等 {len(sheet.missing)} 格" if len(sheet.missing) > 5 else "")
        remedy = "请加一列单位数，或用 --respondents 给出，计数表用 --counts"
        raise BadInput(f"不知道由几个调查对象汇总：{shown}", str(file), remedy)
    folder = home_folder() / "config"
    if not (folder / FILE).exists():
        if asked().home is not None:
            raise BadInput(
                "这里没有工作区的披露控制规则", str(folder / FILE), "请核对 --home，或从随软件的 config/ 复制"
            )
        folder = _SHIPPED
    day: dt.date = utc_now().astimezone(SHANGHAI).date()
    rules = load_rules(folder / FILE, day)
    return rules, sensitive_cells(sheet.cells, rules, smallest=sheet.step)


def _why(sheet: "Sheet", levels: "dict[str, Level]", made: "Pattern") -> dict[str, str]:
    """For a sensitive cell its rule, without the numbers; for another, whom it protects."""
    from pubflow.protection.auditing import audit

    told = {}
    for id in sorted(made.hidden):
        if id in levels:
            rules = dict.fromkeys(_WORDS.get(one, one) for one in levels[id].rule.split("、"))
            told[id] = f"本身须隐去：{'、'.join(rules)}"
            continue
        without = audit(sheet.cells, made.hidden - {id}, levels, intervals=False)
        protects = "、".join(one.cell for one in without.unsafe)
        told[id] = f"否则可推算：{protects}" if protects else "搜索时间内未能证明可以公布"
    return told


def _secret(done: "Audit", rules: "tuple[Rule, ...]") -> dict[str, Any]:
    return {
        "rules": [{"kind": type(rule).__name__, **vars(rule)} for rule in rules],
        "cells": [
            {
                "cell": one.cell,
                "low": one.low if math.isfinite(one.low) else None,
                "high": one.high if math.isfinite(one.high) else None,
                "safe": one.safe,
            }
            for one in done.verdicts
        ],
    }


def _write(path: Path, text: str, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        raise BadInput(f"写不进去（{error.strerror}）", str(path), "请换一个文件夹") from None
