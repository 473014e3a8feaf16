"""What all flows of the line share: names of runs, the lease, the step itself, its page, and errors a person can use.

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

from prefect import task, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run as this_run
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from pubflow.errors import PubflowError
from pubflow.moments import SHANGHAI, utc_now
from pubflow.service.contract import DueStep, Office
from pubflow.service.pages import page_key, report_page

LEASE = timedelta(seconds=20)  # how long a report stays protected after its run died
HEARTBEAT = 5.0  # seconds; four heartbeats may be late before the lease is lost
AT_ONCE = 4  # tasks of one run at the same time; the register has one writer, more would only queue
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
    """
    items = reports or _whatever_is_due(step)
    if not items:
        return _done(f"{NOT_DUE}: nothing waits for {step}; nothing was changed")
    if len(items) == 1:
        state = take_step(step, items[0])
        _write_page(items[0])
        return state
    futures = take_one.map(step=unmapped(step), report=items)
    futures.wait()
    return _summary([future.state for future in futures])


@task(name="report", task_run_name="{report}", persist_result=False, cache_policy=NO_CACHE)
def take_one(step: str, report: str) -> "State[str]":
    """One report of a run that takes many."""
    return take_step(step, report)


def take_step(step: str, report: str) -> "State[str]":
    """Do one step for one report under its lease. Never raises: an exception's text could carry a draft to Prefect."""
    subject, asked = _split(report)
    try:
        office = open_line()
        version = office.due_version(step, subject)
        if version is None:
            return _done(office.run_step(step, subject, utc_now()).text)
        if asked is not None and asked != version:
            return _done(f"{NOT_DUE}: {subject} is at version {version}, asked was {asked}; nothing was changed")
        with _lease(office, DueStep(step, subject, version)) as ours:
            if not ours:
                return _done(f"{NOT_DUE}: another run works on {subject} just now; nothing was changed")
            return _done(office.run_step(step, subject, utc_now()).text)
    except PubflowError as error:
        return _failed(step, subject, f"{error}")
    except Exception as error:  # noqa: BLE001 - reported whole to the worker's log, by its type alone to Prefect
        traceback.print_exc(file=sys.stderr)
        return _failed(step, subject, f"{type(error).__name__} in {step}; the worker's log has the details.")


def today(now: datetime) -> str:
    """The date in Shanghai, the subject of `daily`: `2026-11-23`."""
    return now.astimezone(SHANGHAI).date().isoformat()


def _split(report: str) -> tuple[str, int | None]:
    subject, _, version = report.partition("@")
    return subject.strip(), int(version) if version.isdigit() else None


def _whatever_is_due(step: str) -> list[str]:
    return [f"{due.subject}@{due.version}" for due in open_line().due_steps(utc_now()) if due.step == step]


@contextmanager
def _lease(office: Office, due: DueStep) -> Iterator[bool]:
    """Hold the report's lease and renew it from a thread; gives whether it is ours."""
    holder = f"{this_run.id or 'by-hand'}/{os.getpid()}"
    now = utc_now()
    if not office.runs.acquire(due, holder, now + LEASE, now):
        yield False
        return
    stop = threading.Event()
    beat = threading.Thread(target=_keep_renewing, args=(office, due, holder, stop), daemon=True, name=f"lease {due}")
    beat.start()
    try:
        yield True
    finally:
        stop.set()
        beat.join()
        office.runs.release(due, holder)


def _keep_renewing(office: Office, due: DueStep, holder: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT):
        # A lease we lost is no reason to stop: the guarded update of the register decides between two runs.
        office.runs.renew(due, holder, utc_now() + LEASE)


def _write_page(report: str) -> None:
    """Refresh the report's page and link it to this run; the reconciler does it again should this fail."""
    subject, _ = _split(report)
    if not this_run.id:
        return
    story = open_line().story(subject)
    if story is not None:
        create_markdown_artifact(key=page_key(subject), markdown=report_page(story), description=subject)


def _done(text: str) -> "State[str]":
    return Completed(message=text, name="NotDue" if text.startswith(NOT_DUE) else None)


def _failed(step: str, subject: str, why: str) -> "State[str]":
    mend = f"Run `pubflow doctor`, then `pubflow flow run {step} {subject}`; it is also tried again by itself."
    return Failed(message=f"{subject}: {why} {mend}")


def _summary(states: list["State[str]"]) -> "State[str]":
    """One state for many reports: failed if one failed, and then it says which."""
    failed = [str(state.message) for state in states if not state.is_completed()]
    not_due = sum(state.is_completed() and state.name == "NotDue" for state in states)
    counts = (
        f"{len(states)} reports: {len(states) - len(failed) - not_due} done, {not_due} not due, {len(failed)} failed"
    )
    return Failed(message=f"{counts}. First: {failed[0]}") if failed else Completed(message=counts)
