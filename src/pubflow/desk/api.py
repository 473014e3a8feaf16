"""The FastAPI application: exactly the actions of the table, a token for each request, one place for errors."""

import json
import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import pubflow
from pubflow.desk import (
    attachments,
    audit,
    checking,
    decisions,
    exceptional,
    flows,
    notices,
    outside_page,
    people,
    proposals,
    releases,
    reports,
    reviewing,
    tables,
)
from pubflow.errors import PubflowError, StepRefused
from pubflow.moments import utc_now
from pubflow.office.gauges import gauges
from pubflow.office.office import Office
from pubflow.office.reminders import overdue_reports

LARGEST_BODY = 32 * 1024 * 1024  # bytes; a file of 20 MB in base64 and its words
log = logging.getLogger("pubflow.desk")


def application(office: Office, run_flow: flows.RunFlow) -> FastAPI:
    """The office's API. run_flow: starts a flow by hand and says its name; refuses when Prefect is away."""
    app = FastAPI(
        title="pubflow",
        version=pubflow.__version__,
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.office = office
    app.state.run_flow = run_flow
    app.state.link_limits = outside_page.limits_of(office)
    rooms = (people, reports, decisions, releases, audit, flows, reviewing, proposals, notices, attachments, tables)
    for room in (*rooms, checking, exceptional, outside_page):
        app.include_router(room.router)
    app.add_exception_handler(PubflowError, _refused)
    app.add_exception_handler(RequestValidationError, _misspelt)
    app.middleware("http")(_no_traceback)
    app.add_middleware(_LimitedBody)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Alive, and the register answers."""
        with office.records.reading() as session:
            session.connection()
        return {"status": "ok", "version": pubflow.__version__}

    @app.get("/health")
    def health(response: Response) -> dict[str, object]:
        """For a monitor, without a token, so numbers only: 503 while a release is overdue, unready or failed.

        late_reports: past the due day of whoever is waited for; they are reminded, so that it is no alarm.
        """
        now = utc_now()
        found, late = gauges(office, now), overdue_reports(office, now)
        response.status_code = 503 if found.alarm else 200
        return {"status": "alarm" if found.alarm else "ok", **found.counts(), "late_reports": len(late)}

    return app


def problem(code: str, message: str, reasons: list[dict[str, str]] | None = None) -> dict[str, object]:
    """The one shape of every error answer."""
    return {"error": code, "message": message, "reasons": reasons or []}


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, PubflowError):
        raise error
    reasons = [{"code": one.code, "text": one.text} for one in error.reasons] if isinstance(error, StepRefused) else []
    return JSONResponse(problem(error.code, str(error), reasons), status_code=error.status)


async def _misspelt(_request: Request, error: Exception) -> Response:
    """A request whose fields are wrong: which, and what was expected. The values themselves are not repeated."""
    if not isinstance(error, RequestValidationError):
        raise error
    told = [
        {"code": str(one["type"]), "text": f"{'.'.join(map(str, one['loc'][1:]))}：{one['msg']}"}
        for one in error.errors()
    ]
    return JSONResponse(problem("bad_request", "请求的字段不对", told), status_code=422)


async def _no_traceback(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        return await call_next(request)
    except Exception:
        log.exception("%s %s failed", request.method, request.url.path)
        message = "程序出错，什么都没有改变；请把时间告诉系统管理员，日志中有记录"
        return JSONResponse(problem("internal", message), status_code=500)


class _LimitedBody:
    """Refuses a body that is larger than anything we take, before it fills the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > LARGEST_BODY:
            await _too_large(send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > LARGEST_BODY:
                return {"type": "http.disconnect"}
            return message

        await self._app(scope, counted, send)


async def _too_large(send: Send) -> None:
    body = json.dumps(problem("too_large", f"内容超过 {LARGEST_BODY // 1024 // 1024} MB；请拆分后再上传")).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
