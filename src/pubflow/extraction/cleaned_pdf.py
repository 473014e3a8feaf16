"""The cleaned copy of a PDF: its pages written anew, with what they paint."""

import io
from collections.abc import Callable

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import ContentStream, DictionaryObject, NameObject, StreamObject

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.pdf import MARKED

# What a page keeps; notes, actions, thumbnails, private data of programs and structure do not come along.
_PAGE = {"/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/Contents", "/Group", "/UserUnit"}
_PRIVATE = ("/Metadata", "/PieceInfo", "/LastModified", "/Measure", "/PtData", "/StructParent", "/StructParents", "/OC")
ImageCleaner = Callable[[bytes, list[str]], bytes]


def clean_pdf(content: bytes, removed: list[str], clean_image: ImageCleaner) -> bytes:
    """A PDF of the same pages. Raises TooMuch: encrypted, or with layers that are switched off."""
    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted:
        raise TooMuch("PDF 已加密")
    root = reader.trailer["/Root"].get_object()
    layers = root.get("/OCProperties") if isinstance(root, DictionaryObject) else None
    if layers is not None and layers.get_object().get("/D", DictionaryObject()).get_object().get("/OFF"):
        raise TooMuch("PDF 有关闭的图层，清洗后会显示出来；请合并图层后重新导出")
    writer = PdfWriter()
    for page in reader.pages:
        bare = PageObject(reader)
        bare.update({key: value for key, value in page.items() if key in _PAGE - {"/Parent"}})
        if "/Annots" in page:
            removed.append("批注、链接和表单")
        painted = page.get_contents()
        if painted is not None and MARKED.search(painted.get_data()):
            removed.append("标记内容中的替代文字")
            bare[NameObject("/Contents")] = _painting(painted, reader)
        writer.add_page(bare)
    for one in list(writer._objects):
        if isinstance(one, DictionaryObject):
            for key in _PRIVATE:
                one.pop(key, None)
        if isinstance(one, StreamObject) and one.get("/Subtype") == "/Form" and MARKED.search(one.get_data()):
            one.set_data(_painting(one, writer).get_data())
        if isinstance(one, StreamObject) and one.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
            one._data = clean_image(bytes(one._data), removed)
    writer.metadata = None
    removed += ["文档属性", "附件和历史版本"]
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _painting(content: StreamObject, of: PdfReader | PdfWriter) -> ContentStream:
    """Content without what it says instead of its signs; the marks stay, so that begin and end still match."""
    painting = ContentStream(content, of)
    bare = {b"BDC": b"BMC", b"DP": b"MP"}
    painting.operations = [
        (operands[:1], bare[operator]) if operator in bare and isinstance(operands, list) else (operands, operator)
        for operands, operator in painting.operations
    ]
    return painting
