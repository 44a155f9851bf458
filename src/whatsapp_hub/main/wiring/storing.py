"""Storage and queues on the infrastructure."""

from collections.abc import AsyncIterator

from dishka import AnyOf, Provider, Scope, provide

from whatsapp_hub.adapters.media.object_store import ObjectFiles
from whatsapp_hub.adapters.postgres.connectors.commands import PostgresCommands
from whatsapp_hub.adapters.postgres.connectors.leases import PostgresLeases
from whatsapp_hub.adapters.postgres.connectors.processes import PostgresProcesses
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.placement.move import PostgresPlacementMoves
from whatsapp_hub.adapters.postgres.privacy.reading import PostgresPersonalData
from whatsapp_hub.adapters.postgres.privacy.retention import PostgresRetentionSweep
from whatsapp_hub.adapters.postgres.privacy.sweep import PostgresErasureSweep
from whatsapp_hub.adapters.postgres.queues.counters import PostgresCounters
from whatsapp_hub.adapters.postgres.queues.housekeeping import PostgresHousekeeping
from whatsapp_hub.adapters.postgres.queues.idleness import PostgresIdleness
from whatsapp_hub.adapters.postgres.queues.inbox_writer import GroupCommitInbox
from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.queues.sandbox import PostgresSandboxPhones
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.accounts.tenant_removal import PostgresTenantRemoval
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.postgres.security.clear_addresses import PostgresClearAddresses
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.adapters.providers.registry import ProviderOptions, all_plugins
from whatsapp_hub.application.ports.connections.connections import Leases
from whatsapp_hub.application.ports.connections.processes import Processes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.sandbox import SandboxPhones
from whatsapp_hub.application.ports.operations.counters import Counters
from whatsapp_hub.application.ports.operations.housekeeping import DeadLetters, Trimming
from whatsapp_hub.application.ports.operations.idleness import Idleness
from whatsapp_hub.application.ports.operations.placement import PlacementMoves
from whatsapp_hub.application.ports.operations.privacy import ErasureSweep, PersonalData, RetentionSweep
from whatsapp_hub.application.ports.provider.plugin import Host, Providers
from whatsapp_hub.application.ports.queues.commands import Commands
from whatsapp_hub.application.ports.queues.inbox import InboxAppender
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.ports.queues.wakeups import Wake
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.tenants import TenantHealth, TenantRemoval
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.receiving.host import HubHost
from whatsapp_hub.application.security.seal_addresses import ClearAddresses
from whatsapp_hub.application.sessions.session_history import PendingHistory
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Rate
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.main.settings import Settings


class Storing(Provider):
    """PostgreSQL behind the ports, and the providers with what they need of it."""

    scope = Scope.APP

    @provide
    async def inbox(self, database: Database, wake: Wake) -> AsyncIterator[InboxAppender]:
        """Open the group commit, with a connection of its own."""
        async with GroupCommitInbox(database.url, wake) as inbox:
            yield inbox

    @provide
    async def files(self, settings: Settings) -> AsyncIterator[FileStore]:
        """Open the bucket that MEDIA_URL names, or the folder of this machine."""
        files = file_store(settings)
        yield files
        await files.aclose()

    phones = provide(PostgresSandboxPhones, provides=SandboxPhones)
    host = provide(HubHost, provides=Host)
    vault = provide(SettingsVault)

    @provide
    def pending_history(self, clock: Clock) -> PendingHistory:
        return PendingHistory(clock)

    @provide
    async def providers(
        self, settings: Settings, clock: Clock, phones: SandboxPhones, host: Host
    ) -> AsyncIterator[Providers]:
        options = ProviderOptions(
            settings.whatsapp_api_url,
            settings.whatsapp_api_version,
            settings.sandbox_enabled,
            settings.database_url or "",
            settings.webhook_allow_private,
            settings.hub_public_url or "",
            settings.waha_api_url or "",
        )
        providers = Providers(all_plugins(options, phones, clock), host)
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

    housekeeping = provide(PostgresHousekeeping, provides=AnyOf[DeadLetters, Trimming])
    erasure_sweep = provide(PostgresErasureSweep, provides=ErasureSweep)
    retention_sweep = provide(PostgresRetentionSweep, provides=RetentionSweep)
    personal_data = provide(PostgresPersonalData, provides=PersonalData)
    processes = provide(PostgresProcesses, provides=Processes)
    counters = provide(PostgresCounters, provides=Counters)
    clear_addresses = provide(PostgresClearAddresses, provides=ClearAddresses)
    leases = provide(PostgresLeases, provides=Leases)
    idleness = provide(PostgresIdleness, provides=Idleness)
    commands = provide(PostgresCommands, provides=Commands)
    log = provide(PostgresEventLog, provides=EventLog)


def file_store(settings: Settings) -> ObjectFiles:
    """Return the store of files that the settings name."""
    return ObjectFiles(settings.data_dir / "media", settings.media_url)


def pacing_of(capabilities: Capabilities, settings: Settings) -> Pacing:
    """Return the provider's own limits; for WhatsApp Web the operator's (WHATSAPP_SESSION_RATE a minute)."""
    session = capabilities.session_rate
    if session and capabilities.provider in WHATSAPP_WEB:
        session = Rate(60 / settings.whatsapp_session_rate, session.burst)
    return Pacing(session, capabilities.chat_rate, settings.human_pace if capabilities.holds_socket else None)


WHATSAPP_WEB = frozenset({"WAHA", "NEONIZE"})
