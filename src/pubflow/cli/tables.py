"""`pubflow tables`: hide what would give a respondent away in a table, and audit what is hidden. Keeps nothing."""

import datetime as dt
import json
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pubflow.cli.asking import ask, home_folder
from pubflow.cli.showing import Table, Told, waiting
from pubflow.cli.verb import asked, group, verb
from pubflow.cli.words import Reason, Report
from pubflow.errors import BadInput
from pubflow.moments import SHANGHAI, utc_now

if TYPE_CHECKING:
    from pubflow.protection.auditing import Audit
    from pubflow.protection.protected import Alternative, Protected
    from pubflow.protection.reading import Given, Sheet
    from pubflow.protection.sensitivity import Rule

app = group("tables", "Tables that give no respondent away.")
_PROTECTED_WITHIN = 900.0  # seconds: the search itself, three times, and the audits
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_SHIPPED = Path(__file__).parents[3] / "config"

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, UTF-8 or GB18030, one header line.")]
Respondents = Annotated[
    Path | None, typer.Option("--respondents", help="A CSV of the same shape with the respondents of each cell.")
]
Contributions = Annotated[
    Path | None,
    typer.Option("--contributions", help="A CSV of single respondents: cell, respondent, value [weight, holding]."),
]
Counts = Annotated[bool, typer.Option("--counts", help="The figures themselves count respondents.")]
Period = Annotated[str, typer.Option("--period", metavar="YYYY-MM", help="The month of the table; with --earlier.")]
Before = Annotated[
    list[str] | None,
    typer.Option(
        "--earlier",
        metavar="YYYY-MM=FILE[,PRINTED]",
        help="A table of the series published before: with nothing hidden, and as it was printed if something was.",
    ),
]
Confidential = Annotated[
    Path | None, typer.Option("--confidential", help="File for intervals and rules; for those allowed, mode 600.")
]


@verb(app, "protect", example="pubflow tables protect industries.csv --out public.csv --explain")
def protect_table(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the table; else it is printed.")] = None,
    respondents: Respondents = None,
    contributions: Contributions = None,
    counts: Counts = False,
    cost: Annotated[str, typer.Option("--cost", help="What hiding a cell costs: value or count.")] = "value",
    weights: Annotated[Path | None, typer.Option("--weights", help="CSV of cell and weight: what it costs us.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For the search for a cheaper pattern.")] = 10.0,
    keep: Annotated[list[str] | None, typer.Option("--keep", metavar="CELL", help="Stays published.")] = None,
    period: Period = "",
    earlier: Before = None,
    compare: Annotated[bool, typer.Option("--compare", help="What other ways would cost.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Why each cell is hidden.")] = False,
    confidential: Confidential = None,
) -> Told:
    """Hide cells so that no figure leads to one respondent; print … for them, and what that costs.

    Totals, differences, growth and shares are inferred from the table and told: check them. The pattern has passed
    the audit of the whole table, or nothing is written. Exit code: 0 written, 1 refused.
    """
    from pubflow.protection.beside import weights_of
    from pubflow.protection.protected import Wish, alternatives, make_safe
    from pubflow.protection.reading import given_files
    from pubflow.protection.suppressing import Cost

    if cost not in list(Cost):
        raise typer.BadParameter("value or count", param_hint="--cost")
    for path in (out, confidential):
        if path is not None and path.exists():
            raise BadInput("已有同名文件，不覆盖它", str(path), "请换一个文件名")
    given = given_files(file, respondents=respondents, contributions=contributions, counts=counts)
    sheet, loose = _with_earlier(given, period, earlier or [])
    rules = _rules()
    priced = weights_of(given_files(weights).table, str(weights)) if weights else None
    wish = Wish(Cost(cost), priced, tuple(keep or ()), seconds)
    with waiting("正在计算哪些格须隐去"):
        made = make_safe(sheet, rules, wish)
        others = alternatives(sheet, rules, wish) if compare else []
        why = made.why() if explain else {}
    if out:
        _write(out, made.printed, 0o644)
    if confidential:
        _write(confidential, json.dumps(_secret(made.pattern.audit, rules), ensure_ascii=False, indent=2) + "\n", 0o600)
    return _told(made, list(loose), why, others, printed=out is None)


