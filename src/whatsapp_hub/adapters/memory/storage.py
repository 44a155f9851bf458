"""Transactions of tenants over rows in memory: the storage that tests and embedders give to use cases."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Transaction
from whatsapp_hub.adapters.memory.engine.ids import new_id
from whatsapp_hub.adapters.memory.queues.blocks import MemoryProviderBlocks
from whatsapp_hub.adapters.memory.queues.commands import MemoryCommands
from whatsapp_hub.adapters.memory.queues.connections import MemoryConnections
from whatsapp_hub.adapters.memory.queues.fetches import MemoryFetches
from whatsapp_hub.adapters.memory.queues.inbox import MemoryInbox, MemoryInboxAppender
from whatsapp_hub.adapters.memory.queues.lanes import MemoryLanes
from whatsapp_hub.adapters.memory.queues.leases import MemoryLeases
from whatsapp_hub.adapters.memory.queues.log import Encode, MemoryEventLog, plain_body
from whatsapp_hub.adapters.memory.queues.receipts import MemoryCharges, MemoryEarlyReceipts
from whatsapp_hub.adapters.memory.queues.scheduled import MemoryScheduled
from whatsapp_hub.adapters.memory.queues.webhook_queue import MemoryWebhookQueue
from whatsapp_hub.adapters.memory.queues.webhooks import MemoryWebhooks
from whatsapp_hub.adapters.memory.repositories.accounts import (
    MemoryApiKeys,
    MemoryQuickReplies,
    MemoryQuotas,
    MemoryRefusedEmails,
    MemoryRules,
    MemoryTenants,
)
from whatsapp_hub.adapters.memory.repositories.campaigns import MemoryCampaigns
from whatsapp_hub.adapters.memory.repositories.contacts import MemoryContacts
from whatsapp_hub.adapters.memory.repositories.conversations import MemoryAssignments, MemoryConversations
from whatsapp_hub.adapters.memory.repositories.directory import MemoryDirectory
from whatsapp_hub.adapters.memory.repositories.media import MemoryMedia, MemoryOldFiles, MemoryStoredFiles
from whatsapp_hub.adapters.memory.repositories.messages import MemoryMessages, MemoryNotes, MemoryNotifications
from whatsapp_hub.adapters.memory.repositories.other_providers import MemoryOtherProviders
from whatsapp_hub.adapters.memory.repositories.people import MemoryDepartments, MemoryUsers
from whatsapp_hub.adapters.memory.repositories.privacy import MemoryErasures, MemoryExports
from whatsapp_hub.adapters.memory.repositories.session_history import MemorySessionHistory
from whatsapp_hub.adapters.memory.repositories.sessions import (
    MemoryEnvironmentNumber,
    MemoryIdempotencyKeys,
    MemoryPairings,
    MemorySessions,
)
from whatsapp_hub.adapters.memory.repositories.sign_ins import (
    MemoryOidcLinks,
    MemoryPasswordResets,
    MemorySecondFactors,
    MemorySignIns,
)
from whatsapp_hub.adapters.memory.repositories.templates import MemoryTemplates
from whatsapp_hub.application.ports.connections.connections import Connections
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.operations.environment import EnvironmentNumber
from whatsapp_hub.application.ports.operations.privacy import Erasures, Exports
from whatsapp_hub.application.ports.provider.plugin import Plugin
from whatsapp_hub.application.ports.queues.blocks import ProviderBlocks
from whatsapp_hub.application.ports.queues.fetches import Fetches
from whatsapp_hub.application.ports.queues.inbox import Charges, EarlyReceipts, Inbox
from whatsapp_hub.application.ports.queues.lanes import Lanes
from whatsapp_hub.application.ports.queues.scheduled import Scheduled
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.application.ports.queues.webhook_queue import Webhooks
from whatsapp_hub.application.ports.storage.accounts import (
    ApiKeys,
    OidcLinks,
    PasswordResets,
    QuickReplies,
    Rules,
    SecondFactors,
    SignIns,
)
from whatsapp_hub.application.ports.storage.campaigns import Campaigns
from whatsapp_hub.application.ports.storage.contacts import Contacts
from whatsapp_hub.application.ports.storage.conversations import (
    Conversations,
    MediaFiles,
    Messages,
    Notes,
    Notifications,
)
from whatsapp_hub.application.ports.storage.files import OldFiles, StoredFiles
from whatsapp_hub.application.ports.storage.people import Departments, Users
from whatsapp_hub.application.ports.storage.quotas import Quotas, RefusedEmails
from whatsapp_hub.application.ports.storage.sessions import (
    Assignments,
    IdempotencyKeys,
    OtherProviders,
    Pairings,
    SessionHistory,
    Sessions,
)
from whatsapp_hub.application.ports.storage.templates import Templates
from whatsapp_hub.application.ports.storage.tenants import Tenants
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import SessionId, TenantId


def utc_now() -> datetime:
    return datetime.now(UTC)


def _wake_nobody(work: Work, tenant_id: TenantId | None = None) -> None:
    """Without a process that waits, there is nobody to wake."""


@dataclass(slots=True)
class MemoryStorage:
    """Implements `Storage`, and has the queues beside it. `plugins`: the providers whose sessions are stored."""

    clock: Clock = utc_now
    new_id: NewId = new_id
    plugins: "dict[str, Plugin]" = field(default_factory=dict)
    wake: Wake = _wake_nobody
    encode: Encode = plain_body
    database: MemoryDatabase = field(init=False)
    log: MemoryEventLog = field(init=False)
    directory: Directory = field(init=False)
    inbox: MemoryInboxAppender = field(init=False)
    leases: MemoryLeases = field(init=False)
    commands: MemoryCommands = field(init=False)
    webhook_queue: MemoryWebhookQueue = field(init=False)
    _cursors: dict[TenantId, tuple[SessionId, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = MemoryDatabase(self.clock)
        self.log = MemoryEventLog(self.encode)
        self.directory = MemoryDirectory(self.database, self._routes_of)
        self.inbox = MemoryInboxAppender(self.database, self.wake)
        self.leases = MemoryLeases(self.database)
        self.commands = MemoryCommands(self.database, self.wake)
        self.webhook_queue = MemoryWebhookQueue(self.database, self.log)

    @asynccontextmanager
    async def tenant(self, tenant_id: TenantId) -> AsyncIterator[UnitOfWork]:
        tenant = await self.directory.tenant(tenant_id)
        transaction = Transaction(self.database)
        try:
            yield _UnitOfWork(tenant, transaction, self)
        finally:
            transaction.end()

    def events(self, tenant_id: TenantId | None = None, after: int = 0) -> Sequence[Event]:
        """Return what happened, of one tenant or of all, in order."""
        return [event for _, event in self.log.events(after, tenant_id)]

    def holds_socket(self, provider: str) -> bool:
        plugin = self.plugins.get(provider)
        return plugin is not None and plugin.capabilities.holds_socket

    def _routes_of(self, provider: str, settings: object) -> Sequence[str]:
        plugin = self.plugins.get(provider)
        return plugin.routes(settings) if plugin else ()

    @property
    def cursors(self) -> dict[TenantId, tuple[SessionId, str]]:
        return self._cursors


class _UnitOfWork:
    """Implements `UnitOfWork`."""

    def __init__(self, tenant: Tenant, transaction: Transaction, storage: MemoryStorage) -> None:
        rows = transaction.of(tenant.id)
        self.tenant = tenant
        self._transaction = transaction
        self._storage = storage
        self._events: list[Event] = []
        self.contacts: Contacts = MemoryContacts(rows, tenant.id, storage.new_id, self._events)
        self.conversations: Conversations = MemoryConversations(rows, self._events)
        messages = MemoryMessages(rows, self._events)
        self.messages: Messages = messages
        self.departments: Departments = MemoryDepartments(rows)
        self.users: Users = MemoryUsers(rows, self._events)
        self.session_history: SessionHistory = MemorySessionHistory(rows)
        self.sessions: Sessions = MemorySessions(rows, self._events, self.session_history)
        self.environment: EnvironmentNumber = MemoryEnvironmentNumber(rows)
        self._connections = MemoryConnections(rows)
        self.connections: Connections = self._connections
        self.pairings: Pairings = MemoryPairings(rows)
        self.other_providers: OtherProviders = MemoryOtherProviders(rows)
        self.assignments: Assignments = MemoryAssignments(rows)
        self._api_keys = MemoryApiKeys(rows)
        self.api_keys: ApiKeys = self._api_keys
        self.notes: Notes = MemoryNotes(rows, self._events)
        self.media: MediaFiles = MemoryMedia(rows)
        self.files: StoredFiles = MemoryStoredFiles(rows, storage.clock)
        self.old_files: OldFiles = MemoryOldFiles()
        self._fetches = MemoryFetches(rows, storage.clock)
        self.fetches: Fetches = self._fetches
        self.scheduled: Scheduled = MemoryScheduled(rows)
        self.blocks: ProviderBlocks = MemoryProviderBlocks(rows)
        self.campaigns: Campaigns = MemoryCampaigns(rows, self._events)
        self.quotas: Quotas = MemoryQuotas(rows, tenant)
        self.refused_emails: RefusedEmails = MemoryRefusedEmails(rows)
        self.password_resets: PasswordResets = MemoryPasswordResets(rows)
        self._sign_ins = MemorySignIns(rows)
        self.sign_ins: SignIns = self._sign_ins
        self._second_factors = MemorySecondFactors(rows)
        self.second_factors: SecondFactors = self._second_factors
        self.oidc_links: OidcLinks = MemoryOidcLinks(rows)
        self.quick_replies: QuickReplies = MemoryQuickReplies(rows)
        self.rules: Rules = MemoryRules(rows)
        self.templates: Templates = MemoryTemplates(rows)
        self.tenants: Tenants = MemoryTenants(rows, tenant.id)
        self.notifications: Notifications = MemoryNotifications(rows)
        self._inbox = MemoryInbox(rows, tenant.id, storage.cursors)
        self.inbox: Inbox = self._inbox
        self.receipts: EarlyReceipts = MemoryEarlyReceipts(rows)
        self.charges: Charges = MemoryCharges(rows)
        self._lanes = MemoryLanes(rows, messages, storage.holds_socket)
        self.lanes: Lanes = self._lanes
        self.idempotency: IdempotencyKeys = MemoryIdempotencyKeys(rows)
        self.webhooks: Webhooks = MemoryWebhooks(rows, storage.log)
        self.erasures: Erasures = MemoryErasures(rows)
        self.exports: Exports = MemoryExports(rows)

    def publish(self, events: Iterable[Event]) -> None:
        self._events.extend(events)

    async def commit(self) -> None:
        await self._inbox.finish()
        events = self._events
        self._transaction.after_commit(lambda: self._storage.log.append(events))
        self._transaction.commit()
        for work, tenant_id in self._work():
            self._storage.wake(work, tenant_id)

    def _work(self) -> Iterable[tuple[Work, TenantId | None]]:
        """List what the commit leaves to others."""
        if self._events:
            yield Work.EVENTS, None
        if self._lanes.made_due:
            yield Work.LANES, self.tenant.id
        if self._lanes.made_due_held:
            yield Work.HELD_LANES, self.tenant.id
        if self._fetches.added:
            yield Work.MEDIA, self.tenant.id
        if self._fetches.added_held:
            yield Work.HELD_MEDIA, self.tenant.id
        if self._connections.changed:
            yield Work.LINES, None
        if self._sign_ins.changed or self._api_keys.changed or self._second_factors.changed:
            yield Work.ACCESS, None
