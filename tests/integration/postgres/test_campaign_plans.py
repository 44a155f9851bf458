"""An audience costs no more in a large company where it names its contacts, and is bounded where it filters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from whatsapp_hub.adapters.postgres.campaigns import campaigns
from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.errors import TookTooLong
from whatsapp_hub.domain.ids import ContactId

from .conftest import World, new_id

MANY = 5_000
MAKE = """
    INSERT INTO pooled.contacts (id, tenant_id, name, is_group, created_at, own)
    SELECT unnest($1::uuid[]), $2, 'Ana', false, now(), '{"labels": ["vip"], "fields": {"a": "x"}}'"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


async def many(world: World) -> list[ContactId]:
    ids = [ContactId(new_id()) for _ in range(MANY)]
    await world.hub.owner.execute(MAKE, ids, world.tenant.id)
    return ids


async def test_a_list_is_looked_up_by_its_names_and_not_compared_with_every_contact(world: World) -> None:
    """Each contact was compared with each of the names."""
    named = (await many(world))[:100]
    async with world.uow() as uow:
        connection: Any = uow.campaigns._connection  # type: ignore[attr-defined] # in the role and plans of a transaction
        statements = (campaigns._MATCHING_NAMED, campaigns._KNOWN)
        told = [await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {one}", named) for one in statements]
    for one in told:
        nodes = list(_nodes(json.loads(one)[0]["Plan"]))
        read = [node for node in nodes if node.get("Relation Name") == "contacts"]
        assert [(node["Actual Loops"], node["Actual Rows"]) for node in read] == [(100, 1)], one
        assert not any(name.startswith("Rows Removed") and node[name] for node in nodes for name in node), one


async def test_a_count_that_takes_too_long_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    named = await many(world)
    async with world.uow() as uow:
        whom = Audience(labels=("vip",), fields={"a": "x"})
        assert await uow.campaigns.matching(whom) == AudienceCount(MANY)
    monkeypatch.setattr(campaigns, "MATCHED_WITHIN_S", 0.001)
    for audience in (whom, Audience(tuple(named))):
        with pytest.raises(TookTooLong):
            async with world.uow() as uow:
                await uow.campaigns.matching(audience)
