"""Read marks and "typing…" of one company, whose provider never answers, leave places for other companies'."""

from __future__ import annotations

import asyncio

import pytest

from tests.contracts.storage.world import World
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.handling.show_customer import AT_ONCE, ShowCustomer
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.queues.commands import TypingSign


async def test_a_company_has_as_many_places_as_it_leaves_free(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    other, go_on = await World.of(office, await office.tenant(), LINE), asyncio.Event()
    shown: list[SessionRef] = []

    async def show_typing(session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        shown.append(session)
        await go_on.wait()

    monkeypatch.setattr(office.line, "show_typing", show_typing)
    show = office.use(ShowCustomer)
    for n in range(2 * AT_ONCE):
        show.typing(office.session, TypingSign(f"{n}"))
    show.typing(other.session, TypingSign("1"))
    await asyncio.sleep(0)
    assert [session.tenant_id for session in shown].count(office.id) == AT_ONCE // 2
    assert [session.tenant_id for session in shown].count(other.tenant.id) == 1
    go_on.set()
    await show._showing.drain()
    show.typing(office.session, TypingSign("later"))
    await show._showing.drain()
    assert len(shown) == AT_ONCE // 2 + 2
