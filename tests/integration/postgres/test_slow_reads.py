"""What somebody asks for and nobody waits for any more ends, and lists cost no more than their bound."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from whatsapp_hub.adapters.postgres import unit_of_work
from whatsapp_hub.adapters.postgres.engine.pages import PAGE_BYTES
from whatsapp_hub.adapters.postgres.queries import contact_list
from whatsapp_hub.adapters.postgres.queries.contact_list import PostgresContactBook
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.reading.contacts import ContactFilter
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.messaging.contact import Identity

from .conftest import NOW, World


async def test_a_statement_that_takes_too_long_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_of_work, "READS_WITHIN_S", 0.2)
    with pytest.raises(Unavailable, match="ask for less"):
        async with asyncio.timeout(20), world.hub.storage.reading(world.tenant.id) as connection:
            await connection.fetch("SELECT pg_sleep(60)")
    async with world.hub.storage.reading(world.tenant.id) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    async with world.hub.storage.connection(world.tenant.id) as connection:  # a job of the hub's own
        assert await connection.fetchval("SHOW statement_timeout") == "0"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_PAGE", "_EDGE", "_FIELD_NAMES"):
        monkeypatch.setattr(contact_list, name, _fewer(getattr(contact_list, name)))
    monkeypatch.setattr(contact_list, "LOOKED_AT", 4)


def _fewer(statement: str) -> str:
    return statement.replace(f"LIMIT {contact_list.LOOKED_AT}", "LIMIT 4").replace(
        f"OFFSET {contact_list.LOOKED_AT - 1}", "OFFSET 3"
    )


@pytest.mark.usefixtures("few")
async def test_a_search_of_contacts_looks_at_some_at_a_time_and_leaves_none_out(world: World) -> None:
    async with world.uow() as uow:
        sightings = [Sighting((Identity.phone(f"55119{n:08d}"),), f"Ana {chr(97 + n) * 3}") for n in range(11)]
        met = (await uow.contacts.find_or_create(sightings, NOW)).contacts
        contacts = [contact for contact, _ in met]
        for n, contact in enumerate(contacts):
            contact.card = contact.card.filled({f"f{n}": "x"})
        await uow.contacts.save(contacts)
        await uow.commit()
    book = PostgresContactBook(world.hub.storage)
    assert await book.field_names(world.tenant.id) == sorted(f"f{n}" for n in range(11))
    assert await _all(book, world, ContactFilter("aaa")) == ["Ana aaa"]
    assert len(await _all(book, world, ContactFilter("ana"))) == 11
    assert await _all(book, world, ContactFilter("nobody")) == []
    first = await book.page(world.tenant.id, ContactFilter("aaa"), 3, None)
    assert not first.items
    assert first.next_cursor is not None


async def _all(book: PostgresContactBook, world: Any, wanted: ContactFilter) -> list[str | None]:
    names: list[str | None] = []
    cursor: str | None = None
    for _ in range(20):
        page = await book.page(world.tenant.id, wanted, 3, cursor)
        names += [contact.name for contact in page.items]
        if (cursor := page.next_cursor) is None:
            return names
    raise AssertionError("the list has no end")


async def test_of_very_long_waiting_messages_a_move_looks_at_the_first(world: World) -> None:
    await world.enqueue(await world.conversation(), *["é" * 4000] * 400)
    async with world.uow() as uow:
        touched = await uow.lanes.affected(world.session.id, 10_000)
    assert touched.queued == 400
    assert PAGE_BYTES - 8001 < sum(2 * len(one.content.text) for one in touched.waiting) < PAGE_BYTES + 8001
