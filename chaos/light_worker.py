"""A worker without Prefect, for rounds against the stand-in: takes runs and does their steps as `flows/_line.py` does.

The same lease, the same question whether a step is due, the same `run_step` on the register; only the engine around
it is left out. The real flows are in the rounds with `pubflow up`.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx

from pubflow.moments import SHANGHAI, utc_now
from pubflow.office.due import DueStep
from pubflow.wiring import Line, open_office

LEASE = timedelta(seconds=3)
HEARTBEAT = 0.5  # seconds
LOOK = 0.1
log = logging.getLogger("chaos.light_worker")


def main(words: list[str]) -> int:
    """Work until killed. words: the address of the stand-in."""
    import chaos_agent  # type: ignore[import-not-found]  # the nursery knows where it is

    line = open_office()
    chaos_agent.mark("at work")
    with httpx.Client(base_url=words[0], timeout=10, trust_env=False) as prefect:
        while True:
            run = _next(prefect)
            if run is None:
                time.sleep(LOOK)
                continue
            failed = _take_steps(line, run)
            _tell(prefect, run["id"], {"type": "FAILED" if failed else "COMPLETED", "message": "; ".join(failed)})


def _next(prefect: httpx.Client) -> dict[str, Any] | None:
    try:
        answer = prefect.post("/next", json={})
    except httpx.TransportError:
        return None
    run: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return run


def _tell(prefect: httpx.Client, run: str, state: Mapping[str, str]) -> None:
    for _ in range(50):  # a worker that gives up leaves a run that looks alive; the reconciler ends it
        try:
            if prefect.post(f"/flow_runs/{run}/set_state", json={"state": dict(state)}).status_code != 503:
                return
        except httpx.TransportError:
            pass
        time.sleep(LOOK)


def _take_steps(line: Line, run: Mapping[str, Any]) -> list[str]:
    """What failed; empty when all was done, or was not due."""
    step = run["deployment_id"]
    reports = run["parameters"].get("reports") or _whatever_is_due(line, step)
    wanted = {subject: version for subject, _, version in (str(one).partition("@") for one in reports)}
    failed = []
    try:
        dues = [DueStep(step, subject, version) for subject, version in line.due_versions(step, wanted).items()]
        dues = [one for one in dues if wanted[one.subject] in ("", str(one.version))]
        with _leases(line, dues, f"{run['id']}/{os.getpid()}") as ours:
            failed = [one.subject for one in ours if not _step(line, one)]
    except Exception as error:
        log.exception("%s", run["name"])
        failed.append(type(error).__name__)
    return failed


def _step(line: Line, due: DueStep) -> bool:
    try:
        line.run_step(due.step, due.subject, utc_now())
    except Exception:
        log.exception("%s", due)
        return False
    return True


def _whatever_is_due(line: Line, step: str) -> list[str]:
    if step == "daily":
        return [utc_now().astimezone(SHANGHAI).date().isoformat()]
    return [f"{due.subject}@{due.version}" for due in line.due_steps(utc_now()) if due.step == step]


@contextmanager
def _leases(line: Line, dues: list[DueStep], holder: str) -> Iterator[list[DueStep]]:
    now = utc_now()
    ours = list(line.runs.acquire(dues, holder, now + LEASE, now))
    stop = threading.Event()
    beat = threading.Thread(target=_keep_renewing, args=(line, holder, stop), daemon=True)
    beat.start()
    try:
        yield ours
    finally:
        stop.set()
        beat.join()
        line.runs.release(holder)


def _keep_renewing(line: Line, holder: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT):
        try:
            line.runs.renew(holder, utc_now() + LEASE)
        except Exception:
            log.exception("the leases of %s were not renewed", holder)
