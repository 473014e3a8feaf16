"""A report's text: a head of public metadata (TOML between two `+++` lines) and a Markdown body.

Whatever the public will see of a report stands in this text, so that one SHA-256 over its canonical form covers it.
"""

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Sequence
from typing import Any, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from pubflow.documents.attachments import LARGEST_TOGETHER, MOST, Attached
from pubflow.errors import BadInput

FENCE = "+++"
_DUPLICATE = re.compile(r"Cannot overwrite a value|Duplicate", re.IGNORECASE)
_LINE = re.compile(r"at line (\d+)")
_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(/\d{4}-(0[1-9]|1[0-2]))?|-Q[1-4]|-H[12])?")
_HEADING_1 = re.compile(r"^#[ \t]+(.+?)\s*$", re.MULTILINE)
_CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)

# English name in code, the label office people read (dossier 3.1).
LABELS = {
    "title": "信息名称",
    "kind": "体裁",
    "category": "目录分类",
    "period": "报告期",
    "index_no": "索引号",
    "subject_class": "主题分类",
    "publisher": "发布机构",
    "author_org": "责任部门",
    "co_producers": "联合发布",
    "date_created": "生成日期",
    "doc_no": "文件编号",
    "validity": "有效性",
    "scope": "公开范围",
    "method": "公开方式",
    "method_reason": "公开属性理由",
    "summary": "内容概述",
    "keywords": "关键词",
    "source": "信息来源",
    "attachments": "附件",
}


