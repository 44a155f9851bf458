"""The rows that a batch of events needs, loaded with a few statements and locked in the agreed order."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    IdentitySeen,
    MessageSeen,
    Origin,
    ProviderEvent,
    ReceiptSeen,
)
from whatsapp_hub.application.ports.queues.inbox import InboxItem, ProviderKey
from whatsapp_hub.application.ports.storage.contacts import Moved, Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.receiving.echoes import Echoes, may_be_echo
from whatsapp_hub.application.routing.service_terms import usual_patience
from whatsapp_hub.domain.conversations.bot import answer_timeout
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import ContactId, DepartmentId, MessageId, SessionId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session

HeldChat = tuple[SessionId, str]
"""A session and a chat in which later updates wait for an earlier one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An event of a session, and the inbox update that brought it."""

    session_id: SessionId
    event: ProviderEvent
    item: InboxItem | None = None

    @property
    def fence(self) -> int | None:
        """The fence of the connection that reported it."""
        return self.item.fence if self.item else None


@dataclass(slots=True)
class Batch:
    """Loaded rows. `contacts` by `id()` of the event; `messages` by session and provider's message id."""

    uow: UnitOfWork
    sessions: Mapping[SessionId, Session]
    contacts: dict[int, Contact] = field(default_factory=dict)
    rounds: dict[tuple[SessionId, ContactId], Conversation] = field(default_factory=dict)
    messages: dict[ProviderKey, Message] = field(default_factory=dict)
    own: dict[MessageId, Message] = field(default_factory=dict)
    echoes: Echoes = field(default_factory=lambda: Echoes({}))
    _timeouts: dict[DepartmentId | None, timedelta] | None = None

    @classmethod
    async def load(
        cls,
        uow: UnitOfWork,
        sessions: Mapping[SessionId, Session],
        seen: Sequence[Seen],
        changes: Changes,
        follow: Callable[[Moved], Awaitable[None]] | None = None,
    ) -> "Batch":
        """Load and lock. `follow` is called for each contact whose number turned out to have changed."""
        batch = cls(uow, sessions)
        await batch._meet(seen, changes)
        for moved in uow.contacts.take_moves():
            if follow:
                await follow(moved)
        await batch._load_rounds(seen)
        await batch._load_messages(seen)
        await batch._load_echoes(seen, changes.now)
        return batch

    def waiting(self, seen: Iterable[Seen], now: datetime, chats: set[HeldChat]) -> set[int]:
        """Return the updates that must wait for an open provider call's answer, and those behind them in their chats.

        Their chats are added to `chats`."""
        ids: set[int] = set()
        for s in seen:
            if s.item is None:
                continue
            chat = (s.session_id, s.item.chat)
            if chat in chats or (self._is_unexplained(s) and self._waits(s, s.item, now)):
                chats.add(chat)
                ids.add(s.item.id)
        return ids

    def _waits(self, seen: Seen, item: InboxItem, now: datetime) -> bool:
        return isinstance(seen.event, MessageSeen) and self.echoes.waits(item, seen.event, now)

    def _is_unexplained(self, seen: Seen) -> bool:
        event = seen.event
        if not isinstance(event, MessageSeen) or not may_be_echo(event):
            return False
        return (seen.session_id, event.provider_message_id) not in self.messages

    async def response_timeout(self, conversation: Conversation, now: datetime) -> timedelta | None:
        """Return how long the conversation's department (without one: the root), or its session's bot, may leave a
        customer unanswered; None if no time starts to run, as on sessions that do not route."""
        session = self.sessions.get(conversation.session_id)
        if not conversation.starts_waiting or session is None or not session.routes(conversation.bot_part):
            return None
        if conversation.is_unplaced:
            return answer_timeout(session.bot)
        return await self.patience(conversation.department_id, now)

    async def patience(self, department_id: DepartmentId | None, now: datetime) -> timedelta:
        """Return how long a customer of that department (a deleted one counts as none) may wait for people."""
        if self._timeouts is None:
            departments = await self.uow.departments.all()
            self._timeouts = {d.id: d.timeout_from(now) for d in departments}
            self._timeouts[None] = usual_patience(self.uow.tenant, departments, now)
        return self._timeouts.get(department_id, self._timeouts[None])

    async def _meet(self, seen: Iterable[Seen], changes: Changes) -> None:
        """Find or create, and lock, every contact that appears."""
        events = [s.event for s in seen if isinstance(s.event, MessageSeen | IdentitySeen)]
        if not events:
            return
        met = await self.uow.contacts.find_or_create([_sighting(event) for event in events], changes.now)
        for event, (contact, is_news) in zip(events, met, strict=True):
            self.contacts[id(event)] = contact
            if is_news:
                changes.add_events(_updated(contact, changes))

    async def _load_rounds(self, seen: Iterable[Seen]) -> None:
        pairs = {(s.session_id, self.contacts[id(s.event)].id) for s in seen if isinstance(s.event, MessageSeen)}
        if pairs:
            self.rounds = await self.uow.conversations.latest(pairs)

    async def _load_messages(self, seen: Iterable[Seen]) -> None:
        keys: dict[ProviderKey, bool] = {}  # whether a send of ours may be storing this id just now
        sent_as: set[MessageId] = set()
        for s in seen:
            match s.event:
                case MessageSeen(provider_message_id=name, from_me=is_ours):
                    keys[s.session_id, name] = is_ours or keys.get((s.session_id, name), False)
                case ReceiptSeen(provider_message_id=name, sent_as=own):
                    keys[s.session_id, name] = True
                    sent_as |= {own} if own else set()
        if keys:
            await self.uow.receipts.lock(key for key, is_ours in keys.items() if is_ours)
            self.messages = await self.uow.messages.known(keys)
        if sent_as:
            await self._load_own(sent_as)

    async def _load_own(self, sent_as: set[MessageId]) -> None:
        known = {message.id: message for message in self.messages.values()}
        missing = sent_as - known.keys()
        self.own = known | (await self.uow.messages.by_id(missing) if missing else {})

    async def _load_echoes(self, seen: Iterable[Seen], now: datetime) -> None:
        unexplained = [
            (s.session_id, s.event) for s in seen if isinstance(s.event, MessageSeen) and self._is_unexplained(s)
        ]
        self.echoes = await Echoes.load(self.uow, self.contacts, unexplained, now)


def _sighting(event: MessageSeen | IdentitySeen) -> Sighting:
    if isinstance(event, IdentitySeen):
        return Sighting(event.identities, None, at=event.at)
    is_person = event.kind is ChatKind.PERSON
    name = event.name if is_person and not event.from_me else None
    is_live = is_person and not event.from_me and event.origin is Origin.LIVE
    return Sighting(event.chat_names, name, not is_person, event.at, is_live)


def _updated(contact: Contact, changes: Changes) -> Event:
    tenant = changes.uow.tenant
    return Event(EventType.CONTACT_UPDATED, tenant.id, changes.now, subjects={"contact": contact})
