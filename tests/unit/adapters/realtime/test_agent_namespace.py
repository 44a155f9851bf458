"""Sockets over a real server: who gets in, who hears what, and that nobody holds up the others."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
import socketio
import uvicorn

from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView
from whatsapp_hub.adapters.realtime.agent_namespace import AgentNamespace
from whatsapp_hub.adapters.realtime.membership import rooms_of_rights
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.security.tokens import JwtTokens, user_key
from whatsapp_hub.application.authentication.callers import Callers
from whatsapp_hub.application.ports.edge.access import EVERYONE, AccessChange
from whatsapp_hub.application.ports.edge.directory import SignedIn
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.pulse import LOOP_S, Pulse
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason, SignIn
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Expired, NotFound, Unavailable
from whatsapp_hub.domain.ids import ContactId, ConversationId, DepartmentId, SessionId, SignInId, TenantId, UserId

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
    """The directory, the queries and the use cases that a namespace asks, in memory."""

    users: dict[UUID, User] = field(default_factory=dict)
    conversations: dict[UUID, Conversation] = field(default_factory=dict)
    events: list[LoggedEvent] = field(default_factory=list)
    signed_out: set[UUID] = field(default_factory=set)
    forgotten: int = 0
    beats: int = 0

    def add(self, user: User) -> User:
        self.users[user.id] = user
        return user

    async def user(self, *ids: UUID) -> User | None:
        return self.users.get(ids[-1])

    async def signed_in(self, id: SignInId) -> SignedIn | None:
        """Each user has one sign-in, of the same id."""
        if (user := self.users.get(id)) is None:
            return None
        ends = {"ended_at": NOW, "end_reason": EndReason.SIGNED_OUT} if id in self.signed_out else {}
        sign_in = SignIn(id, user.tenant_id, user.id, AuthMethod.PASSWORD, NOW, NOW + timedelta(days=9), NOW, **ends)
        return SignedIn(sign_in, replace(user, _events=[]))

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        if tenant_id not in (HOME, ABROAD):
            raise NotFound("tenant", tenant_id)
        return Tenant(tenant_id, "t", "T", NOW)

    async def conversation(self, tenant_id: TenantId, sight: Sight, id: ConversationId) -> Conversation:
        found = self.conversations.get(id)
        if found is None or found.tenant_id != tenant_id or not is_in(sight, found):
            raise NotFound("conversation", id)
        return found

    async def read(self, after: int, limit: int, tenant_id: TenantId) -> list[LoggedEvent]:
        if not self.forgotten <= after <= len(self.events):
            raise Expired(after, self.forgotten + 1)
        return [e for e in self.events if e.position > after and e.tenant_id == tenant_id][:limit]

    async def head(self) -> int:
        return len(self.events)

    async def conversation_at(self, conversation_id: ConversationId, position: int) -> bytes | None:
        found = (e for e in reversed(self.events) if e.position <= position and e.conversation_id == conversation_id)
        return next((e.body for e in found if e.type.startswith("conversation.")), None)

    async def set_presence(self, caller: Caller, status: OnlineStatus) -> User:
        assert caller.user_id
        user = self.users[caller.user_id]
        user.set_presence(status, NOW)
        return user

    async def heartbeat(self, caller: Caller) -> None:
        self.beats += 1


@dataclass
class Desk:
    """A namespace behind a real server, and the clients of one test."""

    world: World
    namespace: AgentNamespace
    recent: EventBuffer
    url: str
    clients: list["Client"] = field(default_factory=list)
    position: int = 0

    async def connect(self, user: User, **auth: object) -> "Client":
        caller = Caller(user.tenant_id, user.role, user_key(user.id), user.id, user.email, sign_in_id=SignInId(user.id))
        client = Client(socketio.AsyncClient(reconnection=False))
        await client.open(self.url, {"token": TOKENS.issue(caller), **auth})
        self.clients.append(client)
        return client

    async def happens(self, type: str, conversation: Conversation | None = None, /, **body: object) -> int:
        self.position += 1
        conversation_id = conversation.id if conversation else None
        tenant_id = conversation.tenant_id if conversation else HOME
        raw = msgspec.json.encode(body)
        event = LoggedEvent(self.position, tenant_id, type, None, conversation_id, NOW, raw)
        self.world.events.append(event)
        self.recent.add(event)
        await self.namespace.hear(event)
        return self.position

    def holds(self, **limits: int) -> None:
        """Let so many packets, or so much, wait for one client."""
        server = self.namespace._server
        server.limits = msgspec.structs.replace(server.limits, **limits)

    async def moves(self, type: str, conversation: Conversation) -> int:
        return await self.happens(type, conversation, conversation=ConversationView.of(conversation))

    async def receives(self, conversation: Conversation) -> int:
        return await self.happens("message.received", conversation, message={"id": "m", "status": "DELIVERED"})


class Client:
    def __init__(self, io: socketio.AsyncClient) -> None:
        self.io = io
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.base: int | None = None
        io.on("*", self._hear)

    async def open(self, url: str, auth: dict[str, object]) -> None:
        await self.io.connect(url, auth=auth, transports=["websocket"], wait_timeout=5)

    async def _hear(self, name: str, data: dict[str, Any]) -> None:
        if name == "connected":
            self.base = data["position"]
        else:
            self.heard.append((name, data))

    async def ask(self, name: str, data: object = None) -> Any:
        return await self.io.call(name, data, timeout=5)

    async def positions(self) -> list[int]:
        """What was heard once everything sent so far has arrived."""
        await self.ask("heartbeat")
        return [data["position"] for _, data in self.heard if "position" in data]


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    world, recent = World(), EventBuffer()
    callers = Callers(TOKENS, world, lambda: NOW, sure_s=0)  # type: ignore[arg-type]
    stand_in: Any = world
    namespace = AgentNamespace(
        callers, stand_in, stand_in.set_presence, stand_in.heartbeat, stand_in, recent, stand_in, stand_in
    )
    recent.begin(0)
    await namespace.begin(0)
    server = uvicorn.Server(uvicorn.Config(namespace.asgi, port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    desk = Desk(world, namespace, recent, f"http://127.0.0.1:{port}")
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

    assert await admin.positions() == [nobodys, fresh_at, given_at, wrote_at]
    assert await seller.positions() == [nobodys, fresh_at, given_at, wrote_at]
    assert await supporter.positions() == [nobodys]
    assert await foreigner.positions() == []


async def test_what_is_nobodys_yet_is_everybodys(desk: Desk) -> None:
    agents = [await desk.connect(desk.world.add(a_user(n, department=d))) for n, d in (("a", SALES), ("b", None))]
    conversation = a_conversation()
    desk.world.conversations[conversation.id] = conversation
    position = await desk.receives(conversation)
    for agent in agents:
        assert await agent.positions() == [position]


async def test_contacts_are_shown_to_those_who_see_all_and_states_to_those_who_read_sessions(desk: Desk) -> None:
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN, SALES)))
    agent = await desk.connect(desk.world.add(a_user("agent", department=SALES)))
    foreigner = await desk.connect(desk.world.add(a_user("foreigner", Role.ADMIN, tenant=ABROAD)))
    told = await desk.happens("contact.updated", None, contact={"id": "c"})
    state = await desk.happens("session.connected", None, session={"id": "s", "status": "CONNECTED"}, was="CONNECTING")
    assert await admin.positions() == [told, state]
    assert await agent.positions() == [state]
    assert await foreigner.positions() == []


async def test_campaigns_are_shown_to_those_who_manage_them_alone(desk: Desk) -> None:
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)))
    agent = await desk.connect(desk.world.add(a_user("agent", department=SALES)))
    begun = await desk.happens("campaign.started", None, campaign={"id": "c"})
    assert (await admin.positions(), await agent.positions()) == ([begun], [])


async def test_a_key_that_sees_every_conversation_is_in_no_room_of_campaigns() -> None:
    key = Caller(
        HOME, Role.ADMIN, "key:1", scopes=frozenset({Action.READ_CONVERSATIONS, Action.READ_ALL_CONVERSATIONS})
    )
    assert rooms_of_rights(key) == []
    more = replace(key, scopes=frozenset({Action.MANAGE_CAMPAIGNS, Action.READ_SESSIONS}))
    assert rooms_of_rights(more) == [f"sessions:{HOME}", f"campaigns:{HOME}"]


async def test_an_erased_contact_is_told_to_those_who_saw_its_conversations(desk: Desk) -> None:
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)))
    seller = await desk.connect(desk.world.add(a_user("seller", department=SALES)))
    helper = await desk.connect(desk.world.add(a_user("helper", department=SUPPORT)))
    conversation = a_conversation(department_id=SALES)
    desk.world.conversations[conversation.id] = conversation
    erased = {"contactId": "c", "conversationIds": [str(conversation.id)]}
    position = await desk.happens("contact.erased", None, **erased)
    for one in (admin, seller):
        await one.positions()
        assert one.heard == [("contact-erased", {**erased, "position": position})]
    assert await helper.positions() == []


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
    assert f"conversation:{conversation.id}" not in desk.namespace._server.manager.rooms["/"]


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


async def test_who_opens_a_conversation_is_shown_to_those_who_may_see_it(desk: Desk) -> None:
    users = [
        desk.world.add(a_user(name, department=place)) for name, place in (("a", SALES), ("b", SALES), ("c", SUPPORT))
    ]
    looker, colleague, stranger = [await desk.connect(user) for user in users]
    conversation = a_conversation(department_id=SALES)
    desk.world.conversations[conversation.id] = conversation
    about = {"conversationId": str(conversation.id)}
    assert (await looker.ask("join-conversation", about))["ok"]
    assert (await looker.ask("leave-conversation", about))["ok"]
    for client in (colleague, stranger):
        await client.ask("heartbeat")
    seen = [{**about, "users": [str(users[0].id)]}, {**about, "users": []}]
    assert [data for name, data in colleague.heard if name == "viewers"] == seen
    assert [data for name, data in stranger.heard if name == "viewers"] == []


async def test_only_a_master_joins_another_company(desk: Desk) -> None:
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN, tenant=ABROAD)))
    master = await desk.connect(desk.world.add(a_user("master", Role.MASTER, tenant=ABROAD)))
    assert not (await admin.ask("join-company", {"companyId": str(HOME)}))["ok"]
    assert (await admin.ask("join-company"))["companyId"] == str(ABROAD)
    assert (await master.ask("join-company", {"companyId": str(HOME)}))["ok"]
    position = await desk.moves("conversation.queued", a_conversation(department_id=SALES))
    assert await admin.positions() == []
    assert await master.positions() == [position]


async def test_typing_is_told_to_those_who_look_at_the_conversation_and_to_nobody_else(desk: Desk) -> None:
    users = [desk.world.add(a_user(name, department=SALES)) for name in "abc"]
    writer, looker, elsewhere = [await desk.connect(user) for user in users]
    conversation, foreign = a_conversation(department_id=SALES), a_conversation(department_id=SUPPORT)
    desk.world.conversations.update({c.id: c for c in (conversation, foreign)})
    told: list[bytes] = []

    async def tell(said: bytes) -> None:
        told.append(said)

    desk.namespace.typing._publish = tell
    for client in (writer, looker):
        assert (await client.ask("join-conversation", {"conversationId": str(conversation.id)}))["ok"]
    for is_typing in (True, True, True, False):  # at every key, and at last sent
        said = {"conversationId": str(conversation.id), "typing": is_typing}
        assert await writer.ask("typing", said) == {"ok": True}
    for client in (writer, looker, elsewhere):
        await client.ask("heartbeat")
        client.heard = [one for one in client.heard if one[0] == "typing"]
    payload = {"conversationId": str(conversation.id), "userId": str(users[0].id), "customer": False}
    assert looker.heard == [("typing", {**payload, "typing": is_typing}) for is_typing in (True, False)]
    assert (writer.heard, elsewhere.heard, len(told)) == ([], [], 2)
    looker.heard.clear()
    for said in (told[0], b"", b"{}", b"nonsense", b"\xff"):  # as another process says it
        desk.namespace.typing.hear(said)
    await looker.ask("heartbeat")
    assert looker.heard == [("typing", {**payload, "typing": True})]
    for nonsense in (None, {}, "x", {"conversationId": str(conversation.id)}, {"conversationId": "x", "typing": True}):
        assert not (await writer.ask("typing", nonsense))["ok"]
    assert not (await writer.ask("typing", {"conversationId": str(foreign.id), "typing": True}))["ok"]


async def test_presence_is_set_and_told_to_the_company(desk: Desk) -> None:
    user = desk.world.add(a_user("agent", department=SALES))
    agent = await desk.connect(user)
    other = await desk.connect(desk.world.add(a_user("other", department=SUPPORT)))
    answer = await agent.ask("agent-status", {"status": "ONLINE"})
    assert (answer["ok"], answer["user"]["onlineStatus"]) == (True, "ONLINE")
    assert not (await agent.ask("agent-status", {"status": "ASLEEP"}))["ok"]
    await desk.happens("user.presence", user=UserView.of(user))
    await other.positions()
    assert other.heard == [("agent-status", {"userId": str(user.id), "status": "ONLINE"})]


async def test_a_notification_goes_to_its_person_or_to_the_supervisors(desk: Desk) -> None:
    user = desk.world.add(a_user("agent"))
    agent = await desk.connect(user)
    admin = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)))
    conversation = a_conversation(status=ConversationStatus.ASSIGNED)
    shown = ConversationView.of(conversation)
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
    monkeypatch.setattr("whatsapp_hub.adapters.realtime.agent_namespace.RECHECK_S", 0.01)
    stays, leaves, moves = (desk.world.add(a_user(name, department=SALES)) for name in ("a", "b", "c"))
    clients = [await desk.connect(user) for user in (stays, leaves, moves)]
    leaves.is_active = False
    moves.department_id = SUPPORT
    watching = asyncio.create_task(desk.namespace.watch())
    async with asyncio.timeout(5):
        while clients[1].io.connected or clients[2].io.connected:
            await asyncio.sleep(0.01)
    watching.cancel()
    assert clients[0].io.connected


@pytest.mark.parametrize("limits", [{"waiting_packets": 20}, {"waiting_bytes": 3000}])
async def test_a_client_that_does_not_read_is_let_go_and_holds_nobody_up(desk: Desk, limits: dict[str, int]) -> None:
    admin = desk.world.add(a_user("admin", Role.ADMIN))
    slow, quick = await desk.connect(admin), await desk.connect(desk.world.add(a_user("other", Role.ADMIN)))
    desk.holds(**limits)
    slow_sid = slow.io.get_sid()
    slow_socket = desk.namespace._server.eio.sockets[desk.namespace._server.transport_of(slow_sid, "/")]
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


async def test_a_client_learns_where_the_log_stands(desk: Desk) -> None:
    await desk.moves("conversation.opened", a_conversation())
    client = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)))
    await client.positions()
    assert client.base == 1


async def test_a_client_that_is_too_slow_hears_why_and_gets_the_rest_when_it_comes_back(desk: Desk) -> None:
    user = desk.world.add(a_user("seller", department=SALES))
    slow = await desk.connect(user)
    await slow.positions()
    desk.holds(waiting_packets=20)
    eio_sid = desk.namespace._server.transport_of(slow.io.get_sid(), "/")
    socket = desk.namespace._server.eio.sockets[eio_sid]
    reads, poll = asyncio.Event(), socket.poll

    async def stopping() -> list[Any]:
        await reads.wait()
        return await poll()

    socket.poll = stopping
    conversation = a_conversation(department_id=SALES)
    first = await desk.moves("conversation.queued", conversation)
    await desk.receives(conversation)
    await asyncio.sleep(0.05)  # its writer is in the `poll` before
    for _ in range(40):
        await desk.receives(conversation)
    reads.set()
    async with asyncio.timeout(5):
        while slow.io.connected:
            await asyncio.sleep(0.01)
    name, data = slow.heard[-1]
    assert (name, data["code"]) == ("error", "too_slow")
    seen = [data["position"] for _, data in slow.heard if "position" in data]
    assert len(seen) < 42
    desk.holds(waiting_packets=1000)
    again = await desk.connect(user, after=seen[-1] if seen else 0)
    await until_heard(again, 42)
    missed = await again.positions()
    assert [*seen, *missed] == list(range(first, 43))


@pytest.mark.parametrize("after", [0, 1, 5, "7", 12])
async def test_whoever_comes_back_hears_what_they_missed_and_then_goes_on(desk: Desk, after: int | str) -> None:
    conversation = a_conversation(department_id=SALES)
    await desk.moves("conversation.opened", conversation)
    for _ in range(11):
        await desk.receives(conversation)
    client = await desk.connect(desk.world.add(a_user("seller", department=SALES)), after=after)
    await desk.receives(conversation)
    await until_heard(client, 13)
    assert client.base == int(after)
    assert await client.positions() == list(range(int(after) + 1, 14))


async def test_coming_and_going_at_any_moment_neither_skips_nor_doubles(desk: Desk) -> None:
    jitter = random.Random(3)
    conversation = a_conversation(department_id=SALES)
    desk.recent._most_events = 40  # whoever was away for longer reads the log
    user = desk.world.add(a_user("seller", department=SALES))
    await desk.moves("conversation.opened", conversation)
    heard: list[list[int]] = [[1] for _ in range(6)]

    async def happen() -> None:
        for _ in range(200):
            await desk.receives(conversation)
            await asyncio.sleep(jitter.random() * 0.003)

    async def come_and_go(mine: list[int]) -> None:
        while mine[-1] < desk.position or not happening.done():
            client = await desk.connect(user, after=mine[-1])
            await asyncio.sleep(jitter.random() * 0.08)
            await client.io.disconnect()
            mine += [data["position"] for _, data in client.heard]
            await asyncio.sleep(jitter.random() * 0.1)

    happening = asyncio.create_task(happen())
    async with asyncio.timeout(120):
        await asyncio.gather(happening, *map(come_and_go, heard))
    assert heard == [list(range(1, 202))] * 6


async def test_what_was_missed_is_what_one_would_have_heard(desk: Desk) -> None:
    """Of a conversation that came and went: what it was about while it was theirs, and that it left."""
    conversation = a_conversation(department_id=SUPPORT)
    await desk.moves("conversation.opened", conversation)
    await desk.receives(conversation)
    came = await desk.moves("conversation.queued", replace(conversation, department_id=SALES))
    inside = await desk.receives(conversation)
    left = await desk.moves("conversation.queued", conversation)
    desk.world.conversations[conversation.id] = conversation
    await desk.receives(conversation)
    seller = desk.world.add(a_user("seller", department=SALES))
    for after, expected in ((0, [came, inside, left]), (came, [inside, left]), (inside, [left]), (left, [])):
        client = await desk.connect(seller, after=after)
        assert await settled(client) == expected


async def test_a_position_that_is_kept_no_more_is_a_reset(desk: Desk) -> None:
    conversation = a_conversation(department_id=SALES)
    await desk.moves("conversation.opened", conversation)
    for _ in range(5):
        await desk.receives(conversation)
    desk.recent._most_events = 0
    desk.world.forgotten = 3
    await desk.receives(conversation)
    user = desk.world.add(a_user("seller", department=SALES))
    for after in (2, 1000):
        client = await desk.connect(user, after=after)
        await settled(client)
        assert client.heard == [("reset", {"position": 7})]
    position = await desk.receives(conversation)
    assert (await client.positions())[-1] == position


async def test_a_log_replaced_under_our_feet_is_told_to_everybody(desk: Desk) -> None:
    client = await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)))
    await client.positions()
    await desk.namespace.begin(500)
    await client.positions()
    assert client.heard == [("reset", {"position": 500})]


@pytest.mark.parametrize("after", ["x", -1, True, [1], {"a": 1}, 1.5, "9" * 30])
async def test_nonsense_for_a_position_is_refused(desk: Desk, after: object) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await desk.connect(desk.world.add(a_user("admin", Role.ADMIN)), after=after)


async def test_a_token_that_expires_ends_the_connection_with_its_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp_hub.adapters.realtime.agent_namespace.RECHECK_S", 0.02)
    user = desk.world.add(a_user("ana", Role.ADMIN))
    caller = Caller(user.tenant_id, user.role, user_key(user.id), user.id, user.email, sign_in_id=SignInId(user.id))
    client = Client(socketio.AsyncClient(reconnection=False))
    desk.clients.append(client)
    await client.open(desk.url, {"token": TOKENS.issue(caller, timedelta(seconds=1.2))})
    watching = asyncio.create_task(desk.namespace.watch())
    async with asyncio.timeout(8):
        while client.io.connected:
            await asyncio.sleep(0.02)
    watching.cancel()
    assert [(name, data["code"]) for name, data in client.heard] == [("error", "unauthenticated")]


async def test_who_signs_out_is_let_go_when_the_feed_says_so_and_others_stay(desk: Desk) -> None:
    users = [desk.world.add(a_user(name, Role.ADMIN)) for name in ("ana", "bia")]
    gone, staying = [await desk.connect(user) for user in users]
    watching = asyncio.create_task(desk.namespace.watch())
    desk.world.signed_out.add(users[0].id)
    desk.namespace.access_changed([AccessChange(HOME, users[0].id, SignInId(users[0].id))])
    async with asyncio.timeout(5):
        while gone.io.connected:
            await asyncio.sleep(0.02)
    watching.cancel()
    assert [(name, data["code"]) for name, data in gone.heard] == [("error", "unauthenticated")]
    assert staying.io.connected
    assert await staying.positions() == []


async def test_where_nobody_can_tell_for_long_who_may_be_here_sockets_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that lost the database would go on serving whoever was signed out elsewhere since."""
    client = await desk.connect(desk.world.add(a_user("ana", Role.ADMIN)))
    monkeypatch.setattr("whatsapp_hub.application.authentication.callers.DEAF_AFTER_S", -1.0)
    watching = asyncio.create_task(desk.namespace.watch())
    desk.namespace.access_changed([EVERYONE])
    async with asyncio.timeout(5):
        while client.io.connected:
            await asyncio.sleep(0.02)
    watching.cancel()
    assert [(name, data["code"]) for name, data in client.heard] == [("error", "unavailable")]


