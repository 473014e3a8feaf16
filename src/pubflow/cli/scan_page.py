"""The report of `pubflow scan` as one web page that needs nothing else."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pubflow.confidentiality.files import FileFinding

_LEVELS = {"hard": "不得公开", "soft": "请查看"}
_STYLE = """
body { font: 1rem/1.6 sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #767676; padding: .4rem .6rem; text-align: left; vertical-align: top }
.hard { border-left: .5rem solid #b00020 }
"""


def page_of(scanned: "Mapping[str, Sequence[FileFinding]]", basis: str) -> str:
    """HTML of all files and their findings; levels are words, the colour only repeats them. basis: by which rules."""
    sections = "".join(_section(name, findings) for name, findings in scanned.items())
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>保密扫描报告</title>'
        f"<style>{_STYLE}</style></head>\n<body><main><h1>保密扫描报告</h1>\n{sections}<p>{escape(basis)}</p></main></body></html>"
    )


def _section(name: str, findings: "Sequence[FileFinding]") -> str:
    if not findings:
        return f"<h2>{escape(name)}</h2><p>没有发现</p>\n"
    head = "".join(f'<th scope="col">{one}</th>' for one in ("位置", "级别", "类型", "内容（已遮盖）", "依据"))
    rows = "".join(
        f'<tr><td class="{one.severity}">{escape(one.place)}</td><td>{_LEVELS[str(one.severity)]}</td>'
        f"<td>{escape(one.type)}</td><td>{escape(one.around)}</td><td>{escape('；'.join(one.evidence))}</td></tr>\n"
        for one in findings
    )
    return (
        f"<h2>{escape(name)}</h2><table><caption>{len(findings)} 处</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>\n"
    )
