"""定时发布: stage a release before its instant; fetch, verify and record it after the switch."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows._line import few_at_a_time, run_name, take_steps


@flow(
    name="scheduled-publication", flow_run_name=run_name, task_runner=few_at_a_time(), persist_result=False, retries=0
)
def scheduled_publication(reports: list[str]) -> "State[str]":
    """Stage each release that is confirmed; after its switch fetch the public pages, compare and record.

    reports: releases, "L-2026-0001@0" or "L-2026-0001", [] for whatever is due.
    Safe to run twice: staging the same digest changes nothing, and the switch itself is not done here.
    """
    return take_steps("scheduled-publication", reports)
