"""Prefect's REST API, as little of it as the line needs. Never imports Prefect: the register works without it.

A server that is busy, restarting or has forgotten something is nothing to fail about: the reconciler looks again two
seconds later. Such answers are `LookAgain`; a wrong password or address is a `WorkspaceError` for the administrator.
Source of the routes: the OpenAPI document of Prefect 3.8.8 (`/docs` of the running server).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Self
from uuid import uuid4

import httpx
import stamina

from pubflow.errors import PubflowError, WorkspaceError

LIVE = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
PAGE = 200  # the largest page Prefect's filters give (PREFECT_SERVER_API_DEFAULT_LIMIT)
BUSY = frozenset({404, 408, 409, 423, 429, 500, 502, 503, 504})


@dataclass(eq=False)
class LookAgain(PubflowError):
    """Prefect could not answer now. Nothing is lost: the register knows what is due, and the next round asks again."""

    code: ClassVar[str] = "look_again"
    status: ClassVar[int] = 503
    what: str

    def __str__(self) -> str:
        return f"Prefect could not answer ({self.what}). Nothing is lost; it is asked again in the next round."


@dataclass(frozen=True)
class FlowRun:
    """One flow run as Prefect sees it. `state_type` is one of LIVE or FINAL; `since` is when that state began."""

    id: str
    name: str
    deployment_id: str | None
    state_type: str
    since: datetime
    parameters: Mapping[str, Any]
    expected_start: datetime | None = None
    message: str = ""

    @property
    def is_final(self) -> bool:
        return self.state_type in FINAL

    @property
    def reports(self) -> tuple[str, ...]:
        """The run's subjects as they were given: "R-2026-0001@3" or "R-2026-0001"."""
        given = self.parameters.get("reports")
        return tuple(str(item) for item in given) if isinstance(given, list) else ()


@dataclass(frozen=True)
class CreatedRun:
    """What `create_flow_run` made or found: Prefect answers 200 for a key it already knows, 201 for a new run."""

    run: FlowRun
    is_new: bool


@dataclass(frozen=True)
class PageRow:
    """One version of a page in Prefect. updated: when it was last written."""

    id: str
    key: str
    updated: datetime
    is_newest: bool


class _Busy(Exception):
    """An answer that is worth a second try at once."""


