"""A shop's own chat widget, with whatsapp_hub's routing inside: menu, queue, fewest conversations, hand-back.

No server and no database: the hub's use cases run in this process, on the storage in memory. Nothing but the package
itself is installed:

    pip install whatsapp-hub
    python embed_routing.py

docs/embedding.md explains each part.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.ids import new_id
from whatsapp_hub.adapters.memory.files import MemoryFileStore
from whatsapp_hub.adapters.memory.storage import MemoryStorage, utc_now
from whatsapp_hub.application.handling.close_conversation import ResolveConversation
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, ProviderEvent
from whatsapp_hub.application.ports.provider.plugin import Accepted, Host, Outgoing, Providers, SessionRef
from whatsapp_hub.application.ports.queues.inbox import NewUpdate
from whatsapp_hub.application.presence.set_presence import SetPresence
from whatsapp_hub.application.receiving.host import HubHost
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.routing.redistribute import RedistributeConversations
from whatsapp_hub.application.routing.serve_queue import ServeFreed, ServeQueue
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.session_history import PendingHistory
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Language, Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.ids import DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Limit
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType, Text
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

WIDGET = "WIDGET"


class Widget:
    """Our provider: the chat in the shop's pages. Both halves, the pure one and the one that sends, are this object."""

    kind = WIDGET
    capabilities = Capabilities(WIDGET, {MessageType.TEXT: Limit(4096)})
    webhooks = None

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        return dict(settings)

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        return {}

    def routes(self, settings: object) -> tuple[str, ...]:
        return ()

    def chat_of(self, identity: Identity) -> str:
        return identity.address

    def translate(self, body: bytes) -> list[ProviderEvent]:
        said = json.loads(body)
        visitor = Identity.chat(said["visitor"])
        at = datetime.fromisoformat(said["at"])
        text = Text(said["text"])
        return [MessageSeen(said["id"], said["visitor"], ChatKind.PERSON, (visitor,), text, at, name=said["name"])]

    def connect(self, host: Host) -> "Widget":
        return self

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        print(f"  → {message.chat}: {message.content.text.splitlines()[0]} …")
        return Accepted(str(message.message_id))

    async def aclose(self) -> None: ...


@dataclass
class Desk:
    """The use cases that this service calls, on one storage."""

    widget: Widget = field(default_factory=Widget)

    def __post_init__(self) -> None:
        self.storage = storage = MemoryStorage(plugins={WIDGET: self.widget})
        self.providers = Providers({WIDGET: self.widget}, HubHost(storage.inbox, PendingHistory(storage.clock)))
        follow = AdvanceConnection(utc_now, ReconnectPolicy(), lambda: 0.5)
        show = ShowCustomer(self.providers, storage.commands, new_id, storage)
        serve = ServeQueue(storage, utc_now, new_id)
        redistribute = RedistributeConversations(storage, utc_now, new_id)
        self.receive = ReceiveEvents(storage, self.providers, utc_now, new_id, follow)
        read_file = ReadFile(storage, MemoryFileStore())
        self.drain = DrainLanes(storage, self.providers, utc_now, new_id, {WIDGET: Pacing(None, None)}, read_file)
        self.send = SendMessage(storage, self.providers, utc_now, new_id, show)
        self.set_presence = SetPresence(storage, utc_now, serve, redistribute)
        self.resolve = ResolveConversation(storage, utc_now, new_id, ServeFreed(storage, serve))

    async def open(self) -> None:
        """Create the company, its number, two departments and an agent in each: one transaction."""
        now = utc_now()
        self.company = Tenant(TenantId(new_id()), "shop", "The shop", now, language=Language.EN)
        await self.storage.directory.add_tenant(self.company)
        self.session = Session(
            *(SessionId(new_id()), self.company.id, "widget", "The widget", WIDGET, Routing.DEPARTMENTS, now, now),
            settings={}, status=SessionStatus.CONNECTED, is_active=True,
        )  # fmt: skip
        async with self.storage.tenant(self.company.id) as uow:
            await uow.sessions.add(self.session)
            for name in ("Orders", "Returns"):
                department = Department(
                    DepartmentId(new_id()), self.company.id, name, name.lower(), now, max_conversations=1
                )
                await uow.departments.add(department)
                email, who = f"{name.lower()}@shop.example", f"Agent of {name}"
                agent = User(UserId(new_id()), self.company.id, email, who, "-", Role.AGENT, now)
                agent.department_id = department.id
                await uow.users.add(agent)
            await uow.commit()
            self.agents = {user.name: user for user in await uow.users.all()}

    def as_(self, agent: User) -> Caller:
        return Caller(self.company.id, agent.role, f"user:{agent.id}", agent.id, agent.email)

    async def says(self, visitor: str, text: str) -> None:
        """A visitor writes: stored first, then applied; what the hub answers is sent."""
        print(f"{visitor}: {text}")
        said = {"id": str(new_id()), "visitor": visitor, "name": visitor, "text": text, "at": utc_now().isoformat()}
        body = json.dumps(said).encode()
        where = (self.company.id, self.session.id)
        await self.storage.inbox.append([NewUpdate(WIDGET, said["id"], visitor, body, *where)])
        await self.work()

    async def work(self) -> None:
        """What a worker does when it is woken."""
        while await self.receive(self.company.id):
            pass
        while await self.drain(self.company.id):
            await self.drain.aclose()
        await self.drain.aclose()

    async def held_by(self, agent: User) -> list[str]:
        async with self.storage.tenant(self.company.id) as uow:
            return [conversation.chat for conversation in await uow.conversations.routed_to(agent.id, 100)]


async def main() -> None:
    desk = Desk()
    await desk.open()
    orders = desk.agents["Agent of Orders"]

    await desk.says("ana", "Hello")
    await desk.says("ana", "Orders")  # nobody is there yet: Ana waits in the queue
    await desk.set_presence(desk.as_(orders), OnlineStatus.ONLINE)
    await desk.work()
    print(f"{orders.name} has {await desk.held_by(orders)}")

    await desk.says("bia", "Hello")
    await desk.says("bia", "Orders")  # the agent has as many as they may have: Bia waits
    async with desk.storage.tenant(desk.company.id) as uow:
        [conversation] = await uow.conversations.routed_to(orders.id, 100)
    await desk.send(desk.as_(orders), conversation.id, Text("Your parcel is on its way."))
    await desk.resolve(desk.as_(orders), conversation.id)  # and the next customer is there
    await desk.work()
    print(f"{orders.name} has {await desk.held_by(orders)}")

    happened = [event.type.value for event in desk.storage.events(desk.company.id)]
    print(f"{len(happened)} events, the last of them {happened[-1]}")


if __name__ == "__main__":
    asyncio.run(main())
