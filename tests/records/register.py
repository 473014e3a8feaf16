"""Small pieces for tests of the register: an edition to move, the chain as it is stored."""

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.audit.verify import Verdict, verify
from pubflow.records.store import Records
from pubflow.records.tables import AuditEvent, Edition, Person, Report, Section

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def an_edition(records: Records) -> Edition:
    """Writes section, person, report R-2026-0001 and its first edition, with one event."""
    with records.writing(NOON) as tx:
        tx.session.add(Section(id="zonghe", name="综合科"))
        tx.session.flush()
        tx.session.add(Person(id="lin_xiao", name="林晓", section_id="zonghe", roles=["drafter"]))
        tx.session.flush()
        report = {"kind": "news", "cadence": "occasional", "section_id": "zonghe", "drafter_id": "lin_xiao"}
        tx.session.add(
            Report(id="R-2026-0001", title="t", category="news", wrapped_key=b"\x00", created_at=NOON, **report)
        )
        tx.session.flush()
        tx.session.add(
            Edition(
                id="R-2026-0001-1",
                report_id="R-2026-0001",
                number=1,
                stage="drafting",
                stage_since=NOON,
                workflow={"reviews": []},
            )
        )
        tx.record(Event("start", "lin_xiao", "R-2026-0001"))
    return read_edition(records)


def read_edition(records: Records) -> Edition:
    """The row as it is now, detached."""
    with records.reading() as session:
        return session.get_one(Edition, "R-2026-0001-1")


def add_section(records: Records, id: str) -> None:
    """One ordinary write with its event."""
    with records.writing(NOON) as tx:
        tx.session.add(Section(id=id, name=id))
        tx.record(Event("section_added", "workspace-owner", id))


def sections(records: Records) -> list[str]:
    """Ids of all sections."""
    with records.reading() as session:
        return sorted(session.exec(select(Section.id)).all())


def actions(records: Records) -> list[str]:
    """The actions of all events in order."""
    with records.reading() as session:
        return [event.action for event in stored(session)]


def stored(session: Session) -> list[AuditEvent]:
    """All events in order."""
    return list(session.exec(select(AuditEvent).order_by(col(AuditEvent.seq))).all())


def verdict(records: Records) -> Verdict:
    """The chain, verified."""
    with records.reading() as session:
        return verify(stored(session))
