"""Ports are kept for one office: offices that start at the same moment on one machine never get the same."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pubflow.errors import WorkspaceError
from pubflow.service.ports import kept_ports

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_free_ports_are_kept_as_wanted():
    wanted = free_port()
    with kept_ports(HOST, (wanted,)) as kept:
        assert kept == [wanted]


def test_ports_where_somebody_listens_and_ports_wanted_twice_are_passed_over():
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with kept_ports(HOST, (port, port, free := free_port(), free)) as kept:
            assert len(set(kept)) == 4
            assert port not in kept
            assert kept[2] == free


def test_a_kept_port_is_passed_over_by_the_next_office_though_nobody_listens_yet():
    wanted = free_port()
    with kept_ports(HOST, (wanted,)), kept_ports(HOST, (wanted,)) as other:
        assert other != [wanted]
    with kept_ports(HOST, (wanted,)) as again:
        assert again == [wanted]


def test_a_child_may_listen_on_a_kept_port_and_again_after_it_died():
    with kept_ports(HOST, (0,)) as (port,):
        for _ in range(2):
            with socket.create_server((HOST, port)) as server, socket.create_connection((HOST, port)):
                server.accept()[0].close()  # the server closes first: its side stays in TIME_WAIT


def test_a_host_that_is_not_this_machine_is_refused():
    with pytest.raises(WorkspaceError, match=r"No free port on 203\.0\.113\.9"), kept_ports("203.0.113.9", (0,)):
        pass


def test_offices_started_at_once_with_the_same_ports_in_mind_each_answer_on_their_own(tmp_path: Path):
    wanted = ",".join(str(free_port()) for _ in range(3))
    homes = [tmp_path / name for name in ("east", "west", "north")]
    ups = [subprocess.Popen([sys.executable, str(HERE / "up_of_doors.py"), str(home), wanted]) for home in homes]
    try:
        files = [home / "run" / "addresses.json" for home in homes]
        end = time.monotonic() + 30
        while not all(file.exists() for file in files) and time.monotonic() < end:
            time.sleep(0.05)
        offices = [json.loads(file.read_text()) for file in files]
        assert len({address for office in offices for address in office.values()}) == 9
        for home, office in zip(homes, offices, strict=True):
            assert [httpx.get(address).text for address in office.values()] == [home.name] * 3
    finally:
        for up in ups:
            up.terminate()
    assert [up.wait(10) for up in ups] == [0, 0, 0]
