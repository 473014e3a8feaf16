"""A stand-in for Prefect's HTTP API, for rounds in which Prefect is not what is tested: runs in a dictionary.

It answers what `pubflow.prefect_client` asks, in the same words, and hands waiting runs to the workers of
`chaos.light_worker`. It can be away, answer 503, be busy, or forget everything, which no real server does on request.
The office's messages arrive here too, at `/notify`, and are counted.
"""

import json
import random
import re
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STEPS = ("drafting", "department-review", "confidentiality-check", "approval", "scheduled-publication", "daily")
LIVE = ("SCHEDULED", "PENDING", "RUNNING")
Answer = tuple[int, Any]


class StandIn:
    """One server on loopback. mood: "well", "503" (every answer), "busy" (one of three), "away" (hangs up)."""

    def __init__(self, chance: random.Random) -> None:
        self.mood = "well"
        self.runs: dict[str, dict[str, Any]] = {}
        self.pages: dict[str, str] = {}
        self.delivered: Counter[str] = Counter()
        self._keys: dict[str, str] = {}
        self._chance = chance
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.stand_in = self
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def messages(self) -> str:
        """The address of a channel that ends here, as apprise spells it."""
        return f"json://127.0.0.1:{self._http.server_address[1]}/notify"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/api"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def forget(self) -> None:
        """As when Prefect's whole database is lost."""
        with self._lock:
            self.runs.clear()
            self.pages.clear()
            self._keys.clear()

    def start(self, step: str, *reports: str) -> str:
        """A run as somebody starts one by hand; its id."""
        _, run = self.create([step], {"name": "by hand", "parameters": {"reports": list(reports)}})
        return str(run["id"])

    def deliver(self, message: str) -> None:
        """One message has arrived."""
        with self._lock:
            self.delivered[message] += 1

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> Answer | None:
        """What Prefect would say; None hangs up."""
        if self.mood == "away":
            return None
        if self.mood == "503" or (self.mood == "busy" and self._chance.random() < 1 / 3):
            return 503, {"exception_message": "Service Unavailable", "detail": "database is locked"}
        for (verb, pattern), route in ROUTES.items():
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                with self._lock:
                    return route(self, list(found.groups()), body)
        return 404, {"detail": "Not Found"}

    # --- routes

    def deployment(self, names: list[str], _body: Mapping[str, Any]) -> Answer:
        return (200, {"id": names[0]}) if names[0] in STEPS else (404, {})

    def deployments(self, _names: list[str], _body: Mapping[str, Any]) -> Answer:
        return 200, [{"id": step, "name": step} for step in STEPS]

    def create(self, names: list[str], body: Mapping[str, Any]) -> Answer:
        key = body.get("idempotency_key")
        if key and key in self._keys:
            return 200, self.runs[self._keys[key]]
        now = datetime.now(UTC).isoformat()
        run = {
            "id": str(uuid.uuid4()),
            "name": body["name"],
            "deployment_id": names[0],
            "parameters": body["parameters"],
            "created": now,
            "expected_start_time": now,
            "state": {"type": "SCHEDULED", "timestamp": now, "message": ""},
        }
        self.runs[run["id"]] = run
        if key:
            self._keys[str(key)] = run["id"]
        return 201, run

    def filtered(self, _names: list[str], body: Mapping[str, Any]) -> Answer:
        chosen = body["flow_runs"]
        ids = chosen.get("id", {}).get("any_")
        types = chosen.get("state", {}).get("type", {}).get("any_")
        found = [
            run
            for run in reversed(self.runs.values())
            if (ids is None or run["id"] in ids) and (types is None or run["state"]["type"] in types)
        ]
        return 200, found[body["offset"] : body["offset"] + body["limit"]]

    def run(self, names: list[str], _body: Mapping[str, Any]) -> Answer:
        return (200, self.runs[names[0]]) if names[0] in self.runs else (404, {})

    def set_state(self, names: list[str], body: Mapping[str, Any]) -> Answer:
        if names[0] not in self.runs:
            return 404, {}
        state = body["state"]
        now = datetime.now(UTC).isoformat()
        self.runs[names[0]]["state"] = {"message": "", **state, "timestamp": now}
        return 201, {"status": "ACCEPT"}

    def page(self, _names: list[str], body: Mapping[str, Any]) -> Answer:
        self.pages[body["key"]] = body["data"]
        return 201, {"id": body["key"]}

    def newest_pages(self, _names: list[str], body: Mapping[str, Any]) -> Answer:
        wanted = body.get("artifacts", {}).get("key", {}).get("any_", ())
        return 200, [{"key": key, "latest_id": key} for key in wanted if key in self.pages]

    def page_over(self, names: list[str], body: Mapping[str, Any]) -> Answer:
        if names[0] not in self.pages:
            return 404, {}
        self.pages[names[0]] = body["data"]
        return 204, None

    def no_pages(self, _names: list[str], _body: Mapping[str, Any]) -> Answer:
        return 200, []

    def next_run(self, _names: list[str], _body: Mapping[str, Any]) -> Answer:
        """For a light worker: the oldest waiting run, now running."""
        run = next((one for one in self.runs.values() if one["state"]["type"] == "SCHEDULED"), None)
        if run is None:
            return 204, None
        self.set_state([run["id"]], {"state": {"type": "RUNNING"}})
        return 200, run

    def fine(self, _names: list[str], _body: Mapping[str, Any]) -> Answer:
        return 200, {}

    def no_csrf(self, _names: list[str], _body: Mapping[str, Any]) -> Answer:
        return 422, {}


ROUTES: Mapping[tuple[str, str], Callable[[StandIn, list[str], Mapping[str, Any]], Answer]] = {
    ("GET", r"/health"): StandIn.fine,
    ("GET", r"/admin/version"): StandIn.fine,
    ("GET", r"/csrf-token"): StandIn.no_csrf,
    ("GET", r"/deployments/name/([^/]+)/[^/]+"): StandIn.deployment,
    ("POST", r"/deployments/filter"): StandIn.deployments,
    ("POST", r"/deployments/([^/]+)/create_flow_run"): StandIn.create,
    ("POST", r"/flow_runs/filter"): StandIn.filtered,
    ("GET", r"/flow_runs/([^/]+)"): StandIn.run,
    ("POST", r"/flow_runs/([^/]+)/set_state"): StandIn.set_state,
    ("POST", r"/artifacts/"): StandIn.page,
    ("POST", r"/artifacts/latest/filter"): StandIn.newest_pages,
    ("PATCH", r"/artifacts/([^/]+)"): StandIn.page_over,
    ("POST", r"/artifacts/filter"): StandIn.no_pages,
    ("POST", r"/notify/?"): StandIn.fine,
    ("POST", r"/next"): StandIn.next_run,
}


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    stand_in: StandIn

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked was killed before it had its answer: no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def _answer(self, method: str) -> None:
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].removeprefix("/api")
        answer = self.server.stand_in.answer(method, path, json.loads(given) if given else {})
        if answer is None:
            time.sleep(0.05)
            self.close_connection = True
            return
        code, said = answer
        if path.startswith("/notify") and code == 200:
            self.server.stand_in.deliver(self.headers.get("Idempotency-Key") or "without a key")
        content = b"" if said is None else json.dumps(said).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a storm asks thousands of times."""
