"""Tickets of this process's open streams: prolonged while the streams are open, given up to a newer opening."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from uuid import UUID

import structlog

from whatsapp_hub.application.authentication.tickets import HELD_S, OpenedTicket
from whatsapp_hub.application.ports.edge.tickets import TicketStore
from whatsapp_hub.domain.errors import Unavailable

LOOK_EVERY_S = 1.0

log = structlog.get_logger(__name__)

T = TypeVar("T")


class HeldTickets:
    """Tickets held, prolonged by one query a second for all of them, and none while there are none."""

    def __init__(self, store: TicketStore) -> None:
        self._store = store
        self._held: dict[UUID, tuple[bytes, asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def holding(self, ticket: OpenedTicket) -> Iterator[asyncio.Event]:
        """Hold the ticket; the event is set when a newer opening of it holds it."""
        for digest, replaced in self._held.values():
            if digest == ticket.digest:
                replaced.set()
        given_up = asyncio.Event()
        self._held[ticket.holder] = ticket.digest, given_up
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="held tickets")
        try:
            yield given_up
        finally:
            del self._held[ticket.holder]

    async def _look(self) -> None:
        while self._held:
            await asyncio.sleep(LOOK_EVERY_S)
            asked = {holder: held for holder, held in self._held.items() if not held[1].is_set()}
            if not asked:
                continue
            try:
                still = await self._store.hold([(digest, holder) for holder, (digest, _) in asked.items()], HELD_S)
            except Unavailable:
                continue
            except Exception:
                log.exception("tickets not prolonged")
                continue
            for holder in asked.keys() - still:
                asked[holder][1].set()


async def until(given_up: asyncio.Event, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Pass the items on until the event is set, without waiting for the next one then."""
    ending = asyncio.create_task(given_up.wait())
    coming: asyncio.Future[T] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(anext(items))
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                return
            try:
                yield coming.result()
            except StopAsyncIteration:
                return
    finally:
        ending.cancel()
        if coming is not None and not coming.done():
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
