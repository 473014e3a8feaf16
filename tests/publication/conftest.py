"""A site, an item, a public tree and a real web server on it."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from jinja2 import Environment

from pubflow.documents.templates import office_templates
from pubflow.publication.pages import Entry, PublicAttachment, PublicItem, Site, item_path
from pubflow.publication.portal import server_config
from pubflow.publication.tree import PublicTree

TEMPLATES = Path(__file__).parents[2] / "config" / "templates" / "portal"


@pytest.fixture(scope="session")
def env() -> Environment:
    return office_templates(TEMPLATES)


@pytest.fixture(scope="session")
def site() -> Site:
    return Site(
        site_name="南昌市东湖区统计局",
        site_domain="tjj.example.gov.cn",
        site_id_code="3601020001",
        organiser="南昌市东湖区统计局",
        operator="局办公室",
        phone="0791-00000000",
        district="南昌市东湖区",
    )


@pytest.fixture(scope="session")
def item() -> PublicItem:
    return PublicItem(
        report_id="R-2016-0042",
        edition=1,
        title="东湖区统计局2016年政府信息公开年度报告",
        kind_name="年度报告",
        category_id="annual-reports",
        category_name="信息公开年报",
        index_no="A25010-7481-1397-0846-6018-8139",
        subject_class="",
        publisher="东湖区人民政府",
        author_org="东湖区统计局",
        co_producers="",
        date_created="2017-02-27 15:06",
        doc_no="",
        validity="有效",
        scope="面向全社会",
        method="主动公开",
        summary="2016年主动公开政府信息209条。",
        keywords="政府信息公开,年度报告",
        source="",
        published_at=datetime(2017, 2, 27, 7, 6, tzinfo=UTC),
        body_markdown=(
            "## 一、概述\n\n2016年我局主动公开政府信息209条，\n截至2016年12月31日累计1967条。\n\n"
            "### （一）加强组织领导\n\n"
            "责任到科室，落实到人头。\n\n## 二、主动公开政府信息情况\n\n"
            "| 类别 | 条数 | 占全部公开信息的比重（%） | 上年同期公开的条数 | 比上年增减的条数和幅度 |\n"
            "|---|---:|---:|---:|---:|\n| 工作动态 | 1778 | 90.4 | 1590 | 188（增长11.8%） |\n"
            "| 法规文件 | 144 | 7.3 | 131 | 13（增长9.9%） |\n\n" + "此段说明公开的形式。" * 30
        ),
        attachments=(
            PublicAttachment("附表1 分行业R&D经费.xlsx", "电子表格", 348_160, "a" * 64, "files/aaaaaaaaaaaaaaaa.xlsx"),
            PublicAttachment("说明.txt", "纯文本", 12, "b" * 64, "files/bbbbbbbbbbbbbbbb.txt"),
        ),
    )


@pytest.fixture(scope="session")
def entries() -> Callable[[int], list[Entry]]:
    """So many entries of one category, oldest first."""

    def made(count: int) -> list[Entry]:
        one = Entry("", "", "", "annual-reports", "信息公开年报", datetime(2026, 1, 5, 1, 30, tzinfo=UTC))
        numbers = [f"R-2026-{n:04d}" for n in range(1, count + 1)]
        return [replace(one, report_id=n, title=f"统计月报 {n}", path=item_path(n)) for n in numbers]

    return made


@pytest.fixture
def tree(tmp_path: Path) -> PublicTree:
    return PublicTree(tmp_path / "public")


@pytest.fixture
def publish(tree: PublicTree) -> Callable[..., None]:
    """Build on what is public and switch, as a release does."""

    def go(name: str, changes: dict[str, bytes]) -> None:
        tree.build(name, changes, release=f"L-{name}", digest="0" * 64, base=tree.current())
        assert tree.switch(name)

    return go


@pytest.fixture
def web(tree: PublicTree) -> Iterator[httpx.Client]:
    """A client of a real server on a real port that serves `tree`."""
    server = uvicorn.Server(server_config(tree.folder))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join(timeout=5)
