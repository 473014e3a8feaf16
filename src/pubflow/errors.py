"""Every error a person may see. Each edge (CLI, API, flow) turns these into text in one place.

A message says what was wrong, where, and what to do. Messages about reports are Chinese, for the office;
messages about the installation are English, for its administrator.
"""

from dataclasses import dataclass
from typing import ClassVar


class PubflowError(Exception):
    """Base of all errors meant for a person. `code` is stable (audit, --json); `status` is the HTTP status."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400


@dataclass(eq=False)  # fields stay in .args, so that the error survives pickling between Prefect processes
class BadInput(PubflowError):
    """Something given to us cannot be used. `where` names file, row and field as far as known."""

    code: ClassVar[str] = "bad_input"
    status: ClassVar[int] = 422
    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.where}：" if self.where else ""
        remedy = f"。{self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{remedy}"


@dataclass(eq=False)
class NotFound(PubflowError):
    """There is no such thing, or the person may not know that there is."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"找不到 {self.what}" + (f"。{self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Reason:
    """One reason why a step may not be taken: a stable code and a sentence for the screen."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(eq=False)
class StepRefused(PubflowError):
    """The rules say no; nothing was written but the refusal itself."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    subject: str
    action: str
    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        return f"{self.subject} 不能执行 {self.action}：" + "；".join(reason.text for reason in self.reasons)


@dataclass(eq=False)
class AlreadyMoved(PubflowError):
    """Someone else moved the row after we had read it; nothing was written."""

    code: ClassVar[str] = "already_moved"
    status: ClassVar[int] = 409
    subject: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.subject} 已不在 {self.expected}：刚刚有人先办理了。"
            f"请用 `pubflow report show {self.subject}` 再看一次，然后决定"
        )


@dataclass(eq=False)
class SecretMarkFound(PubflowError):
    """Text with a state-secret mark came to a door. No content was kept (design decision 6)."""

    code: ClassVar[str] = "secret_mark"
    status: ClassVar[int] = 422
    rules: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"内容带有国家秘密标志（规则：{'、'.join(self.rules)}），本系统为非涉密系统，内容未保存。"
            "请立即联系保密员，在系统外处理；如保密员认定不是国家秘密标志，请改写该处后重新提交"
        )


@dataclass(eq=False)
class NotSignedIn(PubflowError):
    """No token, or one that is unknown, expired or revoked."""

    code: ClassVar[str] = "not_signed_in"
    status: ClassVar[int] = 401
    why: str = "尚未登录"

    def __str__(self) -> str:
        return f"{self.why}。请用 `pubflow login` 登录"


@dataclass(eq=False)
class StorageFailed(PubflowError):
    """The database or disk could not take a write; the transaction was rolled back whole."""

    code: ClassVar[str] = "storage_failed"
    status: ClassVar[int] = 507
    why: str

    def __str__(self) -> str:
        return f"没有保存成功，什么都没有写入：{self.why}。请腾出磁盘空间或稍后再试，系统管理员可运行 `pubflow doctor`"


@dataclass(eq=False)
class WorkspaceError(PubflowError):
    """The installation itself is not as it should be; English, for the administrator."""

    code: ClassVar[str] = "workspace"
    status: ClassVar[int] = 500
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.what + (f" {self.remedy}" if self.remedy else "")
