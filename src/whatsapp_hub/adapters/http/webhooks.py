"""Receive providers' webhooks. Bare ASGI beside Litestar, for speed: only `AcceptWebhook` handles them.

`/webhooks/whatsapp[/{sessionId}]` is Meta's, `/webhooks/{provider}[/{sessionId}]` all others'.
"""

from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from dishka import AsyncContainer

from whatsapp_hub.adapters.http.problems import Problem, describe
from whatsapp_hub.adapters.http.server import asgi
from whatsapp_hub.application.receiving.accept_webhook import MAX_BYTES, AcceptWebhook, AnswerHandshake
from whatsapp_hub.domain.errors import HubError, NotFound
from whatsapp_hub.domain.ids import SessionId

PREFIX = "/webhooks/"
_KINDS = {"whatsapp": "META"}
_TOO_LARGE = Problem(413, "too-large", f"a webhook's body has at most {MAX_BYTES} bytes")
_BAD_METHOD = Problem(405, "method-not-allowed", "POST, or GET for a handshake", headers={"Allow": "GET, POST"})
_REFUSED = Problem(403, "forbidden", "the verify token is not ours")
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}

_STORED = asgi.Prepared(200, {})

log = structlog.get_logger(__name__)


def path_of(kind: str, session_id: SessionId) -> str:
    """Return the path of a session's own webhook address."""
    names = {known: name for name, known in _KINDS.items()}
    return f"{PREFIX}{names.get(kind, kind.lower())}/{session_id}"


class Webhooks:
    """An ASGI app for HTTP requests under `/webhooks/`."""

    def __init__(self, container: AsyncContainer) -> None:
        self._container = container
        self._accept: AcceptWebhook | None = None

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        try:
            if scope["method"] == "POST":
                await self._post(scope, receive, send)
            elif scope["method"] == "GET":
                await self._get(scope, send)
            else:
                await asgi.send_problem(_BAD_METHOD, scope, send)
        except ConnectionResetError:
            return
        except HubError as error:
            log.info("webhook refused", path=scope["path"], error=type(error).__name__)
            await asgi.send_problem(describe(error), scope, send)
        except Exception as error:
            log.exception("webhook failed", path=scope["path"])
            await asgi.send_problem(describe(error), scope, send)

    async def _post(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        headers = asgi.Headers(scope["headers"])
        accept = self._accept or await self._resolve()
        kind, session_id = _addressee(scope["path"])
        limit = accept.body_limit(kind, headers)
        body = await asgi.read(receive, headers.get("content-length"), limit)
        if body is None:
            await asgi.send_problem(_TOO_LARGE if limit == MAX_BYTES else _unsigned(accept), scope, send)
            return
        await accept(kind, session_id, headers, body)
        await _STORED(scope, send)

    async def _resolve(self) -> AcceptWebhook:
        self._accept = await self._container.get(AcceptWebhook)
        return self._accept

    async def _get(self, scope: asgi.Scope, send: asgi.Send) -> None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        answer_handshake = await self._container.get(AnswerHandshake)
        kind, session_id = _addressee(scope["path"])
        answer = await answer_handshake(kind, session_id, query)
        if answer is None:
            await asgi.send_problem(_REFUSED, scope, send)
            return
        content = answer.encode()
        await send(asgi.start(200, {**_PLAIN, "Content-Length": str(len(content))}))
        await send(asgi.body(content))


def _unsigned(accept: AcceptWebhook) -> Problem:
    try:
        accept.refuse_unsigned()
    except HubError as error:
        return describe(error)


def _addressee(path: str) -> tuple[str, SessionId | None]:
    """Return the provider's kind and the session that a path names. Raises NotFound."""
    name, _, session = path[len(PREFIX) :].rstrip("/").partition("/")
    kind = _KINDS.get(name) or name.upper()
    if not session:
        return kind, None
    try:
        return kind, SessionId(UUID(session))
    except ValueError:
        raise NotFound("session", session) from None