def _told(
    made: "Protected", loose: list[str], why: dict[str, str], others: "list[Alternative]", *, printed: bool
) -> Told:
    price, totals = made.pattern.price, made.pattern.totals
    data: dict[str, Any] = {
        "hidden": list(made.hidden),
        "primary": list(made.primary),
        "totals_hidden": list(totals),
        "price": {
            "cells": len(made.hidden),
            "secondary": len(made.hidden) - len(made.primary),
            "share_of_value": round(price.share, 4),
        },
        "optimum_proven": price.proven,
        "structure": list(made.sheet.structure),
        "structure_digest": made.sheet.structure_digest,
        "not_linked": loose,
        "table": made.printed,
    }
    lines: list[str | Table] = [made.printed.rstrip("\n"), ""] if printed else []
    lines += _structure(made.sheet)
    lines += [f"注意：{one}" for one in loose]
    lines.append(
        f"隐去 {len(made.hidden)} 格，其中本身须隐去 {len(made.primary)} 格，"
        f"为防推算 {len(made.hidden) - len(made.primary)} 格；"
        f"占数值的 {100 * price.share:.1f}%；{'已证明最省' if price.proven else '未证明最省'}；审核：安全"
    )
    if totals:
        lines.append(f"不得不隐去合计：{'、'.join(totals)}")
    if why:
        data["why"] = why
        lines.append(Table(("隐去的格", "原因"), list(why.items())))
    if others:
        data["alternatives"] = [
            {
                "by": one.name,
                "hidden": list(one.hidden),
                "share_of_value": round(one.price.share, 4),
                "totals_hidden": list(one.totals),
                "optimum_proven": one.price.proven,
            }
            for one in others
        ]
        rows = [
            (
                one.name,
                str(len(one.hidden)),
                f"{100 * one.price.share:.1f}%",
                "、".join(one.hidden),
                "、".join(one.totals),
            )
            for one in others
        ]
        lines.append(Table(("办法", "格数", "占数值", "隐去的格", "隐去的合计"), rows))
    return Told(data, lines)


@verb(app, "audit", example="pubflow tables audit public.csv --original industries.csv")
def audit_table(
    file: File,
    original: Annotated[Path | None, typer.Option("--original", help="The same table with nothing hidden.")] = None,
    respondents: Respondents = None,
    contributions: Contributions = None,
    counts: Counts = False,
    period: Period = "",
    earlier: Before = None,
    confidential: Confidential = None,
) -> Told:
    """Say whether an outsider, or a respondent, could compute what a table hides (…) or should hide.

    Exit code: 0 safe; 1 not safe, or the table was refused.
    """
    from pubflow.protection.auditing import audit
    from pubflow.protection.protected import levels_of
    from pubflow.protection.reading import given_files, read_sheet

    if confidential is not None and confidential.exists():
        raise BadInput("已有同名文件，不覆盖它", str(confidential), "请换一个文件名")
    given = given_files(file, respondents=respondents, contributions=contributions, counts=counts)
    whole = None
    if original:
        whole = read_sheet(given_files(original, respondents=respondents, contributions=contributions, counts=counts))
    sheet, loose = _with_earlier(given, period, earlier or [], whole)
    rules = _rules()
    with waiting("正在审核整张表"):
        done = audit(sheet.cells, sheet.marked, levels_of(sheet, rules), rules=rules)
    if confidential:
        _write(confidential, json.dumps(_secret(done, rules), ensure_ascii=False, indent=2) + "\n", 0o600)
    unsafe = [(one.cell, one.reason) for one in done.unsafe]
    data = {
        "safe": done.safe,
        "hidden": sorted(sheet.marked),
        "unsafe": [{"cell": cell, "reason": reason} for cell, reason in unsafe],
        "structure": list(sheet.structure),
        "not_linked": list(loose),
    }
    lines = _structure(sheet) + [f"注意：{one}" for one in loose]
    if unsafe:
        lines.append(Table(("不安全的格", "原因"), unsafe))
    else:
        lines.append(f"安全：隐去 {len(sheet.marked)} 格，推算不出")
    problem = f"{len(unsafe)} 格不安全，请用 `pubflow tables protect` 生成可公布的表" if unsafe else ""
    return Told(data, lines, code=1 if unsafe else 0, problem=problem)


