"""起草: make a draft from its sources, as far as its kind has any."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows._line import few_at_a_time, run_name, take_steps


@flow(name="drafting", flow_run_name=run_name, task_runner=few_at_a_time(), persist_result=False, retries=0)
def drafting(reports: list[str]) -> "State[str]":
    """Make the drafts that are due from their sources.

    reports: "R-2026-0001@3" for one version, "R-2026-0001" for the version at hand, [] for whatever is due.
    Safe to run twice: a draft that exists is not made again.
    """
    return take_steps("drafting", reports)
