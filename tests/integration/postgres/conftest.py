"""A tenant with a session, and short ways to make what stands in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
import uuid_utils.compat

from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, MessageId, SessionId, UserId
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, UTC)


def new_id() -> UUID:
    return uuid_utils.compat.uuid7()


@dataclass
class World:
    """One tenant of a hub."""

    hub: Any
    tenant: Tenant
    session: Session

    def uow(self) -> AbstractAsyncContextManager[UnitOfWork]:
        manager: AbstractAsyncContextManager[UnitOfWork] = self.hub.storage.tenant(self.tenant.id)
        return manager

    def make_session(self, provider: str = "SANDBOX", connected: bool = True, **more: Any) -> Session:
        status = SessionStatus.CONNECTED if connected else SessionStatus.DISCONNECTED
        key = more.pop("key", f"s{uuid4().hex[:10]}")
        return Session(
            SessionId(new_id()), self.tenant.id, key, key, provider, Routing.DEPARTMENTS, NOW, NOW,
            settings=more.pop("settings", {"token": "secret"}), status=status, is_active=connected, **more,
        )  # fmt: skip

    async def add_session(self, provider: str = "SANDBOX", **more: Any) -> Session:
        session = self.make_session(provider, **more)
        async with self.uow() as uow:
            await uow.sessions.add(session)
            await uow.commit()
        return session

    def make_conversation(self, contact: Contact, session: Session | None = None, **more: Any) -> Conversation:
        session_id = (session or self.session).id
        chat = more.pop("chat", f"chat-{contact.id}")
        ident = ConversationId(new_id())
        return Conversation(ident, self.tenant.id, session_id, contact.id, chat, NOW, NOW, **more)

    async def conversation(self, phone: str | None = None, session: Session | None = None, **more: Any) -> Conversation:
        phone = phone or str(49_000_000_000 + uuid4().int % 1_000_000_000)
        async with self.uow() as uow:
            [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((Identity.phone(phone),), "Ana")], NOW)
            conversation = self.make_conversation(contact, session, **more)
            await uow.conversations.add([conversation])
            await uow.commit()
        return conversation

    def make_message(self, conversation: Conversation, text: str = "hello", **more: Any) -> Message:
        fields: dict[str, Any] = {"direction": Direction.OUTBOUND, "content": Content.plain(text)}
        fields |= {"created_at": NOW, "timestamp": NOW, "status": MessageStatus.PENDING, "chat": conversation.chat}
        c = conversation
        return Message(MessageId(new_id()), c.tenant_id, c.session_id, c.id, c.contact_id, **(fields | more))

    async def enqueue(self, conversation: Conversation, *texts: str, provider: str = "SANDBOX") -> list[Message]:
        messages = [self.make_message(conversation, text) for text in texts]
        async with self.uow() as uow:
            await uow.lanes.add(messages, dict.fromkeys([m.id for m in messages], provider))
            await uow.commit()
        return messages

    async def add_department(self, name: str = "Sales", **more: Any) -> Department:
        slug = more.pop("slug", f"d{uuid4().hex[:10]}")
        department = Department(DepartmentId(new_id()), self.tenant.id, name, slug, NOW, **more)
        async with self.uow() as uow:
            await uow.departments.add(department)
            await uow.commit()
        return department

    async def add_user(self, **more: Any) -> User:
        email = more.pop("email", f"{uuid4().hex[:10]}@example.com")
        user = User(UserId(new_id()), self.tenant.id, email, "Bea", "hash", Role.AGENT, NOW, **more)
        async with self.uow() as uow:
            await uow.users.add(user)
            await uow.commit()
        return user


@pytest_asyncio.fixture
async def new_world(hub: Any) -> Callable[..., Any]:
    async def make(*placement: Any) -> World:
        tenant = await hub.tenant(*placement)
        world = World(hub, tenant, None)  # type: ignore[arg-type]  # its session needs the world to be made
        world.session = await world.add_session()
        return world

    return make


@pytest_asyncio.fixture
async def world(new_world: Callable[..., Any]) -> AsyncIterator[World]:
    yield await new_world()
