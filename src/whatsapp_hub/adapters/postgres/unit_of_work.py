"""One transaction of one tenant: a pooled connection under hub_app, its prelude, its repositories, its events.

A deadlock or serialisation failure surfaces as `TransactionConflict`, which is an `Unavailable`: see failures.py.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from whatsapp_hub.adapters.contracts.events.bodies import body
from whatsapp_hub.adapters.postgres.campaigns.campaigns import PostgresCampaigns
from whatsapp_hub.adapters.postgres.connectors.connections import PostgresConnections
from whatsapp_hub.adapters.postgres.engine.database import APP, Database, planned_by_value, prelude, within
from whatsapp_hub.adapters.postgres.engine.failures import Displaced, TransactionConflict, translated
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.media.fetches import PostgresFetches
from whatsapp_hub.adapters.postgres.media.files import (
    PostgresMedia,
    PostgresOldFiles,
    PostgresStoredFiles,
)
from whatsapp_hub.adapters.postgres.privacy.begin import PostgresErasures
from whatsapp_hub.adapters.postgres.privacy.exports import PostgresExports
from whatsapp_hub.adapters.postgres.queues.inbox import ClaimCursors, PostgresInbox
from whatsapp_hub.adapters.postgres.queues.lanes import PostgresLanes
from whatsapp_hub.adapters.postgres.queues.receipts import PostgresCharges, PostgresEarlyReceipts
from whatsapp_hub.adapters.postgres.queues.scheduled import PostgresScheduled
from whatsapp_hub.adapters.postgres.repositories.accounts.api_keys import PostgresApiKeys
from whatsapp_hub.adapters.postgres.repositories.accounts.departments import PostgresDepartments
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.accounts.oidc import PostgresOidcLinks
from whatsapp_hub.adapters.postgres.repositories.accounts.password_resets import PostgresPasswordResets
from whatsapp_hub.adapters.postgres.repositories.accounts.quick_replies import PostgresQuickReplies
from whatsapp_hub.adapters.postgres.repositories.accounts.quotas import PostgresQuotas
from whatsapp_hub.adapters.postgres.repositories.accounts.refused_emails import PostgresRefusedEmails
from whatsapp_hub.adapters.postgres.repositories.accounts.rules import PostgresRules
from whatsapp_hub.adapters.postgres.repositories.accounts.second_factors import PostgresSecondFactors
from whatsapp_hub.adapters.postgres.repositories.accounts.sign_ins import PostgresSignIns
from whatsapp_hub.adapters.postgres.repositories.accounts.tenants import PostgresTenants
from whatsapp_hub.adapters.postgres.repositories.accounts.users import PostgresUsers
from whatsapp_hub.adapters.postgres.repositories.contacts import PostgresContacts
from whatsapp_hub.adapters.postgres.repositories.conversations import PostgresAssignments, PostgresConversations
from whatsapp_hub.adapters.postgres.repositories.environment import PostgresEnvironmentNumber
from whatsapp_hub.adapters.postgres.repositories.idempotency import PostgresIdempotencyKeys
from whatsapp_hub.adapters.postgres.repositories.messages import PostgresMessages
from whatsapp_hub.adapters.postgres.repositories.notes import PostgresNotes, PostgresNotifications
from whatsapp_hub.adapters.postgres.repositories.pairings import PostgresPairings
from whatsapp_hub.adapters.postgres.repositories.people.blocks import PostgresProviderBlocks
from whatsapp_hub.adapters.postgres.repositories.session_history import PostgresSessionHistory
from whatsapp_hub.adapters.postgres.repositories.session_settings import PostgresOtherProviders, SettingsVault
from whatsapp_hub.adapters.postgres.repositories.sessions import PostgresSessions, SessionRows
from whatsapp_hub.adapters.postgres.repositories.webhooks import PostgresWebhooks
from whatsapp_hub.adapters.postgres.templates.rows import PostgresTemplates
from whatsapp_hub.application.measuring import EVENTS, ROUTING, TALLY
from whatsapp_hub.application.ports.connections.connections import Connections
from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.operations.environment import EnvironmentNumber
from whatsapp_hub.application.ports.operations.privacy import Erasures, Exports
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
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import TenantId

READS_WITHIN_S = 10.0
"""A list or a search that takes longer is given up: nobody waits for it any more, and others wait for the server."""
_TENANT_CACHED_S = 1.0
_MOVES_WITHIN_S = 10.0
_LOOK_AGAIN_S = 0.02
_DONE = Write(
    "inbox", "UPDATE hub.inbox SET state = 'done', retry_at = NULL, error = NULL WHERE id = ANY($1::bigint[])"
)
_PUBLISH = Write("outbox", "SELECT hub.tell($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bytea[])")


@dataclass(frozen=True, slots=True)
class _Kit:
    """Dependencies that all units of work of a process share."""

    database: Database
    vault: SettingsVault
    wake: Wake
    new_id: NewId
    rounds: ClaimCursors
    session_rows: SessionRows


class PostgresUnitOfWork:
    """Implements `UnitOfWork`."""

    def __init__(self, tenant: Tenant, connection: Statements, kit: _Kit) -> None:
        self.tenant = tenant
        self.is_open = True
        self._connection = connection
        self._wake = kit.wake
        self._events: list[Event] = []
        self.session_history: SessionHistory = PostgresSessionHistory(connection, tenant.id)
        sessions = PostgresSessions(connection, kit.vault, kit.session_rows, self._events, self.session_history)
        self.sessions: Sessions = sessions
        self.environment: EnvironmentNumber = PostgresEnvironmentNumber(connection, tenant.id)
        self._lanes = PostgresLanes(connection, kit.vault.holds_socket, sessions.saw, self._events)
        self.lanes: Lanes = self._lanes
        self._connections = PostgresConnections(connection, tenant.id)
        self.connections: Connections = self._connections
        self.pairings: Pairings = PostgresPairings(connection, tenant.id)
        self.other_providers: OtherProviders = PostgresOtherProviders(connection, tenant.id, kit.vault)
        self.contacts: Contacts = PostgresContacts(connection, tenant.id, kit.new_id, self._events)
        self.conversations: Conversations = PostgresConversations(connection, self._events)
        self.messages: Messages = PostgresMessages(connection, self._events)
        self.departments: Departments = PostgresDepartments(connection)
        self.users: Users = PostgresUsers(connection, self._events)
        self.assignments: Assignments = PostgresAssignments(connection)
        self._api_keys = PostgresApiKeys(connection)
        self.api_keys: ApiKeys = self._api_keys
        self._sign_ins = PostgresSignIns(connection)
        self.sign_ins: SignIns = self._sign_ins
        self._second_factors = PostgresSecondFactors(connection, kit.vault.box)
        self.second_factors: SecondFactors = self._second_factors
        self.oidc_links: OidcLinks = PostgresOidcLinks(connection)
        self.quick_replies: QuickReplies = PostgresQuickReplies(connection)
        self.rules: Rules = PostgresRules(connection)
        self.templates: Templates = PostgresTemplates(connection)
        self.tenants: Tenants = PostgresTenants(connection)
        self.password_resets: PasswordResets = PostgresPasswordResets(connection, tenant.id)
        self.quotas: Quotas = PostgresQuotas(connection, tenant)
        self.refused_emails: RefusedEmails = PostgresRefusedEmails(connection)
        self.media: MediaFiles = PostgresMedia(connection)
        self.files: StoredFiles = PostgresStoredFiles(connection)
        self.old_files: OldFiles = PostgresOldFiles(connection)
        self._fetches = PostgresFetches(connection)
        self.fetches: Fetches = self._fetches
        self.scheduled: Scheduled = PostgresScheduled(connection)
        self.blocks: ProviderBlocks = PostgresProviderBlocks(connection)
        self.campaigns: Campaigns = PostgresCampaigns(connection, self._events)
        self.notes: Notes = PostgresNotes(connection, self._events)
        self.notifications: Notifications = PostgresNotifications(connection, tenant.id)
        self._inbox = PostgresInbox(connection, tenant.id, kit.rounds, sessions.saw)
        self.inbox: Inbox = self._inbox
        self.receipts: EarlyReceipts = PostgresEarlyReceipts(connection, tenant.id)
        self.charges: Charges = PostgresCharges(connection, tenant.id)
        self.idempotency: IdempotencyKeys = PostgresIdempotencyKeys(connection, tenant.id)
        self.webhooks: Webhooks = PostgresWebhooks(connection, kit.vault.box)
        self.erasures: Erasures = PostgresErasures(connection)
        self.exports: Exports = PostgresExports(connection)

    def publish(self, events: Iterable[Event]) -> None:
        """Keep events, which `commit` writes with its last statement."""
        self._events.extend(events)

    async def commit(self) -> None:
        """Write inbox marks and events, commit, then send the hints that follow from them.

        Raises TransactionConflict where a statement had failed before.
        """
        if finished := self._inbox.finished:
            await self._connection.defer(_DONE, finished, rows=finished)
        work = await self._publish_events()
        if await self._connection.execute("COMMIT") != "COMMIT":
            raise TransactionConflict("the transaction had failed before its commit")
        self.is_open = False
        measured(self._events)
        if work:
            self._wake(work)
        for is_left, its_work in (
            (self._lanes.made_due, Work.LANES),
            (self._lanes.made_due_held, Work.HELD_LANES),
            (self._fetches.added, Work.MEDIA),
            (self._fetches.added_held, Work.HELD_MEDIA),
        ):
            if is_left:
                self._wake(its_work, self.tenant.id)
        if self._connections.changed:
            self._wake(Work.LINES)
        if self._sign_ins.changed or self._api_keys.changed or self._second_factors.changed:
            self._wake(Work.ACCESS)

    async def _publish_events(self) -> Work | None:
        """Publish events in the last statement before the commit, since all events may wait for its end; return the
        work to wake."""
        if not self._events:
            return None
        rows = ((e.type, e.session_id, e.conversation_id, e.occurred_at, body(e)) for e in self._events)
        [(is_logged,)] = await self._connection.fetch_along(_PUBLISH, *zip(*rows, strict=True))
        return Work.EVENTS if is_logged else Work.OUTBOX


def measured(events: Iterable[Event]) -> None:
    """Count committed events, and observe how long customers waited for a person."""
    for event in events:
        TALLY.add(EVENTS, event.type)
        if event.type is EventType.CONVERSATION_ASSIGNED:
            conversation = event.subjects.get("conversation")
            if isinstance(conversation, Conversation) and conversation.waiting_since:
                TALLY.observe(ROUTING, (event.occurred_at - conversation.waiting_since).total_seconds())


class _Transaction:
    """The context manager that `Storage.tenant` returns."""

    def __init__(self, storage: "PostgresStorage", tenant_id: TenantId) -> None:
        self._storage = storage
        self._tenant_id = tenant_id
        self._connection: Any = None
        self._uow: PostgresUnitOfWork | None = None

    async def __aenter__(self) -> UnitOfWork:
        tenant, self._connection = await self._storage.begin(self._tenant_id, prelude)
        self._uow = PostgresUnitOfWork(tenant, Statements(self._connection), self._storage.kit)
        return self._uow

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._uow is None:
            raise RuntimeError("the unit of work was not entered")
        await self._storage.kit.database.give_back(APP, self._connection, open_transaction=self._uow.is_open)
        if error is not None and (domain := translated(error)):
            raise domain from error


class PostgresStorage:
    """Transactions of tenants. `wake` is called after commits that leave work."""

    def __init__(
        self,
        database: Database,
        directory: PostgresDirectory,
        vault: SettingsVault,
        wake: Wake,
        new_id: NewId,
    ) -> None:
        self.directory: Directory = directory
        self.kit = _Kit(database, vault, wake, new_id, ClaimCursors(), SessionRows())
        self._tenants: dict[TenantId, tuple[float, Tenant]] = {}

    def tenant(self, tenant_id: TenantId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Return the transaction as a context manager; nothing is sent to the database before it is entered."""
        return _Transaction(self, tenant_id)

    @asynccontextmanager
    async def connection(self, tenant_id: TenantId) -> AsyncIterator[Any]:
        """Open a transaction without repositories, for queries. Raises NotFound, Unavailable."""
        _, connection = await self.begin(tenant_id, lambda tenant: planned_by_value(prelude(tenant)))
        async with self.kit.database.begun(connection):
            yield connection

    @asynccontextmanager
    async def reading(self, tenant_id: TenantId) -> AsyncIterator[Any]:
        """Open one for what somebody asks for and waits for: no statement of it takes longer than READS_WITHIN_S.
        Raises NotFound, Unavailable."""
        _, connection = await self.begin(tenant_id, lambda tenant: within(READS_WITHIN_S, prelude(tenant)))
        async with self.kit.database.begun(connection):
            yield connection

    async def begin(self, tenant_id: TenantId, begins: Callable[[Tenant], str]) -> tuple[Tenant, Any]:
        """Take a connection in a transaction of the tenant, wherever its rows are; the caller returns it. While they
        are being moved, wait without holding a connection. Raises NotFound, Unavailable."""
        patient_until = time.monotonic() + _MOVES_WITHIN_S
        while True:
            tenant = await self.known_tenant(tenant_id)
            try:
                return tenant, await self.kit.database.begin(begins(tenant), tenant.schema, tenant_id)
            except Displaced:
                self._tenants.pop(tenant_id, None)
                if time.monotonic() > patient_until:
                    raise
                await asyncio.sleep(_LOOK_AGAIN_S)

    async def known_tenant(self, tenant_id: TenantId) -> Tenant:
        """Return a copy of the tenant, at most one second old. Raises NotFound."""
        read_at, tenant = self._tenants.get(tenant_id, (-_TENANT_CACHED_S, None))
        if tenant is None or time.monotonic() - read_at > _TENANT_CACHED_S:
            tenant = await self.directory.tenant(tenant_id)
            self._tenants[tenant_id] = (time.monotonic(), tenant)
        return replace(tenant)
