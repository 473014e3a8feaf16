"""审签: collect the opinions and open the leader's task."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows._line import few_at_a_time, run_name, take_steps


@flow(name="approval", flow_run_name=run_name, task_runner=few_at_a_time(), persist_result=False, retries=0)
def approval(reports: list[str]) -> "State[str]":
    """Collect the opinions on each version and open the task of the leader in charge.

    reports: "R-2026-0001@3" for one version, "R-2026-0001" for the version at hand, [] for whatever is due.
    Safe to run twice: a task of the same digest is the same task.
    """
    return take_steps("approval", reports)
