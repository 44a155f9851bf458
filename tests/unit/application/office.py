"""A company in memory, with a clock that tests move, and every use case made from its annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_type_hints
from uuid import uuid4

from tests.contracts.storage.world import World, a_phone
from tests.fakes.line import FakeLine, FakePlugin
from tests.fakes.phones import FakePhones
from tests.fakes.secrets import FakeTokens, PlainBox, PlainPasswords
from whatsapp_hub.adapters.contracts.events.bodies import body
from whatsapp_hub.adapters.memory.edge.guesses import MemoryGuessCounts
from whatsapp_hub.adapters.memory.edge.oidc import MemoryOidcAccounts
from whatsapp_hub.adapters.memory.edge.tickets import MemoryTickets
from whatsapp_hub.adapters.memory.engine.ids import new_id
from whatsapp_hub.adapters.memory.files import MemoryFileStore
from whatsapp_hub.adapters.memory.operations.housekeeping import MemoryHousekeeping
from whatsapp_hub.adapters.memory.operations.tenant_removal import MemoryTenantRemoval
from whatsapp_hub.adapters.memory.queries.session_finder import MemorySessionFinder
from whatsapp_hub.adapters.memory.storage import MemoryStorage
from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.adapters.security.one_time_codes import PyotpCodes
from whatsapp_hub.application.integrations.subscriptions import WebhookRules
from whatsapp_hub.application.ports.connections.connections import Leases
from whatsapp_hub.application.ports.edge.clock import Clock, NewId, RetentionClock
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.guesses import GuessCounts
from whatsapp_hub.application.ports.edge.inspection import FileFacts, InspectsFiles
from whatsapp_hub.application.ports.edge.numbering import NumberingPlans
from whatsapp_hub.application.ports.edge.oidc import OidcAccounts, OidcOffer
from whatsapp_hub.application.ports.edge.one_time_codes import OneTimeCodes
from whatsapp_hub.application.ports.edge.sandbox import SandboxPhones
from whatsapp_hub.application.ports.edge.security import Caller, CommonPasswords, Passwords, SecretBox, Tokens
from whatsapp_hub.application.ports.edge.tickets import TicketStore
from whatsapp_hub.application.ports.operations.housekeeping import Trimming
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, RawUpdate
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.ports.queues.commands import Commands
from whatsapp_hub.application.ports.queues.inbox import InboxAppender
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.application.ports.queues.webhook_queue import WebhookQueue
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.tenants import TenantRemoval
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.sessions import SessionFinder
from whatsapp_hub.application.receiving.host import HubHost
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sessions.run_sessions import SessionLimit
from whatsapp_hub.application.sessions.session_history import PendingHistory
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content, Text
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import Session


async def no_facts(owner: object, file: object, mime_type: str, size: int) -> FileFacts:
    """Find nothing in any file."""
    return FileFacts()


T = TypeVar("T")
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LINE, HELD, CODED = "LINE", "HELD", "CODED"


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


def text(written: str) -> Content:
    return Text(written)


@dataclass
class Office:
    """One company of a hub in memory, with one connected session of the provider LINE that routes to departments."""

    clock: Hands = field(default_factory=Hands)
    woken: list[Work] = field(default_factory=list)
    _made: dict[object, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        codes = FakePlugin(CODED, features=frozenset({*FakePlugin().capabilities.features, *_CODES}))
        self.plugins: dict[str, FakePlugin] = {
            LINE: FakePlugin(LINE),
            HELD: FakePlugin(HELD, holds_socket=True),
            CODED: codes,
            "META": FakePlugin("META"),
            "SANDBOX": FakePlugin("SANDBOX"),
        }
        shown: Any = self.plugins
        self.storage = MemoryStorage(clock=self.clock, plugins=shown, wake=self.wakes, encode=body)
        self.files = MemoryFileStore()
        self.phones, self.box = FakePhones(), PlainBox()
        self.history = PendingHistory(self.clock)
        self.providers = Providers(shown, HubHost(self.storage.inbox, self.history))
        self._given = self._registry()

    def wakes(self, work: Work, tenant_id: TenantId | None = None) -> None:
        self.woken.append(work)

    @classmethod
    async def opened(cls, slug: str | None = None) -> Office:
        office = cls()
        office.world = await World.of(office, await office.tenant(slug), LINE)
        return office

    world: World = field(init=False)

    async def tenant(self, slug: str | None = None) -> Tenant:
        slug = slug or f"t{uuid4().hex[:12]}"
        tenant = Tenant(TenantId(new_id()), slug, slug, self.clock())
        await self.storage.directory.add_tenant(tenant)
        return tenant

    @property
    def id(self) -> TenantId:
        return self.world.tenant.id

    @property
    def session(self) -> Session:
        return self.world.session

    @property
    def line(self) -> FakeLine:
        return self.plugins[LINE].line

    # Use cases

    def use(self, kind: type[T], **given: Any) -> T:
        """Make a use case with all that it needs, or return what implements a port. `given` come first; without any it
        is one object an office."""
        if kind in self._given:
            port: T = self._given[kind]
            return port
        if not given and kind in self._made:
            made: T = self._made[kind]
            return made
        hints, wanted = get_type_hints(kind.__init__), inspect.signature(kind).parameters.values()
        parts = {p.name: given[p.name] if p.name in given else self._part(p, hints.get(p.name)) for p in wanted}
        result = kind(**{name: part for name, part in parts.items() if part is not inspect.Parameter.empty})
        if not given:
            self._made[kind] = result
        return result

    def _part(self, parameter: inspect.Parameter, kind: Any) -> Any:
        if kind in self._given:
            return self._given[kind]
        if parameter.default is not inspect.Parameter.empty:
            return inspect.Parameter.empty
        if parameter.name in _BY_NAME:
            return _BY_NAME[parameter.name]
        assert inspect.isclass(kind), f"the office has no {parameter}"
        return self.use(kind)

    def _registry(self) -> Mapping[Any, Any]:
        s, database = self.storage, self.storage.database
        passwords: dict[Any, Any] = {Passwords: PlainPasswords(), CommonPasswords: PlainPasswords()}
        edge: dict[Any, Any] = {
            Clock: self.clock, RetentionClock: self.clock, NewId: new_id, Tokens: FakeTokens(), SecretBox: self.box,
            NumberingPlans: LibraryPlans(), OneTimeCodes: PyotpCodes(), GuessCounts: MemoryGuessCounts(database),
            OidcAccounts: MemoryOidcAccounts(database), TicketStore: MemoryTickets(database), Wake: self.wakes,
            SandboxPhones: self.phones, OidcOffer: OidcOffer(is_set=True),
        }  # fmt: skip
        stored: dict[Any, Any] = {
            Storage: s, Directory: s.directory, InboxAppender: s.inbox, EventLog: s.log, Leases: s.leases,
            Commands: s.commands, WebhookQueue: s.webhook_queue, SessionFinder: MemorySessionFinder(database),
            Trimming: MemoryHousekeeping(database), TenantRemoval: MemoryTenantRemoval(database),
            FileStore: self.files, InspectsFiles: no_facts,
        }  # fmt: skip
        rules: dict[Any, Any] = {
            Providers: self.providers, ReconnectPolicy: ReconnectPolicy(), SessionLimit: SessionLimit(50),
            WebhookRules: WebhookRules(allow_private=True), PendingHistory: self.history,
        }  # fmt: skip
        return {**passwords, **edge, **stored, **rules}

    # People

    async def department(self, name: str = "Vendas", **more: Any) -> Department:
        return await self.world.add_department(name, created_at=self.clock(), **more)

    async def person(self, department: Department | None = None, **more: Any) -> User:
        status = more.pop("status", OnlineStatus.ONLINE)
        user = self.world.make_user(name=more.pop("name", f"P{uuid4().hex[:4]}"), **more)
        user.department_id = department.id if department else None
        user.password_hash = f"hashed:{PASSWORD}"
        user.set_presence(status, self.clock())
        user.hands_over = False
        user.take_events()
        await self.world.done(lambda uow: uow.users.add(user))
        return user

    def as_(self, user: User, **more: Any) -> Caller:
        return Caller(user.tenant_id, user.role, f"user:{user.id}", user.id, user.email, **more)

    @property
    def admin(self) -> Caller:
        """A program of the company's, with an API key."""
        return Caller(self.id, Role.ADMIN, "key:1")

    def ref(self, session: Session) -> SessionRef:
        return SessionRef(session.id, session.tenant_id, session.key, session.provider, session.settings)

    async def user(self, user: User) -> User:
        async with self.world.uow() as uow:
            return await uow.users.peek(user.id)

    # Customers

    async def writes(self, phone: str, *texts: str, session: Session | None = None, **more: Any) -> Conversation:
        """A customer writes, and the inbox is processed; return their conversation."""
        for written in texts:
            await self.sees(self.says(phone, written, session=session, **more), session=session)
        return await self.round(phone, session)

    def says(self, phone: str, written: str, session: Session | None = None, **more: Any) -> RawUpdate:
        usual: dict[str, Any] = {
            "kind": ChatKind.PERSON, "chat_names": (Identity.phone(phone),), "content": text(written),
            "at": self.clock(), "name": "Ana",
        }  # fmt: skip
        event = MessageSeen(uuid4().hex, phone, **usual | more)
        return self.plugins[(session or self.session).provider].sees(phone, event)

    async def sees(self, *updates: RawUpdate, session: Session | None = None) -> None:
        """Store updates, and process them."""
        whose = session or self.session
        for update in updates:
            await self.world.update(update.body.decode(), update.chat, whose)
        while await self.use(ReceiveEvents)(self.id):
            pass

    async def round(self, phone: str, session: Session | None = None) -> Conversation:
        contact, whose = await self.world.contact(phone), session or self.session
        async with self.world.uow() as uow:
            return (await uow.conversations.latest([(whose.id, contact.id)]))[whose.id, contact.id]

    async def queued(self, department: Department, phone: str | None = None) -> Conversation:
        """A customer who chose this department."""
        return await self.writes(phone or a_phone(), "Oi", department.name)

    async def get(self, conversation: Conversation) -> Conversation:
        async with self.world.uow() as uow:
            return await uow.conversations.peek(conversation.id)

    # What happened

    async def sends(self, **more: Any) -> list[str]:
        """Send all that is due; return the texts that went out."""
        before = {kind: len(plugin.line.sent) for kind, plugin in self.plugins.items()}
        drain = self.use(DrainLanes, pacing={LINE: Pacing(None, None), CODED: Pacing(None, None)}, **more)
        while await drain(self.id):
            await drain.aclose()
        await drain.aclose()
        return [m.content.text for kind, plugin in self.plugins.items() for m in plugin.line.sent[before[kind] :]]

    def told(self, of: Conversation | None = None) -> list[str]:
        """The types of what happened, to one conversation or in all."""
        events = self.storage.events(self.id)
        return [e.type.value for e in events if of is None or e.conversation_id == of.id]

    async def done(self, act: Callable[[UnitOfWork], Any]) -> Any:
        return await self.world.done(act)

    async def notified(self, user: User) -> int:
        """How many unread notifications they have; marks them read."""
        return int(await self.done(lambda uow: uow.notifications.mark_read(user.id, None, self.clock())))


PASSWORD = "correct horse battery staple"
_CODES: Sequence[Feature] = (Feature.QR_CODE, Feature.PAIRING_CODE)
_BY_NAME: dict[str, Any] = {
    "freed": lambda *_: None,
    "jitter": lambda: 0.5,
    "keep": timedelta(days=30),
    "silent_s": 60.0,
    "chance": lambda: 0.5,
    "again": lambda: None,
}
