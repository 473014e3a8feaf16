"""A Prefect of fifty lines: flow runs in a dictionary, pages in another; states change when a test says so."""
# ruff: noqa: ARG002 - the protocol names the arguments, a Prefect on paper needs fewer

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pubflow.prefect_client import CreatedRun, FlowRun, LookAgain, PageRow

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class PaperPrefect:
    """What the reconciler asks of Prefect. Deployment ids are the steps' names."""

    def __init__(self) -> None:
        self.runs: dict[str, FlowRun] = {}
        self.keys: dict[str | None, str] = {}
        self.pages_by_key: dict[str, str] = {}
        self.written: list[str] = []
        self.kept: list[PageRow] = []
        self.away = False
        self.now = NOON

    def deployment_id(self, step: str) -> str:
        return step

    def deployment_steps(self) -> dict[str, str]:
        steps = ("drafting", "department-review", "confidentiality-check", "approval", "scheduled-publication", "daily")
        return {step: step for step in steps}

    def flow_runs(self, ids: Iterable[str]) -> dict[str, FlowRun]:
        return {run_id: self.runs[run_id] for run_id in ids if run_id in self.runs}

    def live_flow_runs(self, before: datetime) -> list[FlowRun]:
        if self.away:
            raise LookAgain("database is locked")
        return [run for run in self.runs.values() if not run.is_final]

    def create_flow_run(
        self,
        deployment_id: str,
        *,
        name: str,
        parameters: Mapping[str, object],
        tags: Iterable[str] = (),
        idempotency_key: str | None = None,
    ) -> CreatedRun:
        if idempotency_key is not None and idempotency_key in self.keys:
            return CreatedRun(self.runs[self.keys[idempotency_key]], is_new=False)
        run = FlowRun(f"run-{len(self.runs) + 1}", name, deployment_id, "SCHEDULED", self.now, parameters)
        self.runs[run.id] = run
        self.keys[idempotency_key] = run.id
        return CreatedRun(run, is_new=True)

    def set_crashed(self, run_id: str, message: str) -> None:
        self.set(run_id, "CRASHED")

    def write_page(self, key: str, markdown: str, description: str) -> None:
        self.pages_by_key[key] = markdown
        self.written.append(key)

    def pages(self) -> list[PageRow]:
        return list(self.kept)

    def delete_page(self, page: PageRow) -> None:
        self.kept.remove(page)

    def set(self, run_id: str, state: str, message: str = "") -> None:
        self.runs[run_id] = replace(self.runs[run_id], state_type=state, since=self.now, message=message)
