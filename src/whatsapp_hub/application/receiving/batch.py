"""The rows that a batch of events needs, loaded with a few statements and locked in the agreed order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeGuard

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    ChatNamed,
    IdentitySeen,
    MessageSeen,
    Origin,
    PreferenceSeen,
    ProviderEvent,
    ReceiptSeen,
)
from whatsapp_hub.application.ports.queues.inbox import InboxItem, ProviderKey
from whatsapp_hub.application.ports.storage.contacts import Met, Moved, Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.receiving.echoes import Echoes, may_be_echo
from whatsapp_hub.application.receiving.known_messages import KnownMessages
from whatsapp_hub.application.routing.service_terms import usual_patience
from whatsapp_hub.domain.conversations.bot import answer_timeout
from whatsapp_hub.domain.conversations.conversation import Conversation
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage(Seen):
    """A message, and the contact that it is from or to."""

    event: MessageSeen
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenName(Seen):
    """A group's name, and the group."""

    event: ChatNamed
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPreference(Seen):
    """A customer's choice, and the customer."""

    event: PreferenceSeen
    contact: Contact


@dataclass(slots=True)
class Batch:
    """Loaded rows. `seen`: the events, with the contacts of messages."""

    uow: UnitOfWork
    sessions: Mapping[SessionId, Session]
    seen: list[Seen] = field(default_factory=list)
    rounds: dict[tuple[SessionId, ContactId], Conversation] = field(default_factory=dict)
    messages: KnownMessages = field(default_factory=KnownMessages)
    own: dict[MessageId, Message] = field(default_factory=dict)
    echoes: Echoes = field(default_factory=Echoes)
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
        for moved in await batch._meet(seen, changes):
            if follow:
                await follow(moved)
        await batch._load_rounds()
        await batch._load_messages()
        await batch._load_echoes(changes.now)
        return batch

    def waiting(self, now: datetime, chats: set[HeldChat]) -> set[int]:
        """Return the updates that must wait for an open provider call's answer, and those behind them in their chats.

        Their chats are added to `chats`."""
        ids: set[int] = set()
        for s in self.seen:
            if s.item is None:
                continue
            chat = (s.session_id, s.item.chat)
            if chat in chats or (self._is_unexplained(s) and self.echoes.waits(s.item, s.contact, s.event, now)):
                chats.add(chat)
                ids.add(s.item.id)
        return ids

    def _is_unexplained(self, seen: Seen) -> TypeGuard[SeenMessage]:
        if not isinstance(seen, SeenMessage) or not may_be_echo(seen.event):
            return False
        return self.messages.seen(seen.session_id, seen.contact.id, seen.event) is None

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

    async def _meet(self, seen: Sequence[Seen], changes: Changes) -> list[Moved]:
        """Find or create, and lock, every contact that appears; return those whose number has changed."""
        sightings = [_sighting(s.event) for s in seen if isinstance(s.event, _SHOWS_PEOPLE)]
        met = await self.uow.contacts.find_or_create(sightings, changes.now) if sightings else Met([], [])
        contacts = iter(met.contacts)
        for s in seen:
            if isinstance(s.event, _SHOWS_PEOPLE):
                contact, is_news = next(contacts)
                if is_news:
                    changes.contact(contact)
                if isinstance(s.event, MessageSeen):
                    s = SeenMessage(session_id=s.session_id, event=s.event, item=s.item, contact=contact)
                elif isinstance(s.event, ChatNamed):
                    s = SeenName(session_id=s.session_id, event=s.event, item=s.item, contact=contact)
                elif isinstance(s.event, PreferenceSeen):
                    s = SeenPreference(session_id=s.session_id, event=s.event, item=s.item, contact=contact)
            self.seen.append(s)
        return met.moved

    async def _load_rounds(self) -> None:
        pairs = {(s.session_id, s.contact.id) for s in self.seen if isinstance(s, SeenMessage | SeenName)}
        if pairs:
            self.rounds = await self.uow.conversations.latest(pairs)

    async def _load_messages(self) -> None:
        keys: dict[ProviderKey, bool] = {}  # whether a send of ours may be storing this id just now
        sent_as: set[MessageId] = set()
        for s in self.seen:
            match s.event:
                case MessageSeen(provider_message_id=name, from_me=is_ours, reply_to=answered) as seen:
                    keys[s.session_id, name] = is_ours or keys.get((s.session_id, name), False)
                    if answered:
                        keys.setdefault((s.session_id, answered), False)
                    if changed := seen.content.target:
                        keys[s.session_id, changed] = True
                case ReceiptSeen(provider_message_id=name, sent_as=own):
                    keys[s.session_id, name] = True
                    sent_as |= {own} if own else set()
        if keys:
            await self.uow.receipts.lock(key for key, is_ours in keys.items() if is_ours)
            self.messages = KnownMessages.of(await self.uow.messages.known(keys))
        if sent_as:
            await self._load_own(sent_as)

    async def _load_own(self, sent_as: set[MessageId]) -> None:
        known = {message.id: message for message in self.messages.all()}
        missing = sent_as - known.keys()
        self.own = known | (await self.uow.messages.by_id(missing) if missing else {})

    async def _load_echoes(self, now: datetime) -> None:
        pairs = {(s.session_id, s.contact.id) for s in self.seen if self._is_unexplained(s)}
        self.echoes = await Echoes.load(self.uow, pairs, now)


_SHOWS_PEOPLE = MessageSeen | IdentitySeen | ChatNamed | PreferenceSeen


def _sighting(event: MessageSeen | IdentitySeen | ChatNamed | PreferenceSeen) -> Sighting:
    if isinstance(event, ChatNamed):
        return Sighting(event.chat_names, event.name, is_group=True, at=event.at)
    if isinstance(event, PreferenceSeen):
        return Sighting(event.identities, None, at=event.at)
    if isinstance(event, IdentitySeen):
        return Sighting(event.identities, None, at=event.at, username=event.username)
    is_person = event.kind is ChatKind.PERSON
    name = event.name if is_person and not event.from_me else None
    is_live = is_person and not event.from_me and event.origin is Origin.LIVE
    username = event.username if is_person else None
    return Sighting(event.chat_names, name, not is_person, event.at, is_live, username)
