"""What all flows of the line share: names of runs, leases, the step itself, and errors a person can use.

A flow run moves, the register decides: whatever is asked of a run, `office.run_step` looks whether it is due and does
it once. So a run may be killed at any instant, run twice or be started by hand.
"""

import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run as this_run
from prefect.runtime import task_run as this_task
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from pubflow.errors import PubflowError
from pubflow.moments import SHANGHAI, utc_now
from pubflow.service.contract import DueStep, Office

LEASE = timedelta(seconds=20)  # how long a report stays protected after its run died
HEARTBEAT = 5.0  # seconds; four heartbeats may be late before the lease is lost
AT_ONCE = 4  # tasks of one run at the same time; the register has one writer, more would only queue
NAMED = 20  # up to so many reports of a run have a task run each, named after them
SLICE = 25  # more share task runs, named after their first and last; the run's message names each that failed
NOT_DUE = "not due"


def run_name() -> str:
    """`R-2026-0042 department-review v3`, or `department-review, 12 reports`."""
    step, reports = str(this_run.flow_name), list(this_run.parameters.get("reports") or [])
    if len(reports) == 1:
        subject, version = _split(str(reports[0]))
        return f"{subject} {step}" + (f" v{version}" if version else "")
    return f"{step}, {len(reports)} reports" if reports else f"{step}, whatever is due"


def few_at_a_time() -> "TaskRunner[PrefectFuture[Any]]":
    """The task runner of every flow here."""
    return cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=AT_ONCE))


@cache
def open_line() -> Office:
    """The office of PUBFLOW_HOME, opened once a process; flows run as threads of the resident worker."""
    from pubflow.wiring import open_office  # late: loading a flow must work on a machine without a workspace

    return open_office()


def take_steps(step: str, reports: list[str]) -> "State[str]":
    """Do `step` for each report; the returned state's message says what happened, for the list of runs in the UI.

    reports: "R-2026-0001@3" (this version only) or "R-2026-0001"; empty means whatever is due for this step.
    Never raises: an exception's text could carry a draft to Prefect.
    """
    try:
        office = open_line()
        items = reports or [f"{due.subject}@{due.version}" for due in office.due_steps(utc_now()) if due.step == step]
        if not items:
            return _done(f"{NOT_DUE}: nothing waits for {step}; nothing was changed")
        with _leases(office, step, items) as plans:
            if len(plans) == 1:
                return take_step(plans[0])
            if len(plans) <= NAMED:
                futures = take_one.map(plan=plans)
            else:
                futures = take_some.map(plans=[plans[start : start + SLICE] for start in range(0, len(plans), SLICE)])
            futures.wait()
            return _summary(plans, [future.state for future in futures])
    except Exception as error:  # noqa: BLE001 - see _failed
        return _failed(step, reports[0] if len(reports) == 1 else "", error)


class Plan:
    """One report of a run: the step that is due and leased to this run, or why nothing is to be done for it.

    outcome: its state, once it was taken. No dataclass: Prefect would look into it, and hand on a copy.
    """

    def __init__(self, step: str, subject: str, idle: str = "") -> None:
        self.step, self.subject, self.idle = step, subject, idle
        self.outcome: State[str] | None = None


@task(name="report", task_run_name="{plan.subject}", persist_result=False, cache_policy=NO_CACHE)
def take_one(plan: Plan) -> "State[str]":
    """One report of a run that takes many."""
    return take_step(plan)


def slice_name() -> str:
    """`R-2026-0001 … R-2026-0025`."""
    plans = this_task.parameters["plans"]
    return f"{plans[0].subject} … {plans[-1].subject}"


@task(name="reports", task_run_name=slice_name, persist_result=False, cache_policy=NO_CACHE)
def take_some(plans: list[Plan]) -> "State[str]":
    """Some reports of a run that takes so many that a task run for each would cost more than the step itself."""
    return _summary(plans, [take_step(plan) for plan in plans])


