"""An endpoint that checks the signature, parses the body and stores nothing: bare ASGI."""

from __future__ import annotations

from typing import Any

from benchmarks.baselines.serving import serve
from benchmarks.baselines.wire import read

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"17")]
_OK = {"type": "http.response.start", "status": 200, "headers": _HEADERS}
_REFUSED = {"type": "http.response.start", "status": 401, "headers": _HEADERS}
_BODY = {"type": "http.response.body", "body": b'{"received":true}'}


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send(_OK if read(scope["headers"], body) else _REFUSED)
    await send(_BODY)


if __name__ == "__main__":
    serve(app)
