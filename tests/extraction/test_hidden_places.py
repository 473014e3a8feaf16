"""One invented number in each place of a file: all are found there, and the cleaned copy keeps the shown ones only."""

import io
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

import docx
import pytest
from openpyxl import Workbook, load_workbook
from PIL import ExifTags, Image, PngImagePlugin
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Link
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from pubflow.confidentiality.check_digits import check_digit
from pubflow.extraction.cleaning import cleaned
from pubflow.extraction.extract import extract

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_PROPERTIES = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"


@dataclass
class Planted:
    """The numbers of one file: each with the place that must be named, and whether the cleaned copy keeps it."""

    places: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def __call__(self, place: str, *, stays: bool = False) -> str:
        first = f"11010519491231{len(self.places) + 100:03d}"
        number = first + check_digit(first)
        self.places[number] = (place, stays)
        return number


def _zip(members: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _types(main: str, type_: str, others: dict[str, str]) -> str:
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
        for name, kind in {main: type_, **others}.items()
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(*targets: tuple[str, str], outside: str = "") -> str:
    inner = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    if outside:
        inner += f'<Relationship Id="o" Type="{_OFFICE}/hyperlink" Target="{outside}" TargetMode="External"/>'
    return f'<Relationships xmlns="{_RELS}">{inner}</Relationships>'


def _properties(plant: Planted) -> dict[str, str | bytes]:
    dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return {
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_PROPERTIES}" {dc}>'
        f"<dc:creator>{plant('文档属性“作者”')}</dc:creator><dc:title>{plant('文档属性“标题”')}</dc:title>"
        f"<cp:keywords>{plant('文档属性“关键词”')}</cp:keywords></cp:coreProperties>",
        "docProps/app.xml": f"<Properties><Company>{plant('“单位”')}</Company>"
        f"<Manager>{plant('“主管”')}</Manager></Properties>",
        "docProps/custom.xml": f"<Properties><property><v>{plant('自定义文档属性')}</v></property></Properties>",
    }


def small_document(text: str) -> bytes:
    """A Word document of one paragraph, to be put into something else."""
    out = io.BytesIO()
    made = docx.Document()
    made.add_paragraph(text)
    made.save(out)
    return out.getvalue()


def small_workbook(text: str) -> bytes:
    """A workbook of one cell likewise."""
    made, out = Workbook(), io.BytesIO()
    made.worksheets[0].title = "内"
    made.worksheets[0]["A1"] = text
    made.save(out)
    return out.getvalue()


