"""What is made of what. The only place that knows every adapter.

A process plays a `Part`: API and worker differ in which work they do themselves (its wake-ups stay inside) and in how
many connections they need; TOOL is a command that runs and ends.
"""

import random
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from enum import Enum
from functools import partial

from dishka import AnyOf, AsyncContainer, Provider, Scope, from_context, make_async_container, provide, provide_all
from redis.asyncio import Redis

from whatsapp_hub.adapters.addresses.redis import redis_url
from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.adapters.postgres.commands import PostgresCommands
from whatsapp_hub.adapters.postgres.counters import PostgresCounters
from whatsapp_hub.adapters.postgres.database import Database
from whatsapp_hub.adapters.postgres.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.housekeeping import PostgresHousekeeping
from whatsapp_hub.adapters.postgres.idleness import PostgresIdleness
from whatsapp_hub.adapters.postgres.inbox_writer import GroupCommitInbox
from whatsapp_hub.adapters.postgres.leases import PostgresLeases
from whatsapp_hub.adapters.postgres.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.placement.move import PostgresPlacementMoves
from whatsapp_hub.adapters.postgres.processes import PostgresProcesses
from whatsapp_hub.adapters.postgres.sandbox import PostgresSandboxPhones
from whatsapp_hub.adapters.postgres.settings import SettingsVault
from whatsapp_hub.adapters.postgres.tenant_removal import PostgresTenantRemoval
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.adapters.providers.registry import ProviderOptions, all_plugins
from whatsapp_hub.adapters.providers.sandbox.inbound import customer_wrote
from whatsapp_hub.adapters.redis.unanswered import Unanswered
from whatsapp_hub.adapters.redis.wakes import Channel, Wakes
from whatsapp_hub.adapters.security.clock import new_id, system_clock
from whatsapp_hub.adapters.security.passwords import Argon2Passwords
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.adapters.worker.hints import Hints
from whatsapp_hub.application.accounts.api_keys import CreateApiKey, ListApiKeys, RevokeApiKey
from whatsapp_hub.application.accounts.company import UpdateCompany
from whatsapp_hub.application.accounts.default_session import SetCredentials
from whatsapp_hub.application.accounts.departments import CreateDepartment, DeleteDepartment, UpdateDepartment
from whatsapp_hub.application.accounts.move_tenants import MoveTenant
from whatsapp_hub.application.accounts.password_reset import OfferPasswordReset, ReadPasswordReset, ResetPassword
from whatsapp_hub.application.accounts.quick_replies import (
    CreateQuickReply,
    DeleteQuickReply,
    FillQuickReply,
    UpdateQuickReply,
)
from whatsapp_hub.application.accounts.remove_tenants import DeleteTenant, RemoveTenants
from whatsapp_hub.application.accounts.rules import CreateRule, DeleteRule, ListRules, UpdateRule
from whatsapp_hub.application.accounts.tenants import CreateOperator, CreateTenant, EnsureAdmin
from whatsapp_hub.application.accounts.users import RegisterUser, UpdateUser
from whatsapp_hub.application.connecting.mind_lines import MindLines, TendLines
from whatsapp_hub.application.inbox.close_conversation import (
    ArchiveConversation,
    ReopenConversation,
    ResolveConversation,
)
from whatsapp_hub.application.inbox.hand_over import HandOverConversation
from whatsapp_hub.application.inbox.pass_on import TransferConversation, UnassignConversation
from whatsapp_hub.application.inbox.remarks import AddNote, ReadNotifications
from whatsapp_hub.application.inbox.show_customer import ShowCustomer
from whatsapp_hub.application.inbox.show_typing import ShowTyping
from whatsapp_hub.application.inbox.work_conversation import (
    AssignConversation,
    ClassifyConversation,
    MarkConversationRead,
    RenameCustomer,
)
from whatsapp_hub.application.maintenance.trim import Trim, TrimNotifications
from whatsapp_hub.application.maintenance.trim_messages import TrimMessages
from whatsapp_hub.application.ports.clock import Clock, NewId
from whatsapp_hub.application.ports.commands import Commands
from whatsapp_hub.application.ports.counters import Counters
from whatsapp_hub.application.ports.delivery import Wake, Work
from whatsapp_hub.application.ports.directory import Directory
from whatsapp_hub.application.ports.housekeeping import InboxAside, Trimming
from whatsapp_hub.application.ports.idleness import Idleness
from whatsapp_hub.application.ports.inbox import InboxAppender
from whatsapp_hub.application.ports.lanes import Pacing
from whatsapp_hub.application.ports.lines import Leases
from whatsapp_hub.application.ports.log import EventLog
from whatsapp_hub.application.ports.numbering import NumberingPlans
from whatsapp_hub.application.ports.placement import PlacementMoves
from whatsapp_hub.application.ports.processes import Processes
from whatsapp_hub.application.ports.provider import Host, Providers
from whatsapp_hub.application.ports.sandbox import SandboxPhones
from whatsapp_hub.application.ports.security import KeyRing, Passwords, SecretBox
from whatsapp_hub.application.ports.storage import Storage
from whatsapp_hub.application.ports.tenants import TenantHealth, TenantRemoval
from whatsapp_hub.application.presence.set_presence import ExpirePresence, Heartbeat, SetPresence
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.receiving.accept_webhook import AcceptWebhook, AnswerHandshake, WebhookCounts
from whatsapp_hub.application.receiving.host import HubHost
from whatsapp_hub.application.receiving.poll_silent import PollSilent
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.receiving.warn_unassigned import WarnUnassigned
from whatsapp_hub.application.receiving.write_as_customer import CustomerWrote, ReadPhone, WriteAsCustomer
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.application.routing.hand_on import RedistributeAll, RedistributeConversations
from whatsapp_hub.application.routing.redirect_overdue import RedirectOverdue
from whatsapp_hub.application.routing.serve_queue import ServeAllQueues, ServeFreed, ServeQueue
from whatsapp_hub.application.routing.tell_targets import TellTargets
from whatsapp_hub.application.sending.complete_sends import SettleStale
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sending.send_message import SendMessage, StartConversation
from whatsapp_hub.application.sending.settle_message import FailMessage, RetryMessage
from whatsapp_hub.application.sessions.bind_bot import BindBot, UnbindBot
from whatsapp_hub.application.sessions.close_idle import CloseIdleSessions, IdleLimit
from whatsapp_hub.application.sessions.close_sessions import UnlinkSession
from whatsapp_hub.application.sessions.command_sessions import AskHolder, LogOut, RequestPairingCode
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.follow_life import FollowLife
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, DeleteSession, UpdateSession
from whatsapp_hub.application.sessions.pair_sessions import FollowPairing, MindPairings
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit, StopSession
from whatsapp_hub.application.sessions.take_up_environment import TakeUpEnvironment
from whatsapp_hub.domain.capabilities import Capabilities, Rate
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.life import Rules
from whatsapp_hub.domain.tenant import Placement
from whatsapp_hub.main.integrations import Integrations
from whatsapp_hub.main.secret_keys import ring_in_force
from whatsapp_hub.main.settings import Settings


