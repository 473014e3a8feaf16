"""The portal over real HTTP."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pubflow.errors import WorkspaceError
from pubflow.publication.portal import serve
from pubflow.publication.tree import PublicTree

PAGES = {
    "index.html": "<h1>首页</h1>".encode(),
    "404.html": "<h1>没有找到</h1>".encode(),
    "style.css": b"body{}",
    "items/2026/00/R-2026-0001/index.html": "209 和 1967".encode(),
    "items/2026/00/R-2026-0001/附件（一）.pdf": b"%PDF-1.7 data",
    "items/2026/00/R-2026-0001/item.json": b"{}",
}
ITEM = "/items/2026/00/R-2026-0001/"


@pytest.fixture
def public(publish: Callable[..., None], web: httpx.Client) -> httpx.Client:
    publish("g1", PAGES)
    return web


def raw(web: httpx.Client, request: bytes) -> bytes:
    """What the server answers to these very bytes; a client library would tidy the path first."""
    with socket.create_connection((web.base_url.host, web.base_url.port or 80), timeout=5) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


def test_pages_and_attachments_have_their_types_and_bytes(public: httpx.Client) -> None:
    answers = {
        "/": ("text/html; charset=utf-8", PAGES["index.html"]),
        ITEM: ("text/html; charset=utf-8", PAGES["items/2026/00/R-2026-0001/index.html"]),
        ITEM + "item.json": ("application/json", b"{}"),
        ITEM + "附件（一）.pdf": ("application/pdf", b"%PDF-1.7 data"),
        "/style.css": ("text/css; charset=utf-8", b"body{}"),
    }
    for path, (media_type, content) in answers.items():
        answer = public.get(path)
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, media_type, content)


def test_every_answer_carries_the_security_headers(public: httpx.Client) -> None:
    for answer in (public.get("/"), public.get("/nowhere"), public.post("/"), public.get("/healthz")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "server" not in answer.headers


def test_a_page_read_before_costs_a_304_until_it_changes(public: httpx.Client, publish: Callable[..., None]) -> None:
    first = public.get("/")
    assert first.headers["cache-control"] == "no-cache"
    again = public.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    item = public.get(ITEM).headers["etag"]
    publish("g2", {"index.html": "<h1>新页</h1>".encode()})  # of the same length
    assert public.get("/", headers={"if-none-match": first.headers["etag"]}).status_code == 200
    assert public.get(ITEM, headers={"if-none-match": item}).status_code == 304  # shared, not copied


def test_head_gives_the_headers_alone(public: httpx.Client) -> None:
    answer = public.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PAGES["index.html"]))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_nothing_but_reading_is_allowed(public: httpx.Client, method: str) -> None:
    answer = public.request(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_a_folder_without_its_slash_leads_to_the_one_with_it(public: httpx.Client) -> None:
    answer = public.get(ITEM.rstrip("/"))
    assert (answer.status_code, answer.headers["location"]) == (301, ITEM)


def test_what_is_not_public_is_a_404_page(public: httpx.Client) -> None:
    for path in ("/nowhere", "/items/", "/items/2026/00/R-2026-0002/", "/index.html/", "/style.css/x"):
        answer = public.get(path)
        assert (answer.status_code, answer.content) == (404, PAGES["404.html"]), path
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "target",
    ["/../manifest", "/..%2fmanifest", "/%2e%2e/manifest", "/items/../../manifest", "//etc/passwd", "/%2fetc/passwd",
     "/..%5cmanifest", "/index.html%00.txt", "//evil.example/..", "/./index.html", "/%ff", "/" + "a" * 4000],
)  # fmt: skip
def test_no_address_leads_out_of_the_public_tree(public: httpx.Client, target: str) -> None:
    answer = raw(public, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] == b"404"
    assert b"location" not in answer.lower()


def test_a_link_out_of_the_tree_is_not_followed(public: httpx.Client, tree: PublicTree, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    top = tree.folder / "generations" / "g1" / "tree"
    (top / "planted.txt").symlink_to(tmp_path / "secret.txt")
    (top / "manifest.txt").symlink_to("../manifest")
    assert public.get("/planted.txt").status_code == 404
    assert public.get("/manifest.txt").status_code == 404


def test_a_staged_generation_is_not_served(public: httpx.Client, tree: PublicTree) -> None:
    tree.build("g2", {"items/new.html": b"embargoed"}, release="L-2", digest="d", base="g1")
    for path in ("/items/new.html", "/generations/g2/tree/items/new.html", "/g2/tree/items/new.html"):
        assert public.get(path).status_code == 404
    tree.switch("g2")
    assert public.get("/items/new.html").content == b"embargoed"


def test_before_the_first_release_the_portal_is_up_and_empty(web: httpx.Client) -> None:
    assert web.get("/").status_code == 404
    assert "还没有公开的信息" in web.get("/").text
    assert web.get("/healthz").text == "ok\n"


SERVE = """
import sys
from pathlib import Path
from pubflow.publication.portal import serve
serve(Path(sys.argv[1]), "127.0.0.1", 0, ready=lambda address: print(address, flush=True))
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_server_says_where_it_is_and_stops_cleanly(
    tree: PublicTree, publish: Callable[..., None], stop: signal.Signals
) -> None:
    publish("g1", PAGES)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tree.folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    assert httpx.get(address, trust_env=False).status_code == 200
    os.kill(server.pid, stop)
    _, errors = server.communicate(timeout=8)
    assert (server.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_named(tree: PublicTree) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WorkspaceError, match=rf"127.0.0.1:{port} .*in use.*--port"):
            serve(tree.folder, "127.0.0.1", port)
