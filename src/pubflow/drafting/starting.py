"""A report comes onto the line: from an imported file, from figures, or from nothing but its template.

Starting keeps the source; the `drafting` flow makes the first version from it (`make_draft`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from pubflow.audit.events import Event
from pubflow.documents.report_text import LABELS, Head, ReportText
from pubflow.documents.templates import office_templates, rendered
from pubflow.drafting.figures import figures_text, read_figures
from pubflow.drafting.import_decisions import DESTROYED
from pubflow.drafting.import_decode import decode
from pubflow.drafting.import_figures import CategoryName
from pubflow.drafting.import_report import ImportedReport, read_import
from pubflow.drafting.import_rules import ImportRules, load_import_rules
from pubflow.drafting.versions import save_version
from pubflow.errors import BadInput, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Action, Machine, Role, Stage
from pubflow.lifecycle.workflow import ASKED, snapshot
from pubflow.moments import SHANGHAI
from pubflow.office.access import open_source
from pubflow.office.due import DRAFTING, StepOutcome, not_due
from pubflow.office.line import locked, move_edition, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, ImportWarning, Report, Source
from pubflow.settings import Kind

IMPORT, FIGURES, BLANK = "import", "figures", "blank"
LARGEST = 20 * 1024 * 1024


@dataclass(frozen=True)
class Origin:
    """Where a draft comes from. `content`: the raw file, empty for a blank draft."""

    kind: str
    name: str
    content: bytes
    parameters: Mapping[str, Any]


@cache
def _import_rules(path: Path) -> ImportRules:
    return load_import_rules(path)


def read_as_import(
    office: Office, raw: bytes, name: str, *, title: str | None, kind: Kind, category: str, now: datetime
) -> ImportedReport:
    """The file as the import reads it; writes nothing. Raises BadInput."""
    today = now.astimezone(SHANGHAI).date()
    known = [
        CategoryName(entry.id, entry.name, entry.aliases, entry.named_in_scheme)
        for entry in office.settings.categories.values()
        if entry.valid_on(today)
    ]
    return read_import(
        raw,
        name,
        title=title,
        kind=kind.name,
        category=category or office.settings.categories[kind.category].name,
        categories=known,
        rules=_import_rules(office.settings.folder / "rules" / "import.toml"),
        on=today,
        author_org=office.settings.bureau.name,
    )


def import_report(
    office: Office,
    actor: Actor,
    raw: bytes,
    name: str,
    *,
    title: str | None,
    kind: str,
    category: str,
    fast: str = "",
    now: datetime,
) -> tuple[str, ImportedReport]:
    """Put an old report on the line as a draft; returns its number and what was read.

    fast: why it should go the fast lane, if it should; a section head or leader decides.

    Raises BadInput (file, line, what to do), SecretMarkFound, StepRefused; nothing is kept then.
    """
    with refusals_recorded(office, actor, "-", "import", now):
        _need_drafter(actor, "导入")
        _not_too_large(raw, name)
        text, _ = decode(raw, name)
        office.admit(actor, text, name, now)
        of_kind = office.settings.kind(kind)
        read = read_as_import(office, raw, name, title=title, kind=of_kind, category=category, now=now)
        office.admit(actor, read.text.canonical(), name, now)
        parameters = {"title": title, "kind": kind, "category": category}
        origin = Origin(IMPORT, name, raw, parameters)
        report_id = _start(office, actor, of_kind, read.text.head, origin, now, difference=read.diff, fast=fast)
    return report_id, read


def new_report(
    office: Office,
    actor: Actor,
    *,
    kind: str,
    title: str,
    category: str = "",
    period: str = "",
    co_producers: Sequence[str] = (),
    fast: str = "",
    figures: tuple[str, bytes] | None = None,
    now: datetime,
) -> str:
    """Start a report whose first version its kind's template makes; `figures` is a file name and its bytes (CSV).

    co_producers: sections and other organs that produce it jointly. fast: why it should go the fast lane, if it should.

    Raises BadInput, SecretMarkFound, StepRefused; nothing is kept then.
    """
    with refusals_recorded(office, actor, "-", "new", now):
        _need_drafter(actor, "新建")
        of_kind = office.settings.kind(kind)
        if not title.strip():
            raise BadInput("没有标题", "title", "请用 --title 给出标题")
        _one_line("title", title)
        _one_line("period", period)
        name, content = figures or ("", b"")
        given = ""
        if figures:
            _not_too_large(content, name)
            given = figures_text(content, name)  # as the draft will read it, GBK too: else the door sees only noise
        joint = "、".join(co_producers)
        office.admit(actor, f"{title}\n{period}\n{joint}\n{given}", name, now)
        today = now.astimezone(SHANGHAI).date()
        bureau = office.settings.bureau
        head = Head.checked(
            {
                "title": title.strip(),
                "kind": of_kind.name,
                "category": office.settings.category(category or of_kind.category, today).name,
                "period": period.strip(),
                "publisher": bureau.publisher,
                "author_org": bureau.name,
                "co_producers": joint,
                "date_created": today.isoformat(),
            }
        )
        if figures:
            read_figures(content, name)
        origin = Origin(FIGURES if figures else BLANK, name, content, {"head": head.model_dump()})
        return _start(office, actor, of_kind, head, origin, now, fast=fast)


def make_draft(office: Office, report_id: str, now: datetime) -> StepOutcome:
    """The drafting flow's work: the first version from its source, once. Safe to run twice."""
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        source = session.get(Source, edition.id)
        if edition.stage != Stage.DRAFTING or edition.version or source is None:
            return not_due(office, DRAFTING, report_id)
        raw = open_source(office, session, edition)
        drafter = session.get_one(Report, report_id).drafter_id
        created_at = session.get_one(Report, report_id).created_at
    read: ImportedReport | None = None
    if source.kind == IMPORT:
        kind = office.settings.kind(source.parameters["kind"])
        read = read_as_import(
            office,
            raw,
            source.name,
            title=source.parameters["title"],
            kind=kind,
            category=source.parameters["category"],
            now=created_at,
        )
        text = read.text
    else:
        text = _from_template(office, source, raw)
    with office.records.writing(now, what=DRAFTING, who=Machine.FLOW, subject=report_id) as tx:
        again = locked(tx.session, edition)
        if again.row_version != edition.row_version:
            tx.record(Event("repeated", f"flow:{DRAFTING}", report_id, Machine.FLOW, again.digest))
            return StepOutcome(
                f"not due: {DRAFTING} {report_id}: another run was first; nothing was changed", changed=False
            )
        warnings = _warning_rows(office, tx, edition, read) if read else []
        tx.session.add_all(warnings)
        # The person who brought the source is the author of what the machine made of it.
        changes = save_version(office, tx, edition, text, author=drafter, reason=f"由来源生成：{source.kind}")
        data = {"version": changes["version"], "warnings": [warning.code for warning in warnings]}
        move_edition(tx, edition, Stage.DRAFTING, Action.EDIT, _flow(), data=data, **changes)
    return StepOutcome(
        f"{report_id} v1 drafted from {source.kind}, {len(warnings)} warnings for a person", changed=True
    )


