"""The API process: HTTP, sockets, and the log's tail that feeds them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib.metadata import version

import uvicorn
from dishka import AnyOf, AsyncContainer, Provider, Scope, provide, provide_all
from litestar import Litestar
from redis.asyncio import Redis

from whatsapp_hub.adapters import tls
from whatsapp_hub.adapters.console import serving
from whatsapp_hub.adapters.contracts.browser import BrowserSessions
from whatsapp_hub.adapters.http.api.accounts.password_resets import PublicUrl
from whatsapp_hub.adapters.http.app import Console, HttpOptions, HubApp, create_app
from whatsapp_hub.adapters.http.health import Check, Health
from whatsapp_hub.adapters.http.prometheus import MetricsPage
from whatsapp_hub.adapters.http.server import websockets
from whatsapp_hub.adapters.http.server.limits import BoundedProtocol, watch
from whatsapp_hub.adapters.http.server.proxies import Proxies
from whatsapp_hub.adapters.http.streams.held_tickets import HeldTickets
from whatsapp_hub.adapters.http.streams.open_streams import OpenStreams
from whatsapp_hub.adapters.http.streams.sse import OpenedBy
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.queries import PostgresQueries
from whatsapp_hub.adapters.postgres.queries.audit import PostgresAuditTrail
from whatsapp_hub.adapters.postgres.queries.contact_list import PostgresContactBook
from whatsapp_hub.adapters.postgres.queries.metrics import PostgresMetrics
from whatsapp_hub.adapters.postgres.queries.overview import PostgresOverview
from whatsapp_hub.adapters.postgres.queries.search import PostgresMessageSearch
from whatsapp_hub.adapters.postgres.queries.session_finder import PostgresSessionFinder
from whatsapp_hub.adapters.postgres.queries.session_messages import PostgresSessionMessages
from whatsapp_hub.adapters.postgres.queries.system import PostgresSystem
from whatsapp_hub.adapters.postgres.queues.access_changes import PostgresAccessChanges
from whatsapp_hub.adapters.postgres.queues.tickets import PostgresTickets
from whatsapp_hub.adapters.postgres.repositories.accounts.guesses import PostgresGuessCounts
from whatsapp_hub.adapters.postgres.templates.catalogue import PostgresTemplateCatalogue
from whatsapp_hub.adapters.realtime.agent_namespace import AgentNamespace
from whatsapp_hub.adapters.realtime.answers import SocketRates
from whatsapp_hub.adapters.realtime.client_namespace import SendRates
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.server.limits import SocketLimits
from whatsapp_hub.adapters.realtime.streams import LogStreams
from whatsapp_hub.adapters.realtime.tail import Tail
from whatsapp_hub.adapters.redis.rates import ValkeyRates
from whatsapp_hub.adapters.redis.typing import TypingChannel
from whatsapp_hub.adapters.redis.wakes import Channel, Wakes
from whatsapp_hub.adapters.security.clock import new_id
from whatsapp_hub.application.authentication.callers import Callers
from whatsapp_hub.application.authentication.enter_by_link import EnterByLink
from whatsapp_hub.application.authentication.follow_access import FollowAccess
from whatsapp_hub.application.authentication.login import Login
from whatsapp_hub.application.authentication.own_password import ChangeOwnPassword
from whatsapp_hub.application.authentication.second_factors import (
    BeginSecondFactor,
    CheckPassword,
    ConfirmSecondFactor,
    DisableSecondFactor,
    ProveSecondFactor,
    ReplaceRecoveryCodes,
    RequireSecondFactor,
    ShowSecondFactor,
)
from whatsapp_hub.application.authentication.tickets import Tickets
from whatsapp_hub.application.contacts.exchange_contacts import ExportContacts
from whatsapp_hub.application.handling.show_typing import ShowTyping
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.ports.connections.connections import Leases
from whatsapp_hub.application.ports.connections.processes import Processes
from whatsapp_hub.application.ports.edge.access import AccessChanges
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.guesses import GuessCounts
from whatsapp_hub.application.ports.edge.realtime import Streams
from whatsapp_hub.application.ports.edge.security import Tokens
from whatsapp_hub.application.ports.edge.sign_in_links import SignInLinks
from whatsapp_hub.application.ports.edge.tickets import TicketStore
from whatsapp_hub.application.ports.operations.idleness import Idleness
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.presence.set_presence import Heartbeat, SetPresence
from whatsapp_hub.application.reading.audit import AuditTrail
from whatsapp_hub.application.reading.contacts import ContactBook
from whatsapp_hub.application.reading.copy_conversation import CopyConversation
from whatsapp_hub.application.reading.metrics import Metrics
from whatsapp_hub.application.reading.queries import MessageSearch, Queries
from whatsapp_hub.application.reading.sessions import SessionFinder, SessionMessages
from whatsapp_hub.application.reading.system import System
from whatsapp_hub.application.reading.templates import TemplateCatalogue
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.application.sessions.close_idle import IdleLimit
from whatsapp_hub.application.sessions.close_sessions import CloseAgentSession, DeleteInstance
from whatsapp_hub.application.sessions.open_sessions import (
    CreateInstance,
    OpenAgentSession,
    OpenRules,
    OpenSession,
    PrepareSession,
    ShowCode,
    StartNamed,
)
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.roles.admin_password import sign_in_link
from whatsapp_hub.main.roles.bootstrap import ensure_admin_shown
from whatsapp_hub.main.roles.environment_number import take_up_environment
from whatsapp_hub.main.roles.first_admin import KeptPassword
from whatsapp_hub.main.roles.heartbeat import Probes, announced
from whatsapp_hub.main.roles.listening import keep_listening
from whatsapp_hub.main.roles.run import ROLES, settle_memory
from whatsapp_hub.main.roles.watchdog import lasting
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part
from whatsapp_hub.main.wiring.sign_on import SignOn

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 75
"""How long idle connections stay open: longer than proxies and HTTP clients hold theirs (nginx 60 s, AWS 60 s, httpx 5
s), so that the client always closes first. A server that closes first meets requests already on their way."""


class Serving(Provider):
    """Parts of a process that serves HTTP."""

    scope = Scope.APP
    queries = provide(PostgresQueries, provides=Queries)
    catalogue = provide(PostgresTemplateCatalogue, provides=TemplateCatalogue)
    search = provide(PostgresMessageSearch, provides=MessageSearch)
    contacts = provide(PostgresContactBook, provides=ContactBook)
    export_contacts = provide(ExportContacts)
    audit = provide(PostgresAuditTrail, provides=AuditTrail)
    metrics = provide(PostgresMetrics, provides=Metrics)
    system = provide(PostgresSystem, provides=System)
    login = provide(Login)
    enter_by_link = provide(EnterByLink)
    copy_conversation = provide(CopyConversation)
    second_factors = provide_all(
        *(RequireSecondFactor, ShowSecondFactor, CheckPassword, BeginSecondFactor, ConfirmSecondFactor),
        *(ProveSecondFactor, ReplaceRecoveryCodes, DisableSecondFactor),
    )
    change_own_password = provide(ChangeOwnPassword)
    guesses = provide(PostgresGuessCounts, provides=GuessCounts)
    access_changes = provide(PostgresAccessChanges, provides=AccessChanges)
    tickets = provide(Tickets)
    ticket_store = provide(PostgresTickets, provides=TicketStore)
    held_tickets = provide(HeldTickets)
    open_streams = provide(OpenStreams)
    opened_by = provide(OpenedBy)
    finder = provide(PostgresSessionFinder, provides=SessionFinder)
    session_messages = provide(PostgresSessionMessages, provides=SessionMessages)
    gateways = provide_all(
        *(PrepareSession, OpenAgentSession, OpenSession, CreateInstance, ShowCode, StartNamed),
        *(CloseAgentSession, DeleteInstance, SendTo),
    )

    @provide
    def open_rules(self, settings: Settings) -> OpenRules:
        lives = timedelta(milliseconds=settings.whatsapp_qr_timeout)
        return OpenRules(settings.whatsapp_provider, lives, partial(default_settings, settings))

    @provide
    def sign_in_links(self, settings: Settings) -> SignInLinks:
        return sign_in_link(settings)

    @provide
    def public_url(self, settings: Settings) -> PublicUrl:
        return PublicUrl(settings.public_url)

    @provide
    def callers(self, tokens: Tokens, directory: Directory, clock: Clock) -> Callers:
        return Callers(tokens, directory, clock)

    @provide
    def health(
        self, database: Database, redis: Redis, leases: Leases, providers: Providers, processes: Processes
    ) -> Health:
        async def loops() -> str:
            return ", ".join(await processes.stalled()) or "ok"

        async def connectors() -> str:
            crowds = [await leases.capacity(kind) for kind in providers.plugins if providers.holds_socket(kind)]
            if any(wanted and not room for room, wanted in crowds):
                raise Unavailable("sessions wait for a connector")
            return "ok" if any(room for room, _ in crowds) else "none"

        async def clock() -> str:
            return database.time.said()

        helpful: dict[str, Check] = {"redis": redis.ping, "connectors": connectors, "loops": loops, "clock": clock}
        return Health(version("whatsapp-hub"), {"postgres": database.ping}, helpful)

    @provide
    def metrics_page(self, database: Database, settings: Settings) -> MetricsPage:
        return MetricsPage(PostgresOverview(database), database.ping, version("whatsapp-hub"), settings.metrics_token)

    @provide
    def agents(
        self,
        callers: Callers,
        queries: Queries,
        presence: SetPresence,
        heartbeat: Heartbeat,
        log: EventLog,
        recent: EventBuffer,
        finder: SessionFinder,
        send: SendTo,
        redis: Redis,
        clock: Clock,
        typing: TypingChannel,
        show_typing: ShowTyping,
        links: MediaLinks,
        settings: Settings,
    ) -> AgentNamespace:
        store = ValkeyRates(redis, clock)
        rates = SendRates(store, settings.rate_limit_user, settings.rate_limit_api_key)
        limits = SocketLimits()
        return AgentNamespace(
            callers,
            queries,
            presence,
            heartbeat,
            log,
            recent,
            finder,
            send,
            rates,
            settings.frontend_url,
            typing.publish,
            show_typing,
            SocketRates(store, limits, settings.rate_limit_api_key),
            limits,
            BrowserSessions(settings.hub_public_url or ""),
            links.for_program,
        )

    @provide
    def typing(self, redis: Redis) -> TypingChannel:
        return TypingChannel(redis)

    @provide
    def recent(self) -> EventBuffer:
        return EventBuffer()

    @provide(provides=AnyOf[LogStreams, Streams])
    def streams(self, log: EventLog, recent: EventBuffer) -> LogStreams:
        return LogStreams(log, recent)

    @provide
    def http_options(self, settings: Settings) -> HttpOptions:
        return HttpOptions(
            version("whatsapp-hub"),
            settings.frontend_url,
            settings.sandbox_enabled,
            settings.rate_limit_user,
            settings.rate_limit_api_key,
            settings.rate_limit_console,
            (settings.hub_public_url or "").rstrip("/"),
            Proxies.of(settings.trusted_proxies),
        )


def default_settings(settings: Settings, kind: str) -> Mapping[str, object]:
    """Return the settings of a session created without any: a name of its own on the operator's WAHA server. The
    credentials of a Meta number belong to one number alone."""
    if kind != "WAHA" or not settings.waha_api_url:
        return {}
    defaults = {"url": settings.waha_api_url, "apiKey": settings.waha_api_key, "session": f"hub-{new_id().hex}"}
    return {name: value for name, value in defaults.items() if value}


async def run(settings: Settings) -> None:
    """Serve until cancelled; then end streams and finish requests under way."""
    await ensure_admin_shown(settings)
    container = make_container(settings, Part.API, Serving(), SignOn())
    config = uvicorn.Config(
        await make_app(container),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedProtocol,
        **websockets.OPTIONS,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # TRUSTED_PROXIES, adapters/http/server/proxies.py
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    tls.prepare()
    settle_memory()
    serving = asyncio.create_task(server._serve())
    log.info("api.listening", extra={"host": settings.host, "port": settings.port})
    watching = asyncio.create_task(watch(server.server_state), name="connections that take too long")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        (await container.get(LogStreams)).close()
        await serving
    finally:
        watching.cancel()


async def make_app(container: AsyncContainer) -> HubApp:
    """Build the whole HTTP side; its lifespan tails the log for this process's own sockets."""
    options, agents = await container.get(HttpOptions), await container.get(AgentNamespace)
    wakes, channel = await container.get(Wakes), await container.get(Channel)
    recent, typing = await container.get(EventBuffer), await container.get(TypingChannel)

    async def begin(position: int) -> None:
        recent.begin(position)
        await agents.begin(position)

    async def hear(event: LoggedEvent) -> None:
        recent.add(event)
        await agents.hear(event)

    kept = KeptPassword(await container.get(Settings), container)
    tail = Tail(await container.get(EventLog), wakes.listen(Work.EVENTS), begin, hear)

    streams, readers = await container.get(LogStreams), await container.get(OpenStreams)
    follow = FollowAccess(
        await container.get(AccessChanges),
        await container.get(Callers),
        wakes.listen(Work.ACCESS),
        (agents.access_changed, readers.access_changed),
    )
    idleness, limit = await container.get(Idleness), await container.get(IdleLimit)
    probes: Probes = {"sockets": lambda: agents.sockets, "streams": lambda: len(streams)}

    @asynccontextmanager
    async def live(_: Litestar) -> AsyncIterator[None]:
        named = {
            "wakes": channel.listen(wakes, Work.EVENTS, Work.ACCESS),
            "typing": typing.listen(agents.hear_sign),
            "tail": tail.run(),
            "members": agents.watch(),
            "stream callers": readers.watch(),
            "access": follow.run(),
        }
        if limit.idle is not None:
            named["listening"] = keep_listening(idleness, limit.idle, agents.listened, streams.listened)
        stop_s = ROLES["api"].stop_deadline_s
        loops = [asyncio.create_task(lasting(name, loop, stop_s), name=name) for name, loop in named.items()]
        loops += [asyncio.create_task(kept.watch()), await take_up_environment(container)]
        try:
            async with announced(container, "api", probes):
                yield
        finally:
            await agents.close()
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    rates = ValkeyRates(await container.get(Redis), await container.get(Clock))
    files = serving.ConsoleFiles()
    console = Console(files.serves, files)
    return create_app(container, options, agents.asgi, [live], rates, console)
