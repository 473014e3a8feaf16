"""Protected tables: attaching one, and what may be seen of how it was protected."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.attachments import HiddenOut
from pubflow.desk.reports import Saved
from pubflow.drafting import protecting
from pubflow.moments import utc_now
from pubflow.office.protected_tables import IntervalOut, table_view
from pubflow.protection.protected import Wish
from pubflow.protection.reading import Given
from pubflow.protection.suppressing import Cost

router = APIRouter(prefix="/reports/{report_id}/tables")
_MOST = 8 * 1024 * 1024  # characters of one part; the reader of tables takes no more


class TableIn(BaseModel):
    """A table to protect and attach; each part the text of a CSV file. structure: digest of the confirmed relations."""

    name: str = Field(max_length=200)
    table: str = Field(max_length=_MOST)
    respondents: str = Field(default="", max_length=_MOST)
    contributions: str = Field(default="", max_length=_MOST)
    counts: bool = False
    cost: Cost = Cost.VALUE
    weights: dict[str, float] = {}
    keep: list[str] = []
    seconds: float = Field(default=10.0, ge=0.1, le=120.0)
    series: str = Field(default="", max_length=200)
    period: str = Field(default="", max_length=7)
    structure: str = Field(default="", max_length=64)
    reason: str = ""
    replace: bool = False


class TableSaved(Saved):
    """The version that lists the table. hidden: its hidden cells; loose: what could not be tied to earlier tables."""

    name: str
    sha256: str
    hidden: list[str]
    primary: list[str]
    share_of_value: float
    proven: bool
    loose: list[str]
    removed: list[str]
    found_hidden: list[HiddenOut]


class TableOut(BaseModel):
    """How an attached table was protected. intervals: for the confidentiality officer who asks for them."""

    name: str
    sha256: str
    series: str
    period: str
    hidden: list[str]
    told: dict[str, Any]
    intervals: list[IntervalOut]


@router.post("", status_code=201)
def attach(report_id: str, given: TableIn, office: TheOffice, actor: SignedIn) -> TableSaved:
    """Protect a table, attach what may be printed, keep the rest sealed."""
    table = Given(given.name, given.table, given.respondents, given.contributions, given.counts)
    wish = Wish(given.cost, given.weights or None, tuple(given.keep), given.seconds)
    done = protecting.attach_table(
        office,
        report_id,
        actor,
        given.name,
        table,
        wish,
        series=given.series,
        period=given.period,
        structure=given.structure,
        reason=given.reason,
        replace=given.replace,
        now=utc_now(),
    )
    saved = done.file.edition
    return TableSaved(
        report=report_id,
        stage=saved.stage,
        version=saved.version,
        digest=saved.digest,
        name=done.file.attached.name,
        sha256=done.file.attached.sha256,
        hidden=list(done.table.hidden),
        primary=list(done.table.primary),
        share_of_value=round(done.table.pattern.price.share, 4),
        proven=done.table.pattern.price.proven,
        loose=list(done.loose),
        removed=list(done.file.removed),
        found_hidden=[HiddenOut(**asdict(one)) for one in done.file.hidden],
    )


@router.get("/{name}")
def shown(report_id: str, name: str, office: TheOffice, actor: SignedIn, intervals: bool = False) -> TableOut:
    """Price, reasons and alternatives; the intervals for the confidentiality officer. The reader is logged."""
    return TableOut(**asdict(table_view(office, actor, report_id, name, intervals=intervals, now=utc_now())))
