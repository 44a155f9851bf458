"""FollowPairing and TendPairings: link a phone to a session that no connector holds (WAHA, third parties').

WHATSAPP_QR_TIMEOUT and WHATSAPP_SESSION_TIMEOUT apply to every provider with QR codes; `ConnectionState` applies them
to sessions that hold a socket. A provider that can be asked for its code (`ShowsCode`) is asked until a phone is
linked; any other reports its codes itself.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.directory import DuePairing
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Provider, Providers, SessionRef, ShowsCode, Starts
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sessions.advance_connection import save_session
from whatsapp_hub.domain.errors import CredentialsInvalid, NotFound, ProviderError, Unavailable
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.sessions.connection import NO_ANSWER, QR_TIMEOUT, ReconnectPolicy
from whatsapp_hub.domain.sessions.pairing import Pairing, PairingStep
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session, SessionStatus

log = logging.getLogger(__name__)

AT_ONCE = 32
OF_ONE = 8
"""Steps of a company under way at a time, and no more than it leaves free for others."""
ASK_WITHIN_S = 30.0
CLOSE_WITHIN_S = 5.0
CLAIMED_FOR_S = 45.0
_COMING_UP = frozenset({SessionStatus.CONNECTING, SessionStatus.QR_PENDING})


@dataclass(frozen=True, slots=True)
class FollowPairing:
    """Apply what a provider reports of a session's state. Runs inside the caller's transaction, which holds the
    session's lock; saves the session."""

    providers: Providers
    clock: Clock
    rules: ReconnectPolicy

    async def begin(self, uow: UnitOfWork, session: Session) -> None:
        """Begin the pairing of a session that is being started. If the process dies before the provider has answered,
        `TendPairings` starts the provider again."""
        if self._has_codes(session):
            can_ask = self._can_ask(session) or self._starts(session)
            pairing = Pairing.begun(self.clock(), self.rules, can_ask=can_ask)
            await uow.pairings.save(session.id, pairing.being_started(self.clock()))

    async def reported(self, uow: UnitOfWork, session: Session, seen: SessionSeen, *, asked: bool = False) -> None:
        """Apply a state that the provider reported by itself, or (`asked`) answered."""
        before = _state(session)
        if seen.phone_number:
            session.phone_number = seen.phone_number
        if not self._has_codes(session):
            session.move(seen.status, self.clock(), seen.reason, seen.qr_code)
        elif not session.is_active:
            self._seen_while_off(session, seen)
        elif seen.status in _COMING_UP:
            await self._coming_up(uow, session, seen, asked=asked)
        else:
            await self._arrived(uow, session, seen)
        if _state(session) != before:
            await save_session(uow, session)

    def _seen_while_off(self, session: Session, seen: SessionSeen) -> None:
        """Keep the reason of a stopped session (`stopped`, `qr_timeout`) and ignore its requests for a phone."""
        if seen.status not in (SessionStatus.DISCONNECTED, *_COMING_UP):
            session.move(seen.status, self.clock(), seen.reason)

    async def _coming_up(self, uow: UnitOfWork, session: Session, seen: SessionSeen, *, asked: bool) -> None:
        now, can_ask = self.clock(), self._can_ask(session)
        pairing = await uow.pairings.of(session.id)
        if pairing is None and asked:  # it was linked, or closed, while the provider was asked
            return
        pairing = pairing or Pairing.begun(now, self.rules, can_ask=can_ask)
        if seen.status is SessionStatus.CONNECTING:
            if not pairing.is_used_up:  # else it comes up again, with new codes
                session.move(seen.status, now, seen.reason)
            pairing = pairing.looked(now)
        elif seen.qr_code:
            pairing = pairing.showed(seen.qr_code, now, self.rules)
            if code := pairing.shows(now):
                session.move(seen.status, now, seen.reason, code)
        else:
            pairing = pairing.looked(now) if asked else pairing.awaits_code(now)
            if seen.reason or not can_ask:  # a passkey is required, or the provider cannot be asked for the code
                session.move(seen.status, now, seen.reason, pairing.shows(now))
        await uow.pairings.save(session.id, pairing if can_ask else replace(pairing, fetch_at=None))

    async def _arrived(self, uow: UnitOfWork, session: Session, seen: SessionSeen) -> None:
        """End the pairing. Where the provider only ran out of codes and time is left, start it again instead."""
        now, pairing = self.clock(), await uow.pairings.of(session.id)
        gave_up = seen.status is SessionStatus.FAILED and session.status is SessionStatus.QR_PENDING
        if pairing and gave_up and pairing.may_have_run_out(now) and self._starts(session):
            await uow.pairings.save(session.id, pairing.used_up(now))
            return
        await uow.pairings.end(session.id)
        session.move(seen.status, now, seen.reason, seen.qr_code)

    def _has_codes(self, session: Session) -> bool:
        plugin = self.providers.plugins.get(session.provider)
        return plugin is not None and Feature.QR_CODE in plugin.capabilities.features

    def _can_ask(self, session: Session) -> bool:
        return isinstance(self.providers.live(session.provider), ShowsCode)

    def _starts(self, session: Session) -> bool:
        return isinstance(self.providers.live(session.provider), Starts)


