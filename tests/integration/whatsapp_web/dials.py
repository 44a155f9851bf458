"""A connector's process in little, for counting what it leaves behind: `python -m … URL SESSIONS ROUNDS PROXY`.

Opens and closes each session ROUNDS times, half of them paired; prints, round by round, its threads, descriptors and
connections to the store as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg

from tests.fakes.devices import add_device
from tests.fakes.neonize import Inbox
from whatsapp_hub.adapters.providers.neonize.client import NeonizeClient
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.settings import NeonizeSettings
from whatsapp_hub.adapters.providers.public_files import HttpFetch
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId, TenantId


async def main(url: str, sessions: int, rounds: int, proxy: str) -> None:
    provider = NeonizeClient(Inbox(), HttpFetch(allow_private=False), lambda: DeviceStore(url))
    owner = await asyncpg.connect(url)
    settings = NeonizeSettings(proxy=proxy)
    refs = [SessionRef(SessionId(uuid4()), TenantId(uuid4()), "x", "NEONIZE", settings) for _ in range(sessions)]
    await provider._holder._ready()
    for number, ref in enumerate(refs[::2]):
        await add_device(owner, f"551197{number:07d}:3@s.whatsapp.net", ref.id)
    counts = []
    for _ in range(rounds):
        provider._holder._unanswered.clear()  # each dial is the library's
        for ref in refs:
            await provider.open(ref)
        for ref in refs:
            while provider.pulse(ref.id):  # the proxy refuses: each dial ends by itself
                await asyncio.sleep(0.02)
            await provider.close(ref.id)
        connections = await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tasks, descriptors = (len(list(Path(f"/proc/self/{name}").iterdir())) for name in ("task", "fd"))
        counts.append({"threads": tasks, "descriptors": descriptors, "connections": connections})
    await owner.close()
    await provider.aclose()
    os.write(2, json.dumps(counts).encode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
