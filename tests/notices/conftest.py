"""An office whose channels are set up, and the servers they reach."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import Given
from notices.postman import MailServer, Webhook, mail_server, webhook
from sqlmodel import col, select

from pubflow.office.office import Office
from pubflow.records.store import Records
from pubflow.records.tables import Message
from pubflow.wiring import open_workspace

MAIL = '\n[channels.mail]\nname = "电子邮件"\nurl_env = "PUBFLOW_NOTICE_MAIL"\nto = "person"\n'
GROUP = '\n[channels.group]\nname = "工作群"\nurl_env = "PUBFLOW_NOTICE_GROUP"\nto = "group"\n'


@pytest.fixture
def with_channels(new_workspace: Path, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Opens a workspace with these channels; everybody has an address for mail, such as fang_zhi@donghu.example."""
    opened: list[Office] = []

    def made(*channels: str) -> Office:
        folder = shutil.copytree(new_workspace, tmp_path / "office", symlinks=True)
        notices, people = folder / "config" / "notices.toml", folder / "config" / "people.toml"
        notices.write_text(notices.read_text(encoding="utf-8") + "".join(channels), encoding="utf-8")
        if MAIL in channels:
            lines = []
            for line in people.read_text(encoding="utf-8").splitlines():
                lines.append(line)
                if line.startswith("[people."):
                    lines.append(f'contact = {{ mail = "{line[8:-1]}@donghu.example" }}')
            people.write_text("\n".join(lines), encoding="utf-8")
        opened.append(open_workspace(folder))
        return opened[-1]

    yield made
    for office in opened:
        office.close()


@pytest.fixture
def office(with_channels: Callable[..., Office]) -> Office:
    """An office with mail."""
    return with_channels(MAIL)


@pytest.fixture
def given(office: Office) -> Given:
    return Given(office)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        monkeypatch.setenv("PUBFLOW_NOTICE_MAIL", server.url)
        yield server


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as server:
        monkeypatch.setenv("PUBFLOW_NOTICE_GROUP", server.url)
        yield server


def written(records: Records) -> list[Message]:
    """Every message row, in the order they were written."""
    with records.reading() as session:
        return list(session.exec(select(Message).order_by(col(Message.created_at), col(Message.key))).all())
