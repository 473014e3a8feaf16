"""The report pages and the board of the line in Prefect's UI, as Markdown: Chinese with the stages' English words.

An operator reads them: role, section and person id, never a name, never text, a title only once it is public.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pubflow.lifecycle.stages import ZH, Stage
from pubflow.moments import shown
from pubflow.service.contract import Alarm, Decision, Due, ReportStory

ENDED = ("published", "superseded", "withdrawn", "cancelled", "released")
BOARD_KEY = "the-line"
BOARD_DESCRIPTION = "全部在办件，按环节"
FAILURES_KEY = "failures"
FAILURES_DESCRIPTION = "失败与停滞，及其办法"
BOARD_ROWS = 200  # a page stays readable; the desk lists everything
ORDER = [str(stage) for stage in Stage]
RELEASE = "L-"  # how the id of a release begins
NOTHING = "—"


def page_key(subject: str) -> str:
    """Prefect's key of a page: the subject in lower case, `r-2026-0001`."""
    return subject.lower()


@dataclass(frozen=True)
class FailedRun:
    """How the last flow run of a step that is still due ended. how: "failed" or "crashed"."""

    subject: str
    step: str
    attempt: int
    how: str
    message: str
    since: datetime
    run_id: str


def stamped(page: str, now: datetime) -> str:
    """A page as it is written: Prefect shows when a page was made, not when it was last written over."""
    return f"{page}\n{shown(now, seconds=True)} 更新 updated\n"


def report_page(story: ReportStory, failed: Sequence[FailedRun] = ()) -> str:
    """One report's or release's page: where it stands, for whom it waits, what was decided, what comes next."""
    facts = [
        ("环节 stage", _word(story.stage)),
        ("版本 version", str(story.version)),
        ("等待 waits for", _waited_for(story)),
        ("自 since", _moment(story.since)),
        ("期限 due", _due(story.due)),
        ("主动公开期限 limit", _due(story.limit)),
        ("下一时刻 next instant", _moment(story.next_instant)),
        ("注意 notes", _notes(story)),
        *_of_release(story),
        *((f"失败 {run.how}", f"{run.step}：{_plain(run.message)}") for run in failed),
    ]
    table = _table(("项目", "内容"), [(name, text) for name, text in facts])
    title = f"\n\n{_plain(story.title)}" if story.title else ""
    link = f"[在办公台打开 open in the desk]({story.desk_link})\n\n" if story.desk_link else ""
    decided = f"## 已作出的决定 decisions\n\n{_decisions(story.decisions)}"
    return f"# {story.subject}{title}\n\n{link}{table}\n\n{decided}{_counted(story)}\n"


def board_page(
    stories: Sequence[ReportStory], alarms: Sequence[Alarm], failed: Sequence[FailedRun], now: datetime
) -> str:
    """Alarms and the next release, all open reports by stage, then the releases; the oldest wait stands first."""
    releases = [story for story in stories if story.subject.startswith(RELEASE)]
    reports = [story for story in stories if not story.subject.startswith(RELEASE)]
    parts = [f"# 全线情况 the line\n\n在办 {len(reports)} 件。{_next_release(releases, now)}"]
    if alarms or failed:
        parts.append(_alarm_parts(alarms, failed))
    for stage, group in groupby(sorted(reports, key=_place), key=lambda story: story.stage):
        rows = list(group)
        parts.append(f"## {_word(stage)}：{len(rows)} 件\n\n{_board_table(rows[:BOARD_ROWS])}")
        if len(rows) > BOARD_ROWS:
            parts.append(f"另有 {len(rows) - BOARD_ROWS} 件，见办公台。")
    if noted := [story for story in reports if story.notes]:
        rows_noted = [(_linked(story), _notes(story)) for story in noted[:BOARD_ROWS]]
        parts.append(f"## 需要注意 out of the usual\n\n{_table(('编号', '注意 notes'), rows_noted)}")
    if releases:
        parts.append(f"## 待发布 upcoming releases\n\n{_release_table(releases[:BOARD_ROWS])}")
    return "\n\n".join(parts) + "\n"


def failures_page(alarms: Sequence[Alarm], failed: Sequence[FailedRun]) -> str:
    """What stands still or failed, why, and what to type; it says so when there is nothing."""
    told = _alarm_parts(alarms, failed) if alarms or failed else "无。Nothing stands still, nothing has failed."
    return f"# 失败与停滞 failures\n\n{told}\n"


