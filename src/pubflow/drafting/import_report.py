"""Read an old report from a file: text, figures, and the warnings a person must answer. Pure."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pubflow.documents.report_text import Head, ReportText
from pubflow.drafting.import_cleaning import clean
from pubflow.drafting.import_decode import decode
from pubflow.drafting.import_figures import CategoryName, Figures, category_named, read_figures
from pubflow.drafting.import_reading import Section, Structure, markdown, read_structure
from pubflow.drafting.import_rules import ImportRules
from pubflow.drafting.import_warnings import ImportWarning, Reading, warnings_of
from pubflow.errors import BadInput


@dataclass(frozen=True)
class ImportedReport:
    """What came out of one file. The caller keeps `raw` (by its digest) and `diff` beside the first version."""

    text: ReportText
    raw_digest: str  # SHA-256 of the file's bytes, 64 hexadecimal digits
    encoding: str  # utf-8 or gb18030
    pinyin_removed: int
    characters_converted: int
    fields: dict[str, str]  # the eight catalogue fields as read, "" where the file has none
    sections: tuple[Section, ...]
    figures: Figures
    warnings: tuple[ImportWarning, ...]
    diff: str  # unified difference between the decoded file and the cleaned text


def read_import(
    raw: bytes,
    name: str,
    *,
    title: str | None,
    kind: str,
    category: str,
    categories: Sequence[CategoryName],
    rules: ImportRules,
    on: dt.date,
    author_org: str = "",
) -> ImportedReport:
    """Read the file `raw`, called `name`, into a draft; nothing is repaired and nothing written.

    title: from --title, for a file that lost its own; kind: name of the report kind, already checked;
    category: id, name or alias of the report's own category; categories: those valid on the day;
    rules: `config/rules/import.toml`; on: the day of the import; author_org: the bureau 责任部门, "" if unknown.
    Raises BadInput: see `decode` and `read_structure`; no title, or another than --title; an unknown category.
    """
    own_category = category_named(category, categories, name)
    text, encoding = decode(raw, name)
    cleaned, rules = clean(text), rules.on(on)
    if cleaned.text.lstrip().startswith("+++"):
        remedy = "请用 `pubflow report new` 建立，再用 `pubflow report edit` 保存全文"
        raise BadInput("这已是本系统格式的文稿（以 +++ 开头），不必导入", name, remedy)
    structure = read_structure(cleaned.text, name, rules)
    figures = read_figures(structure, categories, name, rules)
    head = _head(structure, figures, _title(structure, title, name), kind, own_category.name, author_org)
    reading = Reading(cleaned, structure, figures, tuple(categories), rules, author_org)
    return ImportedReport(
        text=ReportText(head=head, body=markdown(structure.body_lines)),
        raw_digest=hashlib.sha256(raw).hexdigest(),
        encoding=encoding,
        pinyin_removed=cleaned.pinyin_removed,
        characters_converted=cleaned.characters_converted,
        fields=structure.fields,
        sections=structure.sections,
        figures=figures,
        warnings=warnings_of(reading),
        diff=cleaned.diff,
    )


def _title(structure: Structure, given: str | None, name: str) -> str:
    wanted = (given or "").strip()
    if not wanted and not structure.title:
        raise BadInput("文件中没有标题", name, '请用 --title "……" 给出完整的标题')
    if len(wanted.splitlines()) > 1:
        raise BadInput("--title 给出的标题不止一行，有两个标题", name, "标题只写一行")
    if wanted and structure.title and wanted != structure.title:
        what = f"有两个标题：文件中是“{structure.title}”，--title 给出的是“{wanted}”"
        raise BadInput(what, name, "请核对哪一个正确：不给 --title，或先改正文件")
    return structure.title or wanted


def _head(structure: Structure, figures: Figures, title: str, kind: str, category: str, author_org: str) -> Head:
    """Catalogue fields as the file has them: an empty one stays empty, the defaults of new items do not apply."""
    fields = {"title": title, "kind": kind, "category": category, "period": figures.year, "author_org": author_org}
    found = {field: value for field, value in structure.fields.items() if field in Head.model_fields}
    return Head.model_validate({**found, **fields})
