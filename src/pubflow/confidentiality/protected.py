"""What the check finds in tables: cells that should be hidden, and hidden ones that somebody could compute.

Statistics Law (2024) Art. 28, implementing regulation Art. 29. The values and the rules' numbers stand in no finding.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from pubflow.confidentiality.files import UNCHECKED
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.table_blocks import Table
from pubflow.errors import BadInput
from pubflow.office.office import Office
from pubflow.office.protected_tables import origin_of, protection_rules, tied
from pubflow.protection.auditing import audit
from pubflow.protection.protected import levels_of
from pubflow.protection.reading import Given, has_counts, hides, read_sheet
from pubflow.records.tables import Edition

SMALL_CELL = "SMALL_CELL"
UNSAFE, UNPROVEN, CONTRADICTS = "table-gives-away", "table-unproven", "table-does-not-add-up"
TABLE_EVIDENCE = {
    UNSAFE: "表中的汇总数能推断单个统计调查对象（统计法第二十八条）",
    UNPROVEN: "隐去的格没有原表，未能核算能否推算（统计法第二十八条）",
    CONTRADICTS: "表未能核算",
}
_NAMED = 10  # cells named in one finding


@dataclass(frozen=True)
class TableFinding:
    """Something about a table as a whole. reason: Chinese, without values; the cells it names are the draft's."""

    rule: str
    type: str
    severity: Severity
    reason: str


def in_attached_table(
    office: Office, session: Session, edition: Edition, digest: str, name: str, text: str, now: datetime
) -> Iterator[TableFinding]:
    """The findings of an attached CSV: audited again, with the rules of today and with what has become public since."""
    origin = origin_of(office, session, edition, digest)
    if origin is None:
        yield from in_loose_table(office, name, text, now)
        return
    try:
        sheet, loose = tied(office, session, edition.report_id, origin)
        printed = read_sheet(Given(name, text), original=read_sheet(origin.given))
        rules = protection_rules(office, now)
        unsafe = audit(sheet.cells, printed.marked, levels_of(sheet, rules), rules=rules, intervals=False).unsafe
    except BadInput as error:
        yield TableFinding(CONTRADICTS, UNCHECKED, Severity.HARD, f"表未能核算：{error.what}")
        return
    for one in unsafe[:_NAMED]:
        yield TableFinding(UNSAFE, SMALL_CELL, Severity.HARD, f"“{one.cell}”：{one.reason}")
    if len(unsafe) > _NAMED:
        yield TableFinding(UNSAFE, SMALL_CELL, Severity.HARD, f"另有 {len(unsafe) - _NAMED} 格可被推算")
    for words in loose:
        yield TableFinding(CONTRADICTS, UNCHECKED, Severity.SOFT, words)


def in_loose_table(office: Office, name: str, text: str, now: datetime) -> Iterator[TableFinding]:
    """The findings of a table that came without its origin, where it carries respondents or hides something."""
    if hides(text):
        reason = "表中有隐去的格，没有原表，不能核算能否推算；请用 tables attach 添加"
        yield TableFinding(UNPROVEN, UNCHECKED, Severity.HARD, reason)
        return
    if not has_counts(text):
        return
    try:
        sheet = read_sheet(Given(name, text))
        if sheet.missing:
            return
        unsafe = audit(sheet.cells, (), levels_of(sheet, protection_rules(office, now)), intervals=False).unsafe
    except BadInput as error:
        yield TableFinding(CONTRADICTS, UNCHECKED, Severity.SOFT, f"表未能核算：{error.what}")
        return
    if unsafe:
        cells = "、".join(one.cell for one in unsafe[:_NAMED]) + ("等" if len(unsafe) > _NAMED else "")
        reason = f"{len(unsafe)} 格须隐去而未隐去：{cells}；请用 tables attach 生成可公布的表"
        yield TableFinding(UNSAFE, SMALL_CELL, Severity.HARD, reason)


def as_csv(table: Table) -> str:
    """A table of a text as CSV, for reading its structure."""
    out = io.StringIO()
    rows = [table.heads, *([table.word(cell).strip() for cell in row] for row in table.rows)]
    width = len(table.heads)
    csv.writer(out, lineterminator="\n").writerows([*row, *[""] * width][:width] for row in rows)
    return out.getvalue()
