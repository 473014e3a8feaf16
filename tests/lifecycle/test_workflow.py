"""The workflow of an edition as data: what the fast lane, co-producers and a newer configuration make of it."""

from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from pubflow.lifecycle.workflow import Difference, difference, fast, joined, quorum_of, renewed

SECTIONS = ["zonghe", "gongye", "maoyi", "bangongshi"]


def review(step: str, section: str = "zonghe", number: int = 1, days: int = 3, name: str = "审核") -> dict[str, Any]:
    return {"step": step, "name": name, "section": section, "round": number, "due_workdays": days}


def workflow(*reviews: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "kind": "news",
        "reviews": list(reviews),
        "quorum": {},
        "index_scheme": "{NNNNN}",
        "fast_lane": {"due_workdays": 1, "side_by_side": True},
        "fast": "possible",
        "lost_role": {},
        "consents": [],
        **changes,
    }


TWO = workflow(review("section", number=1), review("office", "bangongshi", number=2, days=5))


def test_the_fast_lane_puts_all_reviews_side_by_side_in_less_time_and_asks_for_all_of_them() -> None:
    quick = fast(workflow(review("a", number=1), review("b", number=1), review("c", number=2), quorum={"1": 1}))
    assert [(one["step"], one["round"], one["due_workdays"]) for one in quick["reviews"]] == [
        ("a", 1, 1),
        ("b", 1, 1),
        ("c", 1, 1),
    ]
    assert quorum_of(quick) == {}
    assert quick["fast"] == "granted"


def test_a_fast_lane_that_is_not_side_by_side_only_shortens() -> None:
    quick = fast({**TWO, "fast_lane": {"due_workdays": 4, "side_by_side": False}, "quorum": {"1": 1}})
    assert [(one["round"], one["due_workdays"]) for one in quick["reviews"]] == [(1, 3), (2, 4)]
    assert quorum_of(quick) == {1: 1}


def test_a_co_producing_section_reviews_in_the_first_round_whatever_its_quorum_and_an_organ_consents() -> None:
    joint = joined({**TWO, "quorum": {"1": 1}}, ["gongye", "bangongshi"], ["市统计局"])
    added = joint["reviews"][-1]
    assert (added["step"], added["section"], added["round"]) == ("joint_gongye", "gongye", 1)
    assert len(joint["reviews"]) == 3  # bangongshi reviews anyway
    assert quorum_of(joint) == {}
    assert joint["consents"] == ["市统计局"]
    alone = joined(joint, [], [])
    assert (alone["reviews"], alone["consents"], quorum_of(alone)) == (TWO["reviews"], [], {1: 1})


def test_what_changes_is_told_by_step_and_a_step_that_went_to_another_section_is_new() -> None:
    new = workflow(
        review("section", number=1, name="负责人审核"),
        review("office", "zonghe", number=2, days=5),
        review("data", "gongye", number=3),
        quorum={"1": 1},
    )
    assert difference(TWO, new) == Difference(
        new=("office", "data"), gone=("office",), renamed=("section",), changed=("quorum",)
    )
    assert difference(TWO, TWO).is_none


def test_what_was_decided_for_this_edition_survives_the_move_to_a_newer_workflow() -> None:
    old = joined(fast(TWO), ["gongye"], ["市统计局"])
    new = renewed(old, workflow(review("section"), review("legal", "maoyi", number=2)))
    assert [(one["step"], one["round"]) for one in new["reviews"]] == [
        ("section", 1),
        ("legal", 1),
        ("joint_gongye", 1),
    ]
    assert (new["fast"], new["consents"]) == ("granted", ["市统计局"])
    slow = renewed(old, workflow(review("section"), fast_lane=None, fast=""))
    assert (slow["fast"], slow["reviews"][0]["due_workdays"]) == ("", 3)


REVIEWS = st.lists(
    st.tuples(st.sampled_from(SECTIONS), st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=4
).map(lambda rows: [review(f"step{place}", *row) for place, row in enumerate(rows)])


@for_all(REVIEWS, st.lists(st.sampled_from(SECTIONS), unique=True), st.integers(1, 5), st.booleans())
def test_no_change_of_a_workflow_ever_drops_a_review_or_touches_the_old_one(
    reviews: list[dict[str, Any]], sections: list[str], days: int, side_by_side: bool
) -> None:
    before = workflow(*reviews, fast_lane={"due_workdays": days, "side_by_side": side_by_side}, quorum={"1": 1})
    kept = repr(before)
    for made in (
        fast(before),
        joined(before, sections, []),
        joined(fast(before), sections, []),
        renewed(before, before),
    ):
        steps = [one["step"] for one in made["reviews"]]
        assert {one["step"] for one in reviews} <= set(steps)
        assert len(set(steps)) == len(steps)
        assert all(one["due_workdays"] <= max(row["due_workdays"] for row in reviews) for one in made["reviews"])
        if side_by_side and made["fast"] == "granted":
            assert {one["round"] for one in made["reviews"]} == {1}
    assert set(sections) <= {one["section"] for one in joined(before, sections, [])["reviews"]}
    assert repr(before) == kept
