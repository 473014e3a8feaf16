"""The workflow an edition keeps from its start, as plain data: made from a kind, made fast, joined by co-producers,
compared with another. Pure: every function returns a new workflow and leaves the given one as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pubflow.settings import Kind
from pubflow.settings.exceptional import LostRole

Workflow = dict[str, Any]
POSSIBLE, ASKED, GRANTED = "possible", "asked", "granted"
_JOINT = "joint_"


def snapshot(kind: Kind, own_section: str, lost_role: LostRole) -> Workflow:
    """The reviews an edition will pass and the rules it goes by: a later change of the configuration does not touch
    them."""
    reviews = [
        {
            "step": step.id,
            "name": step.name,
            "section": step.section or own_section,
            "round": number,
            "due_workdays": step.due_workdays,
        }
        for number, step in kind.rounds
    ]
    return {
        "kind": kind.id,
        "reviews": reviews,
        "quorum": dict(kind.quorum),
        "due_workdays": kind.due_workdays.model_dump(exclude={"source"}),
        "index_scheme": kind.index_scheme,
        "fast_lane": kind.fast.model_dump() if kind.fast else None,
        "fast": POSSIBLE if kind.fast else "",
        "lost_role": lost_role.model_dump(),
        "consents": [],
    }


def fast(workflow: Mapping[str, Any]) -> Workflow:
    """The same reviews in less time, side by side where the fast lane says so; none is left out."""
    lane = workflow["fast_lane"]
    reviews = [
        {
            **review,
            "due_workdays": min(review["due_workdays"], lane["due_workdays"]),
            "round": 1 if lane["side_by_side"] else review["round"],
        }
        for review in workflow["reviews"]
    ]
    # A quorum was counted for one round; of rounds put together every review is needed.
    quorum = {} if lane["side_by_side"] else workflow["quorum"]
    return {**workflow, "reviews": reviews, "quorum": quorum, "fast": GRANTED}


def joined(workflow: Mapping[str, Any], sections: Sequence[str], organs: Sequence[str]) -> Workflow:
    """The workflow with these co-producers and no others: sections review in the first round, organs consent."""
    reviews = [review for review in workflow["reviews"] if not is_joint(review)]
    first = reviews[0]
    there = {review["section"] for review in reviews}
    added = [
        {**first, "step": f"{_JOINT}{section}", "name": "联合科室审核", "section": section}
        for section in sections
        if section not in there
    ]
    return {**workflow, "reviews": reviews + added, "consents": list(organs)}


def is_joint(review: Mapping[str, Any]) -> bool:
    """Whether a review is there because its section co-produces."""
    return str(review["step"]).startswith(_JOINT)


def quorum_of(workflow: Mapping[str, Any]) -> dict[int, int]:
    """How many approvals a round needs, where the workflow names it; with a co-producer in it, all of them."""
    joint = {review["round"] for review in workflow.get("reviews", ()) if is_joint(review)}
    quorum = {int(number): needed for number, needed in workflow.get("quorum", {}).items()}
    return {number: needed for number, needed in quorum.items() if number not in joint}


def renewed(old: Mapping[str, Any], new: Workflow) -> Workflow:
    """`new` with what was decided for this very edition: the fast lane, where it still has one, and co-producers."""
    state = str(old.get("fast", ""))
    if new["fast_lane"] and state == GRANTED:
        new = fast(new)
    elif new["fast_lane"] and state == ASKED:
        new = {**new, "fast": ASKED}
    sections = [review["section"] for review in old["reviews"] if is_joint(review)]
    return joined(new, sections, old.get("consents", ()))


@dataclass(frozen=True)
class Difference:
    """What changes when an edition moves from one workflow to another. gone also holds reviews that went to another
    section: what one section approved is not the other's opinion."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Nothing changes at all."""
        return not (self.new or self.gone or self.renamed or self.changed)


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """By step: a review stands only as the same step of the same section."""
    before = {review["step"]: review for review in old["reviews"]}
    after = {review["step"]: review for review in new["reviews"]}
    same = {step for step in before.keys() & after.keys() if before[step]["section"] == after[step]["section"]}
    changed = [
        step
        for step in sorted(same)
        if any(before[step].get(name) != after[step].get(name) for name in ("round", "due_workdays"))
    ]
    changed += [
        name
        for name in sorted(old.keys() | new.keys())
        if name not in ("kind", "reviews") and old.get(name) != new.get(name)
    ]
    return Difference(
        new=tuple(step for step in after if step not in same),
        gone=tuple(step for step in before if step not in same),
        renamed=tuple(sorted(step for step in same if before[step].get("name") != after[step].get("name"))),
        changed=tuple(changed),
    )
