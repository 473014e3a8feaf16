"""What the rules look at: plain facts read from the register, without a database behind them."""

from dataclasses import dataclass, field
from datetime import datetime

from pubflow.lifecycle.stages import ReleaseState, Stage


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with roles, or a machine."""

    id: str
    roles: frozenset[str]
    section: str = ""


@dataclass(frozen=True)
class ReviewFact:
    """One department review of the present visit. `state` is open, approved or returned."""

    step: str
    section: str
    state: str


@dataclass(frozen=True)
class ReleaseFact:
    """The release an edition is planned for."""

    id: str
    state: ReleaseState
    instant: datetime
    held: bool = False


@dataclass(frozen=True)
class EditionFacts:
    """One edition at the moment of a decision.

    writers: everyone who wrote any part of the content since the last publication.
    opened: the stage's flow has done its work on `digest` during the present visit to the stage.
    deciders: who decided on `digest` (a review, a finding, the clearance, the signature), by stage.
    passed: the stages that have passed `digest`; department review once every review of the workflow has.
    reviews: the department reviews of the present visit.
    """

    report_id: str
    stage: Stage
    digest: str
    section: str
    drafter: str
    writers: frozenset[str] = frozenset()
    sensitive: bool = False
    opened: bool = False
    reviews: tuple[ReviewFact, ...] = ()
    deciders: dict[Stage, frozenset[str]] = field(default_factory=dict)
    passed: frozenset[Stage] = frozenset()
    missing_fields: tuple[str, ...] = ()
    broken_checks: tuple[str, ...] = ()
    open_warnings: tuple[str, ...] = ()
    open_findings: int = 0
    form_filled: bool = False
    release: ReleaseFact | None = None
    staged_digest_matches: bool = False