def _flow() -> Actor:
    return Actor("flow:drafting", frozenset({Machine.FLOW}))


def _warning_rows(office: Office, tx: Tx, edition: Edition, read: ImportedReport) -> list[ImportWarning]:
    key = tx.session.get_one(Report, edition.report_id).wrapped_key
    rows = []
    for warning in read.warnings:
        place = "；".join(map(str, warning.places))
        told = json.dumps({"text": warning.text, "place": place, "remedy": warning.remedy}, ensure_ascii=False)
        sealed = office.vault.seal(key, told.encode(), f"{edition.id}/{warning.code}")
        by_text = warning.code == DESTROYED
        rows.append(ImportWarning(edition_id=edition.id, code=warning.code, sealed=sealed, by_text=by_text))
    return rows


def _from_template(office: Office, source: Source, raw: bytes) -> ReportText:
    head = Head.model_validate(source.parameters["head"])
    kind = office.settings.kind(head.kind)
    figures = read_figures(raw, source.name) if source.kind == FIGURES else []
    body = rendered(
        office_templates(office.settings.templates / "reports"),
        kind.template,
        head=head.model_dump(),
        figures=figures,
        period=head.period,
        bureau=office.settings.bureau.model_dump(),
    )
    return ReportText.parse(ReportText(head=head, body=body.strip("\n") + "\n").canonical())


