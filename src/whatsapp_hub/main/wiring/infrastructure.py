"""Pools, clocks, clients: what every process needs."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from enum import Enum

from dishka import AnyOf, Provider, Scope, from_context, provide
from redis.asyncio import Redis

from whatsapp_hub.adapters.addresses.redis import redis_url
from whatsapp_hub.adapters.media.inspection import FileInspection, PictureProcess
from whatsapp_hub.adapters.media.scanning import VirusScanner
from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.redis.fire_and_forget import FireAndForget
from whatsapp_hub.adapters.redis.typing import CustomerTyping, TypingChannel
from whatsapp_hub.adapters.redis.wakes import Channel, Wakes
from whatsapp_hub.adapters.security.clock import Ids
from whatsapp_hub.adapters.security.common_passwords import ListedPasswords
from whatsapp_hub.adapters.security.one_time_codes import PyotpCodes
from whatsapp_hub.adapters.security.passwords import Argon2Passwords
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.adapters.worker.hints import Hints
from whatsapp_hub.application.ports.edge.clock import Clock, NewId, RetentionClock
from whatsapp_hub.application.ports.edge.inspection import InspectsFiles
from whatsapp_hub.application.ports.edge.numbering import NumberingPlans
from whatsapp_hub.application.ports.edge.oidc import OidcOffer
from whatsapp_hub.application.ports.edge.one_time_codes import OneTimeCodes
from whatsapp_hub.application.ports.edge.realtime import ShowsCustomerTyping
from whatsapp_hub.application.ports.edge.security import CommonPasswords, KeyRing, Passwords, SecretBox, Tokens
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.secret_keys import ring_in_force


class Part(Enum):
    """Work that the process does itself; connections for tenants; connections for the machinery."""

    API = (frozenset[Work](), 12, 4)
    WORKER = (frozenset({Work.INBOX, Work.LANES, Work.MEDIA}), 16, 4)
    CONNECTOR = (frozenset[Work](), 8, 4)
    TOOL = (frozenset[Work](), 2, 2)

    @property
    def here(self) -> frozenset[Work]:
        """Kinds of work that this process does, which wake it without Valkey."""
        return self.value[0]


class Infrastructure(Provider):
    """Connections, wake-ups, keys. Opened at first use, closed with the container."""

    scope = Scope.APP
    settings = from_context(Settings)
    part = from_context(Part)

    @provide
    async def database(self, settings: Settings, part: Part) -> AsyncIterator[Database]:
        """Open the pools at this part's sizes."""
        _, app, system = part.value
        database = Database(settings.needed("database_url"), app_connections=app, system_connections=system)
        await database.open()
        yield database
        await database.close()

    @provide
    async def redis(self, settings: Settings) -> AsyncIterator[Redis]:
        """Connect lazily: a hub without Valkey starts."""
        client = Redis.from_url(redis_url(settings.needed("redis_url")), socket_connect_timeout=2)
        yield client
        await client.aclose()

    @provide
    async def unanswered(self, redis: Redis) -> AsyncIterator[FireAndForget]:
        unanswered = FireAndForget(redis.connection_pool)
        yield unanswered
        await unanswered.aclose()

    @provide
    async def customer_typing(self, redis: Redis) -> AsyncIterator[ShowsCustomerTyping]:
        typing = CustomerTyping(TypingChannel(redis))
        yield typing
        await typing.aclose()

    @provide
    async def hints(self, settings: Settings, unanswered: FireAndForget) -> AsyncIterator[Hints]:
        hints = Hints(redis_url(settings.needed("redis_url")), unanswered.send)
        yield hints
        await hints.aclose()

    @provide
    def channel(self, redis: Redis, unanswered: FireAndForget) -> Channel:
        return Channel(redis, unanswered)

    @provide
    def wakes(self, part: Part, hints: Hints, channel: Channel) -> Wakes:
        """Send hints of inbox, lanes and files by taskiq, to one worker; others to every process."""

        async def publish(work: Work, tenants: Collection[TenantId | None]) -> None:
            await (hints if work in (Work.INBOX, Work.LANES, Work.MEDIA) else channel).publish(work, tenants)

        wakes = Wakes(part.here, publish)
        hints.on_hint = wakes.ring
        return wakes

    @provide
    def wake(self, wakes: Wakes) -> Wake:
        return wakes

    @provide
    def clock(self, database: Database) -> Clock:
        """Give the hub's time, as the pools keep it."""
        return database.time

    @provide
    def retention_clock(self, database: Database) -> RetentionClock:
        return database.time.long_past

    @provide
    def new_id(self, clock: Clock) -> NewId:
        return Ids(clock)

    @provide(provides=AnyOf[SecretBox, KeyRing])
    async def ring(self, settings: Settings, database: Database) -> AesSecretBox:
        """Choose the key that seals, which the database notes."""
        return await ring_in_force(settings, database.system)

    @provide
    def tokens(self, settings: Settings, clock: Clock) -> Tokens:
        """Import the web framework's tokens only where people sign in (7 MB)."""
        from whatsapp_hub.adapters.security.tokens import JwtTokens

        lifetime = timedelta(seconds=settings.jwt_expiration)
        return JwtTokens(settings.needed("jwt_secret"), lifetime, settings.old_jwt_secrets, clock)

    @provide
    def oidc_offer(self, settings: Settings) -> OidcOffer:
        return OidcOffer(settings.oidc_issuer is not None, frozenset(settings.oidc_slugs))

    @provide
    async def inspection(self, settings: Settings) -> AsyncIterator[InspectsFiles]:
        """Make what looks into files; its process starts with the first picture."""
        pictures = PictureProcess()
        scanner = VirusScanner.of(settings.media_scanner) if settings.media_scanner else None
        yield FileInspection(pictures, scanner)
        await pictures.aclose()

    @provide
    def plans(self) -> NumberingPlans:
        return LibraryPlans()

    @provide
    def passwords(self) -> Passwords:
        return Argon2Passwords()

    @provide
    def one_time_codes(self) -> OneTimeCodes:
        return PyotpCodes()

    @provide
    def common_passwords(self) -> CommonPasswords:
        return ListedPasswords()
