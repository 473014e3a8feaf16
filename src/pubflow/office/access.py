"""Opening what the vault holds. People go through `read_text`, which asks the rules and logs the reader."""

from datetime import datetime

from sqlmodel import Session

from pubflow.audit.events import Event
from pubflow.documents.report_text import ReportText
from pubflow.errors import NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role, Stage
from pubflow.office.line import newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Report, Source, Version

# Who reads every draft that is on the line; a drafter or section head reads those of the own section.
_READS_ALL = frozenset({Role.OFFICER, Role.LEADER, Role.CHIEF})
_READS_OWN_SECTION = frozenset({Role.DRAFTER, Role.SECTION_HEAD})


def reading_objections(report: Report, edition: Edition, actor: Actor) -> list[Reason]:
    """Why `actor` may not read this text; empty means go ahead."""
    if edition.stage in (Stage.PUBLISHED, Stage.SUPERSEDED) or actor.roles & _READS_ALL:
        return []
    sections = {report.section_id, *(step["section"] for step in edition.workflow.get("reviews", ()))}
    if actor.roles & _READS_OWN_SECTION and actor.section in sections:
        return []
    return [Reason("may_not_read", "未发布稿件只向本科室、保密员和领导开放")]


def open_text(office: Office, session: Session, edition: Edition, number: int | None = None) -> ReportText:
    """The text of a version, for machines and for actions that have asked the rules. Raises NotFound, SealBroken."""
    number = edition.version if number is None else number
    version = session.get(Version, (edition.id, number))
    if version is None:
        raise NotFound(f"{edition.report_id} 的第 {number} 版", "请用 `pubflow report show` 查看有哪些版本")
    content = open_sealed(office, session, edition, version.sealed, f"{edition.id}/v{number}")
    return ReportText.parse(content.decode(), version.digest[:12])


def open_source(office: Office, session: Session, edition: Edition) -> bytes:
    """The raw bytes a draft is made from. Raises NotFound, SealBroken."""
    source = session.get(Source, edition.id)
    if source is None:
        raise NotFound(f"{edition.report_id} 的来源文件")
    return open_sealed(office, session, edition, source.sealed, f"{edition.id}/source")


def open_difference(office: Office, session: Session, edition: Edition) -> str:
    """What the import changed in its file, as a unified difference; empty when it changed nothing. Raises NotFound."""
    source = session.get(Source, edition.id)
    if source is None:
        raise NotFound(f"{edition.report_id} 的来源文件")
    if source.difference is None:
        return ""
    return open_sealed(office, session, edition, source.difference, f"{edition.id}/difference").decode()


def open_sealed(office: Office, session: Session, edition: Edition, sealed: bytes, place: str) -> bytes:
    """Bytes sealed with the report's key."""
    return office.vault.open(session.get_one(Report, edition.report_id).wrapped_key, sealed, place)


def read_text(
    office: Office, actor: Actor, report_id: str, *, now: datetime, number: int | None = None
) -> tuple[Edition, ReportText]:
    """A text for a person. The reader is logged, a refusal too. Raises StepRefused, NotFound."""
    with refusals_recorded(office, actor, report_id, "read", now), office.records.reading() as session:
        edition = newest_edition(session, report_id)
        reasons = reading_objections(session.get_one(Report, report_id), edition, actor)
        if reasons:
            raise StepRefused(report_id, "查看", tuple(reasons))
        undrafted = not edition.version and number is None
        text = None if undrafted else open_text(office, session, edition, number)
    if text is None:
        raise NotFound(f"{report_id} 的正文", "初稿还没有生成，请稍后再看")  # no refusal: there is nothing to record
    office.records.record(Event("read", actor.id, report_id, digest=text.digest), now)
    return edition, text
