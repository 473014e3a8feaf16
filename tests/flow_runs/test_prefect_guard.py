"""What `pubflow up` promises of its Prefect server: a password, this machine, its owner's files, its own workers."""

import httpx
import pytest
from flow_runs.running_office import RunningOffice

from pubflow.errors import WorkspaceError
from pubflow.prefect_client import LookAgain, Prefect

pytestmark = pytest.mark.engine
BROWSER = httpx.Client(timeout=60, trust_env=False)  # the processes of two offices share two processors here


def test_the_api_answers_401_without_the_password_and_200_with_it(line: RunningOffice):
    version = f"{line.addresses.prefect_api}/admin/version"
    name, _, password = line.auth.partition(":")
    assert BROWSER.get(version).status_code == 401
    assert BROWSER.get(version, auth=(name, "guess")).status_code == 401
    assert BROWSER.get(version, auth=(name, password)).status_code == 200
    # The password alone does not write: a page of another site could send it, but never the token.
    assert BROWSER.post(f"{line.addresses.prefect_api}/flows/filter", auth=(name, password)).status_code == 403


def test_the_server_listens_on_this_machine_only_and_its_files_are_its_owners(line: RunningOffice):
    assert line.addresses.prefect.startswith("http://127.0.0.1:")
    for file in ("prefect/auth", "prefect/prefect.db", "logs/prefect.log", "run/addresses.json"):
        assert (line.home / file).stat().st_mode & 0o077 == 0, file


def test_other_origins_are_not_allowed_to_read_the_api(line: RunningOffice):
    health = f"{line.addresses.prefect_api}/health"
    own, other = (BROWSER.get(health, headers={"Origin": at}) for at in (line.addresses.prefect, "http://example.org"))
    assert own.headers.get("access-control-allow-origin") == line.addresses.prefect
    assert "access-control-allow-origin" not in other.headers


def test_the_second_ui_is_not_served_and_the_first_has_the_page_policy(line: RunningOffice):
    assert "second UI is not served here" in BROWSER.get(f"{line.addresses.prefect}/v2/").text
    first = BROWSER.get(f"{line.addresses.prefect}/dashboard", headers={"Accept": "text/html"})
    assert "Content-Security-Policy" in first.text


def test_a_wrong_password_is_a_matter_for_the_administrator_and_a_missing_server_is_not(line: RunningOffice):
    with Prefect(line.addresses.prefect_api, "operator:wrong") as stranger:
        assert stranger.is_healthy()
        assert not stranger.knows_us()
        with pytest.raises(WorkspaceError, match="refused our password"):
            stranger.deployment_id("approval")
    with Prefect("http://127.0.0.1:9/api", None) as nobody, pytest.raises(LookAgain, match="Nothing is lost"):
        nobody.deployment_id("approval")


def test_a_deployment_that_prefect_yaml_does_not_list_is_refused_by_the_worker(line: RunningOffice):
    planted = {
        "name": "planted",
        "flow_id": line.prefects("GET", "/deployments/name/approval/approval")["flow_id"],
        "entrypoint": "evil.py:run",
        "work_pool_name": "pubflow",
    }
    deployment = line.prefects("POST", "/deployments/", planted)["id"]
    run = line.final(line.prefect.create_flow_run(deployment, name="planted", parameters={}).run.id)
    assert run["state"]["type"] == "CRASHED"
    assert "not listed in deployments/prefect.yaml" in run["state"]["message"]
    line.prefect._send("DELETE", f"/deployments/{deployment}")
