"""The report pages and the board of the line in Prefect's UI, as Markdown: Chinese with the stages' English words.

An operator reads them: role, section and person id, never a name, never text, a title only once it is public.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from pubflow.lifecycle.stages import ZH, Stage
from pubflow.moments import shown
from pubflow.service.contract import Decision, ReportStory

ENDED = ("published", "superseded", "withdrawn", "cancelled", "released")
BOARD_KEY = "the-line"
BOARD_DESCRIPTION = "全部在办件，按环节"
BOARD_ROWS = 200  # a page stays readable; the desk lists everything
ORDER = [str(stage) for stage in Stage]
RELEASE = "L-"  # how the id of a release begins
NOTHING = "—"


def page_key(subject: str) -> str:
    """Prefect's key of a page: the subject in lower case, `r-2026-0001`."""
    return subject.lower()


def report_page(story: ReportStory) -> str:
    """One report's or release's page: where it stands, for whom it waits, what was decided, what comes next."""
    facts = [
        ("环节 stage", _word(story.stage)),
        ("版本 version", str(story.version)),
        ("等待 waits for", _waited_for(story)),
        ("自 since", _moment(story.since)),
        ("下一时刻 next instant", _moment(story.next_instant)),
    ]
    table = _table(("项目", "内容"), [(name, text) for name, text in facts])
    title = f"\n\n{_plain(story.title)}" if story.title else ""
    link = f"[在办公台打开 open in the desk]({story.desk_link})\n\n" if story.desk_link else ""
    return f"# {story.subject}{title}\n\n{link}{table}\n\n## 已作出的决定 decisions\n\n{_decisions(story.decisions)}\n"


def board_page(stories: Sequence[ReportStory], now: datetime) -> str:
    """All open reports by stage, then the releases to come by instant; the oldest wait stands first."""
    releases = [story for story in stories if story.subject.startswith(RELEASE)]
    reports = [story for story in stories if not story.subject.startswith(RELEASE)]
    parts = [f"# 全线情况 the line\n\n{shown(now)}，在办 {len(reports)} 件。"]
    for stage, group in groupby(sorted(reports, key=_place), key=lambda story: story.stage):
        rows = list(group)
        parts.append(f"## {_word(stage)}：{len(rows)} 件\n\n{_board_table(rows[:BOARD_ROWS])}")
        if len(rows) > BOARD_ROWS:
            parts.append(f"另有 {len(rows) - BOARD_ROWS} 件，见办公台。")
    if releases:
        parts.append(f"## 待发布 upcoming releases\n\n{_release_table(releases[:BOARD_ROWS])}")
    return "\n\n".join(parts) + "\n"


def _place(story: ReportStory) -> tuple[int, float, str]:
    order = ORDER.index(story.stage) if story.stage in ORDER else len(ORDER)
    return (order, story.since.timestamp() if story.since else 0.0, story.subject)


def _board_table(stories: Sequence[ReportStory]) -> str:
    rows = [(_linked(story), f"v{story.version}", _waited_for(story), _moment(story.since)) for story in stories]
    return _table(("编号", "版本", "等待 waits for", "自 since"), rows)


def _release_table(stories: Sequence[ReportStory]) -> str:
    soonest = sorted(stories, key=lambda story: story.next_instant.timestamp() if story.next_instant else float("inf"))
    rows = [(_linked(story), _word(story.stage), _moment(story.next_instant)) for story in soonest]
    return _table(("编号", "状态 state", "发布时刻 instant"), rows)


def _decisions(decisions: Sequence[Decision]) -> str:
    if not decisions:
        return "尚无。"
    rows = [
        (
            _moment(one.at),
            f"v{one.version}",
            _word(one.stage),
            _word(one.decision),
            f"{_word(one.role)} {one.person_id}",
        )
        for one in decisions
    ]
    return _table(("时间", "版本", "环节 stage", "决定 decision", "何人 by"), rows)


def _waited_for(story: ReportStory) -> str:
    if story.waits_for is None:
        if story.stage in ENDED:
            return "—"
        return "无人，由流程办理 a flow" if story.next_instant is None else "到时发布 its instant"
    return "，".join(part for part in (_word(story.waits_for), story.section, story.person_id) if part)


def _linked(story: ReportStory) -> str:
    return f"[{story.subject}]({story.desk_link})" if story.desk_link else story.subject


def _word(word: str) -> str:
    """`部门审核 department_review`: the office's word and the one of logs and commands."""
    return f"{ZH[word]} {word}" if word in ZH else word


def _moment(moment: datetime | None) -> str:
    return shown(moment) if moment else NOTHING


def _plain(text: str) -> str:
    """Text on one line whose characters mean nothing in a Markdown table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
