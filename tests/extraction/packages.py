"""Archives and Office packages for tests, made by hand."""

import io
import zipfile


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def office(kind: str, part: str, xml: str) -> bytes:
    """An Office package of one part. kind: as in its content type."""
    namespace = "http://schemas.openxmlformats.org"
    types = (
        f'<Types xmlns="{namespace}/package/2006/content-types"><Override PartName="/{part}" '
        f'ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/></Types>'
    )
    relation = (
        f'<Relationships xmlns="{namespace}/package/2006/relationships"><Relationship Id="r" '
        f'Type="{namespace}/officeDocument/2006/relationships/officeDocument" Target="{part}"/></Relationships>'
    )
    return zipped({"[Content_Types].xml": types.encode(), "_rels/.rels": relation.encode(), part: xml.encode()})