class Part(Enum):
    """Work that the process does itself; connections for tenants; connections for the machinery."""

    API = (frozenset[Work](), 12, 4)
    WORKER = (frozenset({Work.INBOX, Work.LANES}), 16, 4)
    CONNECTOR = (frozenset[Work](), 8, 4)
    TOOL = (frozenset[Work](), 2, 2)

    @property
    def here(self) -> frozenset[Work]:
        return self.value[0]


class Infrastructure(Provider):
    """Connections, wake-ups, keys. Opened when first asked for, closed with the container."""

    scope = Scope.APP
    settings = from_context(Settings)
    part = from_context(Part)

    @provide
    async def database(self, settings: Settings, part: Part) -> AsyncIterator[Database]:
        assert settings.database_url is not None
        _, app, system = part.value
        database = Database(settings.database_url, app_connections=app, system_connections=system)
        await database.open()
        yield database
        await database.close()

    @provide
    async def redis(self, settings: Settings) -> AsyncIterator[Redis]:
        assert settings.redis_url is not None
        client = Redis.from_url(redis_url(settings.redis_url), socket_connect_timeout=2)
        yield client
        await client.aclose()

    @provide
    async def unanswered(self, redis: Redis) -> AsyncIterator[Unanswered]:
        unanswered = Unanswered(redis.connection_pool)
        yield unanswered
        await unanswered.aclose()

    @provide
    async def hints(self, settings: Settings, unanswered: Unanswered) -> AsyncIterator[Hints]:
        assert settings.redis_url is not None
        hints = Hints(redis_url(settings.redis_url), unanswered.send)
        yield hints
        await hints.aclose()

    @provide
    def channel(self, redis: Redis, unanswered: Unanswered) -> Channel:
        return Channel(redis, unanswered)

    @provide
    def wakes(self, part: Part, hints: Hints, channel: Channel) -> Wakes:
        async def tell(work: Work, whose: Collection[TenantId | None]) -> None:
            await (hints if work in (Work.INBOX, Work.LANES) else channel).tell(work, whose)

        wakes = Wakes(part.here, tell)
        hints.on_hint = wakes.ring
        return wakes

    @provide
    def wake(self, wakes: Wakes) -> Wake:
        return wakes

    @provide
    def clock(self) -> Clock:
        return system_clock

    @provide
    def new_id(self) -> NewId:
        return new_id

    @provide(provides=AnyOf[SecretBox, KeyRing])
    async def ring(self, settings: Settings, database: Database) -> AesSecretBox:
        return await ring_in_force(settings, database.system)

    @provide
    def plans(self) -> NumberingPlans:
        return LibraryPlans()

    @provide
    def passwords(self) -> Passwords:
        return Argon2Passwords()


