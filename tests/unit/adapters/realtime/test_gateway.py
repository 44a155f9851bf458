"""Sockets over a real server: who gets in, who hears what, and that nobody holds up the others."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
import socketio
import uvicorn

from whatsapp_hub.adapters.contracts import entities
from whatsapp_hub.adapters.realtime.gateway import Gateway
from whatsapp_hub.adapters.security.tokens import JwtTokens, user_key
from whatsapp_hub.application.accounts.callers import Callers
from whatsapp_hub.application.ports.log import LoggedEvent
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId, ConversationId, DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.tenant import Tenant
from whatsapp_hub.domain.user import OnlineStatus, Role, User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOME, ABROAD = TenantId(uuid4()), TenantId(uuid4())
SALES, SUPPORT = DepartmentId(uuid4()), DepartmentId(uuid4())
TOKENS = JwtTokens("0123456789abcdef0123456789abcdef")


def a_user(name: str, role: Role = Role.AGENT, department: DepartmentId | None = None, tenant: TenantId = HOME) -> User:
    return User(
        UserId(uuid4()), tenant, f"{name}@example.org", name, "x", role, NOW, department_id=department, is_active=True
    )


def a_conversation(**fields: Any) -> Conversation:
    conversation = Conversation(
        ConversationId(uuid4()), HOME, SessionId(uuid4()), ContactId(uuid4()), "5511@c.us", NOW, NOW
    )
    return replace(conversation, **fields)


@dataclass
class World:
    """The directory, the queries and the use cases that a gateway asks, in memory."""

    users: dict[UUID, User] = field(default_factory=dict)
    conversations: dict[UUID, Conversation] = field(default_factory=dict)
    beats: int = 0

    def add(self, user: User) -> User:
        self.users[user.id] = user
        return user

    async def user(self, *ids: UUID) -> User | None:
        return self.users.get(ids[-1])

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        if tenant_id not in (HOME, ABROAD):
            raise NotFound("tenant", tenant_id)
        return Tenant(tenant_id, "t", "T", NOW)

    async def conversation(self, tenant_id: TenantId, sight: Sight, id: ConversationId) -> Conversation:
        found = self.conversations.get(id)
        if found is None or found.tenant_id != tenant_id or not is_in(sight, found):
            raise NotFound("conversation", id)
        return found

    async def set_presence(self, caller: Caller, status: OnlineStatus) -> User:
        assert caller.user_id
        user = self.users[caller.user_id]
        user.set_presence(status, NOW)
        return user

    async def heartbeat(self, caller: Caller) -> None:
        self.beats += 1


@dataclass
class Desk:
    """A gateway behind a real server, and the clients of one test."""

    world: World
    gateway: Gateway
    url: str
    clients: list["Client"] = field(default_factory=list)
    position: int = 0

    async def connect(self, user: User, **auth: object) -> "Client":
        caller = Caller(user.tenant_id, user.role, user_key(user.id), user.id, user.email)
        client = Client(socketio.AsyncClient(reconnection=False))
        await client.open(self.url, {"token": TOKENS.issue(caller), **auth})
        self.clients.append(client)
        return client

    async def happens(self, type: str, conversation: Conversation | None = None, /, **body: object) -> int:
        self.position += 1
        conversation_id = conversation.id if conversation else None
        tenant_id = conversation.tenant_id if conversation else HOME
        raw = msgspec.json.encode(body)
        await self.gateway.hear(
            LoggedEvent(self.position, tenant_id, type, None, conversation_id, NOW, raw),
        )
        return self.position

    async def moves(self, type: str, conversation: Conversation) -> int:
        return await self.happens(type, conversation, conversation=entities.conversation(conversation))

    async def receives(self, conversation: Conversation) -> int:
        return await self.happens("message.received", conversation, message={"id": "m", "status": "DELIVERED"})


class Client:
    def __init__(self, io: socketio.AsyncClient) -> None:
        self.io = io
        self.heard: list[tuple[str, dict[str, Any]]] = []
        io.on("*", self._hear)

    async def open(self, url: str, auth: dict[str, object]) -> None:
        await self.io.connect(url, auth=auth, transports=["websocket"], wait_timeout=5)

    async def _hear(self, name: str, data: dict[str, Any]) -> None:
        self.heard.append((name, data))

    async def ask(self, name: str, data: object = None) -> Any:
        return await self.io.call(name, data, timeout=5)

    async def positions(self) -> list[int]:
        """What was heard once everything sent so far has arrived."""
        await self.ask("heartbeat")
        return [data["position"] for _, data in self.heard if "position" in data]


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    world = World()
    callers = Callers(TOKENS, world, lambda: NOW, max_age_s=0)  # type: ignore[arg-type]
    gateway = Gateway(callers, world, world.set_presence, world.heartbeat)  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(gateway.asgi, port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    desk = Desk(world, gateway, f"http://127.0.0.1:{port}")
    yield desk
    for client in desk.clients:
        await client.io.disconnect()
    server.should_exit = True
    await serving


@pytest.mark.parametrize("auth", [None, {}, {"token": ""}, {"token": "x.y.z"}, {"token": 5}, "text", {"after": 1}])
async def test_nobody_gets_in_without_a_good_token(desk: Desk, auth: object) -> None:
    client = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(desk.url, auth=auth, transports=["websocket"], wait_timeout=2)


async def test_a_dismissed_user_does_not_get_in(desk: Desk) -> None:
    user = desk.world.add(a_user("ana"))
    user.is_active = False
    with pytest.raises(socketio.exceptions.ConnectionError):
        await desk.connect(user)


async def test_each_hears_what_their_sight_allows_and_once(desk: Desk) -> None:
    world = desk.world
    admin = await desk.connect(world.add(a_user("admin", Role.ADMIN, SALES)))
    seller_user = world.add(a_user("seller", department=SALES))
    seller = await desk.connect(seller_user)
    supporter = await desk.connect(world.add(a_user("supporter", department=SUPPORT)))
    foreigner = await desk.connect(world.add(a_user("foreigner", Role.ADMIN, tenant=ABROAD)))

    nobodys = await desk.moves("conversation.opened", a_conversation())
    fresh = a_conversation()
    fresh_at = await desk.moves("conversation.queued", replace(fresh, department_id=SALES))
    assigned = replace(fresh, department_id=SALES, assigned_user_id=seller_user.id)
    given_at = await desk.moves("conversation.assigned", assigned)
    wrote_at = await desk.receives(fresh)

    assert nobodys == 1
    assert await admin.positions() == [fresh_at, given_at, wrote_at]
    assert await seller.positions() == [fresh_at, given_at, wrote_at]
    assert await supporter.positions() == []
    assert await foreigner.positions() == []


async def test_what_is_nobodys_yet_is_everybodys(desk: Desk) -> None:
    agents = [await desk.connect(desk.world.add(a_user(n, department=d))) for n, d in (("a", SALES), ("b", None))]
    conversation = a_conversation()
    desk.world.conversations[conversation.id] = conversation
    position = await desk.receives(conversation)
    for agent in agents:
        assert await agent.positions() == [position]


async def test_those_who_lose_a_conversation_hear_that_it_is_gone_and_then_no_more(desk: Desk) -> None:
    seller = await desk.connect(desk.world.add(a_user("seller", department=SALES)))
    supporter = await desk.connect(desk.world.add(a_user("supporter", department=SUPPORT)))
    conversation = a_conversation(department_id=SALES)
    desk.world.conversations[conversation.id] = conversation
    assert (await seller.ask("join-conversation", {"conversationId": str(conversation.id)}))["ok"]
    first = await desk.moves("conversation.queued", conversation)
    moved = replace(conversation, department_id=SUPPORT)
    second = await desk.moves("conversation.queued", moved)
    third = await desk.receives(moved)
    assert await seller.positions() == [first, second]
    assert await supporter.positions() == [second, third]
    assert f"conversation:{conversation.id}" not in desk.gateway._server.manager.rooms["/"]


async def test_a_conversation_is_joined_by_right_and_acknowledged(desk: Desk) -> None:
    agent = await desk.connect(desk.world.add(a_user("agent", department=SALES)))
    mine, foreign = a_conversation(department_id=SALES), a_conversation(department_id=SUPPORT)
    desk.world.conversations.update({c.id: c for c in (mine, foreign)})
    joined = await agent.ask("join-conversation", {"conversationId": str(mine.id)})
    assert joined == {"ok": True, "conversationId": str(mine.id)}
    assert (await agent.ask("join-conversation", str(mine.id)))["ok"]
    assert not (await agent.ask("join-conversation", {"conversationId": str(foreign.id)}))["ok"]
    for nonsense in (None, 5, {}, {"conversationId": ["x"]}, "x", [1]):
        assert not (await agent.ask("join-conversation", nonsense))["ok"]
    assert (await agent.ask("leave-conversation", {"conversationId": str(mine.id)}))["ok"]


async def test_only_a_master_joins_another_company(desk: Desk) -> None:
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN, tenant=ABROAD)))
    master = await desk.connect(desk.world.add(a_user("master", Role.MASTER, tenant=ABROAD)))
    assert not (await admin.ask("join-company", {"companyId": str(HOME)}))["ok"]
    assert (await admin.ask("join-company"))["companyId"] == str(ABROAD)
    assert (await master.ask("join-company", {"companyId": str(HOME)}))["ok"]
    position = await desk.moves("conversation.queued", a_conversation(department_id=SALES))
    assert await admin.positions() == []
    assert await master.positions() == [position]


async def test_presence_is_set_and_told_to_the_company(desk: Desk) -> None:
    user = desk.world.add(a_user("agent", department=SALES))
    agent = await desk.connect(user)
    other = await desk.connect(desk.world.add(a_user("other", department=SUPPORT)))
    answer = await agent.ask("agent-status", {"status": "ONLINE"})
    assert (answer["ok"], answer["user"]["onlineStatus"]) == (True, "ONLINE")
    assert not (await agent.ask("agent-status", {"status": "ASLEEP"}))["ok"]
    await desk.happens("user.presence", user=entities.user(user))
    await other.positions()
    assert other.heard == [("agent-status", {"userId": str(user.id), "status": "ONLINE"})]


async def test_a_notification_goes_to_its_person_or_to_the_supervisors(desk: Desk) -> None:
    user = desk.world.add(a_user("agent"))
    agent = await desk.connect(user)
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)))
    conversation = a_conversation(status=ConversationStatus.ASSIGNED)
    shown = entities.conversation(conversation)
    mine = await desk.happens(
        "notification.created", conversation, conversation=shown, kind="conversation.assigned", userId=str(user.id)
    )
    theirs = await desk.happens("notification.created", conversation, conversation=shown, kind="x", role="ADMIN")
    assert await agent.positions() == [mine]
    assert await admin.positions() == [theirs]


async def test_heartbeats_are_kept_but_not_more_often_than_needed(desk: Desk) -> None:
    agent = await desk.connect(desk.world.add(a_user("agent")))
    for _ in range(5):
        assert await agent.ask("heartbeat") == {"ok": True}
    assert desk.world.beats == 1


async def test_whoever_is_dismissed_or_moved_is_disconnected(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsapp_hub.adapters.realtime.gateway.RECHECK_S", 0.01)
    stays, leaves, moves = (desk.world.add(a_user(name, department=SALES)) for name in ("a", "b", "c"))
    clients = [await desk.connect(user) for user in (stays, leaves, moves)]
    leaves.is_active = False
    moves.department_id = SUPPORT
    watching = asyncio.create_task(desk.gateway.watch())
    async with asyncio.timeout(5):
        while clients[1].io.connected or clients[2].io.connected:
            await asyncio.sleep(0.01)
    watching.cancel()
    assert clients[0].io.connected


async def test_a_client_that_does_not_read_is_let_go_and_holds_nobody_up(desk: Desk) -> None:
    admin = desk.world.add(a_user("admin", Role.ADMIN))
    slow, quick = await desk.connect(admin), await desk.connect(desk.world.add(a_user("other", Role.ADMIN)))
    desk.gateway._fanout._max_waiting = 20
    slow_sid = slow.io.get_sid()
    slow_socket = desk.gateway._server.eio.sockets[desk.gateway._server.manager.eio_sid_from_sid(slow_sid, "/")]
    blocked = asyncio.Event()

    async def never() -> list[Any]:
        await blocked.wait()
        return []

    slow_socket.poll = never
    conversation = a_conversation(department_id=SALES)
    await desk.moves("conversation.queued", conversation)
    for _ in range(40):
        await desk.receives(conversation)
        await asyncio.sleep(0.001)
    assert len(await quick.positions()) == 41
    assert slow_socket.closed
    assert slow_socket.queue.qsize() <= 20
    blocked.set()
