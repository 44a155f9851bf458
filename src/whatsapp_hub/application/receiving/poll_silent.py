"""PollSilent: ask a provider for what it should have posted, when it has posted nothing for a while.

What it answers takes the way of its webhooks, with their keys: what came already is dropped. Tenants are asked side by
side and each has the same share of a run, so that one tenant's slow or endless server costs nobody else anything.
"""

import asyncio
import logging
import random
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
"""Asked for once more: the provider's clock is not ours, and a message may be stored late."""
TENANTS_AT_ONCE = 16
SESSIONS_AT_ONCE = 4
"""Of one tenant."""
SESSION_S = 30.0
TENANT_S = 45.0
"""What one session, and all of a tenant's, may take of a run. What did not come in time is asked for the next time."""


@dataclass(frozen=True, slots=True)
class PollSilent:
    storage: Storage
    providers: Providers
    silent_s: float

    async def __call__(self) -> int:
        """Ask the silent sessions and return how many there were. One that cannot answer is asked again the next time.
        Raises Unavailable."""
        plugins = self.providers.plugins.values()
        kinds = [plugin.kind for plugin in plugins if Feature.POLLING in plugin.capabilities.features]
        silent = await self.storage.directory.silent_sessions(kinds, self.silent_s)
        by_tenant: dict[object, list[SilentSession]] = defaultdict(list)
        for one in random.sample(silent, len(silent)):  # in another order each time, so that every session's turn comes
            by_tenant[one.tenant_id].append(one)
        gate = asyncio.Semaphore(TENANTS_AT_ONCE)
        await _side_by_side(self._ask_all(sessions, gate) for sessions in by_tenant.values())
        return len(silent)

    async def _ask_all(self, sessions: Sequence[SilentSession], gate: asyncio.Semaphore) -> None:
        """Ask one tenant's sessions, a few at once, within the tenant's share of time."""
        few = asyncio.Semaphore(SESSIONS_AT_ONCE)
        async with gate:
            try:
                async with asyncio.timeout(TENANT_S):
                    await _side_by_side(self._ask_one(session, few) for session in sessions)
            except TimeoutError:
                log.info("poll.share_used_up", extra={"tenant_id": str(sessions[0].tenant_id)})

    async def _ask_one(self, silent: SilentSession, few: asyncio.Semaphore) -> None:
        async with few:
            try:
                async with asyncio.timeout(SESSION_S):
                    await self._ask(silent)
            except (ProviderError, TimeoutError) as error:
                log.info("poll.failed", extra={"session_id": str(silent.id), "error": str(error) or "timeout"})

    async def _ask(self, silent: SilentSession) -> None:
        async with self.storage.tenant(silent.tenant_id) as uow:
            session = (await uow.sessions.peek([silent.id])).get(silent.id)
        if session is None or session.settings is UNREADABLE:
            return
        if stops(self.providers.missing(session.provider, session.settings)):
            return
        provider = self.providers.live(session.provider)
        if isinstance(provider, Polls):
            ref = SessionRef(session.id, session.tenant_id, session.key, session.provider, session.settings)
            has_news = False
            async for page in provider.poll(ref, silent.since - OVERLAP):
                news = [update for update in page if self._is_news(session, update)]
                if news and not has_news:  # a poll that breaks off after it is made up for
                    await self.storage.directory.polling(silent)
                has_news = has_news or bool(news)
                await self.providers.host.receive(ref, news)
            await self.storage.directory.polled(silent)

    def _is_news(self, session: Session, update: RawUpdate) -> bool:
        """Not the state that we know."""
        events = self.providers.plugin(session.provider).translate(update.body)
        return not all(isinstance(event, SessionSeen) and event.status is session.status for event in events)


async def _side_by_side(calls: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all of them, then raise what the first that failed raised."""
    for failed in await asyncio.gather(*calls, return_exceptions=True):
        if failed is not None:
            raise failed
