"""Inside a process of the office, under chaos only: stops at named points until the harness has decided.

A point is before or after something that a kill could tear apart: a commit, a transaction, a file operation below
PUBFLOW_CHAOS_ROOT, a request over HTTP. Its name is made of the process's role, of what is done, and of the function
of pubflow that does it. The process says the name on a socket (PUBFLOW_CHAOS_SOCKET) and waits for one byte; the
harness answers, lets it wait, or sends SIGKILL from outside. Nothing of this is in pubflow itself.

Also from here: the clock of this office (PUBFLOW_CHAOS_CLOCK names a file with seconds to add), a shorter grace of the
reconciler (PUBFLOW_CHAOS_GRACE), and a fault in the code (PUBFLOW_CHAOS_FAULT, see code_faults.py).
"""

import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

# What all of the office goes through says little about where we are: the caller is named instead.
PLUMBING = ("pubflow.records.store", "pubflow.records.engine", "pubflow.office.line", "pubflow.prefect_client")
HELPERS = frozenset({"_fsync", "_fsync_folder", "_write", "_write_once", "_disk", "_part_of", "_private_file"})
ROLES = (
    ("_resident_worker.py", "worker"),
    ("serve-api", "api"),
    ("portal", "portal"),
    ("service", "service"),
    ("server", "prefect-server"),
)
THREADS = {"reconciler": "reconciler", "release": "release-loop"}
_GENERATION = re.compile(r"generations/[^/]+?(\.part)?(/.*)?$")
_NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|R-\d+-\d+|L-\d+-\d+|\d+")