def small_photo(author: str) -> bytes:
    """A JPEG with EXIF."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x013B] = author
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def workbook(plant: Planted) -> bytes:
    """A workbook with something in every corner."""

    def cell(place: str, at: str, *, stays: bool = False, extra: str = "") -> str:
        return f'<c r="{at}" t="inlineStr">{extra}<is><t>{plant(place, stays=stays)}</t></is></c>'

    def sheet(inside: str) -> str:
        return f"<worksheet {_S} {_R}>{inside}</worksheet>"

    first = "工作表“附表1”"
    shown = sheet(
        '<cols><col min="2" max="2" hidden="1" width="9"/></cols><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>甲</t></is></c><c r="C1" t="inlineStr"><is><t>乙</t></is></c></row>'
        f'<row r="2">{cell(first + "A2", "A2", stays=True)}{cell(first + "B2（隐藏列）", "B2")}'
        f'<c r="C2"><f>"{plant(first + "C2的公式")}"=C2</f><v>1</v></c></row>'
        f'<row r="3" hidden="1">{cell(first + "A3（隐藏行）", "A3")}</row></sheetData>'
        '<dataValidations count="1"><dataValidation type="list" sqref="A5" '
        f'prompt="{plant("数据有效性")}"><formula1>"{plant("数据有效性")}"</formula1></dataValidation></dataValidations>'
        f"<headerFooter><oddHeader>{plant('页眉页脚')}</oddHeader></headerFooter>"
    )
    comments = (
        f"<comments {_S}><authors><author>{plant(first + '批注作者')}</author></authors><commentList>"
        f'<comment ref="C2" authorId="0"><text><t>{plant(first + "批注 C2")}</t></text></comment>'
        "</commentList></comments>"
    )
    return _zip(
        {
            "[Content_Types].xml": _types(
                "xl/workbook.xml",
                "spreadsheetml.sheet.main",
                {f"xl/worksheets/sheet{n}.xml": "spreadsheetml.worksheet" for n in (1, 2, 3)}
                | {
                    "xl/sharedStrings.xml": "spreadsheetml.sharedStrings",
                    "xl/comments1.xml": "spreadsheetml.comments",
                },
            ),
            "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook {_S} {_R}><sheets><sheet name="附表1" sheetId="1" r:id="rId1"/>'
            '<sheet name="附表2" sheetId="2" state="hidden" r:id="rId2"/>'
            '<sheet name="附表3" sheetId="3" state="veryHidden" r:id="rId3"/></sheets>'
            f'<definedNames><definedName name="n">"{plant("定义名称“n”")}"</definedName></definedNames></workbook>',
            "xl/_rels/workbook.xml.rels": _relations(
                *(("worksheet", f"worksheets/sheet{n}.xml") for n in (1, 2, 3)), ("sharedStrings", "sharedStrings.xml")
            ),
            "xl/sharedStrings.xml": f"<sst {_S}><si><t>{plant('共享字符串')}</t></si>"
            f'<si><t>字</t><rPh sb="0" eb="1"><t>{plant("拼音标注")}</t></rPh></si></sst>',
            "xl/worksheets/sheet1.xml": shown,
            "xl/worksheets/_rels/sheet1.xml.rels": _relations(
                ("comments", "../comments1.xml"), outside=f"http://example.cn/{plant('外部链接地址')}"
            ),
            "xl/worksheets/sheet2.xml": sheet(
                f'<sheetData><row r="1">{cell("工作表“附表2”（隐藏）A1", "A1")}</row></sheetData>'
            ),
            "xl/worksheets/sheet3.xml": sheet(
                f'<sheetData><row r="1">{cell("工作表“附表3”（深度隐藏）A1", "A1")}</row></sheetData>'
            ),
            "xl/comments1.xml": comments,
            "xl/threadedComments/threadedComment1.xml": '<ThreadedComments><threadedComment ref="A1">'
            f"<text>{plant('批注 A1')}</text></threadedComment></ThreadedComments>",
            "xl/externalLinks/externalLink1.xml": f"<externalLink><v>{plant('外部链接1的缓存值')}</v></externalLink>",
            "xl/pivotCache/pivotCacheDefinition1.xml": f'<d><s v="{plant("数据透视表缓存1")}"/></d>',
            "xl/pivotCache/pivotCacheRecords1.xml": f'<r><s v="{plant("数据透视表缓存1的记录")}"/></r>',
            "xl/charts/chart1.xml": f"<c><cat><v>{plant('图表1的缓存')}</v></cat></c>",
            "xl/drawings/drawing1.xml": f'<d><cNvPr descr="{plant("图形1属性“descr”")}"'
            f' title="{plant("图形1属性“title”")}"/>'
            f"<txBody><t>{plant('图形1的文本框')}</t></txBody></d>",
            "xl/styles.xml": f'<styleSheet {_S}><numFmts><numFmt numFmtId="164" formatCode=\'"'
            f"{plant('样式与设置属性“formatCode”')}\"0'/></numFmts></styleSheet>",
            "xl/embeddings/inner.docx": small_document(plant("嵌入文件“inner.docx”：第1段")),
            "xl/media/image1.jpeg": small_photo(plant("图片“image1.jpeg”：图片信息“EXIF Artist”")),
            "xl/embeddings/inner.txt": plant("嵌入文件“inner.txt”"),
            "xl/strange.xml": f"<x>{plant('部件 xl/strange.xml')}</x>",
            **_properties(plant),
        }
    )


def document(plant: Planted) -> bytes:
    """A Word document likewise."""

    def run(text: str, look: str = "") -> str:
        return f"<w:r>{look}<w:t>{text}</w:t></w:r>"

    def paragraph(inside: str) -> str:
        return f"<w:p>{inside}</w:p>"

    body = "".join(
        (
            paragraph(run(plant("第1段", stays=True))),
            paragraph(f'<w:ins w:id="1" w:author="{plant("修订作者")}">{run(plant("第2段", stays=True))}</w:ins>'),
            paragraph(f'<w:del w:id="2"><w:r><w:delText>{plant("已删除的修订")}</w:delText></w:r></w:del>'),
            paragraph(f'<w:moveFrom w:id="3">{run(plant("已删除的修订"))}</w:moveFrom>'),
            paragraph(run(plant("隐藏文字"), "<w:rPr><w:vanish/></w:rPr>")),
            paragraph(f"<w:r><w:instrText> QUOTE {plant('域代码')} </w:instrText></w:r>"),
            paragraph(
                '<w:r><w:drawing><wp:inline xmlns:wp="urn:wp">'
                f'<wp:docPr id="1" name="n" descr="{plant("替代文字", stays=True)}"'
                f' title="{plant("替代文字", stays=True)}"/><pic:pic xmlns:pic="urn:pic">'
                f'<pic:cNvPr id="0" name="{plant("替代文字")}" descr="{plant("替代文字", stays=True)}"/>'
                '<a:blip xmlns:a="urn:a" r:embed="rId6"/></pic:pic></wp:inline></w:drawing></w:r>'
            ),
            paragraph(f'<w:r><w:pict><v:shape xmlns:v="urn:v" alt="{plant("替代文字", stays=True)}"/></w:pict></w:r>'),
            paragraph(
                f'<w:sdt><w:sdtPr><w:alias w:val="{plant("属性“val”")}"/></w:sdtPr>'
                f"<w:sdtContent>{run('内容')}</w:sdtContent></w:sdt>"
            ),
            paragraph(f'<w:fldSimple w:instr="QUOTE {plant("域代码")}">{run("结果")}</w:fldSimple>'),
            paragraph(
                f"<w:r><w:pict><w:txbxContent>{paragraph(run(plant('文本框1', stays=True)))}"
                "</w:txbxContent></w:pict></w:r>"
            ),
            "<w:tbl><w:tr>"
            + "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("甲", "乙"))
            + "</w:tr><w:tr>"
            + f"<w:tc>{paragraph(run('1'))}</w:tc><w:tc>{paragraph(run(plant('表1第2行第2列', stays=True)))}</w:tc>"
            + "</w:tr></w:tbl>",
        )
    )
    kinds = ("header", "footer", "footnotes", "endnotes", "comments")
    parts = {"header": "header1.xml", "footer": "footer1.xml"} | {kind: f"{kind}.xml" for kind in kinds[2:]}
    section = '<w:sectPr><w:headerReference r:id="rId1"/><w:footerReference r:id="rId2"/></w:sectPr>'
    return _zip(
        {
            "[Content_Types].xml": _types(
                "word/document.xml",
                "wordprocessingml.document.main",
                {f"word/{part}": f"wordprocessingml.{kind}" for kind, part in parts.items()},
            ),
            "_rels/.rels": _relations(("officeDocument", "word/document.xml")),
            "word/document.xml": f"<w:document {_W} {_R}><w:body>{body}{section}</w:body></w:document>",
            "word/_rels/document.xml.rels": _relations(
                *parts.items(), ("image", "media/image1.jpeg"), outside=f"http://example.cn/{plant('外部链接地址')}"
            ),
            "word/header1.xml": f"<w:hdr {_W}>{paragraph(run(plant('页眉1', stays=True)))}</w:hdr>",
            "word/footer1.xml": f"<w:ftr {_W}>{paragraph(run(plant('页脚1', stays=True)))}</w:ftr>",
            "word/footnotes.xml": f'<w:footnotes {_W}><w:footnote w:id="2">'
            f"{paragraph(run(plant('脚注2', stays=True)))}</w:footnote></w:footnotes>",
            "word/endnotes.xml": f'<w:endnotes {_W}><w:endnote w:id="2">'
            f"{paragraph(run(plant('尾注2', stays=True)))}</w:endnote></w:endnotes>",
            "word/comments.xml": f'<w:comments {_W}><w:comment w:id="2" w:author="{plant("批注2作者")}">'
            f"{paragraph(run(plant('批注2')))}</w:comment></w:comments>",
            "word/embeddings/inner.txt": plant("嵌入文件“inner.txt”"),
            "word/embeddings/inner.xlsx": small_workbook(plant("嵌入文件“inner.xlsx”：工作表“内”A1")),
            "word/media/image1.jpeg": small_photo(plant("图片“image1.jpeg”：图片信息“EXIF Artist”")),
            "word/settings.xml": f'<w:settings {_W}><w:docVars><w:docVar w:name="n" w:val="{plant("文档设置")}"/>'
            "</w:docVars></w:settings>",
            "customXml/item1.xml": f"<x>{plant('自定义 XML 数据')}</x>",
            **_properties(plant),
        }
    )


def pdf(plant: Planted) -> bytes:
    """A PDF with an earlier state inside."""
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    name = NameObject
    font = DictionaryObject(
        {name("/Type"): name("/Font"), name("/Subtype"): name("/Type1"), name("/BaseFont"): name("/Helvetica")}
    )
    page[name("/Resources")] = DictionaryObject({name("/Font"): DictionaryObject({name("/F1"): font})})
    content = DecodedStreamObject()
    signs = plant("第1页实际文字")  # sign by sign, as browsers write it
    one_by_one = "".join(f"/Span <</ActualText ({sign})>> BDC ( ) Tj EMC " for sign in signs)
    content.set_data(
        f"BT /F1 12 Tf {one_by_one} ET /Span <</ActualText ({plant('第1页实际文字')}) /MCID 0>> BDC "
        f"BT /F1 12 Tf 20 200 Td ({plant('第1页', stays=True)}) Tj ET EMC".encode()
    )
    page[name("/Contents")] = writer._add_object(content)
    face = DecodedStreamObject()
    face.set_data(f"BT /F1 12 Tf 2 2 Td ({plant('第1页外观')}) Tj ET".encode())
    face.update({name("/Type"): name("/XObject"), name("/Subtype"): name("/Form"), name("/BBox"): _box()})
    face[name("/Resources")] = page["/Resources"]
    field_ = DictionaryObject(
        {
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/Widget"),
            name("/FT"): name("/Tx"),
            name("/Rect"): _box(),
        }
    )
    for key, what in (("/T", "名"), ("/TU", "说明"), ("/V", "的值"), ("/DV", "的默认值")):
        field_[name(key)] = TextStringObject(plant(f"第1页表单域{what}"))
    field_[name("/Opt")] = ArrayObject([TextStringObject(plant("第1页表单选项"))])
    field_[name("/AP")] = DictionaryObject({name("/N"): writer._add_object(face)})
    writer._root_object[name("/AcroForm")] = DictionaryObject(
        {name("/Fields"): ArrayObject([writer.add_annotation(0, field_).indirect_reference])}
    )
    note = FreeText(text=plant("第1页批注"), rect=(10, 10, 90, 90))
    note[name("/T")] = TextStringObject(plant("第1页批注作者"))
    writer.add_annotation(0, note)
    writer.add_annotation(0, Link(rect=(1, 1, 5, 5), url=f"http://example.cn/{plant('第1页链接地址')}"))
    writer.add_outline_item(plant("书签"), page_number=0)
    writer._root_object[name("/OpenAction")] = DictionaryObject(
        {name("/S"): name("/JavaScript"), name("/JS"): TextStringObject(plant("脚本"))}
    )
    writer.add_attachment(f"{plant('附件名')}.txt", plant("附件：第1行第1列").encode())
    inside = _zip({"in.docx": small_document(plant("附件：压缩包内“in.docx”：第1段"))})
    writer.add_attachment("b.zip", inside)
    xmp = DecodedStreamObject()
    xmp.set_data(f"<x:xmpmeta>{plant('XMP 信息')}</x:xmpmeta>".encode())
    xmp[name("/Type")] = name("/Metadata")
    writer._root_object[name("/Metadata")] = writer._add_object(xmp)
    old = plant("PDF 历史版本1：文档属性“关键词”")
    writer.add_metadata({"/Author": plant("文档属性“作者”"), "/Title": plant("文档属性“标题”"), "/Keywords": old})
    out = io.BytesIO()
    writer.write(out)
    later = PdfWriter(io.BytesIO(out.getvalue()), incremental=True)
    later.add_metadata({"/Keywords": "none"})
    out = io.BytesIO()
    later.write(out)
    return out.getvalue()


def _box() -> ArrayObject:
    return ArrayObject(NumberObject(edge) for edge in (0, 0, 90, 20))


def page(plant: Planted) -> bytes:
    """A web page, with a picture inside its own text."""
    photo = b64encode(small_photo(plant("内嵌数据：图片信息“EXIF Artist”"))).decode()
    inlaid = f'<img src="data:image/jpeg;base64,{photo}">'
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="k" content="{plant("标签属性")}">'
        f'<script>var a="{plant("脚本")}"</script><style>/* {plant("样式")} */</style></head><body>'
        f'<p data-x="{plant("标签属性")}">{plant("第1行", stays=True)}</p><!-- {plant("注释")} -->'
        f'<div style="display: none">{plant("隐藏元素")}</div><p hidden>{plant("隐藏元素")}</p>'
        f'<img src="a.png" alt="{plant("标签属性", stays=True)}" title="{plant("标签属性")}">'
        f'<input type="hidden" value="{plant("标签属性")}">{inlaid}'
        f"<template>{plant('模板')}</template></body></html>"
    ).encode()


def note(plant: Planted) -> bytes:
    """A Markdown file."""
    return (
        f"---\ntitle: 动态\nauthor: {plant('第3行第9列（文首属性）')}\n---\n\n{plant('第6行第1列', stays=True)}\n"
        f"<!-- {plant('第7行第6列（注释）')} -->\n[//]: # ({plant('第8行第10列（注释）')})\n"
        f'[文](http://example.cn/ "{plant("第9行第25列（链接标题）")}")\n'
        f"![{plant('第10行第3列', stays=True)}](a.png?{plant('第10行第29列（链接地址）', stays=True)})\n"
        f"[甲]: http://example.cn/ '{plant('第11行第26列（链接标题）')}'\n"
    ).encode()


def photo(plant: Planted) -> bytes:
    """A JPEG with EXIF, where it was taken, IPTC, XMP and a comment."""
    exif = Image.Exif()
    exif[0x013B] = plant("图片信息“EXIF Artist”")
    exif.get_ifd(ExifTags.IFD.Exif)[0x9286] = b"ASCII\0\0\0" + plant("图片信息“EXIF UserComment”").encode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[0x001C] = plant("图片信息“GPS GPSAreaInformation”")
    out = io.BytesIO()
    xmp = f"<x:xmpmeta>{plant('XMP')}</x:xmpmeta>".encode()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=exif, xmp=xmp, comment=plant("注释"))
    caption = plant("图片信息“IPTC 2:120”").encode()
    record = b"\x1c\x02\x78" + len(caption).to_bytes(2, "big") + caption
    block = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(record).to_bytes(4, "big") + record + bytes(len(record) % 2)
    content = out.getvalue()
    return content[:2] + b"\xff\xed" + (len(block) + 2).to_bytes(2, "big") + block + content[2:]


def other_picture(kind: str) -> Callable[[Planted], bytes]:
    """A picture of another kind, with what it can carry."""

    def built(plant: Planted) -> bytes:
        exif, out = Image.Exif(), io.BytesIO()
        more: dict[str, object] = {"exif": exif}
        if kind == "GIF":  # which knows no EXIF
            more = {"comment": plant("图片信息“注释”")}
        else:
            exif[0x010E] = plant("图片信息“EXIF ImageDescription”")
        Image.new("RGB", (8, 8)).save(out, kind, **more)
        return out.getvalue()

    return built


def picture(plant: Planted) -> bytes:
    """A PNG with text chunks, compressed and not."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", plant("图片信息“Author”"))
    info.add_text("Title", plant("图片信息“Title”"), zip=True)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def archive(plant: Planted) -> bytes:
    """A workbook in an archive in an archive."""
    inner = _zip({"b.txt": plant("b.txt", stays=True), "c.csv": f"姓名,证件\n甲,{plant('第2行第2列', stays=True)}\n"})
    return _zip({"in.zip": inner})