@verb(app, "attach", example="pubflow tables attach R-2026-0001 industries.csv --structure 3f9a1c2b77ab")
def attach_table(
    report: Report,
    file: File,
    name: Annotated[str, typer.Option("--name", help="Name of the attachment; else that of the file.")] = "",
    respondents: Respondents = None,
    contributions: Contributions = None,
    counts: Counts = False,
    cost: Annotated[str, typer.Option("--cost", help="What hiding a cell costs: value or count.")] = "value",
    weights: Annotated[Path | None, typer.Option("--weights", help="CSV of cell and weight: what it costs us.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=120, help="For the search.")] = 10.0,
    keep: Annotated[list[str] | None, typer.Option("--keep", metavar="CELL", help="Stays published.")] = None,
    series: Annotated[str, typer.Option("--series", help="Name of the series; ties it to its earlier tables.")] = "",
    period: Period = "",
    structure: Annotated[str, typer.Option("--structure", help="Digest of the relations you have checked.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="A file of the same name gives way.")] = False,
    reason: Reason = "",
) -> Told:
    """Protect a table and attach to a draft what may be printed of it; the rest is kept sealed for the check.

    Without --structure it tells the relations it sees and their digest, and attaches nothing.
    """
    from pubflow.protection.beside import weights_of
    from pubflow.protection.reading import given_files

    given = given_files(file, respondents=respondents, contributions=contributions, counts=counts)
    body = {
        "name": name or file.name,
        "table": given.table,
        "respondents": given.respondents,
        "contributions": given.contributions,
        "counts": counts,
        "cost": cost,
        "weights": weights_of(given_files(weights).table, str(weights)) if weights else {},
        "keep": keep or [],
        "seconds": seconds,
        "series": series,
        "period": period,
        "structure": structure,
        "reason": reason,
        "replace": replace,
    }
    with waiting("正在保护并添加"):
        done = ask("POST", "reports", report, "tables", body=body, within=_PROTECTED_WITHIN)
    lines: list[str | Table] = [
        f"{done['report']} v{done['version']}：已添加 {done['name']}，隐去 {len(done['hidden'])} 格"
        f"（其中本身须隐去 {len(done['primary'])} 格），占数值的 {100 * done['share_of_value']:.1f}%，审核：安全"
    ]
    lines += [f"注意：{one}" for one in done["loose"]]
    return Told(done, lines)


@verb(app, "show", example="pubflow tables show R-2026-0001 industries.csv --intervals")
def show_table(
    report: Report,
    name: Annotated[str, typer.Argument(metavar="NAME", help="File name as `report attachments` shows it.")],
    intervals: Annotated[bool, typer.Option("--intervals", help="What can be computed; for the officer.")] = False,
) -> Told:
    """How an attached table was protected: which cells, why, what other ways would cost. The reader is recorded."""
    found = ask("GET", "reports", report, "tables", name, params={"intervals": intervals or None})
    told = found["told"]
    lines: list[str | Table] = [
        f"{found['name']}：隐去 {len(found['hidden'])} 格，占数值的 {100 * told['share_of_value']:.1f}%；"
        f"{'已证明最省' if told['proven'] else '未证明最省'}",
        *(f"  {one}" for one in told["structure"]),
        Table(("隐去的格", "原因"), list(told["why"].items())),
        Table(
            ("办法", "格数", "占数值", "隐去的格"),
            [
                (one["by"], len(one["hidden"]), f"{100 * one['share_of_value']:.1f}%", "、".join(one["hidden"]))
                for one in told["alternatives"]
            ],
        ),
    ]
    if found["intervals"]:
        rows = [
            (one["cell"], "—" if one["low"] is None else one["low"], "—" if one["high"] is None else one["high"])
            for one in found["intervals"]
        ]
        lines.append(Table(("格", "可推算的下限", "可推算的上限"), rows))
    return Told(found, lines)


def _structure(sheet: "Sheet") -> list[str | Table]:
    if not sheet.structure:
        return ["没有看出合计、差额或比率：各格之间推算不出；如果表中有，请核对行名和列名"]
    return [f"表的结构（请核对，摘要 {sheet.structure_digest[:12]}）：", *(f"  {one}" for one in sheet.structure)]


def _with_earlier(
    given: "Given", period: str, earlier: list[str], original: "Sheet | None" = None
) -> "tuple[Sheet, tuple[str, ...]]":
    from pubflow.protection.earlier import Earlier, with_earlier
    from pubflow.protection.reading import given_files, read_sheet

    sheet = read_sheet(given, original=original)
    if not earlier:
        return sheet, ()
    published = []
    for one in earlier:
        of, _, files = one.partition("=")
        whole_file, _, printed_file = files.partition(",")
        if not _PERIOD.fullmatch(of) or not whole_file:
            raise typer.BadParameter("write YYYY-MM=FILE or YYYY-MM=FILE,PRINTED", param_hint="--earlier")
        whole = read_sheet(given_files(Path(whole_file)))
        marked = read_sheet(given_files(Path(printed_file)), original=whole).marked if printed_file else frozenset()
        published.append(Earlier(of, whole, marked))
    if not _PERIOD.fullmatch(period):
        raise typer.BadParameter("--earlier needs the month of this table", param_hint="--period")
    return with_earlier(sheet, period, published)


def _rules() -> "tuple[Rule, ...]":
    from pubflow.protection.rule_file import FILE, load_rules

    folder = home_folder() / "config"
    if not (folder / FILE).exists():
        if asked().home is not None:
            raise BadInput(
                "这里没有工作区的披露控制规则", str(folder / FILE), "请核对 --home，或从随软件的 config/ 复制"
            )
        folder = _SHIPPED
    day: dt.date = utc_now().astimezone(SHANGHAI).date()
    return load_rules(folder / FILE, day)


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
