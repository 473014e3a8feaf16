"""每日: deadlines, reminders and freshness, once a day."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows._line import few_at_a_time, run_name, take_steps, today
from pubflow.moments import utc_now


@flow(name="daily", flow_run_name=run_name, task_runner=few_at_a_time(), persist_result=False, retries=0)
def daily(reports: list[str]) -> "State[str]":
    """Look at what is due today and remind those it waits for.

    reports: dates in Shanghai, "2026-11-23"; [] is today. Safe to run twice: a day is done once.
    """
    return take_steps("daily", reports or [today(utc_now())])
