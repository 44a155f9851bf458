"""Runs an embedded server until killed: `hold_server.py postgres|valkey FOLDER`. Prints its address when ready."""

import asyncio
import sys
from pathlib import Path

from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres
from whatsapp_hub.adapters.redis.embedded import EmbeddedValkey


async def main(kind: str, folder: Path) -> None:
    async with EmbeddedPostgres(folder) if kind == "postgres" else EmbeddedValkey(folder) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
