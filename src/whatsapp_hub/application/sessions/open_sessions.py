"""What the gateway contracts A to D open sessions with: made if need be, started, and the code waited for.

All of them are thin over CreateSession, CreateStartedSession and InitSession. Sessions made here have routing none: a
gateway's customers never meet a menu.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.application.sessions.claim_number import NEEDS_SETTINGS
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.integrations.subscription import WebhookFormat
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus, check_key

LOOK_APART_S = 0.2
_AWAITED = frozenset({SessionStatus.CONNECTING, SessionStatus.RECONNECTING})


@dataclass(frozen=True, slots=True)
class OpenRules:
    """`provider`: of whoever names none (WHATSAPP_PROVIDER). `settings_of`: the settings of a new session of a kind,
    since these contracts carry none: those of the operator's own WAHA server, nothing else. `code_wait_s`: how long a
    new instance's code is waited for. `code_lives`: how long one code can be scanned (WHATSAPP_QR_TIMEOUT)."""

    provider: str
    code_lives: timedelta
    settings_of: Callable[[str], Mapping[str, object]]
    code_wait_s: float = 10.0

    def chosen(self, provider: str | None) -> tuple[str, Mapping[str, object]]:
        """The kind, and settings for one new session."""
        kind = (provider or self.provider).upper()
        return kind, self.settings_of(kind)

    def new(self, key: str, provider: str | None) -> NewSession:
        """A session that its client names by a key (B and D). Raises Invalid."""
        check_key(key, "sessionId")
        kind, settings = self.chosen(provider)
        return NewSession(key, kind, settings, key=key, routing=Routing.NONE, is_gateways=True)


@dataclass(frozen=True, slots=True)
class PrepareSession:
    """D: made, not started."""

    create: CreateSession
    rules: OpenRules
    read_number: ReadNumber

    async def __call__(self, caller: Caller, key: str, phone_number: str | None, provider: str | None) -> Session:
        """Raises Invalid, Conflict (the key is taken)."""
        new = self.rules.new(key, provider)
        if phone_number:
            new = replace(new, phone_number=self.read_number.own(phone_number, None, new.provider))
        return await self.create(caller, new)


@dataclass(frozen=True, slots=True)
class OpenAgentSession:
    """A: a session of an AI agent."""

    finder: SessionFinder
    create: CreateStartedSession
    start: InitSession
    rules: OpenRules

    async def __call__(self, caller: Caller, agent_id: str, key: str | None, provider: str | None) -> Session:
        """Without a key: the agent's newest session that is not connected, else a new one, or where there can be no
        other the one that it has. Raises Invalid, Conflict (connected already, or another agent's)."""
        caller.require(Action.MANAGE_SESSIONS)
        check_key(agent_id, "agentId")
        if present := await self._present(caller.tenant_id, agent_id, key):
            return await self.start(caller, present.id)
        kind, settings = self.rules.chosen(provider)
        new = NewSession(
            key or agent_id,
            kind,
            settings,
            key=key,
            agent_id=agent_id,
            routing=Routing.NONE,
            own_key=not key,
            is_gateways=True,
        )
        try:
            return await self.create(caller, new)
        except Conflict as error:
            own = await self.finder.of_agent(caller.tenant_id, agent_id)
            if key or error.code != NEEDS_SETTINGS or not own:
                raise
            return own[-1]

    async def _present(self, tenant_id: TenantId, agent_id: str, key: str | None) -> Session | None:
        if key is not None:
            found = await self.finder.named(tenant_id, check_key(key, "sessionId"))
            if found and found.is_unclaimed and agent_id != found.agent_id:
                return None
            if found and found.agent_id != agent_id:
                raise Conflict("other_agent", f"the session {key} belongs to another agent")
            return found
        idle = [s for s in await self.finder.of_agent(tenant_id, agent_id) if s.status is not SessionStatus.CONNECTED]
        return idle[-1] if idle else None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """B: made and started. One that is there but was stopped is started again."""

    finder: SessionFinder
    create: CreateStartedSession
    start: InitSession
    rules: OpenRules

    async def __call__(self, caller: Caller, key: str, provider: str | None) -> Session:
        """Raises Invalid, Conflict (it is there and started)."""
        caller.require(Action.MANAGE_SESSIONS)
        found = await self.finder.named(caller.tenant_id, check_key(key, "sessionId"))
        if found and not found.is_unclaimed:
            return await self._again(caller, found)
        try:
            return await self.create(caller, self.rules.new(key, provider))
        except Conflict as error:
            if found is None or error.code != "session_exists":
                raise
            return await self._again(caller, found)

    async def _again(self, caller: Caller, found: Session) -> Session:
        if found.is_active:
            raise Conflict("session_exists", f"a session {found.key!r} exists already")
        return await self.start(caller, found.id)


@dataclass(frozen=True, slots=True)
class CreateInstance:
    """C: made and started; answers as soon as there is a QR code, or when it was waited for long enough."""

    finder: SessionFinder
    create: CreateStartedSession
    rules: OpenRules

    async def __call__(
        self,
        caller: Caller,
        owner: str,
        name: str,
        webhook_url: str | None,
        webhook_secret: str | None,
        provider: str | None,
    ) -> Session:
        """Raises Invalid, Conflict (this owner has an instance of that name)."""
        kind, settings = self.rules.chosen(provider)
        new = NewSession(
            name,
            kind,
            settings,
            own_key=True,
            owner=owner,
            routing=Routing.NONE,
            webhook_url=webhook_url,
            webhook_format=WebhookFormat.INSTANCE,
            webhook_secret=webhook_secret,
            is_gateways=True,
        )
        return await self._with_code(await self.create(caller, new))

    async def _with_code(self, session: Session) -> Session:
        deadline = time.monotonic() + self.rules.code_wait_s
        while session.status in _AWAITED and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_APART_S)
            session = await session_named(self.finder, session.tenant_id, str(session.id))
        return session


@dataclass(frozen=True, slots=True)
class Code:
    """The session whose present QR code can be scanned until `expires_at`."""

    session: Session
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShowCode:
    """The QR code of a session that waits to be scanned."""

    finder: SessionFinder
    rules: OpenRules
    clock: Clock

    async def __call__(self, caller: Caller, name: str) -> Code:
        """Return the code. Raises NotFound (the session; no code yet, or none that could still be scanned), Conflict
        (connected)."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        if session.status is SessionStatus.CONNECTED:
            raise Conflict("already_connected", "the session is connected: there is nothing to scan")
        if session.qr_code is None:
            raise NotFound("QR code of session", name)
        until = await self.finder.code_until(caller.tenant_id, session.id)
        until = until or session.updated_at + self.rules.code_lives
        if until <= self.clock():
            raise NotFound("QR code of session", name)
        return Code(session, until)


@dataclass(frozen=True, slots=True)
class StartNamed:
    """A session by whatever name its client has for it, started."""

    finder: SessionFinder
    start: InitSession

    async def __call__(self, caller: Caller, name: str, *, again: bool = False) -> Session:
        """Raises NotFound, Conflict (connected already)."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        return await self.start(caller, session.id, again=again)
