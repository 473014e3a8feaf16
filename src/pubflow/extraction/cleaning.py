"""The cleaned copy 清洗件: what a reader sees, and nothing else. It goes public instead of the original.

A copy is made anew from what is known to be shown; a part that nobody asked for does not come along.
"""

import io
import zipfile
from dataclasses import dataclass

from PIL import Image, ImageOps

from pubflow.errors import BadInput
from pubflow.extraction.cleaned_pdf import clean_pdf
from pubflow.extraction.cleaned_web import clean_html
from pubflow.extraction.cleaned_word import clean_word
from pubflow.extraction.cleaned_workbook import clean_workbook
from pubflow.extraction.extract import extract
from pubflow.extraction.images import opened
from pubflow.extraction.kinds import contradiction, kind_of
from pubflow.extraction.limits import PIXELS, Budget, Limits, TooMuch
from pubflow.extraction.package import Archive, packed
from pubflow.extraction.reading import WHOLE_FILE, Reading, source_of
from pubflow.extraction.text_files import (
    FRONT_MATTER,
    LINK_TITLE,
    MARKDOWN_COMMENT,
    is_markdown,
    whole_text,
)

CLEANABLE = Limits(source_bytes=64 * 1024 * 1024, unpacked_bytes=128 * 1024 * 1024, seconds=120.0)


@dataclass(frozen=True)
class Copy:
    """A cleaned copy and what is not in it, in Chinese words for the drafter."""

    content: bytes
    removed: tuple[str, ...]


def cleaned(content: bytes, name: str) -> bytes:
    """The copy that may go public; see `cleaned_copy`."""
    return cleaned_copy(content, name).content


def cleaned_copy(content: bytes, name: str) -> Copy:
    """The copy that may go public, with what was left out.

    Workbooks: values instead of formulas; no properties, comments, names, links, pivots, embedded files, drawings,
    charts; hidden sheets go, hidden rows and columns are emptied. Documents: insertions accepted, fields as results;
    no properties, comments, deletions, hidden text, objects, links. Pages of a PDF anew, without metadata, notes,
    attachments, history. Pictures without EXIF, XMP, text. HTML without comments, scripts, styles, hidden elements.
    Raises BadInput (Chinese) for what cannot be read wholly or has no cleaned form.
    """
    removed: list[str] = []
    reading = Reading(Budget(CLEANABLE))
    try:
        return Copy(_cleaned(content, name, reading, removed), tuple(dict.fromkeys(removed)))
    except TooMuch as error:
        raise BadInput(f"不能生成清洗件：{error}", name, "请另存为规范的文件后再上传") from None
    except BadInput:
        raise
    except Exception as error:  # noqa: BLE001 - libraries raise what they like; no copy is better than a wrong one
        why = f"不能生成清洗件：文件不规范（{type(error).__name__}）"
        raise BadInput(why, name, "请用办公软件打开并另存后再上传") from None


def _cleaned(content: bytes, name: str, reading: Reading, removed: list[str]) -> bytes:
    source = source_of(content, name)
    kind = kind_of(source)
    if reason := contradiction(source, kind):
        raise TooMuch(reason)
    if kind == "text":
        return _clean_text(content, name, reading, removed)
    if kind == "html":
        _refuse_unread(content, name)
        return clean_html(whole_text(source, reading), removed)
    if kind == "image":
        return clean_image(content, removed)
    if kind == "pdf":
        return clean_pdf(content, removed, clean_image)
    if kind != "zip":
        raise TooMuch("这种文件没有清洗办法")
    archive = Archive(source, reading)
    main, type_ = archive.main_part()
    if "spreadsheetml.sheet.main" in type_:
        _refuse_unread(content, name)
        return _repacked(clean_workbook(content, removed))
    if "wordprocessingml.document.main" in type_:
        _refuse_unread(content, name)
        return clean_word(archive, main, removed, clean_image)
    if main:
        raise TooMuch("这种 Office 文件没有清洗办法，请另存为 XLSX、DOCX 或 PDF")
    members = {}
    for info in archive.members:
        inner = archive.source(info)
        if info.filename in members or ".." in info.filename or info.filename.startswith(("/", "\\")):
            raise TooMuch(f"压缩包内的文件名“{info.filename}”不规范")
        whole = inner.whole(reading.budget)
        members[info.filename] = _cleaned(whole, inner.name, reading.within(inner.name), removed)
    return packed(members)


def _refuse_unread(content: bytes, name: str) -> None:
    """What is not read wholly is not cleaned: macros, encryption, damage, what is too much."""
    done = extract(content, name, CLEANABLE)
    for _ in done:
        pass
    whole = ("文件", "文件名", "正文", "工作簿", WHOLE_FILE)
    top = [one for one in done.unread if one.hard and one.place.name in whole]
    if top:
        raise TooMuch(top[0].reason)


def _clean_text(content: bytes, name: str, reading: Reading, removed: list[str]) -> bytes:
    text = whole_text(source_of(content, name), reading)
    if reading.unread:
        raise TooMuch(reading.unread[0].reason)
    if is_markdown(name):
        shown, count = FRONT_MATTER.subn("", text, count=1)
        removed += ["文首属性"] * count
        shown, count = MARKDOWN_COMMENT.subn("", shown)
        removed += ["注释"] * min(count, 1)
        shown, count = LINK_TITLE.subn(r"\g<link>", shown)
        removed += ["链接标题"] * min(count, 1)
        return shown.encode("utf-8")
    return content


def clean_image(content: bytes, removed: list[str]) -> bytes:
    """A picture made anew from its pixels, turned as its EXIF says. Raises TooMuch: none, damaged, animated."""
    picture = opened(content, PIXELS)
    if getattr(picture, "n_frames", 1) > 1:
        raise TooMuch("动画或多页图片没有清洗办法")
    format_ = picture.format or "PNG"
    turned = ImageOps.exif_transpose(picture)
    fresh = Image.new(turned.mode, turned.size)
    fresh.paste(turned)
    if turned.mode == "P" and (palette := turned.getpalette()):
        fresh.putpalette(palette)
    transparency = turned.info.get("transparency")
    options = {"transparency": transparency} if transparency is not None and format_ in ("PNG", "GIF") else {}
    if format_ in ("JPEG", "WEBP"):
        options["quality"] = 95
    out = io.BytesIO()
    fresh.save(out, format_, **options)
    removed.append("图片信息")
    return out.getvalue()


def _repacked(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return packed({name: archive.read(name) for name in archive.namelist()})
