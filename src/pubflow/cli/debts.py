"""`pubflow people debts|clear|roles|void-decisions`: exceptions in sight, and what becomes of somebody's decisions."""

from typing import Annotated

import typer

from pubflow.cli.asking import ask
from pubflow.cli.showing import Table, Told, moment
from pubflow.cli.verb import verb
from pubflow.cli.words import NeededReason, PersonId

_KINDS = {"exemption": "兼任", "force_review": "强制通过的审核"}


def debt_verbs(people: typer.Typer) -> None:
    """Register the verbs in `pubflow people`."""
    verb(people, "debts", example="pubflow people debts")(debts)
    verb(people, "clear", example='pubflow people clear 3 --reason "已补看，同意"')(clear)
    verb(people, "roles", example='pubflow people roles chen_yu --give section_head --reason "任职"')(roles)
    example = 'pubflow people void-decisions chen_yu --reason "同意作废"'
    verb(people, "void-decisions", example=example)(void_decisions)


def debts() -> Told:
    """Exemptions in force, and forced reviews that no third person has cleared."""
    found = ask("GET", "debts")
    rows = [
        (
            one["id"] or "",
            _KINDS.get(one["kind"], one["kind"]),
            one["subject"],
            one["about"],
            "、".join(one["persons"]),
            moment(one["since"]),
            moment(one["until"]) or "第三人消除",
            one["reason"],
        )
        for one in found
    ]
    if not rows:
        return Told(found, ["没有待消除事项"])
    return Told(found, [Table(("编号", "种类", "对象", "内容", "何人", "自", "至", "理由"), rows)])


def clear(debt: Annotated[int, typer.Argument(metavar="DEBT", help="Number.")], reason: NeededReason) -> Told:
    """Clear a forced review as a third person: the section's head, a leader or the chief has now looked at it."""
    cleared = ask("POST", "debts", debt, "clear", body={"reason": reason})
    return Told(cleared, [f"{cleared['subject']} 的 {cleared['about']} 已消除"])


def roles(
    person: PersonId,
    reason: NeededReason,
    give: Annotated[list[str] | None, typer.Option("--give", help="A role to give; may be repeated.")] = None,
    take: Annotated[list[str] | None, typer.Option("--take", help="A role to take; may be repeated.")] = None,
) -> Told:
    """Give and take roles (operator, never one's own); it holds from the next request on."""
    changed = ask("POST", "people", person, "roles", body={"give": give or [], "take": take or [], "reason": reason})
    return Told(changed, [f"{person} 的角色：{'、'.join(changed['roles'])}"])


def void_decisions(person: PersonId, reason: NeededReason) -> Told:
    """Confirm, as the chief, that the decisions of somebody deactivated for cause are void.

    Asked for with `pubflow people deactivate --void-decisions`. What is not public goes back to be decided anew.
    """
    changed = ask("POST", "people", person, "void", "confirm", body={"reason": reason})
    return Told({"person": person, "reports": changed}, [f"{person} 的决定已作废，涉及：{'、'.join(changed) or '无'}"])
