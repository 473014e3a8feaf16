"""Carrying one message by one channel: mail by SMTP, everything else (webhook, 企业微信, 钉钉, 飞书 ...) by apprise.

What matters of a failure is whether the message can have arrived: NotTaken says no, OutcomeUnknown says perhaps.
No address, no secret and no word of a server's answer that could hold one gets into an error or a log.
"""

import logging
import os
import re
import smtplib
import ssl
import threading
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from pubflow.office.office import Office
from pubflow.records.tables import Message
from pubflow.settings.notices import Channel

TIMEOUT = 15.0  # seconds of silence of a server; far below the lease
DOUBTFUL = "（可能重复）"
ACCEPTED = "accepted"
_MAIL = ("mailto", "mailtos")
_HEADERS_BY_QUERY = ("json", "jsons", "form", "forms", "xml", "xmls")
# What apprise logs of an exception before the request had left: it cannot have arrived.
_NEVER_LEFT = re.compile(r"NewConnectionError|ConnectTimeout|NameResolutionError|SSLError|Connection refused")
_SOCKET = "Socket Exception"


@dataclass(eq=False)
class NotTaken(Exception):
    """The message certainly did not arrive. why: for the operator."""

    why: str


@dataclass(eq=False)
class OutcomeUnknown(Exception):
    """The message was sent and the answer did not come: it may have arrived."""

    why: str


class Carry(Protocol):
    """Sends one message; returns the receipt. Raises NotTaken, OutcomeUnknown."""

    def __call__(self, message: Message, now: datetime, /) -> str: ...


def carrier(office: Office, channel: Channel) -> Carry:
    """How this channel's messages are sent. Its address is read from the environment at each message."""

    def carry(message: Message, now: datetime) -> str:
        url = os.environ.get(channel.url_env, "").strip()
        if not url:
            raise NotTaken(f"{channel.url_env} is not set in the environment of pubflow service")
        try:
            scheme = urlsplit(url).scheme
        except ValueError:
            raise NotTaken(f"{channel.url_env} is not an address") from None
        to = _address(office, channel, message)
        headline = f"{DOUBTFUL}{message.headline}" if message.uncertain else message.headline
        if scheme in _MAIL:
            return _by_mail(office, channel, url, to, message, headline, now)
        return _by_apprise(channel, url.replace("{to}", quote(to, safe="")), message, headline)

    return carry


def _address(office: Office, channel: Channel, message: Message) -> str:
    """The person's address; empty for a group. Raises NotTaken."""
    if message.person_id is None:
        return ""
    person = office.settings.people.get(message.person_id)
    address = person.contact.get(channel.id) if person else None
    if address is None:
        key = f"people.{message.person_id}.contact.{channel.id}"
        raise NotTaken(f"people.toml: {key} is missing; add the address, then restart pubflow up")
    return address


def _by_mail(
    office: Office, channel: Channel, url: str, to: str, message: Message, headline: str, now: datetime
) -> str:
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    sender = options.get("from") or unquote(parts.username or "")
    to = to or options.get("to", "")
    if "@" not in sender or "@" not in to or not parts.hostname:
        raise NotTaken(f"{channel.url_env} lacks a server, ?from= or, for a group, &to=")
    domain = office.settings.bureau.site.site_domain
    if to.split() != [to] or sender.split() != [sender]:
        raise NotTaken(f"an address of channel {channel.id} has a blank or line break in it")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, headline
    mail["Date"] = now
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Idempotency-Key"] = message.id
    mail.set_content(f"{message.body}\n\n{office.settings.bureau.name} pubflow\n")
    try:
        server = _connected(parts, options)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotTaken(_smtp_words(error)) from None
    try:
        try:
            _offer(server, sender, to)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NotTaken(_smtp_words(error)) from None
        return _deliver(server, mail.as_bytes())
    finally:
        server.close()


def _connected(parts: SplitResult, options: dict[str, str]) -> smtplib.SMTP:
    """A session that is ready for mail: mailtos wants TLS (by STARTTLS, or ?mode=ssl), mailto does without."""
    secure, host = parts.scheme == "mailtos", parts.hostname or ""
    server: smtplib.SMTP
    if secure and options.get("mode") == "ssl":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, parts.port or (587 if secure else 25), timeout=TIMEOUT)
    try:
        server.ehlo()
        if secure and options.get("mode") != "ssl":
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if parts.username and parts.password:
            server.login(unquote(parts.username), unquote(parts.password))
    except (OSError, smtplib.SMTPException):
        server.close()
        raise
    return server


def _offer(server: smtplib.SMTP, sender: str, to: str) -> None:
    """MAIL, RCPT and DATA, up to the server's leave to send. Raises SMTPResponseException."""
    steps = ((server.mail, (sender,)), (server.rcpt, (to,)), (server.docmd, ("DATA",)))
    for step, arguments in steps:
        code, said = step(*arguments)
        if code not in (250, 251, 354):
            raise smtplib.SMTPResponseException(code, said)


def _deliver(server: smtplib.SMTP, content: bytes) -> str:
    """From here on silence does not mean that nothing arrived."""
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    try:
        server.send(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, _said = server.getreply()
    except (OSError, smtplib.SMTPException):
        raise OutcomeUnknown("the mail server did not answer after the message was sent") from None
    if code != 250:
        raise NotTaken(f"the mail server refused the message: {code}")
    return f"{ACCEPTED} {code}"


def _smtp_words(error: Exception) -> str:
    """What may be kept of an error: its kind and code, not the server's words, which repeat addresses."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server refused: {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "the mail server refused the recipient"
    return f"the mail server cannot be reached: {type(error).__name__}"


def _by_apprise(channel: Channel, url: str, message: Message, headline: str) -> str:
    import apprise  # late: half a second that a process without such a channel does not need

    marks = [f"cto={TIMEOUT / 3:g}", f"rto={TIMEOUT:g}"]
    if urlsplit(url).scheme in _HEADERS_BY_QUERY:
        marks.append(f"+Idempotency-Key={message.id}")
    full = url + ("&" if "?" in url else "?") + "&".join(marks)
    heard = _Heard()
    log = logging.getLogger("apprise")
    log.setLevel(logging.DEBUG)
    log.propagate = False  # its debug lines hold addresses with their secrets
    log.addHandler(heard)
    try:
        target = apprise.Apprise()
        if not target.add(full):
            raise NotTaken(f"{channel.url_env} is no address that apprise knows")
        if target.notify(title=headline, body=message.body):
            return ACCEPTED
    finally:
        log.removeHandler(heard)
    said = heard.of_sockets()
    if said and not all(_NEVER_LEFT.search(line) for line in said):
        raise OutcomeUnknown("the server did not answer after the message was sent")
    raise NotTaken("the server cannot be reached" if said else "the server refused the message")


class _Heard(logging.Handler):
    """What apprise logs in this thread: the only way it tells a refusal from a broken connection."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._thread = threading.get_ident()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of our own thread."""
        if record.thread == self._thread:
            self._lines.append(record.getMessage())

    def of_sockets(self) -> list[str]:
        """The lines about broken connections."""
        return [line for line in self._lines if _SOCKET in line]
