"""保密审查: scan a version and open the officer's task."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows._line import few_at_a_time, run_name, take_steps


@flow(
    name="confidentiality-check", flow_run_name=run_name, task_runner=few_at_a_time(), persist_result=False, retries=0
)
def confidentiality_check(reports: list[str]) -> "State[str]":
    """Scan each version, write the findings and tell the confidentiality officer.

    reports: "R-2026-0001@3" for one version, "R-2026-0001" for the version at hand, [] for whatever is due.
    Safe to run twice: a scan of the same digest is the same scan.
    """
    return take_steps("confidentiality-check", reports)
