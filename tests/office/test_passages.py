"""A passage is found again where it surely is; else the remark says that the text was changed."""

from hypothesis import given
from hypothesis import strategies as st

from pubflow.office.passages import place_in, places

words = st.text(alphabet="甲乙丙。", min_size=1, max_size=3)
texts = st.text(alphabet="甲乙丙。", max_size=30)


def test_every_place_is_found_overlapping_ones_too() -> None:
    assert places("同比同比同", "同比同") == [0, 2]
    assert places("同比", "环比") == []


def test_a_passage_that_moved_is_found_at_its_new_place() -> None:
    assert place_in("新的一句。增长8.2%。", "增长8.2%", nth=0, of=1) == (5, 11)


def test_a_changed_or_doubled_passage_is_not_guessed() -> None:
    assert place_in("增长8.3%。", "增长8.2%", nth=0, of=1) is None
    assert place_in("增长8.2%，增长8.2%。", "增长8.2%", nth=0, of=1) is None
    assert place_in("增长8.2%。", "增长8.2%", nth=1, of=2) is None


def test_of_equal_passages_the_same_one_is_meant() -> None:
    assert place_in("前。增长。增长。", "增长", nth=1, of=2) == (5, 7)


@given(before=texts, passage=words, after=texts, added=st.text(alphabet="子丑", max_size=9), at=st.integers(0, 60))
def test_whatever_other_words_are_put_in_elsewhere_the_passage_keeps_its_words(
    before: str, passage: str, after: str, added: str, at: int
) -> None:
    old = before + passage + after
    found = places(old, passage)
    nth = found.index(len(before))
    new = old[:at] + added + old[at:]
    place = place_in(new, passage, nth=nth, of=len(found))
    inside = bool(added) and any(start < at < start + len(passage) for start in found)
    if inside:
        assert place is None
    else:
        assert place is not None
        shift = len(added) if at <= len(before) else 0
        assert place == (len(before) + shift, len(before) + shift + len(passage))
