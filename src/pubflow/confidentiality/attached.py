"""What the check finds in a whole file: at the door before anything is kept, and in the attachments of a version."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from pubflow.confidentiality.bases import facts_of, lexicon_of, rules_of, scan_text, today
from pubflow.confidentiality.embargoed import embargoed_in
from pubflow.confidentiality.files import MOST, UNCHECKED
from pubflow.confidentiality.fingerprints import life_of
from pubflow.confidentiality.markup import plain_markup
from pubflow.confidentiality.protected import TABLE_EVIDENCE, TableFinding, as_csv, in_attached_table, in_loose_table
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import Rules, ScanFinding, scan
from pubflow.confidentiality.secret_marks import secret_marks
from pubflow.confidentiality.table_blocks import tables_in
from pubflow.documents.attachments import LARGEST, Attached
from pubflow.documents.report_text import ReportText
from pubflow.errors import BadInput
from pubflow.extraction.cleaning import CLEANABLE
from pubflow.extraction.extract import extract
from pubflow.extraction.limits import MIB, Limits
from pubflow.extraction.reading import WHOLE_FILE
from pubflow.extraction.units import Unit
from pubflow.office.attachments import opened_attachments
from pubflow.office.office import FileLook, HiddenFinding, Office
from pubflow.protection.reading import decoded
from pubflow.records.tables import Edition

_TABLES = -1_000_000  # the units of findings about whole tables lie below it, those of what was not checked above
_TOLD = 50  # hidden findings told to who brings a file; more say nothing new
# A workbook is held whole while it is cleaned, about 600 bytes a cell: so many take 300 MB, and a minute with the scan.
ATTACHABLE = Limits(source_bytes=LARGEST, unpacked_bytes=128 * MIB, cells=500_000, seconds=120.0)
_WHOLE = frozenset({"文件", "文件名", "正文", "工作簿", WHOLE_FILE})  # what was not read there is in the cleaned copy


@dataclass(frozen=True)
class Located:
    """A finding of a version, in its text or in one of its attachments.

    attachment: digest of the cleaned copy, empty for the text. unit: which stretch of the file, from 0, in which
    `found` counts; below 0 for what could not be checked. place: in Chinese, values masked; empty for the text.
    fingerprint, life: keyed, as a Finding keeps them.
    """

    found: ScanFinding
    fingerprint: str
    life: str
    attachment: str = ""
    unit: int = 0
    place: str = ""


def look_into(office: Office, content: bytes, name: str, now: datetime) -> FileLook:
    """Marks anywhere in a file, and what hard things a reader of it would not see. Keeps nothing.

    Raises BadInput for a file that was not read to its end: nobody knows what stands there.
    """
    marks: list[str] = []
    hidden: dict[HiddenFinding, None] = {}
    extraction = extract(content, name, ATTACHABLE)
    for unit in extraction:
        shown = plain_markup(unit.text).text if unit.format == "html" else ""
        marks += [mark.rule for text in (unit.text, shown) for mark in secret_marks(text)]
        for one in _scanned(office, unit, now, None):
            place = unit.at(one.start, one.end)
            if place is not None and place.hidden and one.severity is Severity.HARD and len(hidden) < _TOLD:
                hidden[HiddenFinding(place.name, one.type, one.masked)] = None
    unread = [left.reason for left in extraction.unread if left.hard and left.place.name in _WHOLE]
    if unread and not marks:
        raise BadInput(f"没有读完这个文件：{unread[0]}", name, "请拆分，或用办公软件打开并另存为规范的文件后再添加")
    return FileLook(tuple(dict.fromkeys(marks)), tuple(hidden))


def scan_whole(
    office: Office, session: Session, edition: Edition, text: ReportText, now: datetime, rules: Rules | None = None
) -> list[Located]:
    """Every finding of a version: those of its text, then of each attachment in the order of its list.

    What of an attachment could not be checked is a finding too: UNCHECKED. Raises NotFound, SealBroken.
    """
    canonical = text.canonical()
    found = [
        Located(
            one,
            office.vault.fingerprint(canonical[one.start : one.end]),
            life_of(office.vault, one.rule, canonical, one.start, one.end),
        )
        for one in scan_text(office, canonical, now, rules)
    ]
    found += _in_tables(office, canonical, now)
    found += [
        Located(
            one,
            office.vault.fingerprint(canonical[one.start : one.end]),
            life_of(office.vault, one.rule, canonical, one.start, one.end),
        )
        for one in embargoed_in(office, session, edition, canonical)
    ]
    for listed, content in opened_attachments(office, session, edition, text.head):
        found += _in_attachment(office, session, edition, listed, content, now, rules)
        found += _in_attached_tables(office, session, edition, listed, content, now)
    return found


def _in_tables(office: Office, canonical: str, now: datetime) -> Iterator[Located]:
    """Tables in the text itself that carry respondents, or hide something that nobody has audited."""
    for table in tables_in(canonical, csv=False):
        if len(table.heads) < 2 or table.turned:
            continue
        for one in in_loose_table(office, "正文中的表", as_csv(table), now):
            yield _of_table(office, one, canonical[table.start : table.end], "正文中的表", now, table.start, table.end)


def _in_attached_tables(
    office: Office, session: Session, edition: Edition, listed: Attached, content: bytes, now: datetime
) -> Iterator[Located]:
    if listed.kind == "csv":
        told = in_attached_table(
            office, session, edition, listed.sha256, listed.name, decoded(listed.name, content), now
        )
        sheets: Iterable[tuple[str, Iterable[TableFinding]]] = [("", told)]
    elif listed.kind == "xlsx":
        units = [unit for unit in extract(content, listed.name, CLEANABLE) if unit.format == "csv"]
        sheets = [(unit.text, in_loose_table(office, listed.name, unit.text, now)) for unit in units]
    else:
        return
    number = 0
    for text, found in sheets:
        for one in found:
            number += 1
            where = _said(office, listed, "表", now)
            made = _of_table(office, one, f"{listed.sha256}\n{text}", where, now)
            yield replace(made, attachment=listed.sha256, unit=_TABLES - number)


def _of_table(
    office: Office, one: TableFinding, what: str, where: str, now: datetime, start: int = 0, end: int = 0
) -> Located:
    """It lives as long as the table is the same. Its words name cells: they go with the place, which is sealed."""
    print_ = office.vault.fingerprint("\n".join((one.rule, what, one.reason)))
    found = ScanFinding(one.rule, one.type, start, end, one.severity, (TABLE_EVIDENCE[one.rule],), "")
    return Located(found, print_, print_, place=f"{where}：{_masked(office, one.reason, now)}")


def _in_attachment(
    office: Office,
    session: Session,
    edition: Edition,
    listed: Attached,
    content: bytes,
    now: datetime,
    rules: Rules | None,
) -> Iterator[Located]:
    extraction = extract(content, listed.name, CLEANABLE)
    count = 0
    for number, unit in enumerate(extraction):
        csv = unit.format == "csv"
        embargoed = embargoed_in(office, session, edition, unit.text, csv=csv) if unit.format != "html" else ()
        for one in (*_scanned(office, unit, now, rules), *embargoed):
            place = unit.at(one.start, one.end)
            if place is None:
                continue
            count += 1
            if count > MOST:
                continue
            life = life_of(office.vault, one.rule, unit.text, one.start, one.end)
            yield Located(
                one,
                office.vault.fingerprint(unit.text[one.start : one.end]),
                # A pass in the text or in another file says nothing here, one of what is shown nothing of what is not.
                office.vault.fingerprint("\n".join(("attachment", listed.name, str(place.hidden), life))),
                listed.sha256,
                number,
                _said(office, listed, place.name, now),
            )
    left = [(one.rule, one.reason, one.place.name, one.hard) for one in extraction.unread]
    if count > MOST:
        left.append(("more", f"另有 {count - MOST} 处未逐一列出，请先处理以上各处再提交", "全文件", True))
    for number, (rule, reason, place_name, hard) in enumerate(left):
        severity = Severity.HARD if hard else Severity.SOFT
        # It lives as long as the file is the same, byte for byte: nobody but a person has looked at what is there.
        print_ = office.vault.fingerprint("\n".join(("unchecked", listed.sha256, rule, place_name)))
        where = _said(office, listed, place_name, now)
        unchecked = ScanFinding(rule, UNCHECKED, 0, 0, severity, (reason,), "")
        yield Located(unchecked, print_, print_, listed.sha256, -1 - number, where)


def _scanned(office: Office, unit: Unit, now: datetime, rules: Rules | None) -> Iterable[ScanFinding]:
    known = rules or rules_of(office, now)
    lexicon = lexicon_of(office, now)
    return scan(unit.text, known, lexicon, format=unit.format, facts=facts_of(office), day=today(now))


def _said(office: Office, listed: Attached, place: str, now: datetime) -> str:
    """A place as it may be shown: names of sheets and members come from the file and may hold a value themselves."""
    return _masked(office, f"附件“{listed.name}” {place}", now)


def _masked(office: Office, said: str, now: datetime) -> str:
    for one in reversed(scan_text(office, said, now)):
        said = said[: one.start] + one.masked + said[one.end :]
    return said
