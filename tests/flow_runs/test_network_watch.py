"""The harness that watches the network catches what is planted, or its silence would mean nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from flow_runs.network_watch import browser, load, outside, read, traced

# 203.0.113.0/24 and .invalid are set aside for documentation and tests (RFC 5737, RFC 2606): nobody is there.
PLANTED = {
    "a look-up": "import socket\ntry: socket.getaddrinfo('planted.invalid', 80)\nexcept OSError: pass",
    "a connection": "import socket\ns = socket.socket(); s.setblocking(False); s.connect_ex(('203.0.113.9', 443))",
    "a datagram": "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.9', 9999))",
    "a connection of a grandchild": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', "
        "\"import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('203.0.113.9', 443))\"])"
    ),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_call_is_caught(planted: str, tmp_path: Path):
    trace = tmp_path / "calls"
    subprocess.run(traced([sys.executable, "-c", planted], trace), check=False, timeout=30)
    assert outside(read(trace)) != []


def test_calls_on_loopback_are_not_reported(tmp_path: Path):
    listening = "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
    quiet = listening + "socket.create_connection(s.getsockname())"
    subprocess.run(traced([sys.executable, "-c", quiet], tmp_path / "calls"), check=True, timeout=30)
    assert read(tmp_path / "calls") != []
    assert outside(read(tmp_path / "calls")) == []


@pytest.mark.browser
def test_what_a_page_asks_for_outside_is_caught_and_what_its_policy_stops_was_only_wished(tmp_path: Path):
    asking, stopped = tmp_path / "asking.html", tmp_path / "stopped.html"
    asking.write_text(
        "<link rel='preconnect' href='https://ahead.invalid/'><img src='https://logo.invalid/x.png'>"
        "<script>fetch('https://count.invalid/hit').catch(() => 0)</script><p>text"
    )
    stopped.write_text(
        "<meta http-equiv='Content-Security-Policy' content=\"img-src 'none'\"><img src='https://held.invalid/x.png'>text"
    )
    with browser() as (page, visit):
        load(page, visit, [asking.as_uri(), stopped.as_uri()], wait_ms=1000)
    assert {url.split("/")[2] for url in visit.outside} == {"ahead.invalid", "logo.invalid", "count.invalid"}
    assert any("https://held.invalid/x.png" in wish for wish in visit.stopped)
