"""A customer's data: exported, erased, and kept no longer than the company wants."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.contracts.storage.world import a_phone
from tests.fakes.files import uploaded
from tests.unit.application.office import Office
from whatsapp_hub.adapters.memory.operations.privacy import (
    MemoryErasureSweep,
    MemoryPersonalData,
    MemoryRetentionSweep,
)
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.handling.close_conversation import ResolveConversation
from whatsapp_hub.application.maintenance.recount_media import RecountMedia
from whatsapp_hub.application.maintenance.trim import Trim, TrimNotifications
from whatsapp_hub.application.maintenance.trim_log import TrimLog
from whatsapp_hub.application.maintenance.trim_messages import TrimMessages
from whatsapp_hub.application.ports.operations.housekeeping import Trimming
from whatsapp_hub.application.privacy.erase_contact import EraseContact, EraseContacts, ShowErasures
from whatsapp_hub.application.privacy.export_contact import LASTS, ExportContact, OpenExport
from whatsapp_hub.application.privacy.keep_retention import KeepRetention
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Invalid, NotFound
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.sessions.session import Routing


async def exists(office: Office, conversation: Conversation) -> bool:
    try:
        await office.get(conversation)
    except NotFound:
        return False
    return True


class TestErasure:
    async def test_an_erased_customer_leaves_a_record_without_their_data(self, office: Office) -> None:
        phone = a_phone()
        conversation = await office.writes(phone, "my secret")
        erase, contact_id = office.use(EraseContact), conversation.contact_id
        with pytest.raises(Invalid):
            await erase(office.admin, contact_id, "yes")
        erasure = await erase(office.admin, contact_id, str(contact_id))
        assert (await erase(office.admin, contact_id, "again")).id == erasure.id
        with pytest.raises(NotFound):
            await erase(office.admin, ContactId(office.id), str(office.id))
        sweep = MemoryErasureSweep(office.storage.database, office.storage.log)
        await office.use(EraseContacts, sweep=sweep)()
        shown = office.use(ShowErasures)
        assert (await shown.one(office.admin, erasure.id)).finished_at == office.clock()
        assert [e.id for e in await shown.newest(office.admin, 9, None)] == [erasure.id]
        logged = await office.storage.log.read(None, 999, office.id)
        assert all(phone.encode() not in event.body for event in logged if event.conversation_id == conversation.id)
        assert (await office.writes(phone, "Oi")).contact_id != contact_id

    async def test_an_export_has_all_of_a_customer_until_it_expires(self, office: Office) -> None:
        conversation = await office.writes(a_phone(), "Oi")
        export = await office.use(ExportContact)(office.admin, conversation.contact_id)
        opening = office.use(OpenExport, data=MemoryPersonalData(office.storage.database))
        parts = {}
        async for part in await opening(office.admin, export.id):
            parts[part.name] = [json.loads(piece) async for piece in part.pieces]
        assert [m["whatsapp_message_id"] is not None for m in parts["messages.json"]] == [True]
        assert parts["conversations.json"][0]["id"] == str(conversation.id)
        office.clock.pass_(seconds=LASTS.total_seconds() + 1)
        with pytest.raises(NotFound):
            await opening(office.admin, export.id)
        with pytest.raises(NotFound):
            await office.use(ExportContact)(office.admin, ContactId(office.id))


class TestRetention:
    async def test_closed_rounds_go_in_time_and_live_ones_stay(self, office: Office) -> None:
        await office.use(UpdateCompany)(office.admin, CompanyChanges(retention={"conversations": 30}))
        closed, live = await office.writes(a_phone(), "Oi"), await office.writes(a_phone(), "Oi")
        await office.use(ResolveConversation)(office.admin, closed.id)
        keep = office.use(KeepRetention, sweep=MemoryRetentionSweep(office.storage.database))
        for days, is_left in ((29, True), (2, False)):
            office.clock.pass_(days=days)
            await keep(office.id)
            assert await exists(office, closed) is is_left
        assert await exists(office, live)

    async def test_gateways_old_messages_go_and_conversations_stay(self, office: Office) -> None:
        gateway = await office.world.add_session("LINE", routing=Routing.NONE, settings={"phone": "3"})
        conversation = await office.writes(a_phone(), "Oi", session=gateway)
        await office.use(TrimMessages, keep=None)(office.id)
        office.clock.pass_(days=31)
        await office.use(TrimMessages, keep=timedelta(days=30))(office.id)
        async with office.world.uow() as uow:
            assert await uow.messages.newest_inbound(conversation.id) is None
        assert await exists(office, conversation)

    async def test_the_log_is_kept_as_long_as_a_delivery_needs_it(self, office: Office) -> None:
        await office.writes(a_phone(), "Oi")
        office.clock.pass_(days=31)
        while (await office.storage.webhook_queue.plan(1000)).positions:
            pass
        head = await office.storage.log.head()
        await office.use(TrimLog, keep=timedelta(days=30))()
        assert office.storage.events(office.id) == []
        assert await office.storage.log.head() == head

    async def test_processed_updates_and_old_notifications_go(self, office: Office) -> None:
        sales = await office.department()
        ana = await office.person(sales)
        await office.person(role=Role.ADMIN, status=OnlineStatus.OFFLINE)
        await office.queued(sales)
        await office.world.update("broken", quarantined="no JSON")
        office.clock.pass_(days=10)
        await office.use(Trim)()
        assert len(await office.use(Trimming).list(9)) == 1  # type: ignore[type-abstract]
        await office.use(TrimNotifications)(office.id)
        assert await office.notified(ana) == 1
        office.clock.pass_(days=91)
        await office.use(Trim)()
        assert await office.use(Trimming).list(9) == []  # type: ignore[type-abstract]

    async def test_files_are_counted_again(self, office: Office) -> None:
        media = uploaded(office.id, b"%PDF", "application/pdf", "a.pdf", office.clock())
        await office.done(lambda uow: uow.media.add(media))
        await office.use(RecountMedia)(office.id)
        async with office.world.uow() as uow:
            await uow.quotas.add_media(0)
