"""A service desk on a real database: the use cases as the container makes them, under a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest_asyncio

from tests.integration.conftest import HAPPENED, Hub, new_id
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.handling.close_conversation import (
    ArchiveConversation,
    ReopenConversation,
    ResolveConversation,
)
from whatsapp_hub.application.handling.transfer_conversation import TransferConversation, UnassignConversation
from whatsapp_hub.application.media.expect_files import ExpectFiles
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen
from whatsapp_hub.application.ports.provider.plugin import Host, Providers
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.presence.set_presence import ExpirePresence, Heartbeat, SetPresence
from whatsapp_hub.application.receiving.apply_messages import ApplyMessages
from whatsapp_hub.application.receiving.batch import Batch, Seen, SeenMessage
from whatsapp_hub.application.routing.check_deadlines import CheckDeadlines
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.application.routing.redirect_overdue import RedirectOverdue
from whatsapp_hub.application.routing.redistribute import RedistributeAll, RedistributeConversations
from whatsapp_hub.application.routing.serve_queue import ServeAllQueues, ServeFreed, ServeQueue
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.bot import Bot
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import DepartmentId, SessionId, TenantId, UserId, WebhookId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content, Text
from whatsapp_hub.domain.service.service_level import ServiceLevel
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Hands:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@dataclass
class Desk:
    """One tenant, one sandbox session that routes, and everything that its people and the schedule do."""

    hub: Hub
    tenant: Tenant
    session: Session
    clock: Hands = field(default_factory=Hands)

    def __post_init__(self) -> None:
        storage, clock = self.hub.storage, self.clock
        self.serve = ServeQueue(storage, clock, new_id)
        self.serve_all = ServeAllQueues(storage, self.serve)
        freed = ServeFreed(storage, self.serve)
        redistribute = RedistributeConversations(storage, clock, new_id)
        self.set_presence = SetPresence(storage, clock, self.serve, redistribute)
        self.heartbeat = Heartbeat(storage, clock)
        self.expire_presence = ExpirePresence(storage, clock, RedistributeAll(storage, redistribute))
        self.expire_flows = ExpireFlows(storage, clock, new_id)
        self.redirect = RedirectOverdue(storage, clock, new_id, self.serve_all)
        self.tell_targets = CheckDeadlines(storage, clock, new_id)
        self.assign = AssignConversation(storage, clock, new_id, freed)
        self.unassign = UnassignConversation(storage, clock, new_id, freed)
        self.transfer = TransferConversation(storage, clock, new_id, freed)
        self.resolve = ResolveConversation(storage, clock, new_id, freed)
        self.archive = ArchiveConversation(storage, clock, new_id, freed)
        self.reopen = ReopenConversation(storage, clock, new_id)

    @property
    def id(self) -> TenantId:
        return self.tenant.id

    async def department(self, name: str = "Vendas", **more: Any) -> Department:
        made = Department(DepartmentId(new_id()), self.id, name, f"d{uuid4().hex[:8]}", self.clock.now, **more)
        async with self.hub.storage.tenant(self.id) as uow:
            await uow.departments.add(made)
            await uow.commit()
        return made

    async def person(
        self, department: Department | None, status: OnlineStatus = OnlineStatus.ONLINE, **more: Any
    ) -> User:
        name = more.pop("name", f"P{uuid4().hex[:4]}")
        email, role = f"{uuid4().hex[:10]}@example.com", more.pop("role", Role.AGENT)
        user = User(UserId(new_id()), self.id, email, name, "hash", role, self.clock.now, **more)
        user.department_id = department.id if department else None
        user.set_presence(status, self.clock.now)
        user.hands_over = False
        user.take_events()
        async with self.hub.storage.tenant(self.id) as uow:
            await uow.users.add(user)
            await uow.commit()
        return user

    def as_(self, user: User) -> Caller:
        return Caller(self.id, user.role, f"user:{user.id}", user.id, user.email)

    async def goes(self, user: User, status: OnlineStatus) -> None:
        await self.set_presence(self.as_(user), status)

    async def writes(self, phone: str, *texts: str) -> Conversation:
        """A customer's texts, as receiving applies them, and the round that they belong to."""
        for text in texts:
            await self.sees(phone, Text(text), name="Ana")
        return await self.round(phone)

    async def sees(self, chat: str, content: Content, **more: Any) -> None:
        """A message as receiving applies it; `more` of MessageSeen."""
        kind = more.get("kind", ChatKind.PERSON)
        names = (Identity.phone(chat) if kind is ChatKind.PERSON else Identity.chat(chat),)
        usual: dict[str, Any] = {"kind": kind, "chat_names": names, "at": self.clock.now}
        event = MessageSeen(uuid4().hex, chat, content=content, **usual | more)
        async with self.hub.storage.tenant(self.id) as uow:
            seen, changes = Seen(self.session.id, event), Changes(uow, new_id, self.clock.now)
            batch = await Batch.load(uow, {self.session.id: self.session}, [seen], changes)
            [message] = batch.seen
            assert isinstance(message, SeenMessage)
            files = ExpectFiles(Providers({}, cast("Host", None)), changes)  # no provider hands over files
            await ApplyMessages(batch, changes, lambda _: None, files)(message)
            await changes.write()
            await uow.commit()

    async def binds_bot(self) -> None:
        """Give the session a bot that never answers."""
        async with self.hub.storage.tenant(self.id) as uow:
            session = await uow.sessions.get(self.session.id)
            session.bind(Bot(WebhookId(new_id()), f"https://{uuid4().hex}.example"), self.clock.now)
            await uow.sessions.save(session)
            await uow.commit()
        self.session = session

    async def queued(self, department: Department, phone: str | None = None) -> Conversation:
        """A customer who has chosen this department."""
        return await self.writes(phone or a_phone(), "Oi", department.name)

    async def round(self, phone: str) -> Conversation:
        async with self.hub.storage.tenant(self.id) as uow:
            [(contact, _)], _ = await uow.contacts.find_or_create(
                [Sighting((Identity.phone(phone),), None)], self.clock.now
            )
            return (await uow.conversations.latest([(self.session.id, contact.id)]))[self.session.id, contact.id]

    async def get(self, conversation: Conversation) -> Conversation:
        async with self.hub.storage.tenant(self.id) as uow:
            return await uow.conversations.peek(conversation.id)

    async def user(self, user: User) -> User:
        async with self.hub.storage.tenant(self.id) as uow:
            return await uow.users.peek(user.id)

    async def answers(self, user: User, conversation: Conversation) -> None:
        """A person writes back."""
        async with self.hub.storage.tenant(self.id) as uow:
            stored = await uow.conversations.get(conversation.id)
            changes = Changes(uow, new_id, self.clock.now)
            stored.person_wrote(changes.now)
            changes.conversation(stored)
            await changes.write()
            await uow.commit()

    async def sweeps(self) -> None:
        """Everything that the schedule does."""
        await self.expire_flows(self.id)
        await self.expire_presence(self.id)
        await self.redirect(self.id)
        await self.tell_targets(self.id)

    async def sets(self, level: ServiceLevel) -> None:
        """The company's service level."""
        async with self.hub.storage.tenant(self.id) as uow:
            tenant = await uow.tenants.own()
            tenant.level = level
            await uow.tenants.save(tenant)
            await uow.commit()

    async def said(self, conversation: Conversation) -> list[str]:
        """The bot's texts."""
        rows = await self.hub.owner.fetch(
            "SELECT content FROM pooled.messages WHERE conversation_id = $1 AND is_bot ORDER BY seq", conversation.id
        )
        return [row["content"] for row in rows]

    async def events(self, conversation: Conversation) -> list[str]:
        """The types of what happened to it, in order."""
        rows = await self.hub.owner.fetch(
            f"SELECT type FROM {HAPPENED} WHERE conversation_id = $1 AND type LIKE 'conversation.%' ORDER BY n",
            conversation.id,
        )
        return [row["type"] for row in rows]

    async def told(self, user: User) -> list[str]:
        """The kinds of the notifications that this user has."""
        rows = await self.hub.owner.fetch(
            "SELECT kind FROM pooled.notifications WHERE user_id = $1 ORDER BY id", user.id
        )
        return [row["kind"] for row in rows]


def a_phone() -> str:
    return f"55119{uuid4().int % 10**8:08d}"


async def make_desk(hub: Hub) -> Desk:
    tenant = await hub.tenant()
    key = f"s{uuid4().hex[:10]}"
    session = Session(
        SessionId(new_id()), tenant.id, key, key, "SANDBOX", Routing.DEPARTMENTS, START, START,
        settings={}, status=SessionStatus.CONNECTED, is_active=True,
    )  # fmt: skip
    async with hub.storage.tenant(tenant.id) as uow:
        await uow.sessions.add(session)
        await uow.commit()
    return Desk(hub, tenant, session)


@pytest_asyncio.fixture
async def desk(hub: Hub) -> AsyncIterator[Desk]:
    yield await make_desk(hub)
