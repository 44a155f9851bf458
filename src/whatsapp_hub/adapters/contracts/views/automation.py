"""Routing rules, quick replies, message templates and campaigns in the form of contract F."""

from datetime import datetime
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.conversations import PRIORITY_NAMES, PriorityName
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.application.templates.fetch_templates import Synced
from whatsapp_hub.application.templates.manage_templates import Preview
from whatsapp_hub.domain.campaigns.audience import AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule
from whatsapp_hub.domain.errors import Flaw
from whatsapp_hub.domain.templates.places import Place, places_of
from whatsapp_hub.domain.templates.rendering import Shown, ShownButton, rendered
from whatsapp_hub.domain.templates.template import MessageTemplate


class QuickReplyView(View):
    """A canned text; `content` may hold placeholders like `{{customerName}}`."""

    id: UUID
    shortcut: str
    content: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, reply: QuickReply) -> "QuickReplyView":
        """Show a quick reply."""
        return cls(
            id=reply.id,
            shortcut=reply.shortcut,
            content=reply.content,
            created_at=time(reply.created_at),
            updated_at=time(reply.updated_at),
        )


class FilledReply(View):
    """A quick reply's text for one conversation."""

    content: str


class ConditionsView(View):
    """All must hold; null or empty matches anything. `words`: any of them is in the text."""

    session_id: UUID | None
    words: list[str]
    outside_hours: bool | None


class ActionsView(View):
    """What the rule does with an unassigned conversation."""

    labels: list[str]
    priority: PriorityName | None
    department_id: UUID | None


class RoutingRuleView(View):
    """A rule. `place` is its turn among the company's rules, from 1."""

    id: UUID
    place: int
    name: str
    conditions: ConditionsView
    actions: ActionsView
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: Rule) -> "RoutingRuleView":
        """Show a rule, its priority by name."""
        if_, then = rule.conditions, rule.actions
        priority = None if then.priority is None else PRIORITY_NAMES[then.priority]
        return cls(
            id=rule.id,
            place=rule.place,
            name=rule.name,
            conditions=ConditionsView(if_.session_id, list(if_.words), if_.outside_hours),
            actions=ActionsView(list(then.labels), priority, then.department_id),
            created_at=time(rule.created_at),
            updated_at=time(rule.updated_at),
        )


class ListedRule(RoutingRuleView):
    """A rule of the list; `isBroken`: its department was deleted, so it is skipped."""

    is_broken: bool


class PlaceView(View):
    """A place to fill. `part`: `header`, `body` or `button`; `name`: the number or name in its braces, empty for a file
    or a code; `kind`: `text`, `image`, `video`, `document`, `location` or `coupon_code`; `button`: the button's index;
    `card`: the card's index in a carousel; `example`: what WhatsApp's reviewers were shown."""

    part: str
    name: str
    kind: str
    button: int | None
    card: int | None
    example: str | None

    @classmethod
    def of(cls, place: Place) -> "PlaceView":
        """Show a place."""
        return cls(place.part, place.name, place.kind.value, place.button, place.card, place.example)


class TemplateView(View):
    """A template of a session. `status`, `category` and `quality` are WhatsApp's words; `reason`: why it was refused;
    `components`: its parts in Meta's form, null while only its state is known; `text`: header, body and footer, their
    places in braces; `places`: what a message must fill."""

    id: UUID
    session_id: UUID
    provider_id: str | None
    name: str
    language: str
    category: str | None
    status: str
    quality: str | None
    reason: str | None
    components: list[dict[str, Any]] | None
    text: str
    places: list[PlaceView]
    synced_at: datetime

    @classmethod
    def of(cls, template: MessageTemplate) -> "TemplateView":
        """Show a template."""
        parts = template.components
        return cls(
            id=template.id,
            session_id=template.session_id,
            provider_id=template.provider_id,
            name=template.name,
            language=template.language,
            category=template.category,
            status=template.status,
            quality=template.quality,
            reason=template.reason,
            components=None if parts is None else [dict(part) for part in parts],
            text=rendered(template, ()).text,
            places=[PlaceView.of(place) for place in places_of(template)],
            synced_at=time(template.seen_at),
        )


class TemplateButtonView(View):
    """A button as the customer sees it. `type`: WhatsApp's word (`URL`, `QUICK_REPLY`, `PHONE_NUMBER` …)."""

    type: str
    text: str
    url: str | None
    phone: str | None

    @classmethod
    def of(cls, button: ShownButton) -> "TemplateButtonView":
        """Show a button."""
        return cls(button.type, button.text, button.url, button.phone)


class TemplateCardView(View):
    """A card of a carousel as the customer sees it."""

    header_kind: str | None
    body: str
    buttons: list[TemplateButtonView]

    @classmethod
    def of(cls, card: Shown) -> "TemplateCardView":
        """Show a card."""
        return cls(card.header_kind, card.body, [TemplateButtonView.of(button) for button in card.buttons])


class ParameterFlaw(View):
    """A parameter that does not fit: where it is (JSON Pointer into the request), and what is wrong."""

    pointer: str
    detail: str

    @classmethod
    def of(cls, flaw: Flaw) -> "ParameterFlaw":
        """Show a flaw."""
        return cls(flaw.pointer, flaw.reason)


