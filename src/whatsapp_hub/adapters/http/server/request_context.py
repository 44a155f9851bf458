"""Give every request, except webhooks and sockets, its id, log line and security headers."""

import re
import time
from urllib.parse import parse_qsl
from uuid import uuid4

import structlog

from whatsapp_hub.adapters.http.problems import Problem, pointer
from whatsapp_hub.adapters.http.server.asgi import (
    SECURITY_HEADERS,
    App,
    Event,
    Receive,
    Scope,
    Send,
    send_problem,
    with_missing,
)
from whatsapp_hub.application.measuring import ANSWERING, REQUESTS, TALLY
from whatsapp_hub.domain.errors import Flaw

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SEALED = re.compile(r"(?<=/links/).+", re.DOTALL)
"""The rest of a path that is itself the right to what it names."""
_QUIET = frozenset({"/health", "/api/health", "/metrics"})
_METHODS = {name: name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

PATH_LENGTH = 2048
QUERY_BYTES = 8 * 1024
PARAMETERS = 100
"""Litestar remembers the last thousand paths and queries, taken apart; of 64 kB each they would fill the memory."""
_TOO_LONG = Problem(
    414,
    "address-too-long",
    f"an address has at most {PATH_LENGTH} characters, and {QUERY_BYTES} bytes and {PARAMETERS} parameters after the ?",
)

log = structlog.get_logger(__name__)


class Frame:
    """Middleware. A handler's own header of the same name is kept."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _sent_id(scope) or uuid4().hex.encode()
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        extra = [(b"x-request-id", request_id), *SECURITY_HEADERS]
        if scope.get("scheme") == "https":
            extra.append(_STRICT_TRANSPORT)
        begun, status = time.perf_counter(), 0
        app = self._admitted(scope)

        async def framed(event: Event) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
                event["headers"] = with_missing(event.get("headers", ()), extra)
            await send(event)

        try:
            await app(scope, receive, framed)
        finally:
            TALLY.add(REQUESTS, _METHODS.get(scope["method"], "OTHER"), f"{status // 100}xx")
            TALLY.observe(ANSWERING, time.perf_counter() - begun)
            if scope["path"] not in _QUIET:
                took_ms = round((time.perf_counter() - begun) * 1000, 1)
                path = _SEALED.sub("***", scope["path"][:PATH_LENGTH])
                log.info("request", method=scope["method"], path=path, status=status, took_ms=took_ms)

    def _admitted(self, scope: Scope) -> App:
        """Return the app for a request whose address is acceptable, else one that refuses it."""
        path, query = scope["path"], scope["query_string"]
        if len(path) > PATH_LENGTH or len(query) > QUERY_BYTES or query.count(b"&") >= PARAMETERS:
            return _refuse_length
        return _refuse_nul if "\x00" in path or b"%00" in query else self._app


async def _refuse_length(scope: Scope, receive: Receive, send: Send) -> None:
    await send_problem(_TOO_LONG, {**scope, "path": scope["path"][:PATH_LENGTH]}, send)


async def _refuse_nul(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse NUL, which PostgreSQL stores in no text, naming the parameters that have it."""
    parameters = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    flaws = tuple(Flaw(pointer(name), "must not contain NUL") for name, value in parameters if "\x00" in name + value)
    await send_problem(Problem(400, "invalid", "an address must not contain NUL", flaws), scope, send)


def _sent_id(scope: Scope) -> bytes | None:
    sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return sent if _ID.fullmatch(sent) else None
