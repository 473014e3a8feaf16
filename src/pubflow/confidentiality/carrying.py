"""沿用: a pass holds on in the next version while value and clause are the same, and dies with any change."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from pubflow.audit.events import Event
from pubflow.confidentiality.bases import grounds_of, today
from pubflow.lifecycle.stages import Machine
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Finding, Version

AS_IT_IS = "pass"


def carry_over(office: Office, tx: Tx, edition: Edition, found: Sequence[Finding], now: datetime) -> int:
    """Give new findings the pass that the same ones had in the latest version that had them; how many.

    Whose ground holds no more, or who has become a writer since, decides nothing here: such a finding waits anew.
    """
    lives = {finding.life for finding in found}
    known = select(Finding).where(
        Finding.edition_id == edition.id, Finding.digest != edition.digest, col(Finding.life).in_(lives)
    )
    earlier = tx.session.exec(known.order_by(col(Finding.version), col(Finding.id))).all()
    if not earlier:
        return 0
    writers = set(tx.session.exec(select(Version.author_id).where(Version.edition_id == edition.id)).all())
    grounds, day = grounds_of(office).by_id, today(now)
    carried = []
    for finding in found:
        same = [one for one in earlier if one.life == finding.life]
        last = [one for one in same if one.version == same[-1].version]
        # Two equal places in one version, decided differently, leave it open which decision is meant.
        if not last or any(one.decision != AS_IT_IS for one in last):
            continue
        old = last[-1]
        ground = grounds.get(old.ground)
        if old.by in writers or ground is None or not ground.valid_on(day):
            continue
        finding.decision, finding.ground, finding.basis, finding.reason = AS_IT_IS, old.ground, old.basis, old.reason
        finding.by, finding.decided_at, finding.carried_from = old.by, old.decided_at, old.id
        finding.right_holder = old.right_holder
        carried.append(finding)
    if carried:
        tx.session.flush()
        data = {"findings": [[one.id, one.carried_from, one.by, one.ground] for one in carried]}
        actor = "flow:confidentiality-check"
        tx.record(Event("carried_over", actor, edition.report_id, Machine.FLOW, edition.digest, data=data))
    return len(carried)
