"""Why a step may not be taken, and where it leads. Pure: time is an argument, facts are plain.

A rule returns its reasons, so that the greyed button, the CLI and the recorded refusal use the same words.
"""

from collections.abc import Callable
from datetime import datetime

from pubflow.errors import Reason
from pubflow.lifecycle.facts import Actor, ClaimFact, EditionFacts, ReviewFact
from pubflow.lifecycle.stages import OPENED_BY_FLOW, ZH, ReleaseState, Stage
from pubflow.moments import shown

LOST_ROLE = "lost_role"
Need = Callable[[EditionFacts, Actor, datetime], list[Reason]]
# The stages whose deciders must be different persons (design decision 4).
_DECIDING = (Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)


def complete(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """The catalogue fields the public record needs are filled."""
    if not facts.missing_fields:
        return []
    return [
        Reason(
            "metadata_missing", f"还缺目录字段：{'、'.join(facts.missing_fields)}；请用 report edit --set 字段=值 补齐"
        )
    ]


def checks_green(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """No hard validator is red."""
    return [Reason("check_failed", text) for text in facts.broken_checks]


def no_open_warning(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Every oddity of an import has been accepted or mended by a person."""
    if not facts.open_warnings:
        return []
    names = "、".join(facts.open_warnings)
    return [Reason("warning_open", f"导入提示未处理：{names}；请用 report warnings 逐项接受或修正")]


def own_draft(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """A draft belongs to its drafter and to the drafters of the same section."""
    if actor.id == facts.drafter or (actor.section and actor.section == facts.section):
        return []
    return [Reason("not_own_draft", f"这份稿件由 {facts.drafter} 起草；只有起草人或本科室起草人员可以办理")]


def opened(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """The stage's flow has done its work on this very digest: without the line's machines it stands still."""
    if facts.opened:
        return []
    flow = OPENED_BY_FLOW[facts.stage]
    return [
        Reason(
            "not_opened",
            f"流程 {flow} 尚未对这一版本完成准备，几秒后再试；若一直如此，请系统管理员运行 pubflow doctor",
        )
    ]


def head_of_an_open_review(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """A review of the round at hand belongs to the section of the one who decides."""
    waiting = waiting_reviews(facts)
    if not waiting:
        return [] if not facts.opened else [Reason("no_open_review", "没有待审核的部门意见")]
    sections = [review.section for review in waiting]
    if actor.section not in sections:
        named = "、".join(sections)
        return [Reason("other_section", f"现在等待 {named} 科室负责人的意见，不是 {actor.section or '您的科室'}")]
    return []


def findings_decided(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Every finding of the scan has a person's decision."""
    if facts.open_findings == 0:
        return []
    return [
        Reason(
            "findings_open", f"还有 {facts.open_findings} 个发现项未处理；请用 check findings 查看、check decide 处理"
        )
    ]


def nothing_referred(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """The competent organ has answered what the officer asked about this text, and has not said no."""
    if facts.referral == "open":
        return [Reason("referred", "这一版本已报审，尚无答复；收到答复后请用 check reply 记录")]
    if facts.referral == "withheld":
        return [Reason("withheld", "报审的答复是不予公开；请用 review return 退回起草人处理，或取消")]
    return []


def proposals_answered(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """The drafter has accepted or declined every masking proposal on this text."""
    if not facts.open_proposals:
        return []
    return [
        Reason(
            "proposals_open",
            f"脱敏建议 {_numbers(facts.open_proposals)} 未答复；请用 report proposals 查看，接受或写明理由不接受",
        )
    ]


def nothing_proposed(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """A text that the officer wants masked is not cleared: it goes back to its drafter first."""
    if not facts.open_proposals:
        return []
    return [
        Reason(
            "proposals_open",
            f"已提出脱敏建议 {_numbers(facts.open_proposals)}；请用 review return 退回起草人，改好后再通过",
        )
    ]


def _numbers(proposals: tuple[int, ...]) -> str:
    return "、".join(map(str, proposals))


def forced_by_two(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Another person has asked for it, and not too long ago."""
    waiting = {review.step for review in waiting_reviews(facts)}
    asks = [ask for ask in facts.force_asks if ask.step in waiting and now < ask.until]
    if not asks:
        return [Reason("nothing_asked", "没有人申请强制通过，或申请已过期；请由另一人先用 review force 提出")]
    if all(ask.asked_by == actor.id for ask in asks):
        return [Reason("second_person", "强制通过须由另一人确认")]
    return []


def fast_lane_open(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """The kind has a fast lane, and this edition does not run on it yet."""
    if not facts.fast_lane:
        return [Reason("no_fast_lane", "这一体裁没有快速办理；可用的写在 config/workflows.toml")]
    return [Reason("fast_already", "已在快速办理")] if facts.fast_lane == "granted" else []


def fast_lane_granter(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """A section head says so for reports of the own section, a leader for all; never for what one wrote."""
    if "leader" not in actor.roles and actor.section != facts.section:
        return [Reason("other_section", f"由 {facts.section} 科室负责人或分管领导决定")]
    return not_a_writer(facts, actor)


def consented(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Every co-producing organ has consented to this very text."""
    if not facts.missing_consents:
        return []
    named = "、".join(facts.missing_consents)
    return [Reason("consent_missing", f"联合单位尚未同意这一版本：{named}；请用 review consent 征求意见")]


def faults_answered(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Somebody of the office has responded to every fault that an outside fact check found."""
    if not facts.open_faults:
        return []
    named = "、".join(facts.open_faults)
    return [Reason("fault_open", f"外部核对指出有误，尚无回应：{named}；请用 review links 查看、review respond 回应")]


def decisions_stand(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Nobody on whose decision this text rests has lost the role, where the workflow says that this counts."""
    return [
        Reason(
            LOST_ROLE,
            f"{lost.person} 在{ZH[lost.stage]}作决定后已停用或不再担任该职务；请恢复其角色，或由两人用 "
            f"people deactivate --void-decisions 作废其决定后重新办理",
        )
        for lost in facts.not_standing
    ]


def form_filled(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """The review form (保密审查审批表) is filled for this digest."""
    return [] if facts.form_filled else [Reason("form_missing", "保密审查审批表未填写；请逐项填写后再通过")]


def leader_enough(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """A sensitive report is signed by the chief."""
    if facts.sensitive and "chief" not in actor.roles:
        return [Reason("chief_needed", "敏感稿件由主要领导签发")]
    return []


def release_planned(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """A signature needs the instant it signs for, and the instant must still lie ahead."""
    release = facts.release
    if release is None or release.state in (ReleaseState.CANCELLED, ReleaseState.FAILED, ReleaseState.RELEASED):
        return [Reason("no_release", "还没有发布计划；请先用 release plan 定下发布时间")]
    if release.instant <= now:
        return [Reason("instant_passed", f"发布计划 {release.id} 的时间已过；请先用 release move 改期")]
    return []


def embargo_inherited(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Who quotes figures of a report not yet released is signed for no instant before it (implementing regulation of
    the Statistics Law, Art. 28)."""
    return embargo_objections(facts, facts.release.instant) if facts.release else []


def embargo_objections(facts: EditionFacts, instant: datetime) -> list[Reason]:
    """Why this edition may not go out at `instant`: what it quotes is not out by then."""
    found = []
    for one in facts.embargoes:
        if one.public or one.together:
            continue
        if one.instant is None:
            what = f"引用了 {one.report_id} 的数字，{one.report_id} 还没有发布计划；请先为它计划发布"
            found.append(Reason("embargo", what))
        elif one.instant >= instant:
            what = f"引用了 {one.report_id} 的数字，不得早于它发布；请把发布时间移到它之后，或列入同一次发布"
            found.append(Reason("embargo", what))
    return found


def embargo_over(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """What is quoted is public, or becomes public in the same release."""
    return [
        Reason("embargo", f"引用了 {one.report_id} 的数字，它还没有公开；请等它发布后用 release retry 重试")
        for one in facts.embargoes
        if not one.public and not one.together
    ]


def instant_reached(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Never early, and no override."""
    if facts.release is None or facts.release.state is not ReleaseState.STAGED:
        return [Reason("not_staged", "发布内容尚未备妥")]
    if facts.release.held:
        return [Reason("held", f"发布 {facts.release.id} 已暂停")]
    if now < facts.release.instant:
        return [Reason("too_early", f"未到发布时间 {facts.release.instant.isoformat()}")]
    return []


def same_staged_digest(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """What was rendered is what was signed."""
    return [] if facts.staged_digest_matches else [Reason("staged_digest", "备妥的页面与签发的版本不一致；请重新备妥")]


def decided_on(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Reviewed, cleared and signed is this very text, whatever the stage's column says."""
    missing = [stage for stage in _DECIDING if stage not in facts.passed]
    if not missing:
        return []
    named = "、".join(ZH[stage] for stage in missing)
    return [Reason("not_decided", f"这一版本没有经过{named}，不得公开；请系统管理员运行 pubflow audit verify")]


def not_a_writer(facts: EditionFacts, actor: Actor) -> list[Reason]:
    """Whoever wrote any of it does not decide on it (design decision 4; never exempt)."""
    if actor.id in facts.writers:
        return [Reason("author_decides", "写过其中任何部分的人不能对它作决定；请由同事办理")]
    return []


def other_person(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Reviewer, officer and approver of one digest are three different persons, unless the chief exempts a doubling."""
    exempt = [one.stages for one in facts.exemptions if one.person == actor.id and one.valid_from <= now < one.valid_to]
    for stage in _DECIDING:
        if stage is facts.stage or {stage, facts.stage} in exempt:
            continue
        if actor.id in facts.deciders.get(stage, frozenset()):
            return [Reason("same_person", f"您已在{ZH[stage]}阶段对这一版本作过决定；两个阶段须由不同的人办理")]
    return []


def no_conflict(facts: EditionFacts, actor: Actor) -> list[Reason]:
    """Whoever has declared a conflict of interest leaves the decision to the deputy or another."""
    if actor.id in facts.conflicted:
        return [Reason("conflict", "您已声明与这份稿件有利益冲突；请由代理人或其他人办理")]
    return []


def unclaimed(facts: EditionFacts, actor: Actor, now: datetime) -> list[Reason]:
    """Where several may decide, the task is left to the one who has taken it, as long as the claim lives."""
    step = task_of(facts, actor)
    claim = live_claim(facts, step, now) if step else None
    if claim is None or claim.person == actor.id:
        return []
    until = shown(claim.until)
    return [Reason("claimed", f"已由 {claim.person} 领办，至 {until}；请等候、请其放弃，或请系统管理员解除")]


def task_of(facts: EditionFacts, actor: Actor) -> str | None:
    """What `actor` would decide on: the review of the own section, or the stage; None where nothing waits for them."""
    if facts.stage is not Stage.DEPARTMENT_REVIEW:
        return facts.stage.value
    return next((review.step for review in waiting_reviews(facts) if review.section == actor.section), None)


def live_claim(facts: EditionFacts, step: str, now: datetime) -> ClaimFact | None:
    """The claim on a task, if it counts: not lapsed, its holder neither away nor in a conflict of interest."""
    for claim in facts.claims:
        away = claim.away_until is not None and now < claim.away_until
        if claim.step == step and now < claim.until and not away and claim.person not in facts.conflicted:
            return claim
    return None


def live_claims(facts: EditionFacts, now: datetime) -> tuple[ClaimFact, ...]:
    """Every claim that counts now."""
    return tuple(claim for claim in facts.claims if live_claim(facts, claim.step, now) is claim)


def waiting_reviews(facts: EditionFacts) -> list[ReviewFact]:
    """The open reviews of the round at hand: the earliest round that still has one open."""
    open_ones = [review for review in facts.reviews if review.state == "open"]
    at_hand = min((review.round for review in open_ones), default=0)
    return [review for review in open_ones if review.round == at_hand]


def needed_in(facts: EditionFacts, number: int) -> int:
    """How many approvals a round needs: its quorum, or all of its reviews."""
    return facts.quorum.get(number, sum(review.round == number for review in facts.reviews))


def round_is_done(facts: EditionFacts) -> bool:
    """Whether one more approval completes the round at hand."""
    waiting = waiting_reviews(facts)
    if not waiting:
        return True
    at_hand = waiting[0].round
    approved = sum(review.round == at_hand and review.state == "approved" for review in facts.reviews)
    return approved + 1 >= needed_in(facts, at_hand)


def after_submit(facts: EditionFacts) -> Stage:
    """Where a submission goes: the earliest stage that has not passed this very text (design section 4).

    Every decision is for one digest: an edit voids them all, and an unchanged text goes straight back to the one
    who returned it. A text that was signed and recalled is signed again. One that differs from the reviewed text by
    accepted masks alone has not passed department review until the difference is confirmed; see `masks`.
    """
    return next((stage for stage in _DECIDING if stage not in facts.passed), Stage.APPROVAL)


def after_change(facts: EditionFacts) -> Stage:
    """Where an edition stands once its workflow or the decisions on it were changed: what still holds is not redone."""
    if facts.stage is Stage.DRAFTING or (facts.stage is Stage.SCHEDULED and facts.passed >= set(_DECIDING)):
        return facts.stage
    return after_submit(facts)


def after_approve(facts: EditionFacts) -> Stage:
    """The stage stays while this round lacks approvals after this one, or another round is still to come.

    A clearance of this very text stands where the reviews alone had to be taken again.
    """
    at_hand = {review.round for review in waiting_reviews(facts)}
    later = any(review.state == "open" and review.round not in at_hand for review in facts.reviews)
    if later or not round_is_done(facts):
        return Stage.DEPARTMENT_REVIEW
    return Stage.APPROVAL if Stage.CONFIDENTIALITY_CHECK in facts.passed else Stage.CONFIDENTIALITY_CHECK


def digest_objections(facts: EditionFacts, digest: str | None) -> list[Reason]:
    """A decision is for the digest that the person saw. `digest` may be its first eight or more digits."""
    if digest is None:
        return [Reason("digest_missing", "请写明所看到版本的摘要（--digest，前 8 位即可）")]
    now_is = f"现在版本的摘要是 {facts.digest[:12]}"
    if len(digest) < 8:
        return [Reason("digest_moved", f"摘要至少写 8 位；{now_is}")]
    if not facts.digest.startswith(digest.lower()):
        return [Reason("digest_moved", f"稿件已变动，或摘要写错：{now_is}；请重新查看后再决定")]
    return []
