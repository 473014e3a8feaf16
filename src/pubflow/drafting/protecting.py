"""Attaching a table that gives nobody away: protected first, its origin kept sealed beside what is printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pubflow.documents.attachments import Attached
from pubflow.drafting.actions import may_edit
from pubflow.drafting.attaching import AttachedFile, attach
from pubflow.errors import BadInput
from pubflow.lifecycle.facts import Actor
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.office.protected_tables import Origin, keep_origin, protection_rules, tied
from pubflow.protection.earlier import months_before
from pubflow.protection.protected import Alternative, Protected, Wish, alternatives, make_safe
from pubflow.protection.reading import Given, Sheet
from pubflow.records.store import Tx
from pubflow.records.tables import Edition

_SHORTEST = 12  # digits of a structure's digest that a person copies


@dataclass(frozen=True)
class AttachedTable:
    """What came of it. loose: what could not be tied to tables published earlier, in words."""

    file: AttachedFile
    table: Protected
    loose: tuple[str, ...]


def attach_table(
    office: Office,
    report_id: str,
    actor: Actor,
    name: str,
    given: Given,
    wish: Wish,
    *,
    series: str = "",
    period: str = "",
    structure: str,
    reason: str,
    replace: bool = False,
    now: datetime,
) -> AttachedTable:
    """Protect a table, together with what is public of its series, and attach what may be printed of it.

    series, period (YYYY-MM): its place in the catalogue. structure: at least 12 digits of the digest of the relations,
    by which the person says that they are right. The table with nothing hidden and its respondents are kept sealed.
    Raises BadInput (also when the structure is not confirmed: it is told with its digest), UnsafePattern, and what
    `attach` raises; nothing is kept then.
    """
    with refusals_recorded(office, actor, report_id, "attach", now):
        office.admit(actor, "\n".join((series, reason)), name, now)
        for text in (given.table, given.respondents, given.contributions):
            office.admit(actor, text, "", now)
        if not name.lower().endswith(".csv"):
            raise BadInput("受保护的表只能是 CSV", name, "请另存为 CSV 后再添加")
        _refuse_half_a_series(series, period)
        with office.records.reading() as session:
            may_edit(session, report_id, actor, now)
            sheet, loose = tied(office, session, report_id, Origin(given, series, period))
        _confirmed(sheet, structure, loose)
        rules = protection_rules(office, now)
        made = make_safe(sheet, rules, wish)
        told = _told(made, alternatives(sheet, rules, wish), loose)

    def keep(tx: Tx, edition: Edition, listed: Attached) -> Mapping[str, Any]:
        origin = Origin(given, series, period, made.hidden, told)
        keep_origin(office, tx, edition, listed.sha256, origin, sheet.structure_digest, by=actor.id)
        return {"protected": len(made.hidden), "structure": sheet.structure_digest, "proven": made.pattern.price.proven}

    content = made.printed.encode()
    file = attach(office, report_id, actor, name, content, reason=reason, replace=replace, also=keep, now=now)
    return AttachedTable(file, made, loose)


def _refuse_half_a_series(series: str, period: str) -> None:
    if bool(series) != bool(period):
        raise BadInput("序列名称和期别要同时写明", "series", "请写例如 --series 规上工业总产值 --period 2026-10")
    if period:
        try:
            months_before(period, 0)
        except ValueError:
            raise BadInput(f"“{period}”不是期别", "period", "请写作 2026-10") from None


def _confirmed(sheet: Sheet, structure: str, loose: tuple[str, ...]) -> None:
    """Raises BadInput with the structure in words, for who has not confirmed this very one."""
    digest = sheet.structure_digest
    if len(structure) >= _SHORTEST and digest.startswith(structure.lower()):
        return
    said = "；".join(sheet.structure) or "没有合计、差额或比率"
    if loose:
        said += f"。注意：{'；'.join(loose)}"
    what = "表的结构与确认的不同" if structure else "表的结构还没有人确认"
    raise BadInput(f"{what}：{said}", sheet.name, f"核对无误后加 --structure {digest[:_SHORTEST]}，否则请更正表")


def _told(made: Protected, others: list[Alternative], loose: tuple[str, ...]) -> dict[str, Any]:
    """What people may see of the choice: no figure, no interval, no rule's number."""
    return {
        "primary": list(made.primary),
        "why": made.why(),
        "totals_hidden": list(made.pattern.totals),
        "share_of_value": round(made.pattern.price.share, 4),
        "proven": made.pattern.price.proven,
        "structure": list(made.sheet.structure),
        "loose": list(loose),
        "alternatives": [
            {
                "by": one.name,
                "hidden": list(one.hidden),
                "share_of_value": round(one.price.share, 4),
                "totals_hidden": list(one.totals),
            }
            for one in others
        ],
    }
