"""Erasure, export and retention of a customer's data."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import ContactId, ConversationId, ErasureId, ExportId, SessionId, TenantId, UserId
from whatsapp_hub.domain.privacy.retention import Kind


@dataclass(frozen=True, slots=True)
class Erased:
    """Number of rows of one table that were deleted, or blanked where they must stay."""

    table: str
    way: str
    rows: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record of an erasure: its requester, times and counts. The contact's id identifies no one any more."""

    id: ErasureId
    tenant_id: TenantId
    contact_id: ContactId
    caller: str
    user_id: UserId | None
    begun_at: datetime
    finished_at: datetime | None = None
    counts: Mapping[str, int] | None = None

    @property
    def listing(self) -> list[Erased]:
        """By table."""
        pairs = ((key.rpartition(" "), rows) for key, rows in sorted((self.counts or {}).items()))
        return [Erased(table, way, rows) for (table, _, way), rows in pairs]


@dataclass(frozen=True, slots=True)
class Begun:
    """An erasure that this transaction began, and the rounds that it removes, by session."""

    erasure: Erasure
    rounds: Sequence[tuple[SessionId, ConversationId]]


class Erasures(Protocol):
    """In a company's unit of work."""

    async def require(self, contact_id: ContactId) -> None:
        """Check that the contact exists, without a lock. Raises NotFound."""
        ...

    async def begin(self, erasure: Erasure) -> Begun:
        """Hide the contact: remove its identities and names, its unsent messages and unprocessed updates, and archive
        its rounds. Its identifiers are remembered until the erasure is finished. Raises NotFound: no such contact, or
        another erasure was faster."""
        ...

    async def of(self, contact_id: ContactId) -> Erasure | None:
        """Return the contact's erasure."""
        ...

    async def get(self, erasure_id: ErasureId) -> Erasure:
        """Return an erasure. Raises NotFound."""
        ...

    async def newest(self, limit: int, before: ErasureId | None) -> list[Erasure]:
        """List erasures, the newest first."""
        ...


class ErasureSweep(Protocol):
    """Each step may be repeated after a crash. All raise Unavailable."""

    async def take(self, lease_s: float, but: Collection[ErasureId]) -> Erasure | None:
        """Lease the oldest unfinished erasure that no other worker has."""
        ...

    async def leave(self, erasure: Erasure) -> None:
        """Release the lease, so that another worker continues."""
        ...

    async def rows(self, erasure: Erasure, limit: int) -> int:
        """Erase up to `limit` rows of each table that refers to the contact; return the count. Once it is 0, nothing
        can change in its conversations any more."""
        ...

    async def log(self, erasure: Erasure, limit: int) -> bool:
        """Scan up to `limit` more rows of the event log, the audit and the raw updates; False once all were scanned.
        Call when `rows` gave 0."""
        ...

    async def finish(self, erasure: Erasure) -> bool:
        """Forget the contact's identifiers. False: not yet, since a move of the company is begun, and rows may stand in
        two places."""
        ...


@dataclass(frozen=True, slots=True)
class Export:
    """A permission to download a copy of a contact's data, until it expires."""

    id: ExportId
    tenant_id: TenantId
    contact_id: ContactId
    caller: str
    created_at: datetime
    expires_at: datetime
    downloaded_at: datetime | None = None


class Exports(Protocol):
    """In a company's unit of work."""

    async def add(self, export: Export) -> None:
        """Store it, with an entry in the audit. Raises NotFound: there is no such contact."""
        ...

    async def get(self, export_id: ExportId, now: datetime) -> Export:
        """Return it. Raises NotFound, also for one that expired or whose contact was erased."""
        ...

    async def taken(self, export: Export, at: datetime) -> None:
        """Record a download, in the audit too."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file of an export, streamed in pieces."""

    name: str
    pieces: AsyncIterator[bytes]


class PersonalData(Protocol):
    """Read what is stored of a customer."""

    def of(self, tenant_id: TenantId, contact_id: ContactId) -> AsyncIterator[Part]:
        """Stream all data of a contact, one file a kind, read in pages to bound memory. The pieces of a part must be
        read before the next part is requested. Raises Unavailable."""
        ...


class RetentionSweep(Protocol):
    """Each call is a transaction that changes up to `limit` rows and returns the count. All raise Unavailable."""

    async def trim(self, tenant_id: TenantId, kind: Kind, before: datetime, limit: int) -> int:
        """Delete older rows, or blank them where a position or a key must stay. Unsent messages stay."""
        ...

    async def trim_unused_files(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        """Delete older files that no message carries."""
        ...
