"""Reports whose own workflow cannot be walked: it names a section that the register does not know, or one without a
head. The workflow is kept from the report's start, so that mending the configuration alone does not free it."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import col, select

from pubflow.lifecycle.stages import Role, Stage
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Person, Review, Section
from pubflow.service.stuck import Stuck


def stuck_workflows(office: Office, now: datetime) -> Iterator[Stuck]:  # noqa: ARG001 - every check is asked alike
    """One line for each review on the way that nobody will ever be able to give."""
    with office.records.reading() as session:
        sections = set(session.exec(select(Section.id)).all())
        active = session.exec(select(Person).where(col(Person.active).is_(True))).all()
        headed = {person.section_id for person in active if Role.SECTION_HEAD in person.roles}
        before = (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW)
        for edition in session.exec(select(Edition).where(col(Edition.stage).in_(before))).all():
            given = set(
                session.exec(
                    select(Review.step).where(
                        Review.edition_id == edition.id, Review.digest == edition.digest, Review.state == "approved"
                    )
                ).all()
            )
            for review in edition.workflow.get("reviews", ()):
                step, section = review["step"], review["section"]
                if step in given:
                    continue
                if section not in sections:
                    what = f"{edition.report_id}: its review {step} is for section {section}, which does not exist"
                    verb = f"pubflow report move-workflow {edition.report_id} --reason REASON"
                    yield Stuck(edition.report_id, what, verb)
                elif section not in headed:
                    what = f"{edition.report_id}: its review {step} is for section {section}, which has no head"
                    yield Stuck(
                        edition.report_id, what, "pubflow people roles PERSON --give section_head --reason REASON"
                    )
