"""The use cases by which the gateway contracts A to D create, start and pair sessions.

All are thin over CreateSession, CreateStartedSession and InitSession. Sessions created here have routing none: a
gateway's customers never see a menu.
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
    """Defaults for new gateway sessions. `provider`: where the client names none (WHATSAPP_PROVIDER). `settings_of`:
    the settings of a new session by kind, since these contracts carry none: those of the operator's own WAHA server,
    nothing else. `code_wait_s`: how long to wait for a new instance's code. `code_lives`: how long a code can be
    scanned (WHATSAPP_QR_TIMEOUT)."""

    provider: str
    code_lives: timedelta
    settings_of: Callable[[str], Mapping[str, object]]
    code_wait_s: float = 10.0

    def chosen(self, provider: str | None) -> tuple[str, Mapping[str, object]]:
        """Return the provider's kind, and the settings of one new session."""
        kind = (provider or self.provider).upper()
        return kind, self.settings_of(kind)

    def new(self, key: str, provider: str | None) -> NewSession:
        """Return the new session that a client of B or D names by a key. Raises Invalid."""
        check_key(key, "session_id")
        kind, settings = self.chosen(provider)
        return NewSession(key, kind, settings, key=key, routing=Routing.NONE, is_gateways=True)


@dataclass(frozen=True, slots=True)
class PrepareSession:
    """Contract D: create a session without starting it."""

    create: CreateSession
    rules: OpenRules
    read_number: ReadNumber

    async def __call__(self, caller: Caller, key: str, phone_number: str | None, provider: str | None) -> Session:
        """Create it. Raises Invalid, Conflict (the key is taken)."""
        new = self.rules.new(key, provider)
        if phone_number:
            new = replace(new, phone_number=self.read_number.own(phone_number, None, new.provider))
        return await self.create(caller, new)


@dataclass(frozen=True, slots=True)
class OpenAgentSession:
    """Contract A: open a session of an AI agent."""

    finder: SessionFinder
    create: CreateStartedSession
    start: InitSession
    rules: OpenRules

    async def __call__(self, caller: Caller, agent_id: str, key: str | None, provider: str | None) -> Session:
        """Start the session. Without a key: the agent's newest that is not connected, else a new one, or where no other
        is possible the present one. Raises Invalid, Conflict (connected already, or another agent's)."""
        caller.require(Action.MANAGE_SESSIONS)
        check_key(agent_id, "agent_id")
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
            found = await self.finder.named(tenant_id, check_key(key, "session_id"))
            if found and found.is_unclaimed and agent_id != found.agent_id:
                return None
            if found and found.agent_id != agent_id:
                raise Conflict("other_agent", f"the session {key} belongs to another agent")
            return found
        idle = [s for s in await self.finder.of_agent(tenant_id, agent_id) if s.status is not SessionStatus.CONNECTED]
        return idle[-1] if idle else None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Contract B: create and start a session, or start a stopped one again."""

    finder: SessionFinder
    create: CreateStartedSession
    start: InitSession
    rules: OpenRules

    async def __call__(self, caller: Caller, key: str, provider: str | None) -> Session:
        """Open it. Raises Invalid, Conflict (it exists and is started)."""
        caller.require(Action.MANAGE_SESSIONS)
        found = await self.finder.named(caller.tenant_id, check_key(key, "session_id"))
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
    """Contract C: create and start a session, and wait for its QR code, `code_wait_s` at most."""

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
        """Create it. Raises Invalid, Conflict (this owner has an instance of that name)."""
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
    """A session, and until when its present QR code can be scanned."""

    session: Session
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShowCode:
    """Show the QR code of a session that waits to be scanned."""

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
    """Start a session by the client's name for it."""

    finder: SessionFinder
    start: InitSession

    async def __call__(self, caller: Caller, name: str, *, again: bool = False) -> Session:
        """Start it; `again` restarts a connected one. Raises NotFound, Conflict (connected already)."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        return await self.start(caller, session.id, again=again)
