"""One report from draft to public page, by the actions alone."""

from builders import Given

from pubflow.lifecycle.stages import Stage
from pubflow.office.reading import history
from pubflow.publication.tree import PublicTree


def test_a_report_passes_the_whole_line_and_is_public_exactly_at_its_instant(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    page = "items/2026/00/R-2026-0001/index.html"
    tree = PublicTree(given.office.home.public)
    assert tree.read(page) is None
    given.publish(report_id)
    assert given.edition(report_id).stage == Stage.PUBLISHED
    assert "本月完成了统计数据发布" in (tree.read(page) or b"").decode()
    steps = [event.action for event in history(given.office, subject=report_id)]
    assert steps == [
        "start", "edit", "edit", "submit", "opened", "approve", "opened", "clear", "opened",
        "planned", "sign", "publish",
    ]  # fmt: skip
