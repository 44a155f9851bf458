"""A hub of two small roles under the real supervisor: `small_hub.py serve|api|worker FOLDER`."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from whatsapp_hub.main.roles.admin_password import FirstAdmin
from whatsapp_hub.main.roles.run import ProcessRole, play, until_told_to_stop
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.supervise.supervisor import serve


@dataclass(frozen=True)
class SmallRole(ProcessRole):
    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, __file__, self.name, os.environ["HUB_DATA_DIR"])


ROLES = [SmallRole(name, f"small_hub:{name}", "a test", loops=()) for name in ("api", "worker")]


async def api(settings: Settings) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        body = f"{os.getpid()} {settings.database_url} {settings.redis_url}"
        writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, settings.host, settings.port)
    await server.serve_forever()


async def worker(settings: Settings) -> None:
    note = Path(settings.hub_data_dir) / "worker"
    note.write_text(f"{os.getpid()}")
    try:
        await asyncio.Event().wait()
    finally:
        note.write_text("stopped cleanly")


async def prepare(settings: Settings) -> FirstAdmin | None:
    assert settings.jwt_secret
    return FirstAdmin("admin@example.com", "made-up")


if __name__ == "__main__":
    chosen = {role.name: role for role in ROLES}.get(sys.argv[1])
    if chosen:
        play(chosen, Settings.from_environment())
    else:
        asyncio.run(until_told_to_stop(serve(Settings.from_environment(), ROLES, prepare)))
