"""The public pages as bytes by path: pure rendering, the same input gives the same bytes.

Paths, relative to the document root:

    index.html, 404.html, style.css
    items/2026/00/R-2026-0001/index.html, item.json     a hundred items a folder
    items/2026/00/R-2026-0001/files/3f9a….xlsx          its attachments, each by the digest of its bytes
    categories/ID/index.html                            the newest of a category
    categories/ID/pages/01/12.html                      all of it, page by page from the oldest

Lists are paged from the oldest, in the order in which things became public, so that a publication touches the newest
page and the front page and never the others: `touched_pages` says which.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from jinja2 import Environment
from markupsafe import Markup

from pubflow.documents.attachments import Attached
from pubflow.documents.markdown import to_html
from pubflow.documents.templates import rendered, static_text
from pubflow.errors import BadInput
from pubflow.moments import iso

PAGE_SIZE = 20
"""Entries on a list page. Changing it moves every entry: all pages have to be made again."""

_REPORT_ID = re.compile(r"R-(\d{4})-(\d{4,9})")
_ITEMS_PER_FOLDER = 100
_PAGES_PER_FOLDER = 10  # a publication touches such a folder and has to copy its links


@dataclass(frozen=True)
class PublicAttachment:
    """An attachment as the page lists it. path: within the item's folder; size: bytes; sha256: of them.

    rows: of a small table, header first, for showing it on the page; empty otherwise.
    """

    name: str
    kind_name: str
    size: int
    sha256: str
    path: str
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class PublicItem:
    """What the public sees of one edition; every text may be empty. `published_at`: aware, UTC."""

    report_id: str
    edition: int
    title: str
    kind_name: str
    category_id: str
    category_name: str
    index_no: str
    subject_class: str
    publisher: str
    author_org: str
    co_producers: str
    date_created: str
    doc_no: str
    validity: str
    scope: str
    method: str
    summary: str
    keywords: str
    source: str
    published_at: datetime
    body_markdown: str
    notes: tuple[str, ...] = ()
    attachments: tuple[PublicAttachment, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A line in a list. `path`: the item's folder, as `item_path` gives it."""

    report_id: str
    title: str
    path: str
    category_id: str
    category_name: str
    published_at: datetime


@dataclass(frozen=True)
class CategoryPage:
    """One page of a category's list. `page_no`: 0 is the front page, 1 the oldest; `pages`: how many there are now.

    `entries`: those of `page_slice`, in the order in which they became public; for page 0 the newest PAGE_SIZE.
    """

    category_id: str
    name: str
    page_no: int
    pages: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Site:
    """What every page says about the site (settings fill it). `site_id_code`: 网站标识码, ten digits.

    `base_path`: where the site is mounted, with a slash at both ends; only the 404 page needs it.
    """

    site_name: str
    site_domain: str
    site_id_code: str
    organiser: str
    operator: str = ""
    phone: str = ""
    icp: str = ""
    police_record: str = ""
    district: str = ""
    column_name: str = "政府信息公开"
    column_type: str = "信息公开目录"
    column_description: str = ""
    column_keywords: str = ""
    error_report_url: str = ""
    base_path: str = "/"


def item_path(report_id: str) -> str:
    """`items/2026/00/R-2026-0001/`: the folder of a report's public page, for ever the same.

    Raises BadInput for what is no report number.
    """
    found = _REPORT_ID.fullmatch(report_id)
    if not found:
        raise BadInput(f"“{report_id}”不是报告编号", remedy="编号的样子是 R-2026-0001")
    return f"items/{found[1]}/{int(found[2]) // _ITEMS_PER_FOLDER:02d}/{report_id}/"


def attachment_path(listed: Attached) -> str:
    """`files/3f9a1c2b77ab01cd.xlsx`: where an attachment lies in its item's folder.

    ASCII, whatever its name; by its digest, so that a corrected file never hides behind the address of the old one.
    """
    return f"files/{listed.sha256[:16]}.{listed.kind}"


def category_path(category_id: str) -> str:
    """`categories/ID/`: the folder of a category's front page."""
    return f"categories/{category_id}/"


def category_page_path(category_id: str, page_no: int) -> str:
    """The file of one list page; 0 is the front page."""
    if page_no == 0:
        return f"{category_path(category_id)}index.html"
    return f"{category_path(category_id)}pages/{page_no // _PAGES_PER_FOLDER:02d}/{page_no}.html"


