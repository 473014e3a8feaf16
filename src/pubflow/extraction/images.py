"""Pictures: all text they carry beside their pixels. The pixels themselves a person must look at."""

import warnings
from collections.abc import Iterator, Mapping
from io import BytesIO

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin, JpegImagePlugin

from pubflow.extraction.limits import TooMuch
from pubflow.extraction.package import strings_in
from pubflow.extraction.reading import Reading
from pubflow.extraction.units import Parts, Unit

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "WEBP")
_LOOK = "图片内容须人工查看，程序只检查了图片附带的文字信息"
_LOCATED = "图片信息中有拍摄地点（GPS），请使用清洗件"
_IFDS = {ExifTags.IFD.Exif: "EXIF", ExifTags.IFD.GPSInfo: "GPS", ExifTags.IFD.IFD1: "缩略图信息"}
_PNG_END = b"IEND\xaeB`\x82"


def image_units(content: bytes, reading: Reading) -> Iterator[Unit]:
    """The metadata of a picture: EXIF, XMP, IPTC, text chunks, comments. Raises TooMuch for what is no picture."""
    picture = opened(content, reading.budget.limits.pixels)
    reading.cannot(_LOOK, "图片", rule="picture-content", hard=False)
    if getattr(picture, "n_frames", 1) > 1:
        reading.cannot("动画或多页图片，只检查了第一页", "图片")
    parts = Parts()

    def note(name: str, value: object) -> None:
        for said in texts_of(value):
            parts.add(f"{said}\n", reading.place(f"图片信息“{name}”", hidden=True))

    for key, value in picture.info.items():
        if key not in ("exif", "icc_profile", "photoshop", "transparency", "palette"):
            note(_INFO_NAMES.get(str(key).lower(), str(key)), value)
    exif = picture.getexif()
    for tag, value in exif.items():
        note(f"EXIF {ExifTags.TAGS.get(tag, tag)}", value)
    if exif.get_ifd(ExifTags.IFD.GPSInfo):
        reading.cannot(_LOCATED, "图片", rule="picture-location", hard=False)
    for ifd, name in _IFDS.items():
        for tag, value in exif.get_ifd(ifd).items():
            known = ExifTags.GPSTAGS if ifd is ExifTags.IFD.GPSInfo else ExifTags.TAGS
            note(f"{name} {known.get(tag, tag)}", value)
    if isinstance(profile := picture.info.get("icc_profile"), bytes):
        note("色彩配置", strings_in(profile))
    for record, said in (IptcImagePlugin.getiptcinfo(picture) or {}).items():
        note(f"IPTC {record[0]}:{record[1]}", said)
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        for segment, raw in picture.applist:
            if segment not in ("APP0", "APP2", "APP14"):
                note(f"JPEG {segment}", raw)
    if parts.length:
        yield parts.unit()
    if _behind(content, picture.format or ""):
        reading.cannot("图片后面附有其他数据", "图片")


_INFO_NAMES = {"xmp": "XMP", "xml:com.adobe.xmp": "XMP", "comment": "注释"}


def opened(content: bytes, pixels: int) -> ImageFile.ImageFile:
    """A picture, its head read but not its pixels. Raises TooMuch: none, damaged, or too large."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what we refuse below, or of tags that it repairs
        try:
            picture = Image.open(BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > pixels:
                raise TooMuch(f"图片超过 {pixels} 像素")
            if picture.format == "PNG":
                picture.load()  # text chunks may stand behind the pixels
        except TooMuch:
            raise
        except Exception as error:  # noqa: BLE001 - Pillow's plugins raise what they like on damaged files
            raise TooMuch(f"图片损坏或不能识别（{type(error).__name__}）") from None
    return picture


def texts_of(value: object) -> Iterator[str]:
    """What a piece of metadata may say, in each encoding in which it could say it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield from _decoded(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts_of(one)
    elif isinstance(value, (list, tuple)):
        if value and all(isinstance(one, int) and 0 <= one < 256 for one in value):
            yield from _decoded(bytes(value))
        else:
            for one in value:
                yield from texts_of(one)
    elif value is not None:
        yield str(value)


def _decoded(raw: bytes) -> Iterator[str]:
    yield raw.decode("utf-8", "ignore").replace("\x00", "")
    if b"\x00" in raw:
        yield raw.decode("utf-16-le", "ignore")
        yield raw.decode("utf-16-be", "ignore")
    if any(byte > 0x7F for byte in raw):
        yield raw.decode("gb18030", "ignore")


def _behind(content: bytes, format_: str) -> bool:
    """Whether something follows the end of the picture; padding with zeros does not count."""
    if format_ == "PNG":
        return content.partition(_PNG_END)[2].strip(b"\x00\r\n") != b""
    if format_ == "JPEG":
        return content.rpartition(b"\xff\xd9")[2].strip(b"\x00\r\n") != b""
    return False
