"""PollSilent: poll the provider of a session whose webhooks have been silent for a while.

Its answer takes the path of its webhooks, with their keys, so that repeats are dropped. Tenants are polled concurrently
and each has the same share of a run, so that one tenant's slow or endless server delays no other tenant.
"""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.directory import SilentSession
from whatsapp_hub.application.ports.provider.events import RawUpdate, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Polls, Providers, SessionRef
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.errors import ProviderError
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.sessions.environment import stops
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""Polled again: the provider's clock is not ours, and a message may be stored late."""
TENANTS_AT_ONCE = 16
SESSIONS_AT_ONCE = 4
"""Of one tenant."""
SESSION_S = 30.0
TENANT_S = 45.0
"""Most of a run that one session, and all of a tenant's, may take. The rest is polled in the next run."""
PAUSES = 3.0
MOST_PAUSE_S = 0.25
"""Between what is stored of one tenant's answers: so many times what storing it took, and at most. A server that never
ends so leaves the processors to the others."""


@dataclass(frozen=True, slots=True)
class PollSilent:
    """Fetch new messages of silent sessions into the inbox, where those that a webhook brought are dropped."""

    storage: Storage
    providers: Providers
    silent_s: float

    async def __call__(self) -> int:
        """Poll the silent sessions and return how many there were. One that cannot answer is polled again in the next
        run. Raises Unavailable."""
        plugins = self.providers.plugins.values()
        kinds = [plugin.kind for plugin in plugins if Feature.POLLING in plugin.capabilities.features]
        silent = await self.storage.directory.silent_sessions(kinds, self.silent_s)
        by_tenant: dict[object, list[SilentSession]] = defaultdict(list)
        for one in random.sample(silent, len(silent)):  # random order, so that every session gets its turn
            by_tenant[one.tenant_id].append(one)
        gate = asyncio.Semaphore(TENANTS_AT_ONCE)
        await _gather_all(self._ask_all(sessions, gate) for sessions in by_tenant.values())
        return len(silent)

    async def _ask_all(self, sessions: Sequence[SilentSession], gate: asyncio.Semaphore) -> None:
        """Poll one tenant's sessions, a few at once, within the tenant's share of time."""
        few, turn = asyncio.Semaphore(SESSIONS_AT_ONCE), asyncio.Lock()
        async with gate:
            try:
                async with asyncio.timeout(TENANT_S):
                    await _gather_all(self._ask_one(session, few, turn) for session in sessions)
            except TimeoutError:
                log.info("poll.share_used_up", extra={"tenant_id": str(sessions[0].tenant_id)})

    async def _ask_one(self, silent: SilentSession, few: asyncio.Semaphore, turn: asyncio.Lock) -> None:
        async with few:
            try:
                async with asyncio.timeout(SESSION_S):
                    await self._ask(silent, turn)
            except (ProviderError, TimeoutError) as error:
                log.info("poll.failed", extra={"session_id": str(silent.id), "error": str(error) or "timeout"})

    async def _ask(self, silent: SilentSession, turn: asyncio.Lock) -> None:
        async with self.storage.tenant(silent.tenant_id) as uow:
            session = (await uow.sessions.peek([silent.id])).get(silent.id)
        if session is None or session.settings is UNREADABLE:
            return
        if stops(self.providers.missing(session.provider, session.settings)):
            return
        provider = self.providers.live(session.provider)
        if isinstance(provider, Polls):
            ref = SessionRef.of(session)
            has_news = False
            async for page in provider.poll(ref, silent.since - OVERLAP):
                news = page if has_news else [update for update in page if self._is_news(session, update)]
                if news and not has_news:  # so that a poll that breaks off later is repeated
                    await self.storage.directory.polling(silent)
                has_news = has_news or bool(news)
                if news:
                    async with turn:
                        await self._store(ref, news)
            await self.storage.directory.polled(silent)

    async def _store(self, ref: SessionRef, news: Sequence[RawUpdate]) -> None:
        """Store them, then pause: longer, the longer it took."""
        began = time.monotonic()
        await self.providers.host.receive(ref, news)
        await asyncio.sleep(min(PAUSES * (time.monotonic() - began), MOST_PAUSE_S))

    def _is_news(self, session: Session, update: RawUpdate) -> bool:
        """Return whether it holds more than the session state that we know."""
        events = self.providers.plugin(session.provider).translate(update.body)
        return not all(isinstance(event, SessionSeen) and event.status is session.status for event in events)


async def _gather_all(calls: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all concurrently, then raise the first failure."""
    for failed in await asyncio.gather(*calls, return_exceptions=True):
        if failed is not None:
            raise failed
