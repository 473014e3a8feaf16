"""Figures of reports not yet released, found in another text: which reports hold them, and what the check says."""

from collections.abc import Iterator, Sequence

from sqlmodel import Session, col, select

from pubflow.confidentiality.embargo import Figure, figures, matches
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import ScanFinding
from pubflow.lifecycle.stages import Stage
from pubflow.office.access import open_text
from pubflow.office.line import EMBARGO_RULE
from pubflow.office.office import Office
from pubflow.records.tables import Edition

EMBARGO = "EMBARGO"
_HOLDING = (Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL, Stage.SCHEDULED)
_PUBLIC_LOOKED_AT = 50  # newest published texts in which a figure may be public already
_EVIDENCE = "与尚未发布的 {} 中的数字相同或是它的约数：公布前不得提供（统计法实施条例第二十八条）"


def embargoed_in(
    office: Office, session: Session, edition: Edition, text: str, *, csv: bool = False
) -> Iterator[ScanFinding]:
    """Each figure of `text` that another report holds which is on its way and not public.

    On its way: in review or further, or a draft that is planned in a release. A figure that a published report says
    already is no secret. The finding names the report and the place, never the other text.
    """
    own = figures(text, csv=csv) if edition.stage not in (Stage.PUBLISHED, Stage.SUPERSEDED) else []
    if not own:
        return
    seen: set[tuple[int, int]] = set()
    public: list[Figure] | None = None
    for other in _holding(session, edition):
        for match in matches(own, _figures(office, session, other)):
            at = (match.own.start, match.own.end)
            if at in seen:
                continue
            public = _public(office, session) if public is None else public
            if matches([match.own], public):
                continue
            seen.add(at)
            why = (_EVIDENCE.format(other.report_id),)
            rule = f"{EMBARGO_RULE}{other.report_id}"
            yield ScanFinding(rule, EMBARGO, *at, Severity.HARD, why, "〔未发布的数字〕")


def _holding(session: Session, edition: Edition) -> Sequence[Edition]:
    asked = select(Edition).where(Edition.report_id != edition.report_id, Edition.version > 0)
    on_the_line = col(Edition.stage).in_(_HOLDING)
    planned = (col(Edition.stage) == Stage.DRAFTING) & col(Edition.release_id).is_not(None)
    return session.exec(asked.where(on_the_line | planned).order_by(col(Edition.report_id))).all()


def _public(office: Office, session: Session) -> list[Figure]:
    asked = select(Edition).where(Edition.stage == Stage.PUBLISHED).order_by(col(Edition.published_at).desc())
    newest = session.exec(asked.limit(_PUBLIC_LOOKED_AT)).all()
    return [one for edition in newest for one in _figures(office, session, edition)]


def _figures(office: Office, session: Session, edition: Edition) -> tuple[Figure, ...]:
    return tuple(figures(open_text(office, session, edition).body))
