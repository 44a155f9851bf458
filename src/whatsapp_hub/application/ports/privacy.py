"""One customer's data: erased, exported, kept for a time."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import ContactId, ConversationId, ErasureId, ExportId, SessionId, TenantId, UserId
from whatsapp_hub.domain.privacy.retention import Kind


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows of one table that were deleted, or blanked where they must stay."""

    table: str
    way: str
    rows: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """The proof of an erasure: who asked, when, and what was done. The contact's id names nobody any more."""

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
    """An erasure that this transaction began, and the rounds that it takes away by session."""

    erasure: Erasure
    rounds: Sequence[tuple[SessionId, ConversationId]]


class Erasures(Protocol):
    """In a company's unit of work."""

    async def require(self, contact_id: ContactId) -> None:
        """Unlocked. Raises NotFound: there is no such contact."""
        ...

    async def begin(self, erasure: Erasure) -> Begun:
        """Take the contact away from everybody: its identities and names, what waits to be sent to it, what it wrote
        that is not processed yet; its rounds are archived. What it was known by is remembered until the erasure is
        finished. Raises NotFound: there is no such contact, or somebody else was faster."""
        ...

    async def of(self, contact_id: ContactId) -> Erasure | None:
        """The contact's erasure."""
        ...

    async def get(self, erasure_id: ErasureId) -> Erasure:
        """Raises NotFound."""
        ...

    async def newest(self, limit: int, before: ErasureId | None) -> list[Erasure]:
        """The newest first."""
        ...


class ErasureSweep(Protocol):
    """Each step may be taken again after a crash. All raise Unavailable."""

    async def take(self, lease_s: float, but: Collection[ErasureId]) -> Erasure | None:
        """The oldest that is not finished and that nobody else works on; nobody else takes it until the lease ends."""
        ...

    async def leave(self, erasure: Erasure) -> None:
        """Let somebody else go on with it."""
        ...

    async def rows(self, erasure: Erasure, limit: int) -> int:
        """Erase up to `limit` rows of each table that hangs on the contact; how many. Nothing can happen in its
        conversations any more once this gave 0."""
        ...

    async def log(self, erasure: Erasure, limit: int) -> bool:
        """Look through up to `limit` more rows of the event log, the record of changes and the raw updates; False once
        all were seen. Call when `rows` gave 0."""
        ...

    async def finish(self, erasure: Erasure) -> None:
        """Forget what the contact was known by."""
        ...


@dataclass(frozen=True, slots=True)
class Export:
    """Leave to download a copy of what is kept of a contact, until it expires."""

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
        """With its entry in the audit. Raises NotFound: there is no such contact."""
        ...

    async def get(self, export_id: ExportId, now: datetime) -> Export:
        """Raises NotFound, also for one that expired or whose contact was erased."""
        ...

    async def taken(self, export: Export, at: datetime) -> None:
        """Note a download, in the audit too."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file of an export; its bytes come in pieces."""

    name: str
    pieces: AsyncIterator[bytes]


class PersonalData(Protocol):
    def of(self, tenant_id: TenantId, contact_id: ContactId) -> AsyncIterator[Part]:
        """All that is kept of a contact, a file a kind, read in pages: never much of it is in memory. The pieces of a
        part are read before the next part is asked for. Raises Unavailable."""
        ...


class RetentionSweep(Protocol):
    """A little in each call, which is a transaction; how many rows it changed. All raise Unavailable."""

    async def trim(self, tenant_id: TenantId, kind: Kind, before: datetime, limit: int) -> int:
        """Delete what is older, or blank it where a position or a key must stay. What waits to be sent stays."""
        ...

    async def trim_unused_files(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        """Delete files that no message carries."""
        ...
