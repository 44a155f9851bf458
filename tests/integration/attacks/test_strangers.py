"""Bodies of people nobody knows."""

import asyncio
from typing import Any

import pytest

from tests.integration.postgres.conftest import World
from whatsapp_hub.adapters.postgres.repositories.accounts import directory as module


async def test_a_flood_of_unknown_numbers_makes_no_known_number_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of routes is emptied when strangers have filled it, also while somebody waits for an answer."""
    monkeypatch.setattr(module, "_CACHED_ROUTES", 50)
    directory: Any = world.hub.directory
    session = await world.add_session("META", settings={"routes": ["phone:77001"]})

    async def flood() -> None:
        for n in range(60):
            await directory.targets("META", [f"phone:{n}-{k}" for k in range(20)])

    async def ask() -> None:
        for n in range(60):
            found = await directory.targets("META", ["phone:77001", f"phone:else-{n}"])
            assert [t.session_id for t in found.get("phone:77001", [])] == [session.id]

    await asyncio.gather(flood(), ask(), flood(), ask())


async def test_everybody_is_looked_up_once_a_second_and_at_once_after_a_change_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory: Any = world.hub.directory
    asked: list[str] = []
    fetch = type(directory)._fetch

    async def counted(self: Any, statement: str, *arguments: object) -> Any:
        asked.append(statement)
        return await fetch(self, statement, *arguments)

    monkeypatch.setattr(type(directory), "_fetch", counted)
    first = await world.add_session("META")
    for _ in range(20):
        assert first.id in {t.session_id for t in await directory.all_targets("META")}
    assert len(asked) == 1
    second = await world.add_session("META")
    assert second.id in {t.session_id for t in await directory.all_targets("META")}
