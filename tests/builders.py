"""Builders: a report at any stage, by the same actions that people and flows take; nothing is written past them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from pubflow.confidentiality.actions import clear
from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import edit, submit
from pubflow.drafting.starting import new_report
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Stage
from pubflow.office.access import open_text
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.office.people import actor_of, everybody
from pubflow.publication.releases import plan
from pubflow.publication.switching import release_round
from pubflow.records.tables import Edition, Release, Report, Review, Section
from pubflow.review.actions import approve
from pubflow.review.approval import sign
from pubflow.wiring import Line

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon in Shanghai
SEED = Path(__file__).parent / "data" / "donghu-2016-annual-report.txt"
_ORDER = [Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL, Stage.SCHEDULED]


@dataclass
class Given:
    """Makes reports. `now` moves on by a second with every action, so that events are in order of time."""

    office: Office
    now: datetime = NOON
    people: dict[str, Actor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = {person.id: actor_of(person) for person in everybody(self.office)}
        self.line = Line(self.office)

    def tick(self) -> datetime:
        """The next moment."""
        self.now += timedelta(seconds=1)
        return self.now

    def flows(self) -> list[str]:
        """Do every machine step that is due, as the flows would; returns what they said."""
        now = self.tick()
        return [self.line.run_step(due.step, due.subject, now).text for due in self.line.due_steps(now)]

    def report(
        self,
        stage: Stage = Stage.DRAFTING,
        *,
        body: str = "## 一、工作动态\n\n本月完成了统计数据发布。\n",
        title: str = "东湖区统计局工作动态",
        drafter: str = "lin_xiao",
        kind: str = "news",
        release_in: timedelta = timedelta(hours=1),
        open_it: bool = True,
    ) -> str:
        """A report that has reached `stage`; `open_it`: the stage's flow has done its work as well."""
        report_id = new_report(self.office, self.people[drafter], kind=kind, title=title, now=self.tick())
        self.flows()
        self.write(report_id, body, by=drafter)
        for reached in _ORDER[: _ORDER.index(stage)]:
            self.advance(report_id, reached, release_in=release_in)
        if open_it:
            self.flows()
        return report_id

    def write(self, report_id: str, body: str, *, by: str = "lin_xiao") -> str:
        """Save a new version with this body and a subject class; returns its digest."""
        text = self.text(report_id)
        head = text.head.model_copy(update={"subject_class": "国民经济管理、国有资产监管/统计"})
        new = ReportText(head=head, body=body)
        return edit(
            self.office, report_id, self.people[by], new.canonical(), reason="写正文", seen=None, now=self.tick()
        ).digest

    def advance(self, report_id: str, stage: Stage, *, release_in: timedelta = timedelta(hours=1)) -> None:
        """One step on from `stage`, by the person it belongs to."""
        self.flows()
        digest = self.edition(report_id).digest
        office, people = self.office, self.people
        if stage is Stage.DRAFTING:
            submit(office, report_id, people[self.drafter(report_id)], now=self.tick())
        elif stage is Stage.DEPARTMENT_REVIEW:
            for head in self.heads_waited_for(report_id):
                approve(office, report_id, people[head], digest=digest, remark="同意", now=self.tick())
        elif stage is Stage.CONFIDENTIALITY_CHECK:
            self.clear(report_id)
        elif stage is Stage.APPROVAL:
            if self.edition(report_id).release_id is None:
                self.plan([report_id], release_in=release_in)
            sign(office, report_id, people["liao_jun"], digest=digest, remark="同意发布", now=self.tick())

    def plan(
        self, report_ids: list[str], *, release_in: timedelta = timedelta(hours=1), at: datetime | None = None
    ) -> Release:
        """A release of these reports, some time from now or at an instant."""
        instant = at or self.now + release_in
        return plan(self.office, report_ids, self.people["lin_xiao"], instant=instant, now=self.tick())

    def together(self, count: int = 2, *, release_in: timedelta = timedelta(hours=1)) -> list[str]:
        """Several signed reports in one release."""
        reports = [self.report(Stage.APPROVAL, title=f"第{number}份工作动态") for number in range(1, count + 1)]
        self.plan(reports, release_in=release_in)
        for report_id in reports:
            self.advance(report_id, Stage.APPROVAL)
        return reports

    def clear(self, report_id: str, *, by: str = "wan_ning") -> Edition:
        """The officer's clearance with a whole form."""
        answers = {item.id: False for item in self.office.settings.checklist}
        return clear(
            self.office,
            report_id,
            self.people[by],
            digest=self.edition(report_id).digest,
            result="公开",
            answers=answers,
            opinion="不涉密，可以公开",
            now=self.tick(),
        )

    def publish(self, report_id: str) -> None:
        """From scheduled to published: stage, move the clock to the instant, switch, verify."""
        self.flows()
        self.now = max(self.now, self.release(report_id).instant)
        release_round(self.office, lambda: self.now)
        self.flows()

    def drafter(self, report_id: str) -> str:
        """Who drafts a report."""
        with self.office.records.reading() as session:
            return session.get_one(Report, report_id).drafter_id

    def heads_waited_for(self, report_id: str) -> list[str]:
        """The section heads whose reviews are open, in their order."""
        with self.office.records.reading() as session:
            open_ones = select(Review).where(
                Review.edition_id == newest_edition(session, report_id).id, Review.state == "open"
            )
            reviews = session.exec(open_ones.order_by(col(Review.id))).all()
            return [str(session.get_one(Section, review.section_id).head_id) for review in reviews]

    def edition(self, report_id: str) -> Edition:
        """The row as it is now."""
        with self.office.records.reading() as session:
            return newest_edition(session, report_id)

    def release(self, report_id: str) -> Release:
        """The release a report is planned for."""
        with self.office.records.reading() as session:
            return session.get_one(Release, self.edition(report_id).release_id)

    def text(self, report_id: str) -> ReportText:
        """The newest text."""
        with self.office.records.reading() as session:
            return open_text(self.office, session, newest_edition(session, report_id))
