"""`pubflow release`: when reports become public."""

from typing import Annotated, Any

import typer

from pubflow.cli.asking import ask
from pubflow.cli.flows import started
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import group, verb
from pubflow.cli.words import At, In, Reason, Release, instant_of

app = group("release", "Releases: plan, list, show, stage, move, hold, resume, cancel, retry.")


@verb(app, "plan", example="pubflow release plan R-2026-0001 R-2026-0002 --at 2026-12-01T09:30+08:00")
def plan(
    reports: Annotated[list[str], typer.Argument(metavar="REPORT...", help="Published together, or none of them.")],
    at: At = None,
    wait: In = None,
) -> Told:
    """Plan a release: all its reports become public at one instant, never before."""
    return _one(ask("POST", "releases", body={"reports": reports, **instant_of(at, wait)}))


@verb(app, "list", example="pubflow release list")
def list_() -> Told:
    """All releases by instant."""
    found = ask("GET", "releases")
    rows = [(one["id"], moment(one["instant"], seconds=True), _state(one), " ".join(one["reports"])) for one in found]
    return Told(found, [Table(("编号", "时间", "状态", "报告"), rows)])


@verb(app, "show", example="pubflow release show L-2026-0001")
def show(release: Release) -> Told:
    """One release: instant, state, reports, and how late the switch was."""
    return _one(ask("GET", "releases", release))


@verb(app, "move", example='pubflow release move L-2026-0001 --at 2026-12-02T09:30+08:00 --reason "上级数据推迟"')
def move(
    release: Release,
    at: At = None,
    wait: In = None,
    reason: Reason = "",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Confirm the earlier instant that another person has asked for.")
    ] = False,
) -> Told:
    """Move a release to another instant. A confirmed one moves earlier only by two: one asks, another confirms.

    The second person gives the same --at with --confirm; one of the two is a leader.
    """
    return _change(release, "move", reason, confirm=confirm, **instant_of(at, wait))


@verb(app, "hold", example='pubflow release hold L-2026-0001 --reason "等待核对"')
def hold(release: Release, reason: Reason = "") -> Told:
    """Hold a release: it does not become public until `resume`."""
    return _change(release, "hold", reason)


@verb(app, "resume", example='pubflow release resume L-2026-0001 --reason "核对无误"')
def resume(release: Release, reason: Reason = "") -> Told:
    """Let a held release go on."""
    return _change(release, "resume", reason)


@verb(app, "cancel", example='pubflow release cancel L-2026-0001 --reason "不再发布"')
def cancel(release: Release, reason: Reason = "") -> Told:
    """Cancel a release; its reports may be planned again."""
    return _change(release, "cancel", reason)


@verb(app, "retry", example='pubflow release retry L-2026-0001 --reason "磁盘空间已清理"')
def retry(release: Release, reason: Reason = "") -> Told:
    """Try a failed release again."""
    return _change(release, "retry", reason)


@verb(app, "stage", example="pubflow release stage L-2026-0001")
def stage(release: Release) -> Told:
    """Start the scheduled-publication flow for a release by hand; it publishes nothing before the instant."""
    return started("scheduled-publication", release)


def _change(release: str, action: str, reason: str, **more: str | bool | None) -> Told:
    return _one(ask("POST", "releases", release, action, body={"reason": reason, **more}))


def _one(release: dict[str, Any]) -> Told:
    facts = [
        ("时间", moment(release["instant"], seconds=True)),
        ("状态", _state(release)),
        ("报告", " ".join(release["reports"])),
        ("计划人", release["planned_by"]),
        ("失败原因", release["failure"]),
        ("待确认", _earlier(release)),
        ("实际发布", moment(release["released_at"], seconds=True)),
        ("晚于计划", "" if release["lateness_ms"] is None else f"{release['lateness_ms']} 毫秒"),
        ("核对", moment(release["verified_at"], seconds=True)),
    ]
    return Told(release, [str(release["id"]), Table(("", ""), [fact for fact in facts if fact[1]])])


def _earlier(release: dict[str, Any]) -> str:
    asked = release["earlier_asked"]
    if asked is None:
        return ""
    how = f"pubflow release move {release['id']} --at {asked['to']} --confirm"
    to, until = moment(asked["to"], seconds=True), moment(asked["until"])
    return f"{asked['by']} 申请提前到 {to}，另一人在 {until} 前确认：{how}"


_STATES = {
    "planned": "已计划",
    "confirmed": "已确认",
    "staged": "已备妥",
    "released": "已发布",
    "failed": "失败",
    "cancelled": "已取消",
}


def _state(release: dict[str, Any]) -> str:
    words = [_STATES.get(release["state"], release["state"])]
    if release["held"]:
        words.append("暂停")
    if release["missed"]:
        words.append(f"时间已过，未发布：请用 pubflow release move {release['id']} 改期，或查明原因")
    return "，".join(words)