class Prefect:
    """A connection to one Prefect server. Not for several threads at a time; close it, or use `with`.

    address: the API's address, e.g. `http://127.0.0.1:4200/api`.
    auth: `name:password` as in PREFECT_API_AUTH_STRING, or None for a server without one.
    timeout: seconds for one request. attempts: tries for one request, including the first.
    """

    def __init__(self, address: str, auth: str | None, *, timeout: float = 5.0, attempts: int = 3) -> None:
        name, _, password = (auth or "").partition(":")
        self.address = address.rstrip("/")
        self._attempts = attempts
        self._csrf_client = str(uuid4())
        self._csrf_token: str | None = None
        self._deployments: dict[str, str] = {}
        self._newest_pages: dict[str, str] = {}
        # trust_env off: a proxy of the office must not see, or lose, calls to this very machine.
        self._http = httpx.Client(
            base_url=self.address, auth=(name, password) if auth else None, timeout=timeout, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # --- reading

    def is_healthy(self) -> bool:
        """Whether the server answers at all; asks once and needs no password."""
        try:
            return self._http.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def knows_us(self) -> bool:
        """Whether the server answers and takes our password, so that it is ours; asks once."""
        try:
            return self._http.get("/admin/version").status_code == 200
        except httpx.TransportError:
            return False

    def deployment_id(self, step: str) -> str:
        """The id of the deployment `STEP/STEP` of deployments/prefect.yaml. Raises LookAgain until it is registered."""
        if step not in self._deployments:
            self._deployments[step] = str(self._send("GET", f"/deployments/name/{step}/{step}").json()["id"])
        return self._deployments[step]

    def deployment_steps(self) -> dict[str, str]:
        """{deployment id: step} of everything deployed; at most one page, since we deploy about ten."""
        found = self._send("POST", "/deployments/filter", {"limit": PAGE}).json()
        return {str(row["id"]): str(row["name"]) for row in found}

    def flow_run(self, run_id: str) -> FlowRun | None:
        """One run, or None if Prefect does not know it (deleted, or Prefect's own database was lost)."""
        answer = self._send("GET", f"/flow_runs/{run_id}", accept=(404,))
        return None if answer.status_code == 404 else _flow_run(answer.json())

    def flow_runs(self, ids: Iterable[str]) -> dict[str, FlowRun]:
        """The runs among `ids` that Prefect knows, by id."""
        wanted = sorted(set(ids))
        found: dict[str, FlowRun] = {}
        for start in range(0, len(wanted), PAGE):
            chosen = {"id": {"any_": wanted[start : start + PAGE]}}
            found.update({run.id: run for run in self._filtered(chosen)})
        return found

    def live_flow_runs(self, before: datetime) -> list[FlowRun]:
        """Runs that wait or work, and are expected to start before the aware instant `before` (cron plans ahead)."""
        chosen = {
            "state": {"type": {"any_": list(LIVE)}},
            "expected_start_time": {"before_": before.isoformat()},
            "deployment_id": {"is_null_": False},
        }
        return list(self._filtered(chosen))

    def worker_heartbeats(self, pool: str) -> dict[str, datetime]:
        """{worker name: last heartbeat} of a work pool; empty while the pool does not exist."""
        answer = self._send("POST", f"/work_pools/{pool}/workers/filter", {"limit": PAGE}, accept=(404,))
        if answer.status_code == 404:
            return {}
        return {str(row["name"]): _moment(row["last_heartbeat_time"]) for row in answer.json()}

    def is_paused(self, pool: str) -> bool:
        """Whether somebody paused a work pool, or a queue of it, so that nothing in it is started."""
        answer = self._send("GET", f"/work_pools/{pool}", accept=(404,))
        if answer.status_code == 404:
            return False
        queues = self._send("POST", f"/work_pools/{pool}/queues/filter", {"limit": PAGE}).json()
        return bool(answer.json()["is_paused"]) or any(queue["is_paused"] for queue in queues)

    # --- writing

    def resume(self, pool: str) -> None:
        """Let a paused work pool and its queues go on."""
        self._send("PATCH", f"/work_pools/{pool}", {"is_paused": False})
        for queue in self._send("POST", f"/work_pools/{pool}/queues/filter", {"limit": PAGE}).json():
            self._send("PATCH", f"/work_pools/{pool}/queues/{queue['name']}", {"is_paused": False})

    def create_flow_run(
        self,
        deployment_id: str,
        *,
        name: str,
        parameters: Mapping[str, Any],
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> CreatedRun:
        """Ask for a run now. The same idempotency key gives the same run again, however often it is asked."""
        body = {
            "name": name,
            "parameters": dict(parameters),
            "tags": list(tags),
            "idempotency_key": idempotency_key,
            "state": {"type": "SCHEDULED"},
        }
        try:
            answer = self._send("POST", f"/deployments/{deployment_id}/create_flow_run", body)
        except LookAgain:
            self._deployments.clear()  # it may have been deployed anew, under another id
            raise
        return CreatedRun(_flow_run(answer.json()), is_new=answer.status_code == 201)

    def set_crashed(self, run_id: str, message: str) -> None:
        """Write that a run is dead, whatever Prefect believed; a run Prefect has forgotten is left alone."""
        state = {"type": "CRASHED", "name": "Crashed", "message": message}
        self._send("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True}, accept=(404,))

    def write_page(self, key: str, markdown: str, description: str) -> None:
        """Write a Markdown artifact over the newest of its key, or make the first one.

        `key`: lower-case letters, digits and dashes. Over it, so that Prefect's database does not keep each version.
        """
        body = {"data": markdown, "description": description}
        known = self._newest_pages.get(key) or self._newest_page(key)
        if known and self._send("PATCH", f"/artifacts/{known}", body, accept=(404,)).status_code != 404:
            self._newest_pages[key] = known
            return
        made = self._send("POST", "/artifacts/", body | {"key": key, "type": "markdown"}).json()
        self._newest_pages[key] = str(made["id"])

    def _newest_page(self, key: str) -> str | None:
        # Not /artifacts/KEY/latest: the id in its answer is that of the key, and not of what can be written over.
        chosen = {"artifacts": {"key": {"any_": [key]}}, "limit": 1}
        found = self._send("POST", "/artifacts/latest/filter", chosen).json()
        return str(found[0]["latest_id"]) if found else None

    def pages(self) -> Iterable[PageRow]:
        """Every version of every page, as many at a time as Prefect gives."""
        newest = {str(row["latest_id"]) for row in self._paged("/artifacts/latest/filter", {})}
        for row in self._paged("/artifacts/filter", {"artifacts": {"type": {"any_": ["markdown"]}}}):
            if row.get("key"):
                yield PageRow(str(row["id"]), row["key"], _moment(row["updated"]), str(row["id"]) in newest)

    def delete_page(self, page: PageRow) -> None:
        """Delete one version of a page; one that is gone already is no error."""
        self._newest_pages.pop(page.key, None)
        self._send("DELETE", f"/artifacts/{page.id}", accept=(404,))

    # --- how

    def _filtered(self, chosen: dict[str, Any]) -> Iterable[FlowRun]:
        return map(_flow_run, self._paged("/flow_runs/filter", {"flow_runs": chosen}))

    def _paged(self, path: str, chosen: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        offset = 0
        while True:
            body = {**chosen, "limit": PAGE, "offset": offset, "sort": "ID_DESC"}
            rows = self._send("POST", path, body).json()
            yield from rows
            if len(rows) < PAGE:
                return
            offset += PAGE

    def _send(self, method: str, path: str, body: Any = None, *, accept: Sequence[int] = ()) -> httpx.Response:
        """One request, repeated shortly while the server is away or busy. Raises LookAgain or WorkspaceError."""
        try:
            for attempt in stamina.retry_context(
                on=(httpx.TransportError, _Busy), attempts=self._attempts, wait_initial=0.1, wait_max=0.5
            ):
                with attempt:
                    return self._send_once(method, path, body, accept)
        except httpx.TransportError as error:
            raise LookAgain(f"{method} {path}: {type(error).__name__}") from error
        except _Busy as error:
            raise LookAgain(str(error)) from error
        raise AssertionError("stamina returns or raises")

    def _send_once(self, method: str, path: str, body: Any, accept: Sequence[int]) -> httpx.Response:
        answer = self._http.request(method, path, json=body, headers=self._csrf_headers(method))
        if answer.status_code == 403 and "CSRF" in answer.text:
            self._csrf_token = None  # expired after an hour, or the server has a new database
            answer = self._http.request(method, path, json=body, headers=self._csrf_headers(method))
        if answer.is_success or answer.status_code in accept:
            return answer
        what = f"{method} {path}: HTTP {answer.status_code}"
        if answer.status_code == 503:
            raise _Busy(what)
        if answer.status_code in BUSY:
            raise LookAgain(what)
        if answer.status_code in (401, 403):
            raise WorkspaceError(
                f"Prefect at {self.address} refused our password ({what}).",
                "Is it the server of another workspace? Stop it, then run `pubflow up` here.",
            )
        raise WorkspaceError(
            f"Prefect at {self.address} did not understand us ({what}): {answer.text[:300]}",
            "pubflow is made for Prefect 3.8.8; run `pubflow doctor`.",
        )

    def _csrf_headers(self, method: str) -> dict[str, str]:
        """The two headers a write needs while PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED is on (422: it is off)."""
        if method == "GET":
            return {}
        if self._csrf_token is None:
            answer = self._http.get("/csrf-token", params={"client": self._csrf_client})
            self._csrf_token = str(answer.json()["token"]) if answer.is_success else ""
        return {"Prefect-Csrf-Token": self._csrf_token, "Prefect-Csrf-Client": self._csrf_client}


def _flow_run(row: Mapping[str, Any]) -> FlowRun:
    state = row.get("state") or {}
    expected = row.get("expected_start_time")
    return FlowRun(
        id=str(row["id"]),
        name=str(row["name"]),
        deployment_id=str(row["deployment_id"]) if row.get("deployment_id") else None,
        state_type=str(state.get("type") or row.get("state_type") or "SCHEDULED"),
        since=_moment(state.get("timestamp") or row["created"]),
        parameters=row.get("parameters") or {},
        expected_start=_moment(expected) if expected else None,
        message=str(state.get("message") or ""),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
