"""部门审核: open the review of a submitted version and tell its section head."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows._line import few_at_a_time, run_name, take_steps


@flow(name="department-review", flow_run_name=run_name, task_runner=few_at_a_time(), persist_result=False, retries=0)
def department_review(reports: list[str]) -> "State[str]":
    """Open each review that the report's kind asks for and tell the section heads.

    reports: "R-2026-0001@3" for one version, "R-2026-0001" for the version at hand, [] for whatever is due.
    Safe to run twice: a review of the same digest is the same review.
    """
    return take_steps("department-review", reports)
