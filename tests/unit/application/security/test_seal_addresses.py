"""Addresses with something to hide are sealed, a page at a time."""

from __future__ import annotations

from uuid import UUID, uuid4

from whatsapp_hub.application.security.seal_addresses import SealAddresses


class Addresses:
    """Webhooks' addresses, two a page."""

    def __init__(self, *urls: str) -> None:
        self.clear = dict(sorted((uuid4(), url) for url in urls))
        self.sealed: dict[str, str] = {}

    async def page(self, after: UUID | None, limit: int) -> list[tuple[UUID, str]]:
        return [(id, url) for id, url in self.clear.items() if after is None or id > after][:2]

    async def seal(self, webhook_id: UUID, url: str, as_shown: str) -> None:
        self.sealed[url] = as_shown


async def test_only_what_has_something_to_hide_is_sealed() -> None:
    hidden = [f"https://r.example/in?token=s3cret{n}" for n in range(3)]
    addresses = Addresses(*hidden, "https://r.example/in")
    await SealAddresses(addresses)()
    assert addresses.sealed.keys() == set(hidden)
    assert all("s3cret" not in shown for shown in addresses.sealed.values())
