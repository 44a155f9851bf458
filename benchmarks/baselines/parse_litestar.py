"""An endpoint that checks the signature, parses the body and stores nothing, in the hub's own web framework."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response, post

from benchmarks.baselines.serving import serve
from benchmarks.baselines.wire import read


@post("/webhooks/whatsapp", status_code=200)
async def receive(request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
    body = await request.body()
    signed = read(request.scope["headers"], body) is not None
    return Response({"received": signed}, status_code=200 if signed else 401)


if __name__ == "__main__":
    serve(Litestar([receive], openapi_config=None, logging_config=None))
