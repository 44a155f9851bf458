"""A company's usage against its quotas."""

from typing import Protocol

from whatsapp_hub.domain.accounts.quotas import Quota


class Quotas(Protocol):
    """Reserve room within a company's quotas."""

    async def require_room(self, quota: Quota) -> None:
        """Reserve one more in this transaction; two at the limit wait for each other. Must come before any other lock.
        Raises Conflict (`quota_exceeded`)."""
        ...

    async def add_media(self, size: int) -> None:
        """Count the bytes of a new file. Raises Conflict (`quota_exceeded`)."""
        ...

    async def recount_media(self) -> None:
        """Recount all files: some may have been deleted."""
        ...


class RefusedEmails(Protocol):
    """E-mail addresses that were refused to the company, as another company has them."""

    async def require_room(self, most: int) -> None:
        """Raise TooMany after `most` refusals within an hour; other callers wait until this transaction ends."""
        ...

    async def record(self, email: str) -> None:
        """Record a refusal in the audit."""
        ...