def _alarm_parts(alarms: Sequence[Alarm], failed: Sequence[FailedRun]) -> str:
    parts = []
    if alarms:
        rows = [(_paged(one.subject), _plain(one.what), f"`{one.verb}`") for one in alarms[:BOARD_ROWS]]
        parts.append(f"## 报警 alarms：{len(alarms)}\n\n{_table(('编号', '什么 what', '办法 type this'), rows)}")
    if failed:
        runs = [
            (
                _paged(run.subject),
                f"{run.step}，第 {run.attempt} 次",
                f"[{run.how}](/runs/flow-run/{run.run_id})",
                _moment(run.since),
                _plain(run.message),
            )
            for run in failed[:BOARD_ROWS]
        ]
        head = ("编号", "步骤 step", "结果 how", "时间", "原因 why")
        parts.append(f"## 失败的运行 failed runs：{len(failed)}\n\n{_table(head, runs)}")
    return "\n\n".join(parts)


def _next_release(releases: Sequence[ReportStory], now: datetime) -> str:
    coming = [(one.next_instant, one) for one in releases if one.next_instant and one.next_instant > now]
    going = [(instant, one) for instant, one in coming if one.stage not in ("held", "failed")]
    if not going:
        return "没有待发布的发布计划。No release is to come."
    instant, release = min(going, key=lambda pair: (pair[0], pair[1].subject))
    return f"下一次发布 next release：{_linked(release)}，{shown(instant, seconds=True)}，{_word(release.stage)}。"


def _of_release(story: ReportStory) -> list[tuple[str, str]]:
    """What only a release has: its reports, and how its switch went."""
    if not story.subject.startswith(RELEASE):
        return []
    reports = "；".join(f"{_paged(report)} {_word(stage)}" for report, stage in story.reports)
    facts = [("报告 reports", reports or NOTHING), ("公开于 released at", _moment(story.released_at))]
    if story.lateness_ms is not None:
        facts.append(("晚于时刻 late by", f"{story.lateness_ms} ms"))
    return [*facts, ("核对于 verified at", _moment(story.verified_at))]


def _place(story: ReportStory) -> tuple[int, float, str]:
    order = ORDER.index(story.stage) if story.stage in ORDER else len(ORDER)
    return (order, story.since.timestamp() if story.since else 0.0, story.subject)


def _board_table(stories: Sequence[ReportStory]) -> str:
    rows = [
        (_linked(story), f"v{story.version}", _waited_for(story), _moment(story.since), _due(story.due))
        for story in stories
    ]
    return _table(("编号", "版本", "等待 waits for", "自 since", "期限 due"), rows)


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


def _notes(story: ReportStory) -> str:
    return "；".join(_plain(note) for note in story.notes) or NOTHING


def _linked(story: ReportStory) -> str:
    return f"[{story.subject}]({story.desk_link})" if story.desk_link else _paged(story.subject)


def _paged(subject: str) -> str:
    """A subject as a link to its own page in this UI."""
    return f"[{subject}](/artifacts/key/{page_key(subject)})" if subject.startswith(("R-", RELEASE)) else subject


def _word(word: str) -> str:
    """`部门审核 department_review`: the office's word and the one of logs and commands."""
    return f"{ZH[word]} {word}" if word in ZH else word


def _moment(moment: datetime | None) -> str:
    return shown(moment) if moment else NOTHING


def _due(due: Due | None) -> str:
    if due is None:
        return NOTHING
    late = f"{-due.workdays_left}个工作日" if due.workdays_left < 0 else ""
    return f"{due.text} **逾期{late} overdue**" if due.overdue else due.text


def _counted(story: ReportStory) -> str:
    """How the due days were counted, line by line; empty when there is none."""
    counted = (("期限的推算 how the due day was counted", story.due), ("主动公开期限的推算 limit", story.limit))
    return "".join(
        f"\n\n## {head}\n\n" + "\n".join(f"- {_plain(line)}" for line in due.explanation)
        for head, due in counted
        if due is not None
    )


def _plain(text: str) -> str:
    """Text on one line whose characters mean nothing in a Markdown table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
