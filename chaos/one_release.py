"""One report from its draft to its public page in a new workspace, by one process: `python -m chaos.one_release DIR`.

People and machines act through the functions of their rooms, with a clock that is moved on; for looking at what the
process does to the disk.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chaos.people import DRAFTER, HEAD, LEADER, OFFICER, SUBJECT_CLASS
from pubflow.confidentiality.actions import clear
from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import edit, submit
from pubflow.drafting.starting import new_report
from pubflow.office.access import open_text
from pubflow.office.line import newest_edition
from pubflow.office.people import actor_of, everybody
from pubflow.publication import switching
from pubflow.publication.releases import plan
from pubflow.review.actions import approve
from pubflow.review.approval import sign
from pubflow.wiring import Line, create_workspace, open_workspace

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
WAIT = timedelta(hours=1)


def publish(home: Path, body: str = "## 一、工作动态\n\n本月完成了统计数据发布。\n") -> str:
    """The report's number, once it is public."""
    office = create_workspace(home, NOON)
    line, people = Line(office), {person.id: actor_of(person) for person in everybody(office)}

    def machines() -> None:
        for due in line.due_steps(NOON):
            line.run_step(due.step, due.subject, NOON)

    report = new_report(office, people[DRAFTER], kind="news", title="东湖区统计局工作动态", now=NOON)
    machines()
    with office.records.reading() as session:
        draft = open_text(office, session, newest_edition(session, report))
    head = draft.head.model_copy(update={"subject_class": SUBJECT_CLASS})
    text = ReportText(head=head, body=body).canonical()
    digest = edit(office, report, people[DRAFTER], text, reason="写正文", seen=None, now=NOON).digest
    submit(office, report, people[DRAFTER], now=NOON)
    machines()
    approve(office, report, people[HEAD], digest=digest, remark="同意", now=NOON)
    machines()
    answers = {item.id: False for item in office.settings.checklist}
    opinion = "不涉密，可以公开"
    clear(office, report, people[OFFICER], digest=digest, result="公开", answers=answers, opinion=opinion, now=NOON)
    machines()
    plan(office, [report], people[DRAFTER], instant=NOON + WAIT, now=NOON)
    sign(office, report, people[LEADER], digest=digest, remark="同意发布", now=NOON)
    machines()
    switching.release_round(office, lambda: NOON + WAIT)
    office.close()
    return report


def go_on(home: Path) -> None:
    """What the release loop and the machines do with what a killed process left."""
    office = open_workspace(home)
    switching.release_round(office, lambda: NOON + WAIT)
    line = Line(office)
    for due in line.due_steps(NOON):
        line.run_step(due.step, due.subject, NOON + WAIT)
    office.close()


def main(words: list[str]) -> int:
    """words: a folder for the new workspace; or a workspace, and `on` to go on with it."""
    home, *on = words
    if on:
        go_on(Path(home))
    else:
        publish(Path(home))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
