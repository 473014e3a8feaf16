"""What becomes of a run whose worker was killed in its middle; its 30 s of grace pass while other tests run."""

import pytest
from flow_runs.conftest import CutRun
from flow_runs.running_office import HEAD, RunningOffice

pytestmark = pytest.mark.engine


def test_a_run_cut_by_kill_9_is_crashed_after_the_grace_and_its_step_done_by_a_second_attempt(
    line: RunningOffice, cut_run: CutRun
):
    line.opened(cut_run.report, HEAD, "approve", within=60)
    cut, second = line.runs_of(cut_run.report)[1:]
    assert cut["id"] == cut_run.run
    assert (cut["state"]["type"], line.final(second["id"])["state"]["type"]) == ("CRASHED", "COMPLETED")
    assert cut["state"]["message"].startswith("No process held its lease for 30 s")
    assert line.events(cut_run.report).count("opened") == 1
