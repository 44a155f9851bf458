"""Play the whole story on one hub."""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx

from tests.walk.hub import serving
from tests.walk.player import Walk
from tests.walk.recording import Recording
from tests.walk.story import (
    accounts,
    company,
    conversations,
    ending,
    gateways,
    integrations,
    public,
    refusals,
    sessions,
)

CHAPTERS = (
    *(public.play, accounts.play, company.play, sessions.play, integrations.subscribe, conversations.play),
    *(gateways.play, integrations.play, refusals.play, ending.play),
)


async def record(checkout: Path) -> str:
    """Start the checkout's hub, play, and return the recording."""
    with tempfile.TemporaryDirectory(prefix="hub-walk-", ignore_cleanup_errors=True) as folder:
        async with (
            serving(checkout, Path(folder)) as site,
            httpx.AsyncClient(base_url=site.url, timeout=60, trust_env=False) as http,
        ):
            walk = Walk(site, Recording(), http)
            for address, name in (
                *((site.url, "hub"), (site.graph.url, "graph"), (site.waha.url, "waha")),
                *((site.openid.url, "openid"), (f"http://127.0.0.1:{site.receiver.port}", "receiver")),
            ):
                walk.record.names.name(address, name)
                walk.record.names.name(address.replace("://", "%3A%2F%2F").replace(":", "%3A", 1), f"{name} escaped")
                walk.record.names.name(address.removeprefix("http://"), f"{name} host")
            for play in CHAPTERS:
                await play(walk)
            return walk.record.written()
