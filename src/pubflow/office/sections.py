"""Sections that the configuration has got since the register was made: a workflow may name them at once."""

from datetime import datetime

from sqlmodel import select

from pubflow.audit.events import Event
from pubflow.office.office import Office
from pubflow.office.people import OPERATOR_ON_SITE
from pubflow.records.tables import Section


def add_new_sections(office: Office, now: datetime) -> list[str]:
    """Write the sections that the register does not know yet; their ids. A section is never taken away."""
    with office.records.reading() as session:
        known = set(session.exec(select(Section.id)).all())
    new = [section for id_, section in office.settings.sections.items() if id_ not in known]
    if new:
        with office.records.writing(now, what="sections", who=OPERATOR_ON_SITE.id) as tx:
            for section in new:
                tx.session.add(Section(id=section.id, name=section.name, head_id=section.head))
                tx.record(Event("section_added", OPERATOR_ON_SITE.id, section.id))
    return [section.id for section in new]
