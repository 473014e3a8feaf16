"""An edition at each stage with everything in order, so that a test can take away one thing at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pubflow.lifecycle.facts import EditionFacts, ForceFact, ReleaseFact, ReviewFact
from pubflow.lifecycle.stages import ReleaseState, Stage

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DIGEST = "3f9a1c0de4" + "0" * 54
EVERY_DECISION = frozenset({Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL})


def ready_facts(stage: Stage, **changes: Any) -> EditionFacts:
    """Facts for which only the role decides. The staged release of a scheduled edition is due."""
    signed = stage is Stage.SCHEDULED
    release = ReleaseFact(
        "L-2026-0001",
        ReleaseState.STAGED if signed else ReleaseState.PLANNED,
        NOON if signed else NOON + timedelta(hours=1),
    )
    facts = EditionFacts(
        report_id="R-2026-0001",
        stage=stage,
        digest=DIGEST,
        section="zonghe",
        drafter="lin_xiao",
        writers=frozenset({"lin_xiao"}),
        opened=True,
        reviews=(ReviewFact("section", "zonghe", "open"),),
        force_asks=(ForceFact("section", "another", NOON + timedelta(hours=1)),),
        fast_lane="possible",
        form_filled=True,
        passed=EVERY_DECISION if signed else frozenset(),
        release=release,
        staged_digest_matches=True,
    )
    return replace(facts, **changes)
