"""What a draft still lacks. Pure."""

from pubflow.documents.report_text import LABELS, Head, ReportText

# Dossier 3.1: what the public catalogue record needs. An old record may come without its subject class.
_REQUIRED = ("title", "kind", "category", "publisher", "author_org", "date_created", "validity", "scope", "method")
_REQUIRED_OF_NEW = (*_REQUIRED, "subject_class")
_SUMMARY_LENGTH = 100
TO_FILL = "【待填"
"""How a template marks what a person has to write."""


def missing_fields(head: Head, *, imported: bool) -> list[str]:
    """Labels of the catalogue fields still empty. Source: dossier 3.1."""
    required = _REQUIRED if imported else _REQUIRED_OF_NEW
    missing = [name for name in required if not getattr(head, name)]
    if head.method != "主动公开" and not head.method_reason:
        missing.append("method_reason")
    return [f"{LABELS[name]}（{name}）" for name in missing]


def broken_checks(text: ReportText) -> list[str]:
    """Hard validators that are red, each a sentence with what to do."""
    broken = []
    if not text.body.strip():
        broken.append("正文为空；请用 report edit 写入正文")
    if TO_FILL in text.body:
        broken.append(f"正文还有待填之处（{TO_FILL}…】）；请用 report edit 填写")
    if len(text.head.summary) > _SUMMARY_LENGTH:
        broken.append(f"内容概述超过 {_SUMMARY_LENGTH} 字；请缩短")
    if text.head.method != "主动公开":
        broken.append(f"公开方式为“{text.head.method}”的稿件不能走发布流程；请改正公开方式或取消这份稿件")
    return broken
