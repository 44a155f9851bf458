"""SyncTemplates and SyncStale: copy the catalogue of a session's account into the hub; `apply_news`: what the provider
reports of one template in between."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_hub.application.acting import acting_as
from whatsapp_hub.application.campaigns.pause_campaigns import pause_for_template
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.ports.provider.templates import KeepsTemplates
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, Invalid, NotSupported, ProviderError
from whatsapp_hub.domain.ids import SessionId, TemplateId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session
from whatsapp_hub.domain.templates.template import DELETED, MessageTemplate, TemplateNews, kept

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(hours=1)
UNKNOWN = "UNKNOWN"
"""The status of a template of which only something else was reported."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a synchronisation found: how many templates there are now, and how many went."""

    found: int
    removed: int


@dataclass(frozen=True, slots=True)
class SyncTemplates:
    """Fetch the whole catalogue of a session's account, and store it in place of the earlier one."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, session_id: SessionId) -> Synced:
        """Synchronise one session. Raises Invalid (`/sessionId`), NotSupported, Conflict, ProviderError."""
        caller.require(Action.MANAGE_TEMPLATES)
        ref, keeper = await keeper_of(self.storage, self.providers, caller.tenant_id, session_id)
        with acting_as(None):  # what comes is the provider's doing
            return await self.fetch(ref, keeper)

    async def fetch(self, ref: SessionRef, keeper: KeepsTemplates) -> Synced:
        """Fetch and store. What the provider reports meanwhile is newer, and stays. Raises ProviderError."""
        began = self.clock()
        told = await keeper.templates(ref)
        async with self.storage.tenant(ref.tenant_id) as uow:
            if ref.id not in await uow.sessions.peek([ref.id]):
                return Synced(0, 0)
            await uow.templates.save([self._template(ref, news, began) for news in told])
            removed = await uow.templates.drop_unseen(ref.id, began)
            await uow.commit()
        return Synced(len({news.key for news in told}), removed)

    def _template(self, ref: SessionRef, news: TemplateNews, at: datetime) -> MessageTemplate:
        return new_template(TemplateId(self.new_id()), ref.tenant_id, ref.id, news, at)


@dataclass(frozen=True, slots=True)
class SyncStale:
    """Synchronise a company's catalogues that are older than an hour: changes that no webhook reported."""

    storage: Storage
    providers: Providers
    clock: Clock
    sync: SyncTemplates

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many were synchronised; one that fails is tried again by the next run. Raises Unavailable."""
        plugins = self.providers.plugins.values()
        kinds = [plugin.kind for plugin in plugins if Feature.TEMPLATES in plugin.capabilities.features]
        async with self.storage.tenant(tenant_id) as uow:
            stale = await uow.templates.stale(kinds, self.clock() - STALE_AFTER)
        return sum([await self._one(tenant_id, session_id) for session_id in stale])

    async def _one(self, tenant_id: TenantId, session_id: SessionId) -> bool:
        try:
            await self.sync.fetch(*await keeper_of(self.storage, self.providers, tenant_id, session_id))
        except (ProviderError, Conflict, Invalid, NotSupported) as error:
            log.info("templates.not_synchronised", extra={"session_id": str(session_id), "error": str(error)})
            return False
        return True


async def apply_news(uow: UnitOfWork, session_id: SessionId, news: TemplateNews, now: datetime, new_id: NewId) -> None:
    """Change the catalogue by what the provider reported: a template that is not there yet joins it, a deleted one
    leaves it. Campaigns with one that is paused, or of low quality, pause."""
    await pause_for_template(uow, session_id, news, now)
    present = [t for t in await uow.templates.named(session_id, news.name) if t.language == news.language]
    if news.status == DELETED:
        for one in present:
            await uow.templates.remove(one.id)
        return
    new = new_template(TemplateId(new_id()), uow.tenant.id, session_id, news, now)
    await uow.templates.save([present[0].told(news, now) if present else new])


def new_template(
    id: TemplateId, tenant_id: TenantId, session_id: SessionId, news: TemplateNews, at: datetime
) -> MessageTemplate:
    """Make an entry of the catalogue of what was reported."""
    return MessageTemplate(
        id,
        tenant_id,
        session_id,
        news.name,
        news.language,
        news.status or UNKNOWN,
        at,
        news.provider_id,
        news.category,
        news.quality,
        news.reason,
        kept(news.components),
    )


async def keeper_of(
    storage: Storage, providers: Providers, tenant_id: TenantId, session_id: SessionId
) -> tuple[SessionRef, KeepsTemplates]:
    """Return a session and the provider that keeps its templates. Raises Invalid (`/sessionId`), NotSupported, Conflict
    (its settings cannot be used)."""
    async with storage.tenant(tenant_id) as uow:
        session = (await uow.sessions.peek([session_id])).get(session_id)
    if session is None:
        raise Invalid.field("session_id", "there is no such session")
    if session.provider not in providers.plugins:
        raise NotSupported(session.provider, Feature.TEMPLATES)
    providers.plugin(session.provider).capabilities.require(Feature.TEMPLATES)
    _require_usable(session)
    provider = providers.live(session.provider)
    if not isinstance(provider, KeepsTemplates):
        raise NotSupported(session.provider, Feature.TEMPLATES)
    return SessionRef.of(session), provider


def _require_usable(session: Session) -> None:
    if session.settings is UNREADABLE:
        raise Conflict("needs_settings", "the session's settings cannot be read: give them again")
