"""Watches what a process tree, and pages in a browser, try to reach outside this machine.

Two eyes, and what each sees:
- `traced` runs any command under strace with all its children; `outside` reads every connect and send of the trace. A
  name look-up counts even when its name server is on loopback (port 53, the sockets of nscd and systemd-resolved).
- `browser` and `load` open pages in Debian's Chromium and note every request and WebSocket of the pages to a host that
  is not this machine, before any name is looked up; links that make the browser look ahead (dns-prefetch, preconnect);
  and, apart from these, what the page policy stopped before it became a request.
Not seen: Chromium's own traffic. It asks Google's hosts by itself even with every switch off, so the browser runs
outside the trace and its resolver is told to know no name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from scripts.chromium import CHROMIUM, FLAGS

CALLS = "connect,sendto,sendmsg,sendmmsg"
TABS = 4
SWITCHES = (
    *FLAGS,
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
LOOK_AHEAD = "link[rel~='dns-prefetch'], link[rel~='preconnect'], link[rel~='prefetch'], link[rel~='prerender']"
INET = re.compile(r"sin_port=htons\((\d+)\), sin_addr=inet_addr\(\"([^\"]+)\"\)")
INET6 = re.compile(r"sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, \"([^\"]+)\"")
LOOK_UP_SOCKETS = re.compile(r"sun_path=\"[^\"]*(nscd/socket|systemd/resolve|io\.systemd\.Resolve)[^\"]*\"")
NAME_SERVICES = frozenset({53, 853, 5353, 5355})
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", ""})


def outside(trace: Iterable[str]) -> list[str]:
    """The lines of a strace output that go outside loopback or ask for a name, each once, in order."""
    found: dict[str, str] = {}
    for line in trace:
        for port, host in INET.findall(line) + INET6.findall(line):
            if int(port) in NAME_SERVICES:
                found.setdefault(f"look-up {host}:{port}", line)
            elif not _is_loopback(host) and int(port) != 0:  # port 0: glibc sorts addresses, nothing is sent
                found.setdefault(f"connection {host}:{port}", line)
        if LOOK_UP_SOCKETS.search(line):
            found.setdefault("look-up through a local resolver", line)
    return [f"{what}: {line.strip()}" for what, line in found.items()]


def _is_loopback(host: str) -> bool:
    return host.startswith(("127.", "0.", "::ffff:127.")) or host in ("::1", "::")


def traced(command: Sequence[str], trace: Path) -> list[str]:
    """The command with strace before it: all its children are followed, `trace` receives their network calls."""
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-s", "256", "-e", f"trace={CALLS}", "-o", str(trace), *command]


def read(trace: Path) -> list[str]:
    """The lines of a trace so far; none if nothing was traced."""
    return trace.read_text(encoding="utf-8", errors="replace").splitlines() if trace.exists() else []


@dataclass
class Visit:
    """What the pages of one visit asked for. outside: requests that left; stopped: what the page policy held back."""

    outside: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def note(self, url: str) -> None:
        """Keep the address of a request if its host is not this machine."""
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and (parts.hostname or "") not in LOCAL_HOSTS:
            self.outside.append(url)

    def watch(self, page: Page) -> None:
        """Listen to what a new tab does besides requests, which its context tells."""
        page.on("websocket", lambda socket: self.note(socket.url))
        page.on("console", lambda said: self.note_error(said.text) if said.type == "error" else None)

    def note_failure(self, url: str, why: str | None) -> None:
        """A request that the page policy ended before it was sent was wished, not tried."""
        if why == "csp" and url in self.outside:
            self.outside.remove(url)
            self.stopped.append(url)

    def note_error(self, text: str) -> None:
        """Keep an error of the browser's console, apart when the page policy is the reason."""
        (self.stopped if "Content Security Policy" in text else self.errors).append(text)


@contextmanager
def browser() -> Iterator[tuple[Page, Visit]]:
    """A page of a fresh Chromium, and the record of what its pages ask for."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        context = chromium.new_context()
        visit = Visit()
        context.on("request", lambda request: visit.note(request.url))
        context.on("requestfailed", lambda request: visit.note_failure(request.url, request.failure))
        context.on("page", visit.watch)
        page = context.new_page()
        yield page, visit
        chromium.close()


def load(page: Page, visit: Visit, addresses: Sequence[str], wait_ms: int = 100) -> None:
    """Load each address, let its scripts work for a moment, and keep its text; a few in tabs side by side."""
    tabs = [page, *(page.context.new_page() for _ in range(min(len(addresses), TABS) - 1))]
    for first in range(0, len(addresses), TABS):
        group = list(zip(tabs, addresses[first : first + TABS], strict=False))
        for tab, address in group:
            tab.goto(address, wait_until="commit", timeout=20_000)
        for tab, address in group:
            tab.wait_for_load_state("load", timeout=20_000)
            with suppress(PlaywrightTimeoutError):  # a page that never stops asking has been watched for long enough
                tab.wait_for_load_state("networkidle", timeout=4_000)
            tab.wait_for_timeout(wait_ms)
            visit.texts[address] = tab.inner_text("body")
            for link in tab.query_selector_all(LOOK_AHEAD):
                visit.note(link.evaluate("link => link.href"))