class Storing(Provider):
    """PostgreSQL behind the ports, and the providers with what they need of it."""

    scope = Scope.APP

    @provide
    async def inbox(self, database: Database, wake: Wake) -> AsyncIterator[InboxAppender]:
        async with GroupCommitInbox(database.url, wake) as inbox:
            yield inbox

    phones = provide(PostgresSandboxPhones, provides=SandboxPhones)
    host = provide(HubHost, provides=Host)
    vault = provide(SettingsVault)

    @provide
    async def providers(self, settings: Settings, phones: SandboxPhones, host: Host) -> AsyncIterator[Providers]:
        options = ProviderOptions(
            settings.whatsapp_api_url,
            settings.whatsapp_api_version,
            settings.sandbox_enabled,
            settings.database_url or "",
            settings.webhook_allow_private,
            settings.hub_public_url or "",
        )
        providers = Providers(all_plugins(options, phones), host)
        yield providers
        await providers.aclose()

    @provide(provides=AnyOf[PostgresDirectory, Directory])
    def directory(self, database: Database, vault: SettingsVault) -> PostgresDirectory:
        return PostgresDirectory(database, vault)

    @provide(provides=AnyOf[PostgresStorage, Storage])
    def storage(
        self, database: Database, directory: PostgresDirectory, vault: SettingsVault, wake: Wake, new_id: NewId
    ) -> PostgresStorage:
        return PostgresStorage(database, directory, vault, wake, new_id)

    @provide(provides=AnyOf[TenantRemoval, TenantHealth])
    def tenant_removal(self, database: Database) -> PostgresTenantRemoval:
        return PostgresTenantRemoval(database)

    @provide(provides=PlacementMoves)
    def placement_moves(self, database: Database) -> PostgresPlacementMoves:
        return PostgresPlacementMoves(database.url)

    housekeeping = provide(PostgresHousekeeping, provides=AnyOf[InboxAside, Trimming])
    processes = provide(PostgresProcesses, provides=Processes)
    counters = provide(PostgresCounters, provides=Counters)
    leases = provide(PostgresLeases, provides=Leases)
    idleness = provide(PostgresIdleness, provides=Idleness)
    commands = provide(PostgresCommands, provides=Commands)
    log = provide(PostgresEventLog, provides=EventLog)