async def until_heard(client: Client, position: int) -> None:
    async with asyncio.timeout(5):
        while not client.heard or client.heard[-1][1].get("position") != position:
            await asyncio.sleep(0.005)


async def settled(client: Client) -> list[int]:
    """What it heard once it hears live."""
    await asyncio.sleep(0.15)
    return await client.positions()


@dataclass
class Hours:
    """A clock that goes on as far as each step takes."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_slow_database_does_not_make_the_loops_stand(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the watchdog would end the process, and with it every socket, because the database was away."""
    clock, standing = Hours(), dict[str, float]()
    pulse = Pulse(clock)
    for module in ("agent_namespace", "client_namespace"):
        monkeypatch.setattr(f"whatsapp_hub.adapters.realtime.{module}.PULSE", pulse)
    monkeypatch.setattr("whatsapp_hub.adapters.realtime.agent_namespace.RECHECK_S", 0.01)
    monkeypatch.setattr("whatsapp_hub.adapters.realtime.agent_namespace.AWAY_S", 0.0)
    for name in ("a", "b", "c", "d"):
        await desk.connect(desk.world.add(a_user(name, Role.ADMIN)))
    checked = 0

    async def slowly(*_: object) -> None:
        nonlocal checked
        clock.now += LOOP_S / 2
        standing.update(pulse.stalled())
        checked += 1

    monkeypatch.setattr(desk.namespace, "_recheck", slowly)
    watching = asyncio.create_task(desk.namespace.watch())
    async with asyncio.timeout(5):
        while checked < 8:
            await asyncio.sleep(0.01)
    watching.cancel()
    pulse.ended("members")
    pulse.beat("tail")
    tried = 0

    async def away(*_: object) -> list[object]:
        nonlocal tried
        clock.now += LOOP_S / 2
        standing.update(pulse.stalled())
        tried += 1
        if tried < 6:
            raise Unavailable("away")
        return []

    monkeypatch.setattr(desk.namespace, "_shown", away)
    await desk.happens("conversation.created", a_conversation())
    assert (tried, standing) == (6, {})
