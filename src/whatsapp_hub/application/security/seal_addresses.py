"""SealAddresses: seal webhook addresses that were stored in clear by earlier versions."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from whatsapp_hub.domain.integrations.secret_urls import is_shown, shown

BATCH = 200


class ClearAddresses(Protocol):
    """Addresses stored in clear that have a query, across companies. All raise Unavailable."""

    async def page(self, after: UUID | None, limit: int) -> list[tuple[UUID, str]]:
        """Return webhooks and their addresses, by id."""
        ...

    async def seal(self, webhook_id: UUID, url: str, as_shown: str) -> None:
        """Seal it and store `as_shown`, in its session and bot too, unless it has changed meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class SealAddresses:
    """Seal all. Idempotent; one query where there is nothing to do."""

    addresses: ClearAddresses

    async def __call__(self) -> None:
        """Seal them in batches. Raises Unavailable."""
        after: UUID | None = None
        while found := await self.addresses.page(after, BATCH):
            for webhook_id, url in found:
                if shown(url) != url and not is_shown(url):
                    await self.addresses.seal(webhook_id, url, shown(url))
            after = found[-1][0]