def _start(
    office: Office,
    actor: Actor,
    kind: Kind,
    head: Head,
    origin: Origin,
    now: datetime,
    *,
    difference: str = "",
    fast: str = "",
) -> str:
    """Report, edition and sealed source in one transaction."""
    office.admit(actor, fast, "", now)
    workflow = snapshot(kind, actor.section, office.settings.exceptional.lost_role)
    if fast.strip():
        if kind.fast is None:
            raise BadInput(f"{kind.name}没有快速办理", "fast", "可用的体裁写在 config/workflows.toml 的 [kinds.*.fast]")
        workflow["fast"] = ASKED
    today = now.astimezone(SHANGHAI).date()
    digest = hashlib.sha256(origin.content).hexdigest()
    with office.records.writing(now, what=f"start {origin.kind}", who=actor.id) as tx:
        if origin.kind == IMPORT:
            _not_imported_before(tx, digest, origin.name)
        key = office.vault.new_key()
        report = Report(
            id=tx.next_id("R"),
            kind=kind.id,
            cadence=kind.cadence,
            section_id=actor.section,
            drafter_id=actor.id,
            title=head.title,
            category=office.settings.category(head.category, today).id,
            method=head.method,
            sensitive=kind.sensitive,
            wrapped_key=key,
            created_at=now,
        )
        edition = Edition(
            id=f"{report.id}/1",
            report_id=report.id,
            number=1,
            stage=Stage.DRAFTING,
            stage_since=now,
            workflow=workflow,
        )
        tx.session.add(report)
        tx.session.flush()
        tx.session.add(edition)
        tx.session.flush()
        tx.session.add(
            Source(
                edition_id=edition.id,
                kind=origin.kind,
                name=origin.name,
                sha256=digest,
                sealed=office.vault.seal(key, origin.content, f"{edition.id}/source"),
                difference=office.vault.seal(key, difference.encode(), f"{edition.id}/difference")
                if difference
                else None,
                parameters=dict(origin.parameters),
            )
        )
        data = {"from": origin.kind, "kind": kind.id, "sha256": digest}
        if fast.strip():
            data["fast"] = ASKED
        tx.record(
            Event("start", actor.id, report.id, Role.DRAFTER, to_state=Stage.DRAFTING, reason=fast.strip(), data=data)
        )
    return report.id


def _need_drafter(actor: Actor, what: str) -> None:
    if Role.DRAFTER not in actor.roles:
        raise StepRefused("新稿件", what, (Reason("other_role", "这一步由起草人办理"),))


def _one_line(field: str, value: str) -> None:
    if len(value.strip().splitlines()) > 1:
        raise BadInput(f"{LABELS[field]}不止一行", field, "请只写一行")


def _not_too_large(raw: bytes, name: str) -> None:
    if len(raw) > LARGEST:
        raise BadInput(f"文件超过 {LARGEST // 1024 // 1024} MB", name, "请拆分后再上传")


def _not_imported_before(tx: Tx, sha256: str, name: str) -> None:
    known = tx.session.exec(
        select(Edition.report_id)
        .join(Source, col(Source.edition_id) == col(Edition.id))
        .where(Source.sha256 == sha256, Source.kind == IMPORT, Edition.stage != Stage.CANCELLED)
    ).first()
    if known:
        raise BadInput(f"同一份文件已导入为 {known}", name, f"请用 `pubflow report show {known}` 查看")
