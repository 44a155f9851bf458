"""The sequencer: move committed rows from the outbox to the log and give each a dense position.

Most events bypass it: a transaction assigns positions itself when no other one does and the outbox is empty
(`hub.tell`, migration 0118). The rest it leaves in the outbox rather than wait.

One leads at a time, by an advisory lock of its session: when it dies, PostgreSQL frees the lock and another takes over.
It moves only committed rows, in the outbox's order; a transaction that commits later comes later, so positions neither
skip nor wait. Two events of one conversation are in the order of their transactions, since both locked it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import SYSTEM, connect
from whatsapp_hub.adapters.postgres.engine.failures import translated
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.application.pulse import PULSE

log = logging.getLogger(__name__)

BATCH = 2000
POLL_S = 1.0
_LOCK = 0x776D7371

# A live leader queries each second; one that hangs or was paused loses its connection, and the lock with it.
_SILENCE = "SET idle_session_timeout = '5s'"
_TAKE_LOCK = "SELECT pg_try_advisory_lock($1)"
_MOVE = """
    WITH batch AS (
      DELETE FROM hub.outbox WHERE id = ANY(ARRAY(SELECT id FROM hub.outbox ORDER BY id LIMIT $1))
      RETURNING id, tenant_id, type, session_id, conversation_id, occurred_at, body),
    head AS (
      UPDATE hub.sequencer SET position = position + (SELECT count(*) FROM batch)
      RETURNING position - (SELECT count(*) FROM batch) AS before)
    INSERT INTO hub.events (position, tenant_id, type, session_id, conversation_id, occurred_at, body)
    SELECT head.before + row_number() OVER (ORDER BY id),
      tenant_id, type, session_id, conversation_id, occurred_at, body
    FROM batch, head"""


class Sequencer:
    """A sequencer: `run()` until cancelled in any number of processes; one of them leads.

    `wait` returns when the outbox may have rows (a wake-up) or after the given seconds; `leads` is called with whether
    this one leads.
    """

    def __init__(
        self,
        url: str,
        wake: Wake,
        wait: Callable[[float], Awaitable[None]],
        leads: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._url = url
        self._leads = leads
        self._wake = wake
        self._wait = wait
        self._connection: Any = None

    async def run(self) -> None:
        """Lead, or wait to, until cancelled; a lost connection is retried."""
        try:
            while True:
                PULSE.beat("sequencer")
                try:
                    await self._lead()
                except Exception as error:
                    if translated(error) is None:
                        raise
                    log.warning("sequencer.lost", extra={"error": type(error).__name__})
                await asyncio.sleep(POLL_S)
        finally:
            self._drop()

    async def _lead(self) -> None:
        """Lead until the connection breaks, which raises; return at once when another leads."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, SYSTEM)
            await self._connection.execute(_SILENCE)
        if not await self._connection.fetchval(_TAKE_LOCK, _LOCK):
            return
        log.info("sequencer.leads")
        self._leads(True)
        try:
            while True:
                PULSE.beat("sequencer")
                if await self.move() < BATCH:
                    await self._wait(POLL_S)
        finally:
            self._leads(False)
            self._drop()

    async def move(self) -> int:
        """Move one batch; return its number of rows."""
        moved = int((await self._connection.execute(_MOVE, BATCH)).rpartition(" ")[2])
        if moved:
            self._wake(Work.EVENTS)
        return moved

    def _drop(self) -> None:
        """Terminate the connection at once: the server frees the lock when the socket closes."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.terminate()
            self._connection = None
