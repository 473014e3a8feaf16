"""The reconciler: what is due in the register and has no live flow run gets one. Level-triggered; it may be killed.

It remembers nothing that matters. Should it die between starting a run and recording it, the next round asks for the
same run under the same idempotency key, and Prefect answers with the run it has.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pubflow.prefect_client import CreatedRun, FlowRun, LookAgain
from pubflow.service.contract import DueStep, Office, StepRun
from pubflow.service.pages import BOARD_DESCRIPTION, BOARD_KEY, board_page, page_key, report_page

GRACE = timedelta(seconds=30)  # resident worker; a process worker needs 150 s to start a run
ALONE = 5  # up to so many due reports of one step get a run each, more share one
BATCH = 200  # reports of one run; its parameters stay far below Prefect's limit of 512 KB
PAGES_A_ROUND = 50
LONGEST_PAUSE = timedelta(minutes=5)


class PrefectApi(Protocol):
    """What a round asks of Prefect; `pubflow.prefect_client.Prefect` does it over HTTP."""

    def deployment_id(self, step: str) -> str: ...
    def deployment_steps(self) -> dict[str, str]: ...
    def flow_runs(self, ids: Iterable[str]) -> dict[str, FlowRun]: ...
    def live_flow_runs(self, before: datetime) -> list[FlowRun]: ...
    def create_flow_run(
        self,
        deployment_id: str,
        *,
        name: str,
        parameters: Mapping[str, object],
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> CreatedRun: ...
    def set_crashed(self, run_id: str, message: str) -> None: ...
    def write_page(self, key: str, markdown: str, description: str, flow_run_id: str | None = None) -> None: ...


class Reconciler:
    """Rounds over one office and one Prefect server.

    What it keeps between rounds only saves work or waits longer: since when a run lacks a lease, and which pages were
    written. A fresh one does the same a little later.
    """

    def __init__(self, office: Office, prefect: PrefectApi, grace: timedelta = GRACE) -> None:
        self._office = office
        self._prefect = prefect
        self._grace = grace
        self._unprotected: dict[str, datetime] = {}
        self._pages_seq: int | None = None
        self._stale_pages: list[str] = []
        self._board_is_stale = True

    def round(self, now: datetime) -> list[str]:
        """One look at everything; returns a line for each thing done. An unreachable Prefect ends the round early."""
        lines: list[str] = []
        try:
            live = self._prefect.live_flow_runs(now + timedelta(seconds=1))
            lines += self._mark_the_dead(live, now)
            lines += self._start_what_is_due(live, now)
            lines += self._refresh_pages(now)
        except LookAgain as error:
            lines.append(str(error))
        return lines

    # --- runs that died

    def _mark_the_dead(self, live: list[FlowRun], now: datetime) -> list[str]:
        """Set to Crashed, and drop from `live`, runs that claim to work but held no lease for longer than the grace."""
        protected = {_run_of(row.lease_holder) for row in self._office.runs.all_open() if _is_leased(row, now)}
        working = {run.id: run for run in live if run.state_type in ("PENDING", "RUNNING")}
        self._unprotected = {
            run_id: self._unprotected.get(run_id, now) for run_id in working if run_id not in protected
        }
        dead = [
            working[run_id]
            for run_id, since in self._unprotected.items()
            if now - max(since, working[run_id].since) > self._grace
        ]
        lines = []
        for run in dead:
            waited = int(self._grace.total_seconds())
            why = f"No process held its lease for {waited} s; the step is started again if it is still due."
            self._prefect.set_crashed(run.id, why)
            live.remove(run)
            lines.append(f"crashed {run.name}: no lease for {waited} s")
        return lines

    # --- what is due

    def _start_what_is_due(self, live: list[FlowRun], now: datetime) -> list[str]:
        due = self._office.due_steps(now)
        self._forget_what_is_done(live, set(due), now)
        if not due:
            return []
        covered = self._covered(live)
        rows = {step: self._office.runs.get(step) for step in due if not _is_covered(step, covered)}
        free = {step: row for step, row in rows.items() if row is None or not _is_leased(row, now)}
        recorded = self._prefect.flow_runs(row.flow_run_id for row in free.values() if row and row.flow_run_id)
        attempts: dict[DueStep, int] = {}
        for step, row in free.items():
            attempt = _next_attempt(row, recorded, now)
            if attempt is not None:
                attempts[step] = attempt
        if any(attempt > 1 for attempt in attempts.values()):
            # A run that ended since we asked what is due has done its step; do not start it again for nothing.
            still = set(self._office.due_steps(now))
            attempts = {step: attempt for step, attempt in attempts.items() if step in still}
        return self._start(attempts, now)

    def _forget_what_is_done(self, live: Iterable[FlowRun], due: set[DueStep], now: datetime) -> None:
        """Take the run off the rows of steps that are done, so that `all_open` stays as short as the work at hand."""
        alive = {run.id for run in live}
        for row in self._office.runs.all_open():
            step = DueStep(row.step, row.subject, row.version)
            if step not in due and row.flow_run_id not in alive and not _is_leased(row, now):
                self._office.runs.record(step, row.attempt, None, now)

    def _covered(self, live: Iterable[FlowRun]) -> dict[str, set[str]]:
        """{step: subjects, as given} of all live runs, whoever started them; "" stands for whatever is due."""
        steps = self._prefect.deployment_steps()
        covered: dict[str, set[str]] = defaultdict(set)
        for run in live:
            covered[steps.get(run.deployment_id or "", "")].update(run.reports or ("",))
        return covered

    def _start(self, attempts: Mapping[DueStep, int], now: datetime) -> list[str]:
        by_step: dict[str, list[DueStep]] = defaultdict(list)
        for due in attempts:
            by_step[due.step].append(due)
        lines = []
        for step, dues in by_step.items():
            size = 1 if len(dues) <= ALONE else BATCH
            for start in range(0, len(dues), size):
                lines.append(self._start_run(step, dues[start : start + size], attempts, now))
        return lines

    def _start_run(self, step: str, dues: Sequence[DueStep], attempts: Mapping[DueStep, int], now: datetime) -> str:
        attempt = {due: attempts[due] for due in dues}
        created = self._create(step, attempt)
        while created.run.is_final and not created.is_new:
            # Prefect knows this attempt from before the register was restored from a backup.
            attempt = {due: number + 1 for due, number in attempt.items()}
            created = self._create(step, attempt)
        for due, number in attempt.items():
            self._office.runs.record(due, number, created.run.id, now)
        highest = max(attempt.values())
        return f"started {created.run.name}" + (f", attempt {highest}" if highest > 1 else "")

    def _create(self, step: str, attempt: Mapping[DueStep, int]) -> CreatedRun:
        dues = list(attempt)
        return self._prefect.create_flow_run(
            self._prefect.deployment_id(step),
            name=run_name(step, dues),
            parameters={"reports": [f"{due.subject}@{due.version}" for due in dues]},
            tags=[due.subject for due in dues] if len(dues) == 1 else ["batch"],
            idempotency_key=idempotency_key(attempt),
        )

    # --- pages

    def _refresh_pages(self, now: datetime) -> list[str]:
        """Write the pages of reports that moved, at most PAGES_A_ROUND, and the board when anything did."""
        seq = self._office.change_counter()
        if self._pages_seq is None:  # a fresh start: pages of what is open; the rest was written when it moved
            self._stale_pages = [story.subject for story in self._office.board(now)]
        elif seq != self._pages_seq:
            moved = self._office.changed_since(self._pages_seq)
            self._stale_pages += [subject for subject in moved if subject not in self._stale_pages]
            self._board_is_stale = True
        self._pages_seq = seq
        for subject in self._stale_pages[:PAGES_A_ROUND]:
            story = self._office.story(subject)
            if story is not None:
                self._prefect.write_page(page_key(subject), report_page(story), subject)
            self._stale_pages.remove(subject)
        if self._board_is_stale:
            self._prefect.write_page(BOARD_KEY, board_page(self._office.board(now), now), BOARD_DESCRIPTION)
            self._board_is_stale = False
        return []


def reconcile(office: Office, prefect: PrefectApi, now: datetime, grace: timedelta = GRACE) -> list[str]:
    """One round without memory, for `pubflow reconcile`; it marks no run dead, which takes two looks."""
    return Reconciler(office, prefect, grace).round(now)


def run_name(step: str, dues: Sequence[DueStep]) -> str:
    """`R-2026-0042 confidentiality-check v3`, or `confidentiality-check, 12 reports`."""
    if len(dues) > 1:
        return f"{step}, {len(dues)} reports"
    return f"{dues[0].subject} {step}" + (f" v{dues[0].version}" if dues[0].version else "")


def idempotency_key(attempt: Mapping[DueStep, int]) -> str:
    """The same for the same reports, versions and attempts; a batch is named by the digest of its list."""
    parts = sorted(f"{due.step}/{due.subject}/{due.version}/{number}" for due, number in attempt.items())
    return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _next_attempt(row: StepRun | None, recorded: Mapping[str, FlowRun], now: datetime) -> int | None:
    """The attempt to start for a due step that no live run covers; None while its run lives or its pause lasts."""
    if row is None or not row.flow_run_id:
        return (row.attempt if row else 0) + 1  # a release comes back under the same version: its keys must not
    run = recorded.get(row.flow_run_id)
    if run is None:
        return row.attempt + 1  # Prefect forgot it; the register did not
    if not run.is_final:
        return None
    pause = min(timedelta(seconds=2 ** min(row.attempt - 1, 10)), LONGEST_PAUSE)
    return row.attempt + 1 if now - run.since >= pause else None


def _is_covered(due: DueStep, covered: Mapping[str, set[str]]) -> bool:
    return bool(covered.get(due.step, set()) & {f"{due.subject}@{due.version}", due.subject, ""})


def _is_leased(row: StepRun, now: datetime) -> bool:
    return row.lease_holder is not None and row.lease_until is not None and row.lease_until > now


def _run_of(holder: str | None) -> str:
    """The flow run of a lease; a holder is "FLOW_RUN_ID/process id"."""
    return (holder or "").partition("/")[0]
