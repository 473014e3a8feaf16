"""Attaching files to a draft and taking them off again: each time a new version, by the way every edit goes."""

import threading
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pubflow.documents.attachments import LARGEST, MOST, Attached, kind_of_name, name_problem
from pubflow.drafting.actions import may_edit, save_edit
from pubflow.errors import AlreadyMoved, BadInput
from pubflow.extraction.cleaning import cleaned_copy
from pubflow.lifecycle.facts import Actor
from pubflow.office.access import open_text
from pubflow.office.attachments import keep_attachment, listed_as, named
from pubflow.office.line import refusals_recorded
from pubflow.office.office import HiddenFinding, Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition

_ONE_AT_A_TIME = threading.Lock()  # a workbook is held whole while it is cleaned: two large ones would be too much
_PAGES = frozenset({"htm", "html", "xhtml", "svg", "xml"})
_OLD = frozenset({"doc", "xls", "ppt", "rtf", "wps", "et", "xlsm", "docm"})
_ARCHIVES = frozenset({"zip", "rar", "7z", "tar", "gz"})


@dataclass(frozen=True)
class AttachedFile:
    """What came of attaching a file. removed: what the cleaned copy lacks, in Chinese words.

    hidden: hard things that stood where no reader of the original would see them; the cleaned copy lacks those too.
    """

    edition: Edition
    attached: Attached
    removed: tuple[str, ...]
    hidden: tuple[HiddenFinding, ...]


def attach(
    office: Office,
    report_id: str,
    actor: Actor,
    name: str,
    content: bytes,
    *,
    reason: str,
    replace: bool = False,
    also: Callable[[Tx, Edition, Attached], Mapping[str, Any]] | None = None,
    now: datetime,
) -> AttachedFile:
    """Look through a file in memory, clean it, keep the cleaned copy, and save a version that lists it.

    replace: a file of that name is listed already and gives way. The original is not kept. also: more to write in the
    same transaction; what it returns joins the event.
    Raises BadInput (name, kind, size, what cannot be read or cleaned), SecretMarkFound, StepRefused, AlreadyMoved;
    nothing is kept then.
    """
    name = unicodedata.normalize("NFC", name)
    with refusals_recorded(office, actor, report_id, "attach", now):
        office.admit(actor, reason, name, now)
        with office.records.reading() as session:
            before = may_edit(session, report_id, actor, now)
            text = open_text(office, session, before)
        _refuse_name(name)
        listed_before = {one.name.casefold(): one for one in text.head.attachments}
        if name.casefold() in listed_before and not replace:
            raise BadInput(f"已有名为“{name}”的附件", report_id, "请换一个文件名，或用 --replace 以新文件代替它")
        if len(listed_before) >= MOST and name.casefold() not in listed_before:
            raise BadInput(f"附件已有 {MOST} 个", report_id, "请合并文件，或先用 report detach 撤下不需要的")
        _refuse_size(name, content)
        with _ONE_AT_A_TIME:
            hidden = office.admit_file(actor, content, name, now)
            copy = cleaned_copy(content, name)
        _refuse_size(f"{name} 的清洗件", copy.content)
        listed = listed_as(name, copy.content)
        # A replaced file keeps its place in the list: the text may speak of 附件2.
        new = text.with_attachments([*(listed_before | {name.casefold(): listed}).values()], report_id)
        said = reason.strip() or f"添加附件 {len(new.head.attachments)}"
        with office.records.writing(now, what="attach", who=actor.id, subject=report_id) as tx:
            edition = may_edit(tx.session, report_id, actor, now)
            if edition.digest != before.digest:
                raise AlreadyMoved(report_id, f"版本 {before.digest[:12]}")
            keep_attachment(office, tx, edition, listed, copy.content, content, by=actor.id)
            data = {"attached": listed.sha256, "kind": listed.kind, "size": listed.size, "hidden": len(hidden)}
            data |= also(tx, edition, listed) if also else {}
            save_edit(office, tx, edition, new, actor, reason=said, data=data)
    return AttachedFile(edition, listed, copy.removed, hidden)


def detach(office: Office, report_id: str, actor: Actor, name: str, *, reason: str, now: datetime) -> Edition:
    """A version without one attachment; earlier versions keep theirs. Raises NotFound, StepRefused, AlreadyMoved."""
    with refusals_recorded(office, actor, report_id, "detach", now):
        office.admit(actor, reason, "", now)
        with office.records.writing(now, what="detach", who=actor.id, subject=report_id) as tx:
            edition = may_edit(tx.session, report_id, actor, now)
            text = open_text(office, tx.session, edition)
            gone = named(text.head, name, report_id)
            new = text.with_attachments([one for one in text.head.attachments if one != gone], report_id)
            data = {"detached": gone.sha256}
            save_edit(office, tx, edition, new, actor, reason=reason.strip() or "撤下附件", data=data)
    return edition


def _refuse_name(name: str) -> None:
    kind = kind_of_name(name)
    if kind in _PAGES:
        raise BadInput("网页文件不能作附件，它在读者的浏览器里会运行", name, "请另存为 PDF 或 DOCX 后再添加")
    if kind in _OLD:
        raise BadInput("旧格式或带宏的文件不能作附件", name, "请另存为 XLSX、DOCX 或 PDF 后再添加")
    if kind in _ARCHIVES:
        raise BadInput("压缩包不能作附件", name, "请解压后逐个添加其中的文件")
    if problem := name_problem(name):
        raise BadInput(problem, repr(name) if not name.isprintable() else name, "请改名后再添加")


def _refuse_size(name: str, content: bytes) -> None:
    if not content:
        raise BadInput("文件是空的", name, "请核对文件")
    if len(content) > LARGEST:
        raise BadInput(f"文件超过 {LARGEST // 1024 // 1024} MB", name, "请拆分或压缩后再添加")
