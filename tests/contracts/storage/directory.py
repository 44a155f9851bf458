"""Lookups across tenants, erasures and exports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.contracts.storage.world import NOW, World, a_phone, new_id, seen
from whatsapp_hub.application.ports.operations.privacy import Erasure, Export
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import ContactId, ErasureId, ExportId, TenantId, UserId
from whatsapp_hub.domain.messaging.pacing import Pacing


class DirectoryContract:
    async def test_companies_are_listed_by_slug_and_a_slug_is_taken_once(self, world: World, other: World) -> None:
        directory = world.hub.storage.directory
        slugs = [t.slug for t in await directory.tenants()]
        assert {world.tenant.slug, other.tenant.slug} <= set(slugs)
        assert slugs == sorted(slugs)
        assert await directory.tenant(world.tenant.id) == world.tenant
        with pytest.raises(NotFound):
            await directory.tenant(TenantId(new_id()))
        with pytest.raises(Conflict) as refused:
            await directory.add_tenant(Tenant(TenantId(new_id()), world.tenant.slug, "again", NOW))
        assert refused.value.code == "slug_taken"

    async def test_a_user_is_found_by_address_in_any_company(self, world: World) -> None:
        directory, user = world.hub.storage.directory, await world.add_user()
        found = await directory.credentials(f" {user.email.upper()} ")
        assert (found.user, found.tenant) == (user, world.tenant)
        assert await directory.credentials("nobody@example.com") is None
        assert await directory.user(user.id) == user
        assert await directory.user(UserId(new_id())) is None

    async def test_it_is_known_whether_there_is_another_master(self, world: World) -> None:
        directory, master = world.hub.storage.directory, await world.add_user(role=Role.MASTER)
        assert await directory.has_master()
        await world.add_user(role=Role.MASTER)
        assert await directory.has_master(other_than=master.id)

    async def test_a_job_is_one_callers_in_its_time(self, world: World) -> None:
        directory, job = world.hub.storage.directory, f"job-{uuid4().hex}"
        assert await directory.ticks({job: 60.0}) == [job]
        assert await directory.ticks({job: 60.0}) == []
        assert await directory.ticks({job: 0.0}) == [job]

    async def test_a_session_that_was_not_heard_is_polled_once(self, world: World) -> None:
        directory = world.hub.storage.directory
        heard, silent = await world.add_session("WAHA"), await world.add_session("WAHA")
        await world.update("one", session=heard)

        async def found() -> dict[object, object]:
            return {s.id: s for s in await directory.silent_sessions(["WAHA"], 60)}

        first = await found()
        assert silent.id in first
        assert heard.id not in first
        await directory.polling(first[silent.id])
        assert silent.id in await found()
        await directory.polled(first[silent.id])
        assert silent.id not in await found()


class PrivacyContract:
    def erasure(self, world: World, contact_id: ContactId) -> Erasure:
        return Erasure(ErasureId(new_id()), world.tenant.id, contact_id, "user:1", None, datetime.now(UTC))

    async def test_an_erasure_hides_the_customer_and_drops_what_waits(self, world: World) -> None:
        phone = a_phone()
        conversation = await world.conversation(phone, customer_name="Ana", customer_phone=phone)
        await world.enqueue(conversation, "unsent")
        await world.update("unread", conversation.chat)
        erasure = self.erasure(world, conversation.contact_id)
        begun = await world.done(lambda uow: uow.erasures.begin(erasure))
        assert begun.rounds == [(world.session.id, conversation.id)]
        async with world.uow() as uow:
            hidden = await uow.conversations.peek(conversation.id)
            assert (hidden.status, hidden.customer_name, hidden.chat) == (ConversationStatus.ARCHIVED, None, "")
            assert (await uow.inbox.claim(9)).items == []
            assert (await uow.lanes.claim({"SANDBOX": Pacing(None, None)}, 9, 30)).claims == []
            [(met, is_new)], _ = await uow.contacts.find_or_create([seen(phone)], NOW)
            assert is_new
            assert met.id != conversation.contact_id

    async def test_erasures_are_listed_the_newest_first(self, world: World) -> None:
        erasures = []
        for _ in range(2):
            contact = await world.contact(a_phone())
            erasures.append(self.erasure(world, contact.id))
            await world.done(lambda uow: uow.erasures.begin(erasures[-1]))
        async with world.uow() as uow:
            assert [e.id for e in await uow.erasures.newest(9, None)] == [erasures[1].id, erasures[0].id]
            assert [e.id for e in await uow.erasures.newest(9, erasures[1].id)] == [erasures[0].id]
            found = await uow.erasures.of(erasures[0].contact_id)
            assert found is not None
            assert found.id == erasures[0].id
            assert (await uow.erasures.get(erasures[0].id)).id == erasures[0].id
            with pytest.raises(NotFound):
                await uow.erasures.get(ErasureId(new_id()))
            with pytest.raises(NotFound):
                await uow.erasures.require(ContactId(new_id()))
            with pytest.raises(NotFound):
                await uow.erasures.begin(self.erasure(world, ContactId(new_id())))

    async def test_an_export_may_be_downloaded_until_it_expires(self, world: World) -> None:
        contact, now = await world.contact(a_phone()), datetime.now(UTC)
        until = now + timedelta(hours=1)
        export = Export(ExportId(new_id()), world.tenant.id, contact.id, "user:1", now, until)
        await world.done(lambda uow: uow.exports.add(export))
        await world.done(lambda uow: uow.exports.taken(export, now))
        async with world.uow() as uow:
            assert (await uow.exports.get(export.id, now)).downloaded_at == now
            with pytest.raises(NotFound):
                await uow.exports.get(export.id, until)
        await world.done(lambda uow: uow.erasures.begin(self.erasure(world, contact.id)))
        async with world.uow() as uow:
            with pytest.raises(NotFound):
                await uow.exports.get(export.id, now)
