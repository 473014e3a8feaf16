"""What attached tables were made from: kept sealed, opened for the check, found again for later tables of a series."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role, Stage
from pubflow.moments import SHANGHAI
from pubflow.office.access import open_sealed, open_text, reading_objections
from pubflow.office.attachments import named
from pubflow.office.line import newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.protection.auditing import audit
from pubflow.protection.earlier import Earlier, months_before, with_earlier
from pubflow.protection.protected import levels_of
from pubflow.protection.reading import Given, Sheet, read_sheet
from pubflow.protection.rule_file import FILE, load_rules
from pubflow.protection.sensitivity import Rule
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, ProtectedTable, Report

_SEES_TABLES = frozenset({Role.DRAFTER, Role.SECTION_HEAD, Role.OFFICER, Role.LEADER, Role.CHIEF})


@dataclass(frozen=True)
class Origin:
    """A table with nothing hidden, and what was chosen. series, period: of the catalogue, empty without.

    told: price, reasons and alternatives as they were shown to who attached it; no figure and no rule in it.
    """

    given: Given
    series: str = ""
    period: str = ""
    hidden: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)


def protection_rules(office: Office, now: datetime) -> tuple[Rule, ...]:
    """The office's primary rules of today. Raises BadInput naming file, entry, key and remedy."""
    return load_rules(office.settings.folder / FILE, now.astimezone(SHANGHAI).date())


def keep_origin(
    office: Office, tx: Tx, edition: Edition, digest: str, origin: Origin, structure_digest: str, *, by: str
) -> None:
    """Keep it for the attachment of this digest, sealed with the report's key; a later one for the same bytes holds."""
    key = tx.session.get_one(Report, edition.report_id).wrapped_key
    content = json.dumps(asdict(origin), ensure_ascii=False).encode()
    tx.session.merge(
        ProtectedTable(
            report_id=edition.report_id,
            cleaned_digest=digest,
            series=_series_key(office, origin.series),
            period=origin.period,
            structure_digest=structure_digest,
            sealed=office.vault.seal(key, content, _place(edition.report_id, digest)),
            made_by=by,
            made_at=tx.now,
        )
    )


def origin_of(office: Office, session: Session, edition: Edition, digest: str) -> Origin | None:
    """What the attachment of this digest was made from; None when nobody protected it. Raises SealBroken."""
    row = session.get(ProtectedTable, (edition.report_id, digest))
    if row is None:
        return None
    found = json.loads(open_sealed(office, session, edition, row.sealed, _place(edition.report_id, digest)))
    given = Given(**found.pop("given"))
    return Origin(given, found["series"], found["period"], tuple(found["hidden"]), found["told"])


def tied(office: Office, session: Session, report_id: str, origin: Origin) -> tuple[Sheet, tuple[str, ...]]:
    """The table with what the public has of its series by now, and in words what could not be tied. Raises BadInput."""
    sheet = read_sheet(origin.given)
    if not origin.series:
        return sheet, ()
    return with_earlier(sheet, origin.period, _published(office, session, report_id, origin.series, origin.period))


@dataclass(frozen=True)
class IntervalOut:
    """What an outsider can compute of a hidden cell, in the table's unit; None: nothing bounds it."""

    cell: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class TableView:
    """How an attached table was protected, as `Origin` tells it; intervals only where they were asked for."""

    name: str
    sha256: str
    series: str
    period: str
    hidden: list[str]
    told: Mapping[str, Any]
    intervals: list[IntervalOut]


def table_view(office: Office, actor: Actor, report_id: str, name: str, *, intervals: bool, now: datetime) -> TableView:
    """For whoever may read the draft; intervals for the confidentiality officer alone. The reader is logged.

    Raises StepRefused, NotFound, SealBroken.
    """
    with refusals_recorded(office, actor, report_id, "read", now), office.records.reading() as session:
        edition = newest_edition(session, report_id)
        reasons = reading_objections(session.get_one(Report, report_id), edition, actor)
        # A published report is read by everybody, but what stands behind its tables by the people of the line only.
        if not reasons and not actor.roles & _SEES_TABLES:
            reasons = [Reason("other_role", "隐去的情况只向本科室、保密员和领导开放")]
        if intervals and Role.OFFICER not in actor.roles:
            reasons.append(Reason("other_role", "推算区间只向保密员开放"))
        if reasons:
            raise StepRefused(report_id, "查看表的保护情况", tuple(reasons))
        listed = named(open_text(office, session, edition).head, name, report_id)
        origin = origin_of(office, session, edition, listed.sha256)
        if origin is None:
            raise NotFound(f"{name} 的保护情况", "它不是用 tables attach 添加的")
        found = _intervals(office, session, report_id, origin, now) if intervals else []
    data = {"table": listed.sha256, "intervals": intervals}
    office.records.record(Event("read", actor.id, report_id, digest=edition.digest, data=data), now)
    return TableView(name, listed.sha256, origin.series, origin.period, list(origin.hidden), origin.told, found)


def _intervals(office: Office, session: Session, report_id: str, origin: Origin, now: datetime) -> list[IntervalOut]:
    sheet, _ = tied(office, session, report_id, origin)
    rules = protection_rules(office, now)
    done = audit(sheet.cells, origin.hidden, levels_of(sheet, rules), rules=rules)
    inside = [one for one in done.verdicts if one.cell in sheet.places]
    return [IntervalOut(one.cell, _finite(one.low), _finite(one.high)) for one in inside]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _published(office: Office, session: Session, report_id: str, series: str, period: str) -> list[Earlier]:
    """The public tables of a series that say something of this one, but those of the report itself."""
    periods = (period, months_before(period, 1), months_before(period, 12))
    asked = select(ProtectedTable.report_id, ProtectedTable.cleaned_digest).where(
        ProtectedTable.series == _series_key(office, series),
        col(ProtectedTable.period).in_(periods),
        ProtectedTable.report_id != report_id,
    )
    found = []
    for other, digest in session.exec(asked.order_by(col(ProtectedTable.made_at))).all():
        edition = newest_edition(session, other)
        if edition.stage != Stage.PUBLISHED:
            continue
        if digest not in {one.sha256 for one in open_text(office, session, edition).head.attachments}:
            continue
        origin = origin_of(office, session, edition, digest)
        if origin is not None:
            found.append(Earlier(origin.period, read_sheet(origin.given), frozenset(origin.hidden)))
    return found


def _series_key(office: Office, series: str) -> str:
    return office.vault.fingerprint(f"series\n{series}") if series else ""


def _place(report_id: str, digest: str) -> str:
    return f"{report_id}/protected-table/{digest}"
