"""One transaction of one tenant, and the repositories in it.

`async with storage.tenant(tenant_id) as uow: … await uow.commit()`. Leaving without commit rolls back. A repository
that stores an entity (`add`, `save`) takes the events that the entity recorded; the commit writes the events of all, in
the order in which they were taken, in the same transaction. No provider or network call is made inside. Locks are taken
in this order, each kind by id: contacts, conversations, receipt keys, messages, sessions, connections, pairings,
campaigns, lanes, departments, users."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from whatsapp_hub.application.ports.connections.connections import Connections
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.operations.environment import EnvironmentNumber
from whatsapp_hub.application.ports.operations.privacy import Erasures, Exports
from whatsapp_hub.application.ports.queues.blocks import ProviderBlocks
from whatsapp_hub.application.ports.queues.fetches import Fetches
from whatsapp_hub.application.ports.queues.inbox import Charges, EarlyReceipts, Inbox
from whatsapp_hub.application.ports.queues.lanes import Lanes
from whatsapp_hub.application.ports.queues.scheduled import Scheduled
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
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import (
    TenantId,
)


class UnitOfWork(Protocol):
    """The repositories of one tenant in one transaction."""

    tenant: Tenant
    contacts: Contacts
    conversations: Conversations
    messages: Messages
    departments: Departments
    users: Users
    sessions: Sessions
    session_history: SessionHistory
    environment: EnvironmentNumber
    connections: Connections
    pairings: Pairings
    other_providers: OtherProviders
    assignments: Assignments
    api_keys: ApiKeys
    notes: Notes
    media: MediaFiles
    files: StoredFiles
    old_files: OldFiles
    fetches: Fetches
    scheduled: Scheduled
    blocks: ProviderBlocks
    campaigns: Campaigns
    quotas: Quotas
    refused_emails: RefusedEmails
    password_resets: PasswordResets
    sign_ins: SignIns
    second_factors: SecondFactors
    oidc_links: OidcLinks
    quick_replies: QuickReplies
    rules: Rules
    templates: Templates
    tenants: Tenants
    notifications: Notifications
    inbox: Inbox
    receipts: EarlyReceipts
    charges: Charges
    lanes: Lanes
    idempotency: IdempotencyKeys
    webhooks: Webhooks
    erasures: Erasures
    exports: Exports

    def publish(self, events: Iterable[Event]) -> None:
        """Take events that no stored entity recorded, or those of an entity that is stored later: the place in the
        order is this one."""
        ...

    async def commit(self) -> None:
        """Commit, then wake the readers of what was written."""
        ...


class Storage(Protocol):
    """Open transactions. One object a process; safe for concurrent use."""

    directory: Directory

    def tenant(self, tenant_id: TenantId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction for one tenant. Raises NotFound, Unavailable."""
        ...
