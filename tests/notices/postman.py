"""A mail server and a webhook on loopback that behave as told, and remember what really reached them."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCEPT, REFUSE_RECIPIENT, REFUSE_CONTENT, VANISH, BUSY, SILENT = (
    "accept",
    "refuse rcpt",
    "refuse content",
    "vanish",
    "busy",
    "silent",
)


@dataclass
class MailServer:
    """What the server does next (`moods`, then `mood` for ever), and the mails it has taken."""

    port: int = 0
    mood: str = ACCEPT
    moods: list[str] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    def next_mood(self) -> str:
        return self.moods.pop(0) if self.moods else self.mood

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=pubflow@donghu.example"

    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    def subjects(self) -> list[str]:
        return [str(make_header(decode_header(str(mail["Subject"])))) for mail in self.mails]

    def texts(self) -> list[str]:
        return [bytes(mail.get_payload(decode=True)).decode() for mail in self.mails]  # type: ignore[arg-type]


@contextmanager
def mail_server(port: int = 0) -> Iterator[MailServer]:
    """A small SMTP server: one transaction a connection."""
    state = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            mood = state.next_mood()
            self.say("421 busy" if mood == BUSY else "220 post.example")
            recipient = ""
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"RCPT":
                    recipient = re.search(r"<(.*)>", line.decode())[1]  # type: ignore[index]
                    refused = mood == REFUSE_RECIPIENT
                    self.say(f"550 5.1.1 <{recipient}> unknown" if refused else "250 ok")
                elif word == b"DATA":
                    self.say("354 go on")
                    content = b""
                    while not content.endswith(b"\r\n.\r\n"):
                        content += self.rfile.readline()
                    if mood == REFUSE_CONTENT:
                        self.say("554 no")
                        continue
                    state.mails.append(message_from_bytes(content[:-3].replace(b"\r\n..", b"\r\n.")))
                    state.recipients.append(recipient)
                    if mood == VANISH:
                        return
                    if mood == SILENT:
                        self.rfile.read()  # until the other side has had enough
                        return
                    self.say("250 ok queued")
                else:
                    self.say("250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Session, bind_and_activate=False)
    server.allow_reuse_address = server.daemon_threads = True
    server.server_bind()
    server.server_activate()
    state.port = server.server_address[1]
    with served(server):
        yield state


@dataclass
class Webhook:
    """Posts taken, with their headers; `status` is what it answers, 0 breaks the connection off."""

    port: int = 0
    status: int = 200
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook-secret"


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A real HTTP server."""
    state = Webhook()

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.posts.append((dict(self.headers), body))
            if not state.status:
                self.close_connection = True
                return
            self.send_response(state.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    state.port = server.server_port
    with served(server):
        yield state


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
