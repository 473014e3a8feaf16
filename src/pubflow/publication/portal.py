"""A small static server for the public tree, for offices without a web server of their own. Reads only, never writes.

The root link is read once a request: every response comes from one generation, the 404 page too.
"""

import hashlib
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pubflow.errors import BadInput, WorkspaceError
from pubflow.publication.tree import checked_path

_SECURITY = {
    # The pages have no scripts, forms or frames, so nothing of the kind is allowed in.
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# Written out: the mimetypes module answers with what the machine happens to have installed.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PAGES = {".html", ".json", ".css"}
# Pages are asked for again each time (a 304 costs little), so that nobody reads a list from before a release.
_PAGE_CACHING = "no-cache"
_FILE_CACHING = "public, max-age=300"


def application(folder: Path) -> ASGIApp:
    """The public tree in `folder` (the one holding `root`) as an ASGI application; GET and HEAD only."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the portal speaks HTTP only, not {scope['type']}")
        response = await run_in_threadpool(_answer, folder, Request(scope))
        for name, value in _SECURITY.items():
            response.headers[name] = value
        await response(scope, receive, send)

    return app


def server_config(folder: Path) -> uvicorn.Config:
    """How the portal runs under uvicorn; it is given its socket by whoever starts it."""
    return uvicorn.Config(
        application(folder),
        port=0,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )


def serve(folder: Path, host: str, port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the public tree in `folder` until SIGTERM or Ctrl-C, then finish the requests under way (5 s at most).

    Port 0 takes a free one. `ready` is called with the address once connections are accepted.
    Raises WorkspaceError when the address is taken or not ours. Main thread only.
    """
    with _listening(host, port) as listener, _signals_end_quietly():
        if ready is not None:
            shown_host = f"[{host}]" if ":" in host else host
            ready(f"http://{shown_host}:{listener.getsockname()[1]}/")
        uvicorn.Server(server_config(folder)).run(sockets=[listener])


def _answer(folder: Path, request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        return PlainTextResponse("只能读取\n", 405, {"allow": "GET, HEAD"})
    address: str = request.scope["path"]
    if address == "/healthz":
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})
    try:
        top = (folder / "root").resolve(strict=True)
    except OSError:
        return PlainTextResponse("目前还没有公开的信息\n", 404, {"cache-control": "no-store"})
    file = _public_file(top, address)
    if file is None:
        return _not_found(top)
    if file.is_dir():
        if address.endswith("/"):
            return _not_found(top)
        # Percent-encoded and with a checked path: it cannot lead to another host.
        return Response(status_code=301, headers={"location": quote(address) + "/", "cache-control": _PAGE_CACHING})
    return _file(file, request)


def _public_file(top: Path, address: str) -> Path | None:
    """The file or folder meant by `address`; a folder with a slash behind it means its index.html."""
    path = address.removeprefix("/")
    if path == "" or path.endswith("/"):
        path += "index.html"
    try:
        file = (top / checked_path(path)).resolve(strict=True)
    except (BadInput, OSError):
        return None
    # `top` is generations/NAME/tree; what generations share lies in one another, and nothing outside them.
    inside = file.relative_to(top.parents[1]).parts if file.is_relative_to(top.parents[1]) else ()
    return file if len(inside) > 2 and inside[1] == "tree" else None


def _file(file: Path, request: Request) -> Response:
    state = file.stat()
    # A generation never changes, so where a file lies says what it holds; size and time guard against a restore.
    tag = hashlib.sha256(f"{file} {state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:32]
    suffix = file.suffix.lower()
    headers = {"etag": f'"{tag}"', "cache-control": _PAGE_CACHING if suffix in _PAGES else _FILE_CACHING}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if f'"{tag}"' in known or "*" in known:
        return Response(status_code=304, headers=headers)
    media_type = _TYPES.get(suffix, "application/octet-stream")
    return FileResponse(file, headers=headers, media_type=media_type, stat_result=state)


def _not_found(top: Path) -> Response:
    headers = {"cache-control": "no-store"}
    try:
        return Response((top / "404.html").read_bytes(), 404, headers, _TYPES[".html"])
    except OSError:
        return PlainTextResponse("没有找到这个页面\n", 404, headers)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise WorkspaceError(
            f"The portal cannot listen on {host}:{port} ({error.strerror or error}).", "Choose another with --port."
        ) from error
    with listener:
        yield listener


@contextmanager
def _signals_end_quietly() -> Iterator[None]:
    # uvicorn stops on a signal and then raises it once more; for a supervisor a stop on request is exit code 0.
    stops = (signal.SIGTERM, signal.SIGINT)
    before = {stop: signal.signal(stop, lambda *_: None) for stop in stops}
    try:
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler)
