"""The words of the line: stages, actions, and the machines that act beside the people."""

from collections.abc import Mapping
from enum import StrEnum

from pubflow.settings.models import Role

__all__ = ["OPENED_BY_FLOW", "ZH", "Action", "Machine", "ReleaseAction", "ReleaseState", "Role", "Stage"]


class Stage(StrEnum):
    """Where an edition stands."""

    DRAFTING = "drafting"
    DEPARTMENT_REVIEW = "department_review"
    CONFIDENTIALITY_CHECK = "confidentiality_check"
    APPROVAL = "approval"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What can be done to an edition."""

    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    DECIDE = "decide"
    CLEAR = "clear"
    SIGN = "sign"
    RETURN = "return"
    RECALL = "recall"
    CANCEL = "cancel"
    PUBLISH = "publish"
    FORCE = "force"
    FAST = "fast"
    MOVE_WORKFLOW = "move_workflow"
    REFUSE = "refuse"
    VOID = "void"
    REFER = "refer"
    REPLY = "reply"


class ReleaseState(StrEnum):
    """Where a release stands; `held` is an attribute beside it."""

    PLANNED = "planned"
    CONFIRMED = "confirmed"
    STAGED = "staged"
    RELEASED = "released"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ReleaseAction(StrEnum):
    """What can be done to a release."""

    PLAN = "plan"
    CONFIRM = "confirm"
    MOVE = "move"
    HOLD = "hold"
    RESUME = "resume"
    STAGE = "stage"
    SWITCH = "switch"
    FAIL = "fail"
    CANCEL = "cancel"
    RETRY = "retry"


class Machine(StrEnum):
    """Who acts when no person does."""

    FLOW = "flow"
    RELEASE_LOOP = "release_loop"
    OUTSIDE = "outside"


# A person decides in these stages only after the stage's flow has done its work on this very digest.
OPENED_BY_FLOW: Mapping[Stage, str] = {
    Stage.DEPARTMENT_REVIEW: "department-review",
    Stage.CONFIDENTIALITY_CHECK: "confidentiality-check",
    Stage.APPROVAL: "approval",
}

ZH: Mapping[str, str] = {
    Stage.DRAFTING: "起草",
    Stage.DEPARTMENT_REVIEW: "部门审核",
    Stage.CONFIDENTIALITY_CHECK: "保密审查",
    Stage.APPROVAL: "审签",
    Stage.SCHEDULED: "待发布",
    Stage.PUBLISHED: "已发布",
    Stage.SUPERSEDED: "已被新版替代",
    Stage.WITHDRAWN: "已撤回",
    Stage.CANCELLED: "已取消",
    ReleaseState.PLANNED: "已计划",
    ReleaseState.CONFIRMED: "已确认",
    ReleaseState.STAGED: "已备妥",
    ReleaseState.RELEASED: "已发布",
    ReleaseState.FAILED: "失败",
    Role.DRAFTER: "起草人",
    Role.SECTION_HEAD: "科室负责人",
    Role.OFFICER: "保密员",
    Role.LEADER: "分管领导",
    Role.CHIEF: "主要领导",
    Role.OPERATOR: "系统管理员",
    Role.AUDITOR: "审计员",
    Machine.FLOW: "流程",
    Machine.RELEASE_LOOP: "发布程序",
    Machine.OUTSIDE: "外部单位",
    Action.EDIT: "修改",
    Action.SUBMIT: "送审",
    Action.APPROVE: "审核通过",
    Action.DECIDE: "处理发现项",
    Action.CLEAR: "保密审查通过",
    Action.SIGN: "签发",
    Action.RETURN: "退回",
    Action.RECALL: "撤回待发",
    Action.PUBLISH: "发布",
    Action.FORCE: "强制通过",
    Action.FAST: "转快速办理",
    Action.MOVE_WORKFLOW: "换用现行流程",
    Action.REFUSE: "不同意联合发布",
    Action.VOID: "决定作废",
    Action.REFER: "报审",
    Action.REPLY: "记录报审答复",
    ReleaseAction.PLAN: "计划发布",
    ReleaseAction.CONFIRM: "确认发布",
    ReleaseAction.MOVE: "改期",
    ReleaseAction.HOLD: "暂停发布",
    ReleaseAction.RESUME: "恢复发布",
    ReleaseAction.STAGE: "备妥",
    ReleaseAction.SWITCH: "切换公开",
    ReleaseAction.FAIL: "记为失败",
    Action.CANCEL: "取消",
    ReleaseAction.RETRY: "重试",
}
