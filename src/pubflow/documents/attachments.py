"""Attachments 附件 as a report's text lists them: name, digest and size of the cleaned copy that goes public."""

import unicodedata
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

# Suffix in lower case and what the public page calls it. Each has a cleaned copy, and none runs in a reader's browser:
# pages, drawings with scripts, archives and old binary formats are not among them.
KINDS = {
    "xlsx": "电子表格",
    "docx": "文字文档",
    "pdf": "PDF 文档",
    "csv": "数据表",
    "txt": "纯文本",
    "md": "纯文本",
    "png": "图片",
    "jpg": "图片",
    "jpeg": "图片",
}
LARGEST = 20 * 1024 * 1024  # bytes of one file, given or cleaned; it is held in memory, as everything at a door is
LARGEST_TOGETHER = 60 * 1024 * 1024  # bytes of all attachments of a text: staging holds them in memory together
MOST = 50  # attachments of a text
_LONGEST_NAME = 200  # bytes of UTF-8; file systems end at 255
_UNSAFE = frozenset('/\\:*?"<>|')  # a path, or a sign that some reader's file system does not take


class Attached(BaseModel):
    """One line of a text's list. sha256: of the cleaned copy, 64 hexadecimal digits; size: its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1, strict=True)]

    @field_validator("name")
    @classmethod
    def _a_plain_name(cls, name: str) -> str:
        if problem := name_problem(name):
            raise ValueError(problem)
        return name

    @property
    def kind(self) -> str:
        """A key of KINDS."""
        return kind_of_name(self.name)


def kind_of_name(name: str) -> str:
    """The suffix of a file name in lower case, without its point."""
    return PurePosixPath(name).suffix.lower().lstrip(".")


def name_problem(name: str) -> str:
    """Why a file name cannot be that of an attachment, in Chinese; empty for a good one."""
    if any(sign in _UNSAFE for sign in name):
        return '文件名含有路径或不能使用的符号 / \\ : * ? " < > |'
    if not name or name != name.strip() or name.startswith("."):
        return "文件名为空、以点开头，或者首尾有空格"
    if any(unicodedata.category(sign).startswith(("C", "Zl", "Zp")) for sign in name):
        return "文件名含有控制字符或看不见的字符"
    if not unicodedata.is_normalized("NFC", name) or len(name.encode()) > _LONGEST_NAME:
        return "文件名过长，或者其中的字符不是规范写法（NFC）"
    if kind_of_name(name) not in KINDS:
        return f"这种文件不能作附件，可用：{'、'.join(KINDS)}"
    return ""