def page_count(entries: int) -> int:
    """How many list pages a category of so many entries has, its front page not counted."""
    return -(-entries // PAGE_SIZE)


def page_of(position: int) -> int:
    """The list page of the entry at `position`, counted from 1 in the order in which entries became public."""
    return page_count(position)


def page_slice(page_no: int, total: int) -> tuple[int, int]:
    """(offset, limit) of a page's entries, counted from the oldest, in a category of `total` entries.

    For the front page, 0, these are the newest PAGE_SIZE.
    """
    if page_no == 0:
        return max(total - PAGE_SIZE, 0), PAGE_SIZE
    return (page_no - 1) * PAGE_SIZE, PAGE_SIZE


def touched_pages(before: int, added: int) -> list[int]:
    """The pages of a category to make again when `added` entries join the `before` that were there.

    The front page, every page that gains an entry, and a full last page, which gains its link to the next.
    """
    if added == 0:
        return []
    return [0, *range(max(page_of(before), 1), page_of(before + added) + 1)]


def item_pages(item: PublicItem, site: Site, env: Environment) -> dict[str, bytes]:
    """The page of one item and, beside it, its catalogue record as JSON.

    Raises BadInput: for a template that cannot be rendered, or that does not list every attachment.
    """
    folder = item_path(item.report_id)
    page = rendered(
        env,
        "item.html.j2",
        **_frame(site, folder + "index.html"),
        item=item,
        category_path=category_path(item.category_id),
        body=Markup(to_html(item.body_markdown, title=item.title)),  # noqa: S704 - cleaned by to_html
    )
    # An office keeps its own templates: one from before there were attachments would publish them unlisted.
    if unlisted := [one.name for one in item.attachments if f'href="{one.path}"' not in page]:
        what = f"没有列出附件“{unlisted[0]}”"
        raise BadInput(what, "portal/item.html.j2", "请从安装包的 config/templates 补回该文件，再补上本局的改动")
    record = {name: value for name, value in asdict(item).items() if name != "body_markdown"}
    for one in record["attachments"]:
        del one["rows"]  # the file itself lies beside the record
    record["published_at"] = iso(item.published_at)
    record["body_sha256"] = hashlib.sha256(item.body_markdown.encode()).hexdigest()
    as_json = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    return {folder + "index.html": page.encode(), folder + "item.json": as_json.encode()}


def index_pages(
    site: Site,
    env: Environment,
    *,
    home: Sequence[Entry],
    counts: Sequence[tuple[str, str, int]],
    touched: Sequence[CategoryPage],
) -> dict[str, bytes]:
    """The home page, the touched pages of categories, the 404 page and the style sheet.

    home: the newest entries, newest first. counts: (category id, name, entries) of every category, in the order of
    the office's scheme, zeros too. Raises BadInput (template).
    """
    listed = [(category_path(category_id), name, count) for category_id, name, count in counts]
    pages = {
        "index.html": rendered(env, "home.html.j2", **_frame(site, "index.html"), entries=home, counts=listed),
        "404.html": rendered(env, "404.html.j2", **(_frame(site, "404.html") | {"root": site.base_path})),
        "style.css": static_text(env, "style.css"),
    }
    totals = {category_id: count for category_id, _, count in counts}
    for page in touched:
        path = category_page_path(page.category_id, page.page_no)
        pages[path] = rendered(
            env,
            "category.html.j2",
            **_frame(site, path),
            page=page,
            entries=list(reversed(page.entries)),
            total=totals.get(page.category_id, 0),
            path=category_path(page.category_id),
            first=(page.page_no - 1) * PAGE_SIZE + 1,
            archive=[(number, category_page_path(page.category_id, number)) for number in _signposts(page.pages)],
            older=category_page_path(page.category_id, page.page_no - 1) if page.page_no > 1 else "",
            newer=category_page_path(page.category_id, page.page_no + 1) if 0 < page.page_no < page.pages else "",
        )
    return {path: text.encode() for path, text in pages.items()}


def _frame(site: Site, path: str) -> dict[str, object]:
    """What the frame of every page needs. `root`: from the page's folder back to the document root."""
    return {"site": site, "root": "../" * path.count("/") or "./", "url_path": path.removesuffix("index.html")}


def _signposts(pages: int) -> list[int]:
    """Pages to jump to, newest first: the last three, the first, and at most eight between, however many there are."""
    spread = {1 + (pages - 1) * eighth // 8 for eighth in range(9)}
    return sorted({number for number in spread | {pages, pages - 1, pages - 2} if 1 <= number <= pages}, reverse=True)
