"""CreateCampaign, MatchAudience, and what is done with a campaign by hand."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.campaigns.settle_recipients import settle
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sending.checks import session_of
from whatsapp_hub.application.sending.use_template import as_shown
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause, Wording
from whatsapp_hub.domain.campaigns.filling import stand_in
from whatsapp_hub.domain.campaigns.pace import next_count
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import CampaignId, SessionId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.content import Template
from whatsapp_hub.domain.sessions.session import Session

MOST_ACTIVE = 50
"""Campaigns of a company that run or are to start: a worker looks at each of them every second."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign is to be. `starts_at` None: it waits for its start by hand."""

    name: str
    session_id: SessionId
    wording: Wording
    audience: Audience
    starts_at: datetime | None = None
    daily_limit: int | None = None


@dataclass(frozen=True, slots=True)
class CreateCampaign:
    """Store a campaign that has written to nobody yet."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, plan: Plan) -> tuple[Campaign, AudienceCount]:
        """Return it, a draft or scheduled, and whom its audience holds now. Raises Invalid, NotSupported (the session's
        provider has no templates), Conflict (the company has as many as it may have), TookTooLong."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        now = self.clock()
        campaign = Campaign(
            CampaignId(self.new_id()),
            caller.tenant_id,
            plan.session_id,
            plan.name.strip(),
            plan.wording,
            plan.audience,
            now,
            created_by=caller.user_id,
            daily_limit=plan.daily_limit,
        )
        campaign.check()
        if plan.starts_at:
            campaign.schedule(plan.starts_at, now)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await session_of(uow, plan.session_id)
            await require_template(uow, self.providers, session, plan.wording)
            counted = await matched(uow, plan.audience)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quotas.require_room(Quota.CAMPAIGNS)
            await uow.quotas.require_room(Quota.RECIPIENTS)
            if plan.starts_at:
                await _require_room(uow)
            campaign.created(now)
            await uow.campaigns.add(campaign)
            await uow.campaigns.count(campaign.id)
            await uow.commit()
        return campaign, counted


@dataclass(frozen=True, slots=True)
class MatchAudience:
    """Say whom an audience holds now; nothing is stored."""

    storage: Storage

    async def __call__(self, caller: Caller, audience: Audience) -> AudienceCount:
        """Count. Raises Invalid for contacts that do not exist, TookTooLong."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await matched(uow, audience)


async def matched(uow: UnitOfWork, audience: Audience) -> AudienceCount:
    """Count an audience. Raises Invalid."""
    if unknown := sorted(await uow.campaigns.unknown(audience.contact_ids)):
        said = f"names {len(unknown)} that are no contacts of the company, {unknown[0]} first"
        raise Invalid.field("audience/contactIds", said)
    return await uow.campaigns.matching(audience)


async def _require_room(uow: UnitOfWork) -> None:
    if await uow.campaigns.count_active() >= MOST_ACTIVE:
        raise _too_many()


def _too_many() -> Conflict:
    return Conflict("too_many_campaigns", f"{MOST_ACTIVE} campaigns run or are to start: end one of them first")


async def require_template(uow: UnitOfWork, providers: Providers, session: Session, wording: Wording) -> None:
    """Raise NotSupported where the session's provider has no templates (a campaign of free texts would end WhatsApp
    Web's numbers), Invalid where WhatsApp would refuse the template or its parameters."""
    providers.plugin(session.provider).capabilities.require(Feature.TEMPLATES)
    components = stand_in(wording.components)
    content = Template(name=wording.name, language=wording.language, components=components)
    await as_shown(uow, session, content, "template")


@dataclass(frozen=True, slots=True)
class StartCampaign:
    """Settle who receives it, and begin."""

    storage: Storage
    providers: Providers
    clock: Clock

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> Campaign:
        """Start a draft, or a scheduled one before its time; where the company has more contacts than are looked at
        at once, the worker looks at the others. Raises NotFound, Conflict (begun already, or nobody is in its
        audience), Invalid, NotSupported."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quotas.require_room(Quota.RECIPIENTS)
            active = await uow.campaigns.count_active()
            campaign = await uow.campaigns.get(campaign_id)
            session = await session_of(uow, campaign.session_id)
            if campaign.status is not CampaignStatus.SCHEDULED and active >= MOST_ACTIVE:  # which counts already
                raise _too_many()
            campaign.start(self.clock())
            await require_template(uow, self.providers, session, campaign.wording)
            counts = await settle(uow, campaign, self.clock())
            if counts is not None and not counts.total:
                raise Conflict("nobody", "its audience holds nobody")
            await uow.commit()
        return campaign


@dataclass(frozen=True, slots=True)
class PauseCampaign:
    """Add nothing more to the lanes, until it is resumed."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> Campaign:
        """Pause it: what waits in the lanes, about a second's worth, still goes. Raises NotFound, Conflict."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            campaign = await uow.campaigns.get(campaign_id)
            campaign.halt(Pause.HAND, self.clock())
            await uow.campaigns.save(campaign)
            await uow.commit()
        return campaign


@dataclass(frozen=True, slots=True)
class ResumeCampaign:
    """Go on with those who wait."""

    storage: Storage
    providers: Providers
    clock: Clock

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> Campaign:
        """Resume it. Raises NotFound, Conflict, Invalid (the template is still paused), NotSupported."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await _require_room(uow)
            campaign, now = await uow.campaigns.get(campaign_id), self.clock()
            campaign.resume(now)
            session = await session_of(uow, campaign.session_id)
            await require_template(uow, self.providers, session, campaign.wording)
            await uow.campaigns.save(campaign, next_count(campaign, now))
            await uow.commit()
        return campaign


@dataclass(frozen=True, slots=True)
class CancelCampaign:
    """End it for good."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> Campaign:
        """Cancel it: those who wait get nothing. Raises NotFound, Conflict."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            campaign, now = await uow.campaigns.get(campaign_id), self.clock()
            campaign.cancel(now)
            await uow.campaigns.save(campaign, next_count(campaign, now))
            await uow.commit()
        return campaign


@dataclass(frozen=True, slots=True)
class DeleteCampaign:
    """Delete a campaign and the list of its recipients; its messages stay in their conversations."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> None:
        """Delete it. Raises NotFound, Conflict while it runs or is paused."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            campaign = await uow.campaigns.get(campaign_id)
            campaign.delete(self.clock())
            await uow.campaigns.delete(campaign)
            await uow.commit()
