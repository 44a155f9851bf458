"""Limit requests per minute and caller, with the standard RateLimit headers."""

import math
from dataclasses import dataclass, replace
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from whatsapp_hub.adapters.http.auth import BY_COOKIE
from whatsapp_hub.adapters.http.problems import describe
from whatsapp_hub.adapters.http.server import asgi
from whatsapp_hub.application.ports.edge.rates import Allowance, Rates
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.guessing import network_of
from whatsapp_hub.domain.errors import TooMany

WINDOW_S = 60
PER_ADDRESS = {"per_address": 60}
"""`opt` of a public route that is limited per client address (of IPv6, per 64 bits): requests a minute."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Requests a minute: of a person by token, of an API key, and of a person's console (by cookie), which counts by
    itself."""

    per_user: int
    per_key: int
    per_console: int


class LimitsRate:
    """Middleware after `Authenticates`. Routes without a caller have no limit, unless they have PER_ADDRESS."""

    def __init__(self, app: ASGIApp, rates: Rates, limits: RateLimits) -> None:
        self.app = app
        self._rates = rates
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key, limit = self._limit(scope)
        if not limit:
            await self.app(scope, receive, send)
            return
        allowance = await self._rates.spend(key, limit, WINDOW_S)
        headers = _headers(allowance)
        if not allowance.allowed:
            problem = describe(TooMany(allowance.retry_s))
            problem = replace(problem, headers={**problem.headers, **headers})
            await asgi.send_problem(problem, scope, send)  # type: ignore[arg-type] # Litestar types ASGI its own way
            return
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

        async def limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *raw]
            await send(message)

        await self.app(scope, receive, limited)

    def _limit(self, scope: Scope) -> tuple[str, int]:
        caller = scope.get("auth")
        if isinstance(caller, Caller):
            if scope.get(BY_COOKIE):
                return f"console:{caller.key}", self._limits.per_console
            return caller.key, self._limits.per_user if caller.user_id else self._limits.per_key
        options: dict[str, Any] = scope["route_handler"].opt
        address = (scope.get("client") or ("", 0))[0]
        return f"address:{network_of(address)}", options.get("per_address", 0)


def _headers(allowance: Allowance) -> dict[str, str]:
    return {
        "RateLimit-Policy": f"{allowance.limit};w={WINDOW_S}",
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(math.ceil(allowance.reset_s)),
    }
