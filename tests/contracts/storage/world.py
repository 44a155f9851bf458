"""A tenant with a session in some storage, and short ways to make what stands in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from whatsapp_hub.adapters.memory.engine.ids import new_id as new_id
from whatsapp_hub.application.ports.connections.connections import Leases
from whatsapp_hub.application.ports.queues.commands import Commands
from whatsapp_hub.application.ports.queues.inbox import InboxAppender, NewUpdate
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.ports.queues.webhook_queue import WebhookQueue
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, MessageId, SessionId, TenantId, UserId
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, UTC)
HELD = "HELD"
"""The provider of the tests whose sessions connectors hold."""


@dataclass
class Backend:
    """A storage, and the queues beside it. Its providers are SANDBOX, META, WAHA and HELD."""

    storage: Storage
    inbox: InboxAppender
    log: EventLog
    leases: Leases
    commands: Commands
    webhook_queue: WebhookQueue

    async def tenant(self) -> Tenant:
        slug = f"t{uuid4().hex[:12]}"
        tenant = Tenant(TenantId(new_id()), slug, slug, datetime.now(UTC))
        await self.storage.directory.add_tenant(tenant)
        return tenant


async def eventually(found: Callable[[], Awaitable[Any]], within_s: float = 10.0) -> Any:
    """Wait until it finds something; return that."""
    async with asyncio.timeout(within_s):
        while not (result := await found()):
            await asyncio.sleep(0.005)
        return result


@dataclass
class World:
    """One tenant of a storage (`hub.storage`, `hub.tenant()`)."""

    hub: Any
    tenant: Tenant
    session: Session

    @classmethod
    async def made(cls, hub: Any, *placement: Any) -> World:
        world = cls(hub, await hub.tenant(*placement), None)  # type: ignore[arg-type]  # its session needs the world
        world.session = await world.add_session()
        return world

    @classmethod
    async def of(cls, hub: Any, tenant: Tenant, provider: str) -> World:
        """A world whose session is of that provider."""
        world = cls(hub, tenant, None)  # type: ignore[arg-type]  # as above
        world.session = await world.add_session(provider, settings={"phone": uuid4().hex})
        return world

    @property
    def inbox(self) -> InboxAppender:
        appender: InboxAppender = getattr(self.hub, "inbox", None) or self.hub.storage.inbox
        return appender

    def uow(self) -> AbstractAsyncContextManager[UnitOfWork]:
        manager: AbstractAsyncContextManager[UnitOfWork] = self.hub.storage.tenant(self.tenant.id)
        return manager

    async def done(self, act: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        """Run it in a transaction, and commit."""
        async with self.uow() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    def make_session(self, provider: str = "SANDBOX", connected: bool = True, **more: Any) -> Session:
        status = SessionStatus.CONNECTED if connected else SessionStatus.DISCONNECTED
        key = more.pop("key", f"s{uuid4().hex[:10]}")
        usual: dict[str, Any] = {"settings": {"token": "secret"}, "status": status, "is_active": connected} | more
        routing = usual.pop("routing", Routing.DEPARTMENTS)
        where = (SessionId(new_id()), self.tenant.id, key, usual.pop("name", key))
        return Session(*where, provider, routing, NOW, NOW, **usual)

    async def add_session(self, provider: str = "SANDBOX", **more: Any) -> Session:
        session = self.make_session(provider, **more)
        await self.done(lambda uow: uow.sessions.add(session))
        return session

    async def contact(self, phone: str, name: str | None = None) -> Contact:
        found = await self.done(lambda uow: uow.contacts.find_or_create([seen(phone, name=name)], NOW))
        contact: Contact = found.contacts[0][0]
        return contact

    def make_conversation(self, contact: Contact, session: Session | None = None, **more: Any) -> Conversation:
        session_id = (session or self.session).id
        chat = more.pop("chat", f"chat-{contact.id}")
        at = more.pop("created_at", NOW)
        ident = ConversationId(new_id())
        return Conversation(ident, self.tenant.id, session_id, contact.id, chat, at, at, **more)

    async def conversation(self, phone: str | None = None, session: Session | None = None, **more: Any) -> Conversation:
        phone = phone or str(49_000_000_000 + uuid4().int % 1_000_000_000)
        async with self.uow() as uow:
            [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((Identity.phone(phone),), "Ana")], NOW)
            conversation = self.make_conversation(contact, session, **more)
            await uow.conversations.add([conversation])
            await uow.commit()
        return conversation

    async def changes(self, conversation: Conversation, change: Callable[[Conversation], Any]) -> Conversation:
        """Change a stored conversation, as a use case does: read, changed, saved."""
        async with self.uow() as uow:
            stored = await uow.conversations.get(conversation.id)
            change(stored)
            await uow.conversations.save([stored])
            await uow.commit()
        return stored

    async def saved(self, conversation: Conversation, **values: Any) -> Conversation:
        def change(stored: Conversation) -> None:
            for name, value in values.items():
                setattr(stored, name, value)

        return await self.changes(conversation, change)

    def make_message(self, conversation: Conversation, text: str = "hello", **more: Any) -> Message:
        fields: dict[str, Any] = {"direction": Direction.OUTBOUND, "content": Text.plain(text)}
        fields |= {"created_at": NOW, "timestamp": NOW, "status": MessageStatus.PENDING, "chat": conversation.chat}
        c = conversation
        return Message(MessageId(new_id()), c.tenant_id, c.session_id, c.id, c.contact_id, **(fields | more))

    async def add_message(self, conversation: Conversation, text: str = "hello", **more: Any) -> Message:
        message = self.make_message(conversation, text, **more)
        await self.done(lambda uow: uow.messages.add([message]))
        return message

    async def inbound(self, conversation: Conversation, text: str = "oi", **more: Any) -> Message:
        usual = {"direction": Direction.INBOUND, "status": MessageStatus.DELIVERED} | more
        return await self.add_message(conversation, text, **usual)

    async def enqueue(self, conversation: Conversation, *texts: str, provider: str = "SANDBOX") -> list[Message]:
        messages = [self.make_message(conversation, text) for text in texts]
        providers = dict.fromkeys([m.id for m in messages], provider)
        await self.done(lambda uow: uow.lanes.add(messages, providers))
        return messages

    async def add_department(self, name: str = "Sales", **more: Any) -> Department:
        slug, at = more.pop("slug", f"d{uuid4().hex[:10]}"), more.pop("created_at", NOW)
        department = Department(DepartmentId(new_id()), self.tenant.id, name, slug, at, **more)
        await self.done(lambda uow: uow.departments.add(department))
        return department

    def make_user(self, **more: Any) -> User:
        email, role = more.pop("email", f"{uuid4().hex[:10]}@example.com"), more.pop("role", Role.AGENT)
        return User(UserId(new_id()), self.tenant.id, email, more.pop("name", "Bea"), "hash", role, NOW, **more)

    async def add_user(self, **more: Any) -> User:
        user = self.make_user(**more)
        await self.done(lambda uow: uow.users.add(user))
        return user

    async def update(self, key: str, chat: str = "ana", session: Session | None = None, **more: Any) -> None:
        """Append one update to the inbox."""
        whose = session or self.session
        usual: dict[str, Any] = {"tenant_id": self.tenant.id, "session_id": whose.id} | more
        await self.inbox.append([NewUpdate(whose.provider, key, chat, key.encode(), **usual)])


def seen(phone: str, *others: Identity, name: str | None = None, at: datetime | None = None, **more: Any) -> Sighting:
    """A sighting of somebody by their phone, and other identities."""
    return Sighting((Identity.phone(phone), *others), name, at=at, **more)


def a_phone() -> str:
    return f"55119{uuid4().int % 10**8:08d}"


async def told_since(world: World, position: int) -> list[str]:
    """The types of the tenant's events after that position."""
    return [event.type for event in await world.hub.log.read(position, 99, world.tenant.id)]
