"""A sequencer in a process of its own, for a test to kill: `sequence_forever.py URL`."""

import asyncio
import sys

from whatsapp_hub.adapters.postgres.queues.sequencer import Sequencer


async def soon(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.02))


if __name__ == "__main__":
    asyncio.run(Sequencer(sys.argv[1], lambda _: None, soon).run())