FILES: list[tuple[str, Callable[[Planted], bytes], Callable[[io.BytesIO], object]]] = [
    ("a.xlsx", workbook, load_workbook),
    ("a.docx", document, docx.Document),
    ("a.pdf", pdf, PdfReader),
    ("a.html", page, lambda content: content.read().decode("utf-8")),
    ("a.md", note, lambda content: content.read().decode("utf-8")),
    ("a.jpg", photo, lambda content: Image.open(content).load()),
    ("a.png", picture, lambda content: Image.open(content).load()),
    ("a.gif", other_picture("GIF"), lambda content: Image.open(content).load()),
    ("a.webp", other_picture("WEBP"), lambda content: Image.open(content).load()),
    ("a.tiff", other_picture("TIFF"), lambda content: Image.open(content).load()),
    ("a.zip", archive, zipfile.ZipFile),
]


@pytest.mark.parametrize(("name", "build", "opens"), FILES, ids=[name for name, _, _ in FILES])
def test_each_number_is_found_at_its_place(name: str, build: Callable[[Planted], bytes], opens: object) -> None:
    plant = Planted()
    units = list(extract(build(plant), name))
    for number, (place, _) in plant.places.items():
        said = [unit.at(at, at + len(number)) for unit in units if (at := unit.text.find(number)) >= 0]
        exact = name in ("a.pdf", "a.md")  # few places, each with a name of its own
        names = [one.name for one in said if one is not None]
        assert any(place == one if exact else place in one for one in names), (place, names)


@pytest.mark.parametrize(("name", "build", "opens"), FILES, ids=[name for name, _, _ in FILES])
def test_the_cleaned_copy_opens_and_keeps_only_what_is_shown(
    name: str, build: Callable[[Planted], bytes], opens: Callable[[io.BytesIO], object]
) -> None:
    plant = Planted()
    copy = cleaned(build(plant), name)
    opens(io.BytesIO(copy))
    everything = b"\n".join(_all_of(copy))
    for number, (place, stays) in plant.places.items():
        there = number.encode() in everything or number.encode("utf-16-be") in everything
        assert there is stays, place


def _all_of(content: bytes) -> list[bytes]:
    """The bytes, and what they hold unpacked."""
    found = [content]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for name in opened.namelist():
                found += [name.encode(), *_all_of(opened.read(name))]
    elif content.startswith(b"%PDF"):
        reader = PdfReader(io.BytesIO(content))
        for number in range(1, len(reader.xref[0]) + 1):
            one = reader.get_object(number)
            found.append(one.get_data() if isinstance(one, StreamObject) else repr(one).encode())
    return found
