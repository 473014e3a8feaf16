"""Every entry of deployments/prefect.yaml loads as a worker would load it: a renamed flow fails here, at noon."""

import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from flows._deployments import PREFECT_YAML, ROOT, Entry, entries
from pubflow.office.due import STEPS


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_an_entry_loads_and_its_parameters_fit(entry: Entry, monkeypatch):
    monkeypatch.chdir(ROOT)
    flow = load_flow_from_entrypoint(entry.entrypoint, use_placeholder_flow=False)
    assert flow.name == entry.name  # the reconciler finds a deployment as STEP/STEP
    given = entry.parameters or {"reports": ["R-2026-0001@3"]}
    assert flow.validate_parameters(given) == given
    assert (flow.retries, flow.persist_result) == (0, False)  # the register tries again, and keeps what is to be kept


def test_all_steps_of_the_register_are_deployed_and_nothing_else():
    assert [entry.name for entry in entries()] == list(STEPS)


def test_every_schedule_names_its_time_zone():
    zones = [schedule["timezone"] for entry in entries() for schedule in entry.schedules]
    assert zones == ["Asia/Shanghai"]
    assert ZoneInfo(zones[0]).key == zones[0]


def test_runs_start_where_an_environment_variable_says():
    pull = yaml.safe_load(PREFECT_YAML.read_text(encoding="utf-8"))["pull"]
    assert pull == [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PUBFLOW_ROOT }}"}}]


def test_pubflow_itself_does_not_import_prefect():
    loads = "import sys, pubflow.service.supervisor, pubflow.service.reconciler; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loads], check=False).returncode == 0
