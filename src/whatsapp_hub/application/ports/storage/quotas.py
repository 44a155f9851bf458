"""What a company has of each kind, against what it may have."""

from typing import Protocol

from whatsapp_hub.domain.accounts.quotas import Quota


class Quotas(Protocol):
    async def require_room(self, quota: Quota) -> None:
        """Let one more be made in this transaction; two at the limit wait for each other. Must come before anything
        else is locked. Raises Conflict (`quota_exceeded`)."""
        ...

    async def add_media(self, size: int) -> None:
        """Count the bytes of a new file. Raises Conflict (`quota_exceeded`)."""
        ...

    async def recount_media(self) -> None:
        """Count all files anew: some may have been deleted since."""
        ...


class RefusedEmails(Protocol):
    """E-mail addresses that the company wanted for its people and that another company has."""

    async def require_room(self, most: int) -> None:
        """Raises TooMany where there were `most` refusals within an hour; others wait until this transaction ends."""
        ...

    async def record(self, email: str) -> None:
        """Write it into the record of changes."""
        ...