class UseCases(Provider):
    scope = Scope.APP

    everyone = provide_all(
        *(RegisterUser, UpdateUser, CreateDepartment, UpdateDepartment, DeleteDepartment),
        *(CreateApiKey, ListApiKeys, RevokeApiKey),
        *(CreateOperator, EnsureAdmin, SetPresence, Heartbeat),
        *(CreateSession, CreateStartedSession, UpdateSession, DeleteSession, InitSession, StopSession),
        *(BindBot, UnbindBot, CloseIdleSessions),
        *(UnlinkSession, DeleteTenant, RemoveTenants, MoveTenant),
        *(AskHolder, RequestPairingCode, LogOut, TendLines, MindLines, FollowPairing, MindPairings),
        *(ReadNumber, SendMessage, StartConversation, RetryMessage, FailMessage, SettleStale),
        *(AssignConversation, UnassignConversation, TransferConversation, MarkConversationRead),
        *(ShowCustomer, ShowTyping),
        *(RenameCustomer, ClassifyConversation, HandOverConversation),
        *(ResolveConversation, ArchiveConversation, ReopenConversation, AddNote, ReadNotifications),
        *(OfferPasswordReset, ReadPasswordReset, ResetPassword),
        *(CreateQuickReply, UpdateQuickReply, DeleteQuickReply, FillQuickReply, UpdateCompany, SetCredentials),
        *(ListRules, CreateRule, UpdateRule, DeleteRule),
        *(ServeQueue, ServeFreed, ServeAllQueues, RedirectOverdue, ExpireFlows, TellTargets),
        *(RedistributeConversations, RedistributeAll, ExpirePresence),
        *(WarnUnassigned, AnswerHandshake, WriteAsCustomer, ReadPhone, Trim, TrimNotifications),
    )

    @provide
    def create_tenant(self, storage: Storage, settings: Settings) -> CreateTenant:
        return CreateTenant(storage, system_clock, new_id, Placement(settings.tenant_placement))

    @provide
    def poll_silent(self, storage: Storage, providers: Providers, settings: Settings) -> PollSilent:
        return PollSilent(storage, providers, settings.waha_polling_interval_ms / 1000)

    @provide
    def follow(self, clock: Clock, settings: Settings) -> FollowLife:
        return FollowLife(clock, settings.life_rules, random.random)

    @provide
    def idle_limit(self, settings: Settings) -> IdleLimit:
        return IdleLimit(settings.idle)

    @provide
    def life_rules(self, settings: Settings) -> Rules:
        return settings.life_rules

    @provide
    def limit(self, settings: Settings) -> SessionLimit:
        return SessionLimit(settings.sessions_per_connector)

    @provide
    def trim_messages(self, storage: Storage, settings: Settings) -> TrimMessages:
        days = settings.messages_retention_days
        return TrimMessages(storage, system_clock, timedelta(days=days) if days else None)

    @provide
    def take_up_environment(
        self,
        storage: Storage,
        providers: Providers,
        box: SecretBox,
        create: CreateStartedSession,
        start: InitSession,
        stop: StopSession,
        settings: Settings,
    ) -> TakeUpEnvironment:
        environment = settings.environment
        return TakeUpEnvironment(storage, providers, system_clock, box, create, start, stop, environment)

    @provide
    def counts(self) -> WebhookCounts:
        return WebhookCounts()

    @provide
    def receive_events(
        self, storage: Storage, providers: Providers, follow: FollowLife, show: ShowCustomer
    ) -> ReceiveEvents:
        return ReceiveEvents(storage, providers, system_clock, new_id, follow, show)

    @provide
    def accept_webhook(
        self,
        providers: Providers,
        directory: Directory,
        inbox: InboxAppender,
        counts: WebhookCounts,
        warn: WarnUnassigned,
    ) -> AcceptWebhook:
        return AcceptWebhook(providers, directory, inbox, counts, warn)

    @provide
    def wrote(self) -> CustomerWrote:
        return customer_wrote

    @provide
    async def drain_lanes(
        self, storage: Storage, providers: Providers, settings: Settings, wakes: Wakes
    ) -> AsyncIterator[DrainLanes]:
        pacing = {
            kind: pacing_of(plugin.capabilities, settings)
            for kind, plugin in providers.plugins.items()
            if not plugin.capabilities.holds_socket
        }
        drain = DrainLanes(storage, providers, system_clock, new_id, pacing, partial(wakes.ring, Work.LANES))
        yield drain
        await drain.aclose()


def pacing_of(capabilities: Capabilities, settings: Settings) -> Pacing:
    """The provider's own limits; for WhatsApp Web the operator's (WHATSAPP_SESSION_RATE a minute)."""
    session = capabilities.session_rate
    if session and capabilities.provider in WHATSAPP_WEB:
        session = Rate(60 / settings.whatsapp_session_rate, session.burst)
    return Pacing(session, capabilities.chat_rate, settings.human_pace if capabilities.holds_socket else None)


WHATSAPP_WEB = frozenset({"WAHA", "NEONIZE"})


def make_container(settings: Settings, part: Part, *more: Provider) -> AsyncContainer:
    """Close it when the process ends. `more`: what only this process has."""
    context = {Settings: settings, Part: part}
    return make_async_container(Infrastructure(), Storing(), UseCases(), Integrations(), *more, context=context)
