"""Contract B on a socket: the namespace `/whatsapp`."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog

from whatsapp_hub.adapters.contracts.events.sockets import Emission
from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.contracts.gateways.session_events import CLIENTS
from whatsapp_hub.adapters.contracts.views.view import plain
from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.answers import Ack, Answers, Asker, Handler, SocketRates
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.adapters.realtime.sessions import Subscriptions
from whatsapp_hub.application.authentication.callers import CANNOT_TELL, Callers
from whatsapp_hub.application.ports.edge.access import AccessChange, concern
from whatsapp_hub.application.ports.edge.rates import Rates
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.application.reading.sessions import SessionFinder
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Forbidden, NotFound, TooMany, Unauthenticated

LISTED_AT_MOST = 200
WINDOW_S = 60

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SendRates:
    """Count sends by socket like requests: so many a minute per user and per API key, together with those by HTTP."""

    rates: Rates
    per_user: int
    per_key: int

    async def __call__(self, caller: Caller) -> None:
        """Count one send. Raises TooMany."""
        limit = self.per_user if caller.user_id else self.per_key
        allowance = await self.rates.spend(caller.key, limit, WINDOW_S)
        if not allowance.allowed:
            raise TooMany(allowance.retry_s)


class ClientNamespace:
    """Contract B's namespace: connecting needs the right to read sessions, joining one the right to its events."""

    def __init__(
        self,
        server: Server,
        callers: Callers,
        finder: SessionFinder,
        subscriptions: Subscriptions,
        send: SendTo,
        rates: SendRates | None,
        socket_rates: SocketRates,
    ) -> None:
        self.members: dict[str, Asker] = {}
        self._server = server
        self._callers = callers
        self._finder = finder
        self._subscriptions = subscriptions
        self._send = send
        self._rates = rates
        self._answers = Answers(server, CLIENTS, callers, socket_rates, self.members)
        server.on("connect", self._connect, namespace=CLIENTS)
        server.on("disconnect", self._disconnect, namespace=CLIENTS)
        handlers: dict[str, Handler] = {
            "join-session": self._join,
            "leave-session": self._leave,
            "send-message": self._send_message,
            "get-sessions": self._get_sessions,
        }
        self._answers.to(handlers, self._emit_refusal)

    async def recheck(self, changes: Collection[AccessChange]) -> bool:
        """Disconnect the members whose access the changes ended. False if one of them could not be checked."""
        is_whole = True
        for sid, member in [(sid, one) for sid, one in self.members.items() if concern(changes, one.caller)]:
            PULSE.beat("members")
            try:
                if self._callers.is_deaf:
                    await self._dismiss(sid, "unavailable", CANNOT_TELL)
                elif await self._member(member.token, member.company_id) != member:
                    await self._dismiss(sid, "changed", "your role has changed; connect again")
            except (Unauthenticated, Forbidden, NotFound) as refusal:
                await self._dismiss(sid, "unauthenticated", str(refusal))
            except Exception as error:
                is_whole = False
                log.warning("socket not checked", error=type(error).__name__)
        return is_whole

    def reset(self, position: int) -> None:
        """Tell all members to resume: events were missed."""
        for sid in self.members:
            self._emit(sid, Emission("reset", {"position": position}, CLIENTS))

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        said = auth if isinstance(auth, dict) else {}

        async def enter() -> Asker:
            return await self._member(payloads.credential(said, environ), payloads.company(said))

        await self._answers.admit(sid, enter)

    def _disconnect(self, sid: str, *_: Any) -> None:
        self.members.pop(sid, None)
        self._answers.forget(sid)
        self._subscriptions.forget(sid)

    async def _member(self, token: str, company_id: str | None) -> Asker:
        caller = await self._callers(token, company_id)
        caller.require(Action.READ_SESSIONS)
        return Asker(token, company_id, caller)

    def _emit_refusal(self, sid: str, data: Any, said: Ack) -> None:
        """Emit the refusal as `error` too, for clients that ask for no acknowledgement."""
        payload = {"sessionId": payloads.named(data, "sessionId"), "code": said["code"], "message": said["error"]}
        self._emit(sid, Emission("error", payload, CLIENTS))

    async def _join(self, sid: str, member: Asker, data: Any) -> Ack:
        client_id = await self._finder.client_id(member.caller.tenant_id)
        return plain(entities.client_session(await self._subscriptions.join(sid, member.caller, data), client_id))

    async def _leave(self, sid: str, member: Asker, data: Any) -> Ack:
        return {"sessionId": (await self._subscriptions.leave(sid, member.caller, data)).key}

    async def _send_message(self, sid: str, member: Asker, data: Any) -> Ack:
        if self._rates:
            await self._rates(member.caller)
        session, to, text = (payloads.needed(data, name) for name in ("sessionId", "to", "message"))
        key = payloads.text(data, "idempotencyKey", "") or None
        later = payloads.moment(data, "sendAt")
        return plain(entities.sent(await self._send(member.caller, session, to, text, key, later), lower=True))

    async def _get_sessions(self, sid: str, member: Asker, data: Any) -> Ack:
        """List the started sessions, the oldest first, like `GET /whatsapp/sessions`."""
        found = await self._finder.page(member.caller.tenant_id, LISTED_AT_MOST, None, active=True)
        with_code = member.caller.may(Action.MANAGE_SESSIONS)
        client_id = await self._finder.client_id(member.caller.tenant_id)
        listed = (entities.listed_client_session(s, client_id, with_code=with_code) for s in found.items)
        return {"sessions": [plain(one) for one in listed]}

    async def _dismiss(self, sid: str, code: str, message: str) -> None:
        self._emit(sid, Emission("error", {"code": code, "message": message}, CLIENTS))
        await self._server.disconnect(sid, namespace=CLIENTS)

    def _emit(self, sid: str, emission: Emission) -> None:
        self._server.emit_to(sid, emission)
