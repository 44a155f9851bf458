"""Answer client events on both namespaces: authentication, rates, the audit's actor, acknowledgements.

Every event is acknowledged: `{ok: true, …}`, or `{ok: false, error, code}`, with `retryAfter` (in seconds) where a
rate was exceeded.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import socketio
import structlog

from whatsapp_hub.adapters.contracts.wire import client_text
from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.adapters.realtime.server.limits import EVENTS_WINDOW_S, Pace, Shares, SocketLimits
from whatsapp_hub.application.acting import ACTOR, Actor
from whatsapp_hub.application.authentication.callers import Callers
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.edge.rates import Rates
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.errors import HubError, NotFound, TooMany, Unauthenticated
from whatsapp_hub.domain.ids import TenantId

Ack = Mapping[str, object]
Refused = Callable[[str, Any, Ack], None]
"""Called with a refusal: the socket, what it sent, and the answer."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Asker:
    """A socket's caller on a namespace, its address, and its rate."""

    token: str
    company_id: str | None
    caller: Caller
    address: str | None = field(default=None, compare=False)
    pace: Pace = field(default_factory=lambda: Pace(SocketLimits().events), compare=False)


A = TypeVar("A", bound=Asker)
AT_ONCE, OF_ONE_COMPANY = 64, 8
"""Events that are handled at a time, and how many of them are one company's: as many as of its requests by HTTP."""


class Handler(Protocol):
    """Handle one client event. Returns the acknowledgement."""

    def __call__(self, sid: str, member: Any, data: Any, /) -> Awaitable[Ack]: ...


@dataclass(frozen=True, slots=True)
class SocketRates:
    """Rates of a user or an API key over all of its sockets."""

    rates: Rates | None
    limits: SocketLimits
    per_api_key: int = 6000

    async def event(self, asker: Asker) -> None:
        """Count one event for a socket and for its caller. Raises TooMany."""
        if wait_s := asker.pace.spend(asyncio.get_running_loop().time()):
            raise TooMany(wait_s)
        caller = asker.caller
        await self._spend("events", caller, self.limits.events_per_user if caller.user_id else self.per_api_key)

    async def presence(self, caller: Caller) -> None:
        """Count a change of presence: the whole company receives it, and it moves conversations. Raises TooMany."""
        await self._spend("presence", caller, self.limits.presence_per_user)

    async def typing(self, caller: Caller) -> None:
        """Count one event. Raises TooMany."""
        await self._spend("typing", caller, self.limits.typing_per_user)

    async def connect(self, caller: Caller) -> None:
        """Count one connection. Raises TooMany."""
        await self._spend("connects", caller, self.limits.connects_per_user if caller.user_id else self.per_api_key)

    async def _spend(self, what: str, caller: Caller, limit: int) -> None:
        if self.rates is None:
            return
        allowance = await self.rates.spend(f"socket:{what}:{caller.key}", limit, EVENTS_WINDOW_S)
        if not allowance.allowed:
            raise TooMany(allowance.retry_s)


class Answers:
    """Answers on one namespace. `members` are its connected clients by `sid`."""

    def __init__(
        self, server: Server, namespace: str, callers: Callers, rates: SocketRates, members: dict[str, Any]
    ) -> None:
        self._server = server
        self._namespace = namespace
        self._callers = callers
        self._rates = rates
        self._members = members
        self._shares = Shares()
        self._turns = FairShares[TenantId](AT_ONCE, OF_ONE_COMPANY)

    def to(self, handlers: Mapping[str, Handler], refused: Refused | None = None) -> None:
        """Register the handlers of these events; all others are answered as unknown."""
        for name, handler in handlers.items():
            self._server.on(name, self._answered(name, handler, refused), namespace=self._namespace)

        async def unknown(name: str, sid: str, data: Any = None, *_: Any) -> Ack:
            return await self._answered("unknown", _unknown, refused)(sid, {"event": name})

        self._server.on("*", unknown, namespace=self._namespace)

    async def admit(self, sid: str, enter: Callable[[], Awaitable[A]]) -> A:
        """Admit the member that `enter` authenticates; one that is refused receives the reason."""
        try:
            return await self._admit(sid, await enter())
        except HubError as error:
            why = client_text(error)
        except Exception:
            log.exception("socket not connected")
            why = "internal error"
        self._members.pop(sid, None)
        self.forget(sid)
        raise socketio.exceptions.ConnectionRefusedError(why)

    async def _admit(self, sid: str, asker: A) -> A:
        limits, caller = self._server.limits, asker.caller
        await self._rates.connect(caller)
        self._shares.take(sid, caller.key, limits.per_user if caller.user_id else limits.per_key)
        asker.address = self._server.address(self._server.transport_of(sid, self._namespace) or "")
        asker.pace = Pace(limits.events)
        self._members[sid] = asker
        if await self._callers(asker.token, asker.company_id) != caller:  # a change meanwhile is not announced again
            raise Unauthenticated("your role has changed; connect again")
        return asker

    def forget(self, sid: str) -> None:
        """Give back what the closed socket held of its caller's share."""
        self._shares.give_back(sid)

    def _answered(self, name: str, handler: Handler, refused: Refused | None) -> Callable[..., Awaitable[Ack]]:
        async def answer(sid: str, data: Any = None, *_: Any) -> Ack:
            member = self._members.get(sid)
            if member is None:
                return {"ok": False, "error": "not connected", "code": "unauthenticated"}
            acting = ACTOR.set(Actor(member.caller, f"socket {name}", member.address))
            try:
                await self._rates.event(member)
                async with self._turns.place(member.caller.tenant_id):
                    return {"ok": True, **await handler(sid, member, data)}
            except HubError as error:
                said = _refusal(error)
            except Exception:
                log.exception("socket event failed", name=name)
                said = {"ok": False, "error": "internal error", "code": "internal"}
            finally:
                ACTOR.reset(acting)
            if refused:
                refused(sid, data, said)
            return said

        return answer


def _refusal(error: HubError) -> Ack:
    said: Ack = {"ok": False, "error": client_text(error), "code": payloads.code_of(error)}
    return {**said, "retryAfter": math.ceil(error.retry_after_s)} if isinstance(error, TooMany) else said


async def _unknown(sid: str, member: Asker, data: Any) -> Ack:
    raise NotFound("event", payloads.named(data, "event"))
