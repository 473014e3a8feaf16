"""Reports with masking proposals, made by the same actions that the officer and the drafter take."""

from builders import Given
from sqlmodel import col, select

from pubflow.confidentiality.actions import decide, findings
from pubflow.drafting.actions import submit
from pubflow.drafting.masking import accept, decline
from pubflow.lifecycle.stages import Stage
from pubflow.office.proposals import ProposalView, proposal_views
from pubflow.records.tables import Edition, Review
from pubflow.review.actions import approve, send_back

MOBILE, OTHER_MOBILE = "13812345678", "13987654321"
BODY = f"## 一、工作动态\n\n联系人张三，电话 {MOBILE}。\n\n值班电话 {OTHER_MOBILE}。\n"


def checked(given: Given, *, kind: str = "news", drafter: str = "lin_xiao") -> str:
    """A report before the officer with two findings: the two mobile numbers of BODY."""
    return given.report(Stage.CONFIDENTIALITY_CHECK, body=BODY, kind=kind, drafter=drafter)


def finding(given: Given, report_id: str, place: int) -> int:
    """The number of the finding at a place in the order of the text, from 0."""
    return findings(given.office, report_id)[place].id or 0


def propose(given: Given, report_id: str, place: int = 0, *, kind: str = "mask", style: str = "", **how: str) -> None:
    """The officer proposes to change the finding at `place`."""
    by = given.people[how.get("by", "wan_ning")]
    digest = how.get("digest", given.edition(report_id).digest)
    decide(
        given.office, report_id, by, finding(given, report_id, place), kind, digest=digest, style=style,
        ground=how.get("ground", "not_what_it_seems" if kind == "pass" else "privacy"),
        basis="个人信息保护法第二十五条", reason="私人号码", now=given.tick(),
    )  # fmt: skip


def let_pass(given: Given, report_id: str, place: int) -> None:
    """The officer lets the finding at `place` pass."""
    propose(given, report_id, place, kind="pass")


def back(given: Given, report_id: str, by: str = "wan_ning", *, reason: str = "见建议", place: str = "全文") -> None:
    """Return to the drafter."""
    digest = given.edition(report_id).digest
    send_back(given.office, report_id, given.people[by], digest=digest, reason=reason, place=place, now=given.tick())


def proposed(given: Given, report_id: str) -> list[ProposalView]:
    """What the drafter sees."""
    return proposal_views(given.office, given.people[given.drafter(report_id)], report_id, given.tick())


def yes(given: Given, report_id: str, *numbers: int, by: str = "") -> Edition:
    """The drafter accepts these proposals; all that are open when none is named."""
    wanted = numbers or tuple(one.number for one in proposed(given, report_id) if one.state == "open")
    drafter = given.people[by or given.drafter(report_id)]
    return accept(given.office, report_id, drafter, wanted, now=given.tick())


def no(given: Given, report_id: str, number: int, reason: str = "这是对外公布的值班电话") -> None:
    """The drafter declines one."""
    drafter = given.people[given.drafter(report_id)]
    decline(given.office, report_id, drafter, number, reason=reason, now=given.tick())


def resubmit(given: Given, report_id: str) -> Stage:
    """Submit and let the flows open what is next; the stage it went to."""
    submit(given.office, report_id, given.people[given.drafter(report_id)], now=given.tick())
    given.flows()
    return Stage(given.edition(report_id).stage)


def masked(given: Given, *, kind: str = "news", drafter: str = "lin_xiao") -> str:
    """A draft that differs from its reviewed text by two accepted masks alone."""
    report_id = checked(given, kind=kind, drafter=drafter)
    propose(given, report_id, 0)
    propose(given, report_id, 1)
    back(given, report_id)
    yes(given, report_id)
    return report_id


def open_steps(given: Given, report_id: str) -> list[tuple[str, str | None]]:
    """The open reviews: step and whom each waits for."""
    with given.office.records.reading() as session:
        found = select(Review).where(Review.edition_id == given.edition(report_id).id, Review.state == "open")
        return [(one.step, one.assigned_to) for one in session.exec(found.order_by(col(Review.id))).all()]


def confirm(given: Given, report_id: str, by: str = "fang_zhi") -> Stage:
    """A section head approves what waits for them."""
    digest = given.edition(report_id).digest
    approve(given.office, report_id, given.people[by], digest=digest, remark="差异属实", now=given.tick())
    given.flows()
    return Stage(given.edition(report_id).stage)
