"""What the rules look at: plain facts read from the register, without a database behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pubflow.lifecycle.stages import ReleaseState, Stage


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with roles, or a machine.

    stands_in_for: absent persons whose deputy this is; their roles count, under the deputy's own name.
    """

    id: str
    roles: frozenset[str]
    section: str = ""
    stands_in_for: tuple["Actor", ...] = ()

    def mandates(self) -> tuple["Actor", ...]:
        """Oneself, then each person one stands in for, always acting under one's own name."""
        return (self, *(Actor(self.id, absent.roles, absent.section) for absent in self.stands_in_for))


@dataclass(frozen=True)
class ReviewFact:
    """One department review of the present visit. `state`: open, approved, returned or not_needed (its round had its
    quorum). Reviews of one round go side by side; rounds one after the other."""

    step: str
    section: str
    state: str
    round: int = 1


@dataclass(frozen=True)
class ExemptionFact:
    """The chief lets a person decide in these two stages, from and until."""

    person: str
    stages: frozenset[Stage]
    valid_from: datetime
    valid_to: datetime


@dataclass(frozen=True)
class ClaimFact:
    """Somebody has taken a task of this visit. step: of a department review, or the stage's name.

    away_until: the end of the holder's absence; a claim does not count while the holder is away.
    """

    step: str
    person: str
    until: datetime
    away_until: datetime | None = None


@dataclass(frozen=True)
class ForceFact:
    """Somebody has asked to force a department review of this text, waiting for a second person until then."""

    step: str
    asked_by: str
    until: datetime


@dataclass(frozen=True)
class LostDecider:
    """Whose decision in a stage this text rests on although they no longer hold the role for it."""

    person: str
    stage: Stage


@dataclass(frozen=True)
class ReleaseFact:
    """The release an edition is planned for."""

    id: str
    state: ReleaseState
    instant: datetime
    held: bool = False


@dataclass(frozen=True)
class EmbargoFact:
    """A report whose figures this edition quotes and whose embargo it inherits. instant: None without a release.

    together: both are in one release. public: it is out, and holds nothing back any more.
    """

    report_id: str
    instant: datetime | None
    together: bool = False
    public: bool = False


@dataclass(frozen=True)
class EditionFacts:
    """One edition at the moment of a decision.

    writers: everyone who wrote any part of the content since the last publication.
    opened: the stage's flow has done its work on `digest` during the present visit to the stage.
    deciders: who decided on `digest` (a review, a finding, the clearance, the signature), by stage.
    quorum: how many approvals a round of reviews needs, by its number; all of them where it is not named.
    conflicted: who has declared a conflict of interest in this edition.
    passed: the stages that have passed `digest`; department review once every review of the workflow has.
    reviews: the department reviews of the present visit.
    claims: who has taken which task of the present visit.
    open_proposals: numbers of the masking proposals on this text, or on the one it was masked from, without an answer.
    difference_from: the reviewed text from which this one differs by accepted masks alone, if so.
    force_asks: department reviews that somebody asks to force.
    fast_lane: empty where the kind has none, else possible, asked or granted.
    missing_consents: co-producing organs that have not consented to this text.
    open_faults: answers of outside fact checks that found a fault and that nobody has responded to.
    referral: empty, open (the officer has referred this text and waits), or withheld (the answer was 不予公开).
    embargoes: reports whose embargo this text inherits, since it quotes their figures.
    not_standing: deciders who lost their role, where the workflow says that their decision then does not stand.
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
    quorum: Mapping[int, int] = field(default_factory=dict)
    deciders: dict[Stage, frozenset[str]] = field(default_factory=dict)
    conflicted: frozenset[str] = frozenset()
    exemptions: tuple[ExemptionFact, ...] = ()
    passed: frozenset[Stage] = frozenset()
    missing_fields: tuple[str, ...] = ()
    broken_checks: tuple[str, ...] = ()
    open_warnings: tuple[str, ...] = ()
    open_findings: int = 0
    open_proposals: tuple[int, ...] = ()
    difference_from: str | None = None
    claims: tuple[ClaimFact, ...] = ()
    force_asks: tuple[ForceFact, ...] = ()
    fast_lane: str = ""
    missing_consents: tuple[str, ...] = ()
    open_faults: tuple[str, ...] = ()
    referral: str = ""
    not_standing: tuple[LostDecider, ...] = ()
    embargoes: tuple[EmbargoFact, ...] = ()
    form_filled: bool = False
    release: ReleaseFact | None = None
    staged_digest_matches: bool = False