@dataclass(slots=True)
class TendPairings:
    """Fetch codes, hide expired ones, close sessions that were not scanned in time. One process claims a pairing for
    `CLAIMED_FOR_S` at most; a slow provider delays no other session, and one company's slow providers no other
    company's."""

    storage: Storage
    providers: Providers
    clock: Clock
    follow: FollowPairing
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks, init=False)
    _held: Counter[TenantId] = field(default_factory=Counter, init=False)

    async def __call__(self) -> int:
        """Begin due pairings, first of companies of which few are under way, and return how many, without waiting for
        them. Raises Unavailable."""
        begun, directory = 0, self.storage.directory
        tenants = await directory.tenants_with_due_pairings() if len(self._tasks) < AT_ONCE else []
        for tenant_id in sorted(tenants, key=lambda one: self._held[one]):
            if (room := self._room_for(tenant_id)) > 0:
                due = await directory.due_pairings(tenant_id, room, CLAIMED_FOR_S)
                begun += len(due)
                for one in due:
                    self._held[tenant_id] += 1
                    self._tasks.start(self._tend(one), partial(self._ended, tenant_id))
        return begun

    def _room_for(self, tenant_id: TenantId) -> int:
        held = self._held[tenant_id]
        return min(OF_ONE - held, (AT_ONCE - len(self._tasks) - held + 1) // 2)

    def _ended(self, tenant_id: TenantId) -> None:
        self._held[tenant_id] -= 1
        if not self._held[tenant_id]:
            del self._held[tenant_id]

    async def drain(self) -> None:
        """Wait for the steps under way."""
        await self._tasks.drain()

    async def aclose(self) -> None:
        """Begin no more steps; those under way have `CLOSE_WITHIN_S` to end. Another process goes on with the rest."""
        await self._tasks.aclose(CLOSE_WITHIN_S)

    async def _tend(self, due: DuePairing) -> None:
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                await self._step(due)
        except (NotFound, Unavailable, TimeoutError) as error:
            log.info("pairing.later", extra={"session_id": str(due.session_id), "error": type(error).__name__})
        except Exception:
            log.exception("pairing.failed", extra={"session_id": str(due.session_id)})

    async def _step(self, due: DuePairing) -> None:
        session, what = await self._decide(due)
        if session is None or session.settings is UNREADABLE:
            return
        provider = self.providers.live(session.provider)
        ref = SessionRef.of(session)
        if what is PairingStep.CLOSE:
            if not session.is_active:  # one that failed may be linked, and may still come up
                await _stop(provider, ref)
        elif what is not PairingStep.NOTHING:
            await self._answered(due, await self._ask(provider, ref, what))

    async def _answered(self, due: DuePairing, seen: SessionSeen | None) -> None:
        """Apply the answer, unless the session was stopped or linked meanwhile."""
        async with self.storage.tenant(due.tenant_id) as uow:
            session = await uow.sessions.get(due.session_id)
            pairing = await uow.pairings.of(due.session_id)
            if pairing is None or not session.is_active:
                return
            if seen:
                await self.follow.reported(uow, session, seen, asked=True)
            else:
                again = replace(pairing.looked(self.clock()), is_used_up=pairing.is_used_up)
                await uow.pairings.save(session.id, again)
            await uow.commit()

    async def _decide(self, due: DuePairing) -> tuple[Session | None, PairingStep]:
        """Decide what is due, and do what needs no provider."""
        async with self.storage.tenant(due.tenant_id) as uow:
            session = await uow.sessions.get(due.session_id)
            pairing, now, before = await uow.pairings.of(due.session_id), self.clock(), _state(session)
            if pairing is None:
                return None, PairingStep.NOTHING
            what = pairing.due(now) if session.is_active else PairingStep.NOTHING
            if what is PairingStep.CLOSE or not session.is_active:
                await uow.pairings.end(session.id)
            else:
                await uow.pairings.save(session.id, _next(pairing, what, now))
            if what is PairingStep.CLOSE:
                _close(session, now)
            elif pairing.is_over_age(now):
                session.hide_code(now)
            if _state(session) != before:
                await save_session(uow, session)
            await uow.commit()
        return session, what

    async def _ask(self, provider: Provider, ref: SessionRef, what: PairingStep) -> SessionSeen | None:
        try:
            if what is PairingStep.START_AGAIN and isinstance(provider, Starts):
                return await provider.start(ref)
            if what is PairingStep.LOOK and isinstance(provider, ShowsCode):
                return await provider.show_code(ref)
        except CredentialsInvalid as error:
            return SessionSeen(SessionStatus.FAILED, self.clock(), f"credentials_invalid: {error}")
        except ProviderError as error:
            log.info("pairing.not_asked", extra={"session_id": str(ref.id), "error": str(error)})
        return None


def _state(session: Session) -> tuple[object, ...]:
    known = (session.status, session.status_reason, session.is_active)
    return (*known, session.qr_code, session.phone_number)


def _next(pairing: Pairing, what: PairingStep, now: datetime) -> Pairing:
    pairing = pairing.expired(now)
    return pairing if what is PairingStep.NOTHING else pairing.being_asked(now)


def _close(session: Session, now: datetime) -> None:
    """Close a session that was not scanned, or fail one that never showed a code."""
    if session.status is SessionStatus.QR_PENDING:
        session.stop(now, QR_TIMEOUT)
    elif session.status is SessionStatus.CONNECTING:
        session.move(SessionStatus.FAILED, now, NO_ANSWER)


async def _stop(provider: Provider, ref: SessionRef) -> None:
    if isinstance(provider, Starts):
        try:
            await provider.stop(ref)
        except ProviderError as error:
            log.info("pairing.not_stopped", extra={"session_id": str(ref.id), "error": str(error)})
