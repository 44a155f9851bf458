"""The catalogue of message templates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contracts.storage.world import NOW, World, new_id
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import SessionId, TemplateId
from whatsapp_hub.domain.templates.template import MessageTemplate

HOUR = timedelta(hours=1)
BODY = {"type": "BODY", "text": "Olá {{1}} ☀", "example": {"body_text": [["Ana"]]}}


def a_template(world: World, name: str, language: str = "pt_BR", at: datetime = NOW, **more: Any) -> MessageTemplate:
    given: dict[str, Any] = {"status": "APPROVED", "components": (BODY,)} | more
    id, session = TemplateId(new_id()), SessionId(world.session.id)
    return MessageTemplate(id, world.tenant.id, session, name, language, seen_at=at, **given)


class TemplateContract:
    async def test_a_template_is_found_by_its_name_in_every_language(self, world: World) -> None:
        known = a_template(world, "hello", provider_id="17", category="UTILITY", quality="GREEN", reason="why")
        english, bare = a_template(world, "hello", "en"), a_template(world, "bye", components=None)
        await world.done(lambda uow: uow.templates.save([known, english, bare]))
        async with world.uow() as uow:
            assert await uow.templates.named(world.session.id, "hello") == [english, known]
            assert await uow.templates.get(bare.id) == bare
            assert await uow.templates.named(SessionId(new_id()), "hello") == []
            assert await uow.templates.is_known(world.session.id)
            await uow.templates.remove(known.id)
            with pytest.raises(NotFound):
                await uow.templates.get(known.id)

    async def test_what_was_seen_later_stays_and_its_id_always(self, world: World) -> None:
        first = a_template(world, "hello")
        await world.done(lambda uow: uow.templates.save([first]))
        await world.done(lambda uow: uow.templates.save([a_template(world, "hello", at=NOW + HOUR, status="PAUSED")]))
        await world.done(lambda uow: uow.templates.save([a_template(world, "hello", at=NOW, status="APPROVED")]))
        async with world.uow() as uow:
            assert await uow.templates.get(first.id) == replace(first, status="PAUSED", seen_at=NOW + HOUR)

    async def test_what_was_not_seen_again_goes(self, world: World) -> None:
        old, new = a_template(world, "old"), a_template(world, "new", at=NOW + HOUR)
        await world.done(lambda uow: uow.templates.save([old, new]))
        async with world.uow() as uow:
            assert await uow.templates.drop_unseen(world.session.id, NOW + HOUR) == 1
            assert await uow.templates.approved(world.session.id, 5) == [new]

    async def test_approved_ones_are_listed_up_to_a_limit(self, world: World) -> None:
        all = [a_template(world, name) for name in ("c", "a", "b")] + [a_template(world, "0", status="REJECTED")]
        await world.done(lambda uow: uow.templates.save(all))
        async with world.uow() as uow:
            assert [t.name for t in await uow.templates.approved(world.session.id, 2)] == ["a", "b"]

    async def test_a_session_whose_catalogue_is_old_or_absent_is_stale(self, world: World) -> None:
        kind, id = world.session.provider, world.session.id
        async with world.uow() as uow:
            session = await uow.sessions.get(id)
            session.is_active = True
            await uow.sessions.save(session)
            await uow.commit()
        async with world.uow() as uow:
            assert await uow.templates.stale([kind], NOW) == [id]
            assert await uow.templates.stale(["OTHER"], NOW) == []
            await uow.templates.save([a_template(world, "a"), a_template(world, "b", at=NOW + HOUR)])
            assert await uow.templates.stale([kind], NOW) == []
            assert await uow.templates.stale([kind], NOW + HOUR) == [id]

    async def test_a_deleted_session_takes_its_catalogue_along(self, world: World, other: World) -> None:
        gone, stays = a_template(world, "a"), a_template(other, "a")
        await world.done(lambda uow: uow.templates.save([gone]))
        await other.done(lambda uow: uow.templates.save([stays]))
        await world.done(lambda uow: uow.sessions.remove(world.session.id))
        async with world.uow() as uow:
            with pytest.raises(NotFound):
                await uow.templates.get(gone.id)
        async with other.uow() as uow:
            assert await uow.templates.get(stays.id) == stays
