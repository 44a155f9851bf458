"""What is not sent a second time, and who cannot keep others from sending."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.adapters.memory.files import MemoryFileStore
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.ports.provider.plugin import Accepted, Outgoing, SessionRef
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.domain.errors import Scope, Transient
from whatsapp_hub.domain.ids import MessageId, TenantId
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing


class Phone:
    """A provider that is every session's; `hangs` are those tenants whose calls do not return."""

    def __init__(self) -> None:
        self.sent: list[MessageId] = []
        self.hangs: set[TenantId] = set()
        self.fails: list[Exception] = []
        self.go_on = asyncio.Event()

    def live(self, kind: str) -> "Phone":
        return self

    def window_of(self, kind: str) -> None:
        """Free text may be written always."""

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        self.sent.append(message.message_id)
        if session.tenant_id in self.hangs:
            await self.go_on.wait()
        if self.fails:
            raise self.fails.pop()
        return Accepted(f"sent.{message.message_id}")


def drain_of(world: World, phone: Any, **more: Any) -> DrainLanes:
    pacing = {"SANDBOX": Pacing(None, None)}
    read_file = ReadFile(world.hub.storage, MemoryFileStore())
    return DrainLanes(world.hub.storage, phone, lambda: datetime.now(UTC), new_id, pacing, read_file, **more)


async def test_what_a_receipt_proved_to_be_there_is_not_sent_again(world: World) -> None:
    """Meta said "try again", and had taken it."""
    phone = Phone()
    drain = drain_of(world, phone)
    conversation = await world.conversation()
    first, second = await world.enqueue(conversation, "first", "second")
    phone.fails = [Transient("131000", retry_after_s=0.2, scope=Scope.RECIPIENT)]
    assert await drain(world.tenant.id) == 1
    await drain.aclose()
    async with world.uow() as uow:
        message = await uow.messages.get(first.id)
        message.whatsapp_message_id = "wamid.first"
        message.advance(MessageStatus.DELIVERED, datetime.now(UTC))
        await uow.messages.save([message])
        await uow.commit()
    await asyncio.sleep(0.3)
    for _ in range(4):
        await drain(world.tenant.id)
        await drain.aclose()
    assert phone.sent == [first.id, second.id]
    async with world.uow() as uow:
        assert (await uow.messages.get(first.id)).status is MessageStatus.DELIVERED


async def test_a_tenant_whose_provider_hangs_leaves_room_for_others(new_world: Any) -> None:
    stuck, other = await new_world(), await new_world()
    phone = Phone()
    phone.hangs = {stuck.tenant.id}
    drain = drain_of(stuck, phone, at_once=12)
    for _ in range(12):
        await stuck.enqueue(await stuck.conversation(), "never answered")
    [mine] = await other.enqueue(await other.conversation(), "mine")
    while await drain(stuck.tenant.id):
        pass
    assert await drain(other.tenant.id) == 1
    async with asyncio.timeout(5):
        while mine.id not in phone.sent:
            await asyncio.sleep(0.01)
    assert len(phone.sent) == 7
    phone.go_on.set()
    await drain.aclose()


async def test_several_tenants_whose_providers_hang_leave_room_for_others(new_world: Any) -> None:
    stuck, other = [await new_world() for _ in range(3)], await new_world()
    phone = Phone()
    phone.hangs = {world.tenant.id for world in stuck}
    drain = drain_of(other, phone, at_once=16)
    for world in stuck:
        for _ in range(20):
            await world.enqueue(await world.conversation(), "never answered")
    [mine] = await other.enqueue(await other.conversation(), "mine")
    for _ in range(3):
        for world in stuck:
            while await drain(world.tenant.id):
                pass
    assert await drain(other.tenant.id) == 1
    async with asyncio.timeout(5):
        while mine.id not in phone.sent:
            await asyncio.sleep(0.01)
    phone.go_on.set()
    await drain.aclose()
