"""PollSilent: ask a provider for what it should have posted, when it has posted nothing for a while.

What it answers takes the way of its webhooks, with their keys: what came already is dropped.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.directory import SilentSession
from whatsapp_hub.application.ports.provider import Polls, Providers, RawUpdate, SessionRef, SessionSeen
from whatsapp_hub.application.ports.storage import Storage
from whatsapp_hub.domain.capabilities import Feature
from whatsapp_hub.domain.errors import ProviderError
from whatsapp_hub.domain.session import UNREADABLE, Session

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""Asked for once more: the provider's clock is not ours, and a message may be stored late."""


@dataclass(frozen=True, slots=True)
class PollSilent:
    storage: Storage
    providers: Providers
    silent_s: float

    async def __call__(self) -> int:
        """How many sessions were asked. One that cannot answer is asked again the next time. Raises Unavailable."""
        plugins = self.providers.plugins.values()
        kinds = [plugin.kind for plugin in plugins if Feature.POLLING in plugin.capabilities.features]
        silent = await self.storage.directory.silent_sessions(kinds, self.silent_s)
        for one in silent:
            try:
                await self._ask(one)
            except ProviderError as error:
                log.info("poll.failed", extra={"session_id": str(one.id), "error": str(error)})
        return len(silent)

    async def _ask(self, silent: SilentSession) -> None:
        async with self.storage.tenant(silent.tenant_id) as uow:
            session = (await uow.sessions.peek([silent.id])).get(silent.id)
        if session is None or session.settings is UNREADABLE:
            return
        provider = self.providers.live(session.provider)
        if isinstance(provider, Polls):
            ref = SessionRef(session.id, session.tenant_id, session.key, session.provider, session.settings)
            updates = await provider.poll(ref, silent.since - OVERLAP)
            await self.providers.host.receive(ref, [u for u in updates if self._is_news(session, u)])
            await self.storage.directory.polled(silent)

    def _is_news(self, session: Session, update: RawUpdate) -> bool:
        """Not the state that we know."""
        events = self.providers.plugin(session.provider).translate(update.body)
        return not all(isinstance(event, SessionSeen) and event.status is session.status for event in events)
