"""The cleaned copy of a PDF: its pages written anew, with what they paint."""

import io
from collections.abc import Callable

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, StreamObject

from pubflow.extraction.limits import TooMuch

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
        writer.add_page(bare)
    for one in list(writer._objects):
        if isinstance(one, DictionaryObject):
            for key in _PRIVATE:
                one.pop(key, None)
        if isinstance(one, StreamObject) and one.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
            one._data = clean_image(bytes(one._data), removed)
    writer.metadata = None
    removed += ["文档属性", "附件和历史版本"]
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