class TemplatePreview(View):
    """A template as a customer sees it. `header_kind`: `text`, `image`, `video`, `document` or `location`; `text`: all
    of its words, as they stand with a message; `errors`: what keeps it from being sent with these parameters."""

    header_kind: str | None
    header: str
    body: str
    footer: str
    buttons: list[TemplateButtonView]
    cards: list[TemplateCardView]
    text: str
    errors: list[ParameterFlaw]

    @classmethod
    def of(cls, preview: Preview) -> "TemplatePreview":
        """Show a preview."""
        shown = preview.shown
        return cls(
            header_kind=shown.header_kind,
            header=shown.header,
            body=shown.body,
            footer=shown.footer,
            buttons=[TemplateButtonView.of(button) for button in shown.buttons],
            cards=[TemplateCardView.of(card) for card in shown.cards],
            text=shown.text,
            errors=[ParameterFlaw.of(flaw) for flaw in preview.flaws],
        )


class SyncedView(View):
    """What a synchronisation found: how many templates the session has now, and how many went."""

    found: int
    removed: int

    @classmethod
    def of(cls, synced: Synced) -> "SyncedView":
        """Show it."""
        return cls(synced.found, synced.removed)


class WordingView(View):
    """The template, and its parameters in Meta's form, with fields of the contact in braces."""

    name: str
    language: str
    components: list[Any]


class AudienceView(View):
    """Who is written to: so many contacts that were `named`, or those with these labels and fields, or everybody."""

    named: int
    labels: list[str]
    fields: dict[str, str]
    everybody: bool


class CampaignView(View):
    """A campaign. `pauseReason` and `pauseDetail`: why it is paused; `createdBy`: null for an API key."""

    id: UUID
    session_id: UUID
    name: str
    status: CampaignStatus
    template: WordingView
    audience: AudienceView
    daily_limit: int | None
    created_at: datetime
    created_by: UUID | None
    starts_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    pause_reason: Pause | None
    pause_detail: str | None

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignView":
        """Show a campaign."""
        c, whom, wording = campaign, campaign.audience, campaign.wording
        return cls(
            id=c.id,
            session_id=c.session_id,
            name=c.name,
            status=c.status,
            template=WordingView(wording.name, wording.language, list(wording.components)),
            audience=AudienceView(whom.size, list(whom.labels), dict(whom.fields), whom.everybody),
            daily_limit=c.daily_limit,
            created_at=time(c.created_at),
            created_by=c.created_by,
            starts_at=time(c.starts_at),
            started_at=time(c.started_at),
            ended_at=time(c.ended_at),
            pause_reason=c.pause,
            pause_detail=c.pause_detail,
        )


class CampaignCosts(View):
    """Delivered messages that WhatsApp charges, and those that it does not. Amounts are not known."""

    billable: int
    free: int


class CampaignCounts(View):
    """Recipients. One that read the message is counted as delivered and sent, too. `waiting`: not written to yet (of a
    cancelled campaign: never); `queued`: written, not sent; `unknown`: nobody knows whether it was sent; `reasons`:
    the failed by WhatsApp's code, and the skipped by why."""

    recipients: int
    waiting: int
    queued: int
    unknown: int
    sent: int
    delivered: int
    read: int
    answered: int
    failed: int
    skipped: int
    reasons: dict[str, int]
    costs: CampaignCosts

    @classmethod
    def of(cls, counts: Counts) -> "CampaignCounts":
        """Show counts."""
        return cls(
            recipients=counts.total,
            waiting=counts.of(RecipientState.WAITING),
            queued=counts.of(RecipientState.QUEUED),
            unknown=counts.of(RecipientState.UNKNOWN),
            sent=counts.sent,
            delivered=counts.delivered,
            read=counts.read,
            answered=counts.answered,
            failed=counts.of(RecipientState.FAILED),
            skipped=counts.of(RecipientState.SKIPPED),
            reasons=counts.reasons,
            costs=CampaignCosts(counts.billable, counts.free),
        )


class CountedCampaign(View):
    """A campaign, and how far it has come."""

    campaign: CampaignView
    counts: CampaignCounts

    @classmethod
    def of(cls, counted: tuple[Campaign, Counts]) -> "CountedCampaign":
        """Show both."""
        return cls(CampaignView.of(counted[0]), CampaignCounts.of(counted[1]))


class AudienceCountView(View):
    """Whom an audience holds now. `receive`: those who would be written to; who opted out, who is blocked and groups
    are left out, each counted for the first of these."""

    matched: int
    receive: int
    opted_out: int
    blocked: int
    groups: int

    @classmethod
    def of(cls, count: AudienceCount) -> "AudienceCountView":
        """Show a count."""
        return cls(count.matched, count.receive, count.opted_out, count.blocked, count.groups)


class RecipientView(View):
    """One contact of a campaign. `reason`: WhatsApp's code of the failure, or why it was skipped; `detail`: what is
    missing."""

    contact_id: UUID
    state: RecipientState
    reason: str | None
    detail: str | None
    message_id: UUID | None
    queued_at: datetime | None
    answered_at: datetime | None
    is_billable: bool | None

    @classmethod
    def of(cls, one: Recipient) -> "RecipientView":
        """Show a recipient."""
        return cls(
            contact_id=one.contact_id,
            state=one.state,
            reason=one.reason,
            detail=one.detail,
            message_id=one.message_id,
            queued_at=time(one.queued_at),
            answered_at=time(one.answered_at),
            is_billable=one.is_billable,
        )
