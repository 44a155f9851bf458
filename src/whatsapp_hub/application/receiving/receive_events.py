"""ReceiveEvents: apply the updates waiting in the inbox, in order per chat, exactly once.

Each batch is one transaction of one tenant: its effects commit together with its done marks. A batch that
fails is retried item by item, so that one bad update blocks only its own chat, for at most three
tries, and is then quarantined with its error.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from whatsapp_hub.application.campaigns.opt_out import heed_preference
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.measuring import LOST_MESSAGES, PROCESSED, PROCESSING, TALLY
from whatsapp_hub.application.media.expect_files import ExpectFiles
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.realtime import ShowsCustomerTyping
from whatsapp_hub.application.ports.provider.events import (
    AlarmSeen,
    ChatKind,
    Malformed,
    MessageSeen,
    NumberChanged,
    ProviderEvent,
    ReceiptSeen,
    SessionSeen,
    TemplateSeen,
    TypingSeen,
)
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.commands import TypingSign
from whatsapp_hub.application.ports.queues.inbox import InboxItem
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.receiving.apply_messages import ApplyMessages
from whatsapp_hub.application.receiving.apply_number_change import ApplyNumberChange
from whatsapp_hub.application.receiving.apply_receipts import ApplyReceipts, CountryOf
from whatsapp_hub.application.receiving.batch import Batch, HeldChat, Seen, SeenMessage, SeenName, SeenPreference
from whatsapp_hub.application.receiving.echoes import LOOK_AGAIN_S
from whatsapp_hub.application.receiving.lost_messages import find_lost
from whatsapp_hub.application.receiving.timing import timed
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.pair_sessions import FollowPairing
from whatsapp_hub.application.sessions.sound_alarm import sound_alarm
from whatsapp_hub.application.templates.fetch_templates import apply_news
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId
from whatsapp_hub.domain.messaging.bounds import LONGEST, bounded
from whatsapp_hub.domain.sessions.session import Session

log = logging.getLogger(__name__)

MAX_TRIES = 3
RETRY_AFTER_S = (0.5, 5.0)
TYPING_LASTS = timedelta(seconds=15)
ASIDE_S = 0.005
"""Pause while another worker has all that is due."""


@dataclass(slots=True)
class AppliedBatch:
    """Outcome of a batch: updates that must wait, chats in which one waits, messages that bots answer."""

    waiting: set[int] = field(default_factory=set)
    held: set[HeldChat] = field(default_factory=set)
    for_bots: list[tuple[Session, TypingSign]] = field(default_factory=list)
    typing: dict[ConversationId, bool] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True, slots=True)
class ReceiveEvents:
    """Claim updates of one company, apply them and mark them done, in one transaction."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    advance: AdvanceConnection
    show: ShowCustomer | None = None
    show_agents: ShowsCustomerTyping | None = None
    country_of: CountryOf = lambda _: None

    async def __call__(self, tenant_id: TenantId, limit: int = 64) -> bool:
        """Process up to `limit` updates; True if there may be more. Raises Unavailable."""
        try:
            return await self._batch(tenant_id, limit)
        except Unavailable:
            raise
        except Exception:
            log.warning("inbox.batch_failed", exc_info=True, extra={"tenant_id": str(tenant_id)})
            return await self._one_by_one(tenant_id, limit)

    async def _batch(self, tenant_id: TenantId, limit: int) -> bool:
        async with self.storage.tenant(tenant_id) as uow:
            items, more = await uow.inbox.claim(limit)
            if items:
                applied = await self._apply(uow, items)
                await uow.commit()
                self._after(items, applied)
        if more and not items:
            await asyncio.sleep(ASIDE_S)
        return more

    async def _one_by_one(self, tenant_id: TenantId, limit: int) -> bool:
        for _ in range(limit):
            if not await self._one(tenant_id):
                return False
        return True

    async def _one(self, tenant_id: TenantId) -> bool:
        item: InboxItem | None = None
        try:
            async with self.storage.tenant(tenant_id) as uow:
                items, more = await uow.inbox.claim(1)
                if not items:
                    return more  # another worker has that chat: the next claim looks further
                item = items[0]
                applied = await self._apply(uow, items)
                await uow.commit()
                self._after(items, applied)
        except Unavailable:
            raise
        except Exception as error:
            if item is None:
                raise
            await self._set_back(tenant_id, item, error)
        return True

    async def _set_back(self, tenant_id: TenantId, item: InboxItem, error: Exception) -> None:
        tries = item.tries + 1
        why = f"{type(error).__name__}: {error}"[:500]
        hopeless = isinstance(error, Malformed) or tries >= MAX_TRIES
        log.error(
            "inbox.update_failed",
            exc_info=error,
            extra={"inbox_id": item.id, "tries": tries, "gives_up": hopeless},
        )
        async with self.storage.tenant(tenant_id) as uow:
            if hopeless:
                await uow.inbox.quarantine(item, why)
            else:
                await uow.inbox.retry(item, why, RETRY_AFTER_S[tries - 1])
            await uow.commit()
        TALLY.add(PROCESSED, item.provider, "quarantined" if hopeless else "retried")

    def _measured(self, items: list[InboxItem]) -> None:
        for item in items:
            TALLY.add(PROCESSED, item.provider, "done")
            TALLY.observe(PROCESSING, (self.clock() - item.received_at).total_seconds(), item.provider)

    def _after(self, items: list[InboxItem], applied: AppliedBatch) -> None:
        """Count the updates and show "typing…", after the commit."""
        self._measured([item for item in items if item.id not in applied.waiting])
        if applied.lost:
            TALLY.add(LOST_MESSAGES, n=applied.lost)
        if self.show:
            for session, sign in applied.for_bots:
                self.show.typing(session, sign)
        if self.show_agents:
            for conversation_id, is_typing in applied.typing.items():
                self.show_agents(conversation_id, is_typing=is_typing)

    async def _apply(self, uow: UnitOfWork, items: list[InboxItem]) -> AppliedBatch:
        seen = self._translate(items)
        sessions = await uow.sessions.peek({s.session_id for s in seen})
        again = await find_lost(uow, seen, self.clock())
        applied = AppliedBatch(again.waiting, again.chats, lost=again.lost)
        for part in _parts([s for s in seen if self._is_wanted(s, sessions)]):
            await self._apply_part(uow, sessions, part, applied)
        uow.inbox.done([item.id for item in items if item.id not in applied.waiting])
        if applied.waiting:
            await uow.inbox.wait(sorted(applied.waiting), LOOK_AGAIN_S)
        return applied

    def _is_wanted(self, seen: Seen, sessions: Mapping[SessionId, Session]) -> bool:
        """Return whether the event is of a session that is there, and no status update that it did not ask for. Of a
        provider that the session left, what it says of messages and customers counts, not of its connection."""
        session = sessions.get(seen.session_id)
        if session is None:
            return False
        is_late = seen.item is not None and seen.item.provider != session.provider
        is_status = isinstance(seen.event, MessageSeen) and seen.event.kind is ChatKind.STATUS
        if is_late:
            return not is_status and not isinstance(seen.event, SessionSeen | AlarmSeen | TemplateSeen)
        return not is_status or self.providers.takes_statuses(session.provider, session.settings)

    async def _apply_part(
        self, uow: UnitOfWork, sessions: Mapping[SessionId, Session], seen: list[Seen], applied: AppliedBatch
    ) -> None:
        change_number = ApplyNumberChange(uow, self.providers, lambda: Changes(uow, self.new_id, self.clock()))
        if isinstance(first := seen[0].event, NumberChanged):
            await change_number(first)
        changes = Changes(uow, self.new_id, self.clock())
        batch = await Batch.load(uow, sessions, seen, changes, change_number.follow)
        waiting = batch.waiting(changes.now, applied.held)
        applied.waiting |= waiting
        takes = [s for s in batch.seen if s.item is None or s.item.id not in waiting]
        applied.for_bots += await self._take_events(uow, batch, takes, changes)
        for one in takes:
            if self.show_agents and isinstance(typing := one.event, TypingSeen):
                await self._see_typing(uow, one, typing, applied)

    async def _take_events(
        self, uow: UnitOfWork, batch: Batch, seen: list[Seen], changes: Changes
    ) -> list[tuple[Session, TypingSign]]:
        """Apply the batch; return the messages that sessions' own bots answer."""
        files = ExpectFiles(self.providers, changes)
        messages = ApplyMessages(batch, changes, self.providers.window_of, files)
        receipts = ApplyReceipts(batch, changes, self.country_of)
        for one in seen:
            match one:
                case SeenMessage():
                    await messages(one)
                case SeenName():
                    messages.name(one)
                case Seen(event=ReceiptSeen() as receipt):
                    receipts(one, receipt)
                case Seen(event=SessionSeen() as session):
                    await self._see_session(uow, one, session)
                case _:
                    await self._take_notice(uow, one)
        await changes.write()
        await messages.write()
        await receipts.write()
        return messages.for_bots

    async def _take_notice(self, uow: UnitOfWork, seen: Seen) -> None:
        """Apply what concerns the account, the number, its templates or a customer's choice."""
        match seen:
            case SeenPreference():
                await heed_preference(uow, seen.contact, seen.event, self.clock())
            case Seen(event=AlarmSeen() as alarm):
                await sound_alarm(uow, seen.session_id, alarm, self.clock)
            case Seen(event=TemplateSeen() as told):
                await apply_news(uow, seen.session_id, told.news, self.clock(), self.new_id)
            case _:
                pass

    async def _see_typing(self, uow: UnitOfWork, seen: Seen, event: TypingSeen, applied: AppliedBatch) -> None:
        """Find the live conversation in which somebody types, unless the sign is old."""
        if self.clock() - event.at > TYPING_LASTS:
            return
        if conversation_id := await uow.conversations.live_with(seen.session_id, event.chat_names):
            applied.typing[conversation_id] = event.is_typing

    async def _see_session(self, uow: UnitOfWork, seen: Seen, event: SessionSeen) -> None:
        session = await uow.sessions.get(seen.session_id)
        if self.providers.holds_socket(session.provider):
            await self.advance.reported(uow, session, event, seen.fence)
        else:
            pairing = FollowPairing(self.providers, self.clock, self.advance.rules)
            await pairing.reported(uow, session, event)

    def _translate(self, items: list[InboxItem]) -> list[Seen]:
        seen: list[Seen] = []
        for item in items:
            translate: Callable[[bytes], list[ProviderEvent]] = self.providers.plugin(item.provider).translate
            told = translate(item.body) if len(item.body) <= LONGEST else map(_bounded, translate(item.body))
            events = (timed(event, item.received_at) for event in told)
            seen.extend(Seen(item.session_id, event, item) for event in events)
        return seen


def _bounded(event: ProviderEvent) -> ProviderEvent:
    return replace(event, content=bounded(event.content)) if isinstance(event, MessageSeen) else event


def _parts(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Split at each change of number: before and after it, one number may be two people's."""
    parts: list[list[Seen]] = []
    for one in seen:
        if not parts or isinstance(one.event, NumberChanged):
            parts.append([])
        parts[-1].append(one)
    return parts
