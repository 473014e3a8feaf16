"""The last test of the session: it ends the office. Files are taken in the order of their names."""

import time

import pytest
from flow_runs.running_office import RunningOffice, interrupt, until

pytestmark = pytest.mark.engine


def test_ctrl_c_ends_every_process_within_ten_seconds_with_exit_0(line: RunningOffice):
    pids = until(lambda: len(found := line.pids()) == 5 and found)
    began = time.monotonic()
    interrupt(line.process)
    assert line.process.wait(30) == 0
    assert time.monotonic() - began < 10
    assert line.pids() == {}
    assert [name for name, pid in pids.items() if line.is_alive(pid)] == []
    assert (line.home / "up.log").read_text().endswith("stopped\n")
    assert not (line.home / "run" / "addresses.json").exists()
