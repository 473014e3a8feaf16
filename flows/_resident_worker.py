"""The resident worker: runs the flows of deployments/prefect.yaml as threads of this one process.

Prefect's process worker starts a Python for every run, 9 CPU seconds each; a run in here costs 0.3 to 0.8. It takes the
list as it stood when the worker started: a deployment made through the API with another entrypoint, a command or pull
steps is refused or ignored, so that the API cannot make it run anything else.

Start it as `python flows/_resident_worker.py`, with PREFECT_API_URL set. It ends by itself when the server stays away
or on SIGTERM; whoever started it (`pubflow up`, systemd) starts it again.
"""

import asyncio
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
import httpx

if __name__ == "__main__":  # started as a file: flows/ is on the path, the checkout is not yet
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.flow_engine import run_flow
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from flows._deployments import ROOT, entries, load, register
from pubflow.service.calling import last_call

TYPE = "pubflow-resident"
NAME = "resident"
POOL = "pubflow"
AT_ONCE = 8  # runs at a time; each may use a few tasks, and the register has one writer
LAST_WISH = 8.0  # seconds that running steps get to end after SIGTERM; they may be cut, the register does not mind
AWAKE = 10.0  # seconds after a call in which the server is asked at every beat
ASLEEP = 5.0  # seconds between two looks without one; a run started in Prefect's UI waits so long
SERVER_WAIT = 60.0  # seconds to wait for the server before giving up
# No command, no environment: nothing a caller of the API could set. Prefect wants neither part to be empty.
TEMPLATE: dict[str, Any] = {"job_configuration": {"labels": {}}, "variables": {"type": "object", "properties": {}}}


class ResidentResult(BaseWorkerResult):
    """How a run ended for the worker; its own state says how it ended for people."""


class ResidentWorker(BaseWorker[BaseJobConfiguration, BaseVariables, ResidentResult]):
    """A worker whose infrastructure is a thread.

    flows: {entrypoint: flow}, all that it will ever run.
    """

    type = TYPE
    job_configuration = BaseJobConfiguration
    _description = "Runs pubflow's own flows as threads of one resident process."

    def __init__(self, *, flows: "Mapping[str, Flow[..., Any]]", pool: str = POOL, name: str = NAME) -> None:
        super().__init__(work_pool_name=pool, name=name, limit=AT_ONCE, base_job_template=TEMPLATE)
        self._flows = flows
        self._threads = anyio.CapacityLimiter(AT_ONCE)
        self._by_deployment: dict[UUID, Flow[..., Any]] = {}
        self._call, self._called, self._asked = 0, float("-inf"), float("-inf")
        self.running: set[int] = set()  # threads that have a run in hand

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Ask the server for a while after each call, else now and then: a look for nothing costs it 40 ms of CPU."""
        now, call = time.monotonic(), _last_call()
        if call is None or call != self._call:
            self._call, self._called = call or 0, now
        if now - self._called > AWAKE and now - self._asked < ASLEEP and not self.running:
            return []
        self._asked = now
        return await super().get_and_submit_flow_runs()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,  # noqa: ARG002 - part of Prefect's interface; we take no command from it
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ResidentResult:
        """Run one flow run to its end in a thread. Raises LookupError for an entrypoint that is not on the list."""
        flow = await self._flow_of(flow_run)
        if task_status is not None:
            task_status.started(os.getpid())
        await anyio.to_thread.run_sync(
            partial(self._run_in_thread, flow, flow_run), limiter=self._threads, abandon_on_cancel=True
        )
        return ResidentResult(status_code=0, identifier=str(os.getpid()))

    def _run_in_thread(self, flow: "Flow[..., Any]", flow_run: FlowRun) -> None:
        self.running.add(threading.get_ident())
        try:
            run_flow(flow, flow_run=flow_run, return_type="state")
        finally:
            self.running.discard(threading.get_ident())

    async def _flow_of(self, flow_run: FlowRun) -> "Flow[..., Any]":
        if flow_run.deployment_id is None:
            raise LookupError(
                "This run has no deployment; the resident worker runs what deployments/prefect.yaml lists."
            )
        known = self._by_deployment.get(flow_run.deployment_id)
        if known is not None:
            return known
        entrypoint = (await self.client.read_deployment(flow_run.deployment_id)).entrypoint
        flow = self._flows.get(entrypoint or "")
        if flow is None:
            raise LookupError(
                f"{entrypoint} is not listed in deployments/prefect.yaml, so the resident worker refuses it."
            )
        self._by_deployment[flow_run.deployment_id] = flow
        return flow


async def serve() -> int:
    """Load the flows, wait for the server, register what is listed, then work until a signal; the exit code."""
    listed = [(entry, load(entry)) for entry in entries()]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not await _server_is_there(stop):
        return 1
    worker = ResidentWorker(flows={entry.entrypoint: flow for entry, flow in listed})
    working = asyncio.create_task(_register_and_work(worker, listed))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()  # raises what ended it
        return 1
    working.cancel()  # takes no more runs; those in hand go on in their threads
    until = asyncio.get_running_loop().time() + LAST_WISH
    while worker.running and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.05)
    return 0


async def _register_and_work(worker: ResidentWorker, listed: "list[tuple[Any, Flow[..., Any]]]") -> None:
    async with get_client() as client:
        await _ensure_pool(client)
        await register(client, listed)
    await worker.start(printer=_say)


async def _ensure_pool(client: PrefectClient) -> None:
    try:
        await client.read_work_pool(POOL)
    except ObjectNotFound:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type=TYPE, base_job_template=TEMPLATE))


async def _server_is_there(stop: asyncio.Event) -> bool:
    """Whether the server answers within SERVER_WAIT; this process loads in the time that the server needs to start."""
    address = os.environ["PREFECT_API_URL"]
    until = asyncio.get_running_loop().time() + SERVER_WAIT
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        while not stop.is_set() and asyncio.get_running_loop().time() < until:
            try:
                if (await http.get(f"{address}/health")).status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
    if not stop.is_set():
        _say(f"No Prefect server answered at {address} for {SERVER_WAIT:.0f} s; ending, to be started again.")
    return False


def _last_call() -> int | None:
    """The last call of this workspace; None on a machine that has none, where nobody can call."""
    home = os.environ.get("PUBFLOW_HOME")
    return last_call(Path(home)) if home else None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run in the root of the checkout, as every flow does, and end at once: a cut run is safe, a hanging one is not."""
    os.chdir(ROOT)
    code = 1
    try:
        code = asyncio.run(serve())
    except Exception:  # noqa: BLE001 - reported whole; the exit code says the rest
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Python would wait for the threads of cut runs


if __name__ == "__main__":
    main()
