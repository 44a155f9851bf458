"""Ports of servers that tests start."""

import asyncio


async def listened_on(port: int, within_s: float = 20) -> None:
    """Wait until something on this machine takes connections at the port."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