class Head(BaseModel):
    """The catalogue fields a draft carries, as text, empty when unknown; and the list of its attachments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    kind: str = ""
    category: str = ""
    period: str = ""
    index_no: str = ""
    subject_class: str = ""
    publisher: str = ""
    author_org: str = ""
    co_producers: str = ""
    date_created: str = ""
    doc_no: str = ""
    validity: str = "有效"
    scope: str = "面向全社会"
    method: str = "主动公开"
    method_reason: str = ""
    summary: str = ""
    keywords: str = ""
    source: str = ""
    attachments: tuple[Attached, ...] = ()

    @classmethod
    def checked(cls, fields: dict[str, Any], where: str = "") -> Self:
        """A head of these fields. Raises BadInput naming every field that is wrong."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise BadInput("；".join(_field_problem(problem) for problem in error.errors()), where) from None

    @field_validator("*", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        # TOML turns 2017-02-27 into a date; the head keeps what was written.
        if isinstance(value, dt.datetime):
            return value.isoformat(sep=" ", timespec="minutes")
        if isinstance(value, dt.date):
            return value.isoformat()
        return value

    @field_validator("date_created")
    @classmethod
    def _a_date_that_exists(cls, value: str) -> str:
        if value:
            dt.datetime.fromisoformat(value)
        return value

    @field_validator("period")
    @classmethod
    def _a_period_that_exists(cls, value: str) -> str:
        if value and not _PERIOD.fullmatch(value):
            raise ValueError("2016, 2016-11, 2016-01/2016-02, 2016-Q3, 2016-H1")
        return value

    @field_validator("co_producers")
    @classmethod
    def _each_named_once(cls, value: str) -> str:
        names = [name.strip() for name in value.split("、")]
        if value.strip() and (not all(names) or len(set(names)) != len(names)):
            raise ValueError("names separated by 、, each once")
        return "、".join(names)

    @property
    def co_producing(self) -> tuple[str, ...]:
        """Who produces the report together with its own section: sections of the bureau and other organs."""
        return tuple(self.co_producers.split("、")) if self.co_producers else ()

    @field_validator("*")
    @classmethod
    def _one_line(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if "\n" in value or "\r" in value:
            raise ValueError("must be one line")
        return value.strip()

    @field_validator("attachments")
    @classmethod
    def _each_once_and_not_too_much(cls, attachments: tuple[Attached, ...]) -> tuple[Attached, ...]:
        names = [one.name.casefold() for one in attachments]
        if double := next((one.name for one in attachments if names.count(one.name.casefold()) > 1), None):
            raise ValueError(f"有两个附件名为“{double}”")
        if len({one.sha256 for one in attachments}) < len(attachments):
            raise ValueError("有两个附件内容相同")
        if len(attachments) > MOST:
            raise ValueError(f"附件超过 {MOST} 个")
        if sum(one.size for one in attachments) > LARGEST_TOGETHER:
            raise ValueError(f"附件合计超过 {LARGEST_TOGETHER // 1024 // 1024} MB")
        return attachments


class ReportText(BaseModel):
    """Head and body of one version."""

    model_config = ConfigDict(frozen=True)

    head: Head
    body: str

    @classmethod
    def parse(cls, text: str, where: str = "") -> Self:
        """Read a text written by `canonical` or by a person.

        Raises BadInput naming line and field: no head, a field twice, an unknown field, a date that does not exist,
        or a heading of the first level that is a second title.
        """
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        if not lines or lines[0].strip() != FENCE:
            raise BadInput("开头没有元数据", where, f"第一行应为 {FENCE}，其后每行一个字段，再以一行 {FENCE} 结束")
        try:
            end = next(n for n, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
        except StopIteration:
            raise BadInput("元数据没有结束", where, f"请在元数据之后加一行 {FENCE}") from None
        head = parse_head("\n".join(lines[1:end]), where)
        body = "\n".join(line.rstrip() for line in lines[end + 1 :]).strip("\n") + "\n"
        titles = _HEADING_1.findall(_CODE_BLOCK.sub("", body))
        if any(title != head.title for title in titles) or len(titles) > 1:
            raise BadInput(
                f"有两个标题：元数据中是“{head.title}”，正文中是“{titles[0]}”" if titles else "有两个标题",
                where,
                "标题只写在元数据的 title 一处，正文从“## ”开始",
            )
        return cls(head=head, body=body)

    def canonical(self) -> str:
        """The one spelling of this text; equal texts have equal bytes, whatever editor saved them."""
        # An empty value is left out, unless reading would put a default in its place.
        defaults = {name: field.default for name, field in Head.model_fields.items()}
        fields = {name: value for name, value in self.head.model_dump().items() if value or defaults[name]}
        return f"{FENCE}\n{tomli_w.dumps(fields)}{FENCE}\n\n{self.body}"

    def with_attachments(self, attachments: Sequence[Attached], where: str = "") -> Self:
        """The same text with another list. Raises BadInput: a name or content twice, too many, too large together."""
        fields = self.head.model_dump() | {"attachments": [one.model_dump() for one in attachments]}
        return type(self)(head=Head.checked(fields, where), body=self.body)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text, 64 hexadecimal digits: what people decide on (design decision 3)."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def parse_head(toml: str, where: str = "") -> Head:
    """The head from its TOML lines. Raises BadInput; see ReportText.parse."""
    try:
        fields = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        if _DUPLICATE.search(str(error)):
            name = _repeated_field(toml)
            what = "有两个标题" if name == "title" else f"字段 {name} 写了两次"
            raise BadInput(what, where, "同一字段只留一行") from None
        found = _LINE.search(str(error))
        line = f"第 {int(found[1]) + 1} 行" if found else "有一行"  # the fence is the first line
        names = "、".join(f"{name}（{label}）" for name, label in LABELS.items())
        raise BadInput(f"元数据{line}读不懂", where, f'每行写成 字段 = "值"，字段名用英文：{names}') from None
    return Head.checked(fields, where)


def _repeated_field(toml: str) -> str:
    seen: set[str] = set()
    for line in toml.split("\n"):
        name = line.split("=", 1)[0].strip()
        if name in seen:
            return name
        seen.add(name)
    return "?"


def _field_problem(problem: Any) -> str:
    if problem["loc"][0] == "attachments":
        which = f"第 {problem['loc'][1] + 1} 项" if len(problem["loc"]) > 1 else ""
        why = str(problem["msg"]).removeprefix("Value error, ")
        return f"附件（attachments）{which}不合格：{why}；附件用 report attach 和 report detach 增减，不在正文里改写"
    name = ".".join(str(part) for part in problem["loc"])
    label = LABELS.get(name, "")
    if problem["type"] == "extra_forbidden":
        return f"没有名为 {name} 的字段，可用字段：{'、'.join(Head.model_fields)}"
    if name == "date_created":
        return f"{label}（{name}）“{problem['input']}”不是一个存在的日期，请核对"
    if name == "period":
        wrong = f"{label}（{name}）“{problem['input']}”不是一个存在的时期"
        return f"{wrong}，可写 2016、2016-11、2016-01/2016-02、2016-Q3、2016-H1"
    if problem["type"] == "string_type":
        return f"{label}（{name}）应为加引号的文字"
    return f"{label}（{name}）不合格：{problem['msg']}"
