"""The reconciler: what is due in the register and has no live flow run gets one. Level-triggered; it may be killed.

It remembers nothing that matters. Should it die between starting a run and recording it, the next round asks for the
same run under the same idempotency key, and Prefect answers with the run it has.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pubflow.office.due import is_leased
from pubflow.prefect_client import CreatedRun, FlowRun, LookAgain
from pubflow.service.contract import Alarm, DueStep, Office, StepRun
from pubflow.service.pages import FailedRun
from pubflow.service.writing_pages import PageApi, PageWriter, is_over

GRACE = timedelta(seconds=30)  # resident worker; a process worker needs 150 s to start a run
ALONE = 5  # up to so many due reports of one step get a run each, more share one
BATCH = 200  # reports of one run; its parameters stay far below Prefect's limit of 512 KB
GATHER = timedelta(seconds=20)  # at most so long reports wait for those of the same step before them, to share a run
LONGEST_PAUSE = timedelta(minutes=5)
ALARMS_EVERY = timedelta(seconds=10)  # an alarm comes with the clock, not only with an event
QUIET = timedelta(seconds=10)  # how often Prefect is looked at while nothing is due and nothing runs


class PrefectApi(PageApi, Protocol):
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


class Reconciler:
    """Rounds over one office and one Prefect server.

    What it keeps between rounds only saves work or waits longer: since when a run lacks a lease, which runs failed,
    and which pages were written. A fresh one does the same a little later.
    """

    def __init__(self, office: Office, prefect: PrefectApi, grace: timedelta = GRACE) -> None:
        self._office = office
        self._prefect = prefect
        self._grace = grace
        self._pages = PageWriter(office, prefect)
        self._unprotected: dict[str, datetime] = {}
        self._failed: dict[DueStep, FailedRun] = {}
        self._idle_since: datetime | None = None
        self._alarms: Sequence[Alarm] = ()
        self._alarms_at: datetime | None = None

    def round(self, now: datetime) -> list[str]:
        """One look at everything; returns a line for each thing done. An unreachable Prefect ends the round early."""
        lines = self._look_for_alarms(now)
        try:
            due, rows = self._office.due_steps(now), self._office.runs.all_open()
            if not self._is_quiet(due, rows, now):
                live = self._prefect.live_flow_runs(now + timedelta(seconds=1))
                self._idle_since = None if live else now
                lines += self._mark_the_dead(live, rows, now)
                self._forget_what_is_done(live, rows, set(due), now)
                lines += self._start_what_is_due(due, live, now)
            self._pages.refresh(self._alarms, list(self._failed.values()), now)
        except LookAgain as error:
            lines.append(str(error))
        return lines

    def _look_for_alarms(self, now: datetime) -> list[str]:
        """A line for each new one. First of all and from the register alone: it must not wait for Prefect."""
        if self._alarms_at is not None and not is_over(self._alarms_at, ALARMS_EVERY, now):
            return []
        known = {(one.subject, one.verb) for one in self._alarms}
        self._alarms, self._alarms_at = self._office.alarms(now), now
        return [f"ALARM {one.what}: {one.verb}" for one in self._alarms if (one.subject, one.verb) not in known]

    def _is_quiet(self, due: Sequence[DueStep], rows: Sequence[StepRun], now: datetime) -> bool:
        """Whether nothing is to be done and Prefect, asked a moment ago, had nothing under way either."""
        since = self._idle_since
        return not due and not rows and since is not None and since <= now < since + QUIET

    # --- runs that died

    def _mark_the_dead(self, live: list[FlowRun], rows: Sequence[StepRun], now: datetime) -> list[str]:
        """Set to Crashed, and drop from `live`, runs that claim to work but held no lease for longer than the grace."""
        protected = {_run_of(row.lease_holder) for row in rows if is_leased(row, now)}
        working = {run.id: run for run in live if run.state_type in ("PENDING", "RUNNING")}
        # Never later than now: a clock that was set back must not make a dead run live on until it is there again.
        self._unprotected = {
            run_id: min(self._unprotected.get(run_id, now), now) for run_id in working if run_id not in protected
        }
        dead = [
            working[run_id]
            for run_id, since in self._unprotected.items()
            if now - (max(since, begun) if (begun := working[run_id].since) <= now else since) > self._grace
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

    def _forget_what_is_done(
        self, live: Iterable[FlowRun], rows: Iterable[StepRun], due: set[DueStep], now: datetime
    ) -> None:
        """Take the run off the rows of steps that are done, so that `all_open` stays as short as the work at hand."""
        alive = {run.id for run in live}
        done = {
            step: row.attempt
            for row in rows
            if (step := DueStep(row.step, row.subject, row.version)) not in due
            and row.flow_run_id not in alive
            and not is_leased(row, now)
        }
        if done:
            self._office.runs.record(done, None, now)

    def _start_what_is_due(self, due: Sequence[DueStep], live: list[FlowRun], now: datetime) -> list[str]:
        self._failed = {step: self._failed[step] for step in due if step in self._failed}
        if not due:
            return []
        steps = self._prefect.deployment_steps() if live else {}
        covered = _covered(live, steps)
        open_ones = [step for step in due if not _is_covered(step, covered)]
        rows = self._office.runs.rows(open_ones)
        free = {step: row for step in open_ones if (row := rows.get(step)) is None or not is_leased(row, now)}
        recorded = self._prefect.flow_runs({row.flow_run_id for row in free.values() if row and row.flow_run_id})
        self._note_failures(free, recorded)
        attempts = {
            step: attempt for step, row in free.items() if (attempt := _next_attempt(row, recorded, now)) is not None
        }
        if attempts:
            # A run that ended since we asked what is due has done its step; do not start it again for nothing.
            still = set(self._office.due_steps(now))
            attempts = {step: attempt for step, attempt in attempts.items() if step in still}
        return self._start(attempts, _busy(live, steps, now), now)

    def _note_failures(self, free: Mapping[DueStep, StepRun | None], recorded: Mapping[str, FlowRun]) -> None:
        """Remember, for the page of failures, how the last run of a step that is still due ended."""
        for step, row in free.items():
            run = recorded.get(row.flow_run_id or "") if row else None
            if row and run and run.state_type in ("FAILED", "CRASHED"):
                self._failed[step] = FailedRun(
                    step.subject, step.step, row.attempt, run.state_type.lower(), run.message, run.since, run.id
                )

    def _start(self, attempts: Mapping[DueStep, int], busy: Mapping[str, int], now: datetime) -> list[str]:
        by_step: dict[str, list[DueStep]] = defaultdict(list)
        for due in attempts:
            by_step[due.step].append(due)
        lines = []
        for step, dues in by_step.items():
            if busy.get(step, 0) >= ALONE:
                continue  # what comes due meanwhile shares the next run
            size = 1 if len(dues) + busy.get(step, 0) <= ALONE else BATCH
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
        self._office.runs.record(attempt, created.run.id, now)
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
        # Asked for under a clock that was ahead and is set right: it would start when the clock is there again.
        is_of_the_future = run.state_type == "SCHEDULED" and run.expected_start and run.expected_start > now + GRACE
        return row.attempt + 1 if is_of_the_future else None
    pause = min(timedelta(seconds=2 ** min(row.attempt - 1, 10)), LONGEST_PAUSE)
    return None if run.since <= now < run.since + pause else row.attempt + 1


def _covered(live: Iterable[FlowRun], steps: Mapping[str, str]) -> dict[str, set[str]]:
    """{step: subjects, as given} of all live runs, whoever started them; "" stands for whatever is due."""
    covered: dict[str, set[str]] = defaultdict(set)
    for run in live:
        covered[steps.get(run.deployment_id or "", "")].update(run.reports or ("",))
    return covered


def _busy(live: Iterable[FlowRun], steps: Mapping[str, str], now: datetime) -> dict[str, int]:
    """{step: reports that runs begun a moment ago have in hand}."""
    busy: dict[str, int] = defaultdict(int)
    for run in live:
        if now - GATHER < run.since <= now:
            busy[steps.get(run.deployment_id or "", "")] += len(run.reports)
    return busy


def _is_covered(due: DueStep, covered: Mapping[str, set[str]]) -> bool:
    return bool(covered.get(due.step, set()) & {f"{due.subject}@{due.version}", due.subject, ""})


def _run_of(holder: str | None) -> str:
    """The flow run of a lease; a holder is "FLOW_RUN_ID/process id"."""
    return (holder or "").partition("/")[0]
