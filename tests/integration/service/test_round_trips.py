"""A message costs as few round trips as decision 8 says (the claim of its batch is one more): events wait for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asyncpg.pool import PoolConnectionProxy

from tests.integration.service.conftest import Desk, a_phone


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of PostgreSQL meanwhile."""
    asked: list[str] = []

    def counting(method: Any) -> Any:
        async def ask(self: Any, query: str, *arguments: Any, **how: Any) -> Any:
            asked.append(" ".join(query.split())[:80])
            return await method(self, query, *arguments, **how)

        return ask

    with monkeypatch.context() as patch:
        for name in ("fetch", "fetchrow", "fetchval", "execute"):
            patch.setattr(PoolConnectionProxy, name, counting(getattr(PoolConnectionProxy, name)))
        yield asked


async def asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch, phone: str, text: str) -> list[str]:
    """The statements of the transaction that stores this message."""
    with counted(monkeypatch) as asked:
        await desk.writes(phone, text)
    return asked[: asked.index("COMMIT") + 1]


async def test_talk_costs_six(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    department, phone = await desk.department(), a_phone()
    await desk.person(department)
    await desk.queued(department, phone)
    await desk.writes(phone, "Bom dia")
    asked = await asked_for(desk, monkeypatch, phone, "Quero um orçamento")
    assert len(asked) == 6, asked  # begin, contacts, rounds, known messages, all writes, commit


async def test_a_new_customer_who_gets_the_menu_costs_eight(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.department("Vendas")
    await desk.department("Suporte")
    asked = await asked_for(desk, monkeypatch, a_phone(), "Oi")
    assert len(asked) == 8, asked  # as above, rules and departments


async def test_a_choice_that_brings_an_agent_costs_eleven_at_most(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    department, phone = await desk.department(), a_phone()
    await desk.person(department)
    await desk.writes(phone, "Oi")
    asked = await asked_for(desk, monkeypatch, phone, department.name)
    assert len(asked) <= 11, asked  # as above without rules; departments locked, people looked at, one locked