def take_step(plan: Plan) -> "State[str]":
    """Do one step for one report whose lease is ours. Never raises."""
    try:
        plan.outcome = _done(plan.idle or open_line().run_step(plan.step, plan.subject, utc_now()).text)
    except Exception as error:  # noqa: BLE001 - see _failed
        plan.outcome = _failed(plan.step, plan.subject, error)
    return plan.outcome


def today(now: datetime) -> str:
    """The date in Shanghai, the subject of `daily`: `2026-11-23`."""
    return now.astimezone(SHANGHAI).date().isoformat()


def _split(report: str) -> tuple[str, int | None]:
    subject, _, version = report.partition("@")
    return subject.strip(), int(version) if version.isdigit() else None


@contextmanager
def _leases(office: Office, step: str, items: list[str]) -> Iterator[list[Plan]]:
    """Hold the leases of all reports while the block lasts, renewed from a thread; gives what to do for each."""
    wanted = dict(_split(item) for item in items)
    versions = office.due_versions(step, wanted)
    dues = {subject: DueStep(step, subject, version) for subject, version in versions.items()}
    asked_for = [due for subject, due in dues.items() if wanted[subject] in (None, due.version)]
    holder = f"{this_run.id or 'by-hand'}/{os.getpid()}"
    now = utc_now()
    ours = set(office.runs.acquire(asked_for, holder, now + LEASE, now))
    plans = []
    for subject, asked in wanted.items():
        due = dues.get(subject)
        if due is None or due in ours:
            plans.append(Plan(step, subject))  # what is not due is said by the step itself
        elif due not in asked_for:
            why = f"{subject} is at version {due.version}, asked was {asked}"
            plans.append(Plan(step, subject, f"{NOT_DUE}: {why}; nothing was changed"))
        else:
            why = f"another run works on {subject} just now"
            plans.append(Plan(step, subject, f"{NOT_DUE}: {why}; nothing was changed"))
    stop = threading.Event()
    beat = threading.Thread(target=_keep_renewing, args=(office, holder, stop), daemon=True, name=f"leases {step}")
    beat.start()
    try:
        yield plans
    finally:
        stop.set()
        beat.join()
        office.runs.release(holder)


def _keep_renewing(office: Office, holder: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT):
        # A lease we lost is no reason to stop: the guarded update of the register decides between two runs.
        office.runs.renew(holder, utc_now() + LEASE)


def _done(text: str) -> "State[str]":
    return Completed(message=text, name="NotDue" if text.startswith(NOT_DUE) else None)


def _failed(step: str, subject: str, error: Exception) -> "State[str]":
    """What went wrong, and the verb that mends it. An error of ours says itself; any other goes whole to the worker's
    log, by its type alone to Prefect: its text may quote a draft."""
    if isinstance(error, PubflowError):
        why = str(error)
    else:
        traceback.print_exception(error, file=sys.stderr)
        why = f"{type(error).__name__} in {step}; the worker's log has the details."
    mend = f"Run `pubflow doctor`, then `pubflow flow run {step} {subject}".strip()
    return Failed(message=f"{subject}: {why} {mend}`; it is also tried again by itself.".removeprefix(": "))


def _summary(plans: list[Plan], tasks: list["State[str]"]) -> "State[str]":
    """One state for many reports: failed if one failed, and then it says which. A task that died left no outcome."""
    failed = [plan for plan in plans if plan.outcome is None or not plan.outcome.is_completed()]
    not_due = sum(plan.outcome is not None and plan.outcome.name == "NotDue" for plan in plans)
    counts = f"{len(plans)} reports: {len(plans) - len(failed) - not_due} done, {not_due} not due, {len(failed)} failed"
    if not failed:
        return Completed(message=counts)
    named = ", ".join(plan.subject for plan in failed)
    first = next((plan.outcome.message for plan in failed if plan.outcome), "") or tasks[0].message
    return Failed(message=f"{counts}: {named}. First: {first}")
