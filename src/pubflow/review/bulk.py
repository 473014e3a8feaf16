"""Many decisions at once: each by the same rule, in its own transaction, on its own digest; none hides another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pubflow.errors import BadInput, PubflowError
from pubflow.lifecycle.facts import Actor
from pubflow.office.office import Office
from pubflow.records.tables import Edition
from pubflow.review.actions import approve
from pubflow.review.approval import sign

AT_ONCE = 200  # decisions of one request


@dataclass(frozen=True)
class Decided:
    """What became of one decision: where the edition went, or why not."""

    report_id: str
    edition: Edition | None
    refused: PubflowError | None


def approve_each(
    office: Office, asked: Sequence[tuple[str, str | None]], actor: Actor, *, remark: str, clock: Callable[[], datetime]
) -> list[Decided]:
    """Approve each (report, digest) for one's department. Raises BadInput for an empty or too long list alone."""
    return _each(
        asked, lambda report, digest: approve(office, report, actor, digest=digest, remark=remark, now=clock())
    )


def sign_each(
    office: Office, asked: Sequence[tuple[str, str | None]], actor: Actor, *, remark: str, clock: Callable[[], datetime]
) -> list[Decided]:
    """Sign each (report, digest). Raises BadInput for an empty or too long list alone."""
    return _each(asked, lambda report, digest: sign(office, report, actor, digest=digest, remark=remark, now=clock()))


def _each(asked: Sequence[tuple[str, str | None]], decide: Callable[[str, str | None], Edition]) -> list[Decided]:
    if not 1 <= len(asked) <= AT_ONCE:
        raise BadInput(f"一次办理 1 至 {AT_ONCE} 份", "items", f"现在是 {len(asked)} 份，请分批办理")
    done = []
    for report, digest in asked:
        try:
            done.append(Decided(report, decide(report, digest), None))
        except PubflowError as refused:  # the next ones are decided all the same; the answer names each
            done.append(Decided(report, None, refused))
    return done