class Link:
    """The way to the harness; one question at a time, and none once it is gone."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def ask(self, role: str, point: str) -> None:
        """Say where we are and wait."""
        with self._lock:
            try:
                if self._socket is None:
                    self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    self._socket.connect(self._address)
                self._socket.sendall(json.dumps([role, point]).encode() + b"\n")
                answer = self._socket.recv(1)
            except OSError:
                answer = b""
            if not answer:
                self._socket = None
                self._address = ""


_link = Link("")
_here = threading.local()
_root = ""
_role = ""


def install() -> None:
    """Patch this process, and attach it if its environment says to whom."""
    _watch_files()
    for name, patch in PATCHES.items():
        if name in sys.modules:
            patch(sys.modules[name])
    sys.meta_path.insert(0, Patching())
    if "PUBFLOW_CHAOS_SOCKET" in os.environ:
        attach(_role_of(sys.orig_argv))


def attach(role: str) -> None:
    """From now on this process stops at its points; once a process, after the fork that made it."""
    global _link, _root, _role
    _link, _root = Link(os.environ["PUBFLOW_CHAOS_SOCKET"]), os.environ["PUBFLOW_CHAOS_ROOT"]
    _role = os.environ.get("PUBFLOW_CHAOS_ROLE") or role


def point(when: str, what: str) -> None:
    """Stop here until the harness has decided."""
    if getattr(_here, "asking", False) or not _link._address:
        return
    _here.asking = True
    try:
        _link.ask(_who(), f"{when} {what}")
    finally:
        _here.asking = False


def mark(what: str) -> None:
    """Tell that something works; nobody is killed here."""
    point("works:", what)


def _who() -> str:
    return THREADS.get(threading.current_thread().name, _role)


def _role_of(words: Sequence[str]) -> str:
    for mark_of, role in ROLES:
        if any(word == mark_of or word.endswith(f"/{mark_of}") for word in words):
            return role
    verbs = [word for word in words if word in ("up", "init", "backup", "restore")]
    return verbs[0] if verbs else "cli"


def where() -> str:
    """The nearest function that means something: `tree.switch`, `approval.sign`."""
    frame: FrameType | None = sys._getframe(1)
    nearest = ""
    while frame is not None:
        module, function = str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
        if module.startswith(("pubflow.", "flows.", "chaos.")):
            name = f"{module.rpartition('.')[2]}.{function}"
            if not module.startswith(PLUMBING) and function not in HELPERS:
                return name
            nearest = nearest or name
        frame = frame.f_back
    return nearest


# --- files


def _watch_files() -> None:
    for name in ("rename", "replace", "link", "symlink", "unlink"):
        setattr(os, name, _watched(getattr(os, name), name))
    setattr(os, "fsync", _watched_fsync(os.fsync))  # noqa: B010 - another type, on purpose
    os.sync = _watched_sync(os.sync)
    Path.write_bytes = _torn_write(Path.write_bytes)  # type: ignore[method-assign]


def _watched(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    def stopped(*paths: Any, **more: Any) -> Any:
        target = _target(paths[0 if name == "unlink" else 1]) if more.get("dir_fd") is None else None
        if target is None:
            return original(*paths, **more)
        what = f"{name} {target} in {where()}"
        point("before", what)
        answer = original(*paths, **more)
        point("after", what)
        return answer

    return stopped


def _watched_fsync(original: Callable[[int], None]) -> Callable[[Any], None]:
    def fsync(handle: Any) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        target = _target(Path(f"/proc/self/fd/{number}").readlink())
        if target is None:
            return original(number)
        what = f"fsync {target} in {where()}"
        point("before", what)
        original(number)
        return point("after", what)

    return fsync


def _watched_sync(original: Callable[[], None]) -> Callable[[], None]:
    def sync() -> None:
        what = f"sync in {where()}"
        point("before", what)
        original()
        point("after", what)

    return sync


def _torn_write(original: Callable[..., int]) -> Callable[..., int]:
    def write_bytes(path: Path, data: bytes) -> int:
        target = _target(path)
        if target is None:
            return original(path, data)
        what = f"write {target} in {where()}"
        point("before", what)
        with path.open("wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
            point("in the middle of", what)
            file.write(data[len(data) // 2 :])
        point("after", what)
        return len(data)

    return write_bytes


def _target(path: Any) -> str | None:
    """Where below the root, with what differs from report to report taken out; None outside of it."""
    text = os.fspath(path)
    if not _root or not isinstance(text, str) or not text.startswith(_root):
        return None
    inner = "/".join(text[len(_root) :].strip("/").split("/")[1:]) or "."
    inner = _GENERATION.sub(_one_generation, inner)
    return _NUMBERS.sub("*", inner)


def _one_generation(found: "re.Match[str]") -> str:
    inside = (found[2] or "").strip("/")
    shown = inside if inside in ("", "manifest", "root", "was-public", "tree") else f"…{Path(inside).suffix}"
    return f"generations/*{found[1] or ''}" + (f"/{shown}" if inside else "")


# --- the register, Prefect, the API


def _patch_dialect(module: ModuleType) -> None:
    original = module.DefaultDialect.do_commit

    def do_commit(self: Any, connection: Any) -> None:
        what = f"commit in {where()}" if _who() != "prefect-server" else "commit"
        point("before", what)
        original(self, connection)
        point("after", what)

    module.DefaultDialect.do_commit = do_commit


def _patch_store(module: ModuleType) -> None:
    for name in ("writing", "bookkeeping"):
        setattr(module.Records, name, _stopping_first(getattr(module.Records, name)))


def _stopping_first(original: Callable[..., Any]) -> Callable[..., Any]:
    def begin(*words: Any, **more: Any) -> Any:
        point("before", f"transaction in {where()}")
        return original(*words, **more)

    return begin


def _patch_httpx(module: ModuleType) -> None:
    send, asend = module.Client.send, module.AsyncClient.send

    def stopping_send(self: Any, request: Any, **more: Any) -> Any:
        what = _request(request)
        point("before", what)
        answer = send(self, request, **more)
        point("after", what)
        return answer

    async def stopping_asend(self: Any, request: Any, **more: Any) -> Any:
        what = _request(request)
        point("before", what)
        answer = await asend(self, request, **more)
        point("after", what)
        return answer

    module.Client.send, module.AsyncClient.send = stopping_send, stopping_asend


def _request(request: Any) -> str:
    path = request.url.path
    path = re.sub(r"/name/[^/]+/[^/]+", "/name/*", re.sub(r"(/artifacts|/workers)/[^/]+", r"\1/*", path))
    return f"{request.method} {_NUMBERS.sub('*', path)}"


# --- time, grace, signs of life


def _patch_moments(module: ModuleType) -> None:
    # Asked at each look at the clock: a process forked from the nursery gets its environment after this.
    module.__dict__["chaos_offset"] = _offset
    # The code is exchanged and not the name, since others hold the function itself.
    source = "def utc_now():\n    return datetime.now(UTC) + timedelta(seconds=chaos_offset())\n"
    made = compile(source, "chaos clock", "exec").co_consts[0]
    assert isinstance(made, CodeType)  # noqa: S101 - the shape of compiled code
    module.utc_now.__code__ = made


def _offset() -> float:
    file = os.environ.get("PUBFLOW_CHAOS_CLOCK")
    return float(Path(file).read_text()) if file else 0.0


def _patch_reconciler(module: ModuleType) -> None:
    from datetime import timedelta

    grace = os.environ.get("PUBFLOW_CHAOS_GRACE")
    if grace:
        module.Reconciler.__init__.__defaults__ = (timedelta(seconds=float(grace)),)
    _mark_after(module.Reconciler, "round", "reconciler round")


def _patch_switching(module: ModuleType) -> None:
    _mark_after(module, "release_round", "release round")


def _mark_after(owner: Any, name: str, what: str) -> None:
    """Tell once that the first round of this process has gone through."""
    original, told = getattr(owner, name), set[int]()

    def marking(*words: Any, **more: Any) -> Any:
        answer = original(*words, **more)
        if os.getpid() not in told:
            told.add(os.getpid())
            mark(what)
        return answer

    setattr(owner, name, marking)


def _patch_uvicorn(module: ModuleType) -> None:
    original = module.Server.startup

    async def startup(*words: Any, **more: Any) -> None:
        await original(*words, **more)
        mark("accepting requests")

    module.Server.startup = startup


def _fault(name: str) -> Callable[[ModuleType], None]:
    def sow(module: ModuleType) -> None:
        import code_faults  # type: ignore[import-not-found]

        code_faults.sow(os.environ.get("PUBFLOW_CHAOS_FAULT", ""), name, module)

    return sow


def _all(*patches: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def patch(module: ModuleType) -> None:
        for one in patches:
            one(module)

    return patch


PATCHES: dict[str, Callable[[ModuleType], None]] = {
    "sqlalchemy.engine.default": _patch_dialect,
    "httpx": _patch_httpx,
    "uvicorn.server": _patch_uvicorn,
    "pubflow.moments": _patch_moments,
    "pubflow.records.engine": _fault("engine"),
    "pubflow.records.store": _all(_fault("store"), _patch_store),
    "pubflow.publication.tree": _fault("tree"),
    "pubflow.publication.switching": _all(_fault("switching"), _patch_switching),
    "pubflow.service.release_loop": _fault("release_loop"),
    "pubflow.service.reconciler": _all(_fault("reconciler"), _patch_reconciler),
}


class Patching(MetaPathFinder):
    """Patches a module right after it was loaded, before anybody can take something out of it."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        if name not in PATCHES or name in self._busy:
            return None
        self._busy.add(name)
        try:
            spec = find_spec(name)
        finally:
            self._busy.discard(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loading(spec.loader, PATCHES[name])
        return spec


class _Loading(Loader):
    def __init__(self, loader: Loader, patch: Callable[[ModuleType], None]) -> None:
        self._loader, self._patch = loader, patch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._patch(module)
