"""A block of the company's is WhatsApp's own too, on every number that spoke with the contact."""

from __future__ import annotations

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.contacts.edit_contact import BlockContact
from whatsapp_hub.application.contacts.tell_blocks import MOST_TRIES, ListProviderBlocks, TellBlocks
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Rejected, Scope, Transient
from whatsapp_hub.domain.messaging.contact import Identity


async def block(office: Office, conversation: Conversation, *, blocked: bool = True) -> None:
    await office.use(BlockContact)(office.admin, conversation.contact_id, blocked=blocked)


async def tell(office: Office, after_s: float = 0) -> list[tuple[object, ...]]:
    """What the provider was asked for since."""
    office.clock.pass_(seconds=after_s)
    before = len(office.line.shown)
    await office.use(TellBlocks)(office.id)
    return office.line.shown[before:]


async def left(office: Office, conversation: Conversation) -> list[tuple[str | None, bool]]:
    blocks = await office.use(ListProviderBlocks)(office.admin, conversation.contact_id)
    return [(block.error, block.is_given_up) for block in blocks]


async def test_whatsapp_is_asked_once_and_again_when_it_is_taken_back(office: Office) -> None:
    phone = a_phone()
    conversation = await office.writes(phone, "Oi")
    await block(office, conversation)
    await block(office, conversation)
    assert await left(office, conversation) == [(None, False)]
    assert await tell(office) == [("block", Identity.phone(phone).value)]
    assert await tell(office, after_s=3600) == []
    assert await left(office, conversation) == []
    await block(office, conversation, blocked=False)
    assert await tell(office) == [("unblock", Identity.phone(phone).value)]


async def test_what_fails_is_tried_again_later_and_what_is_refused_is_shown(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await block(office, conversation)
    office.line.fails.append(Transient("busy", "", retry_after_s=1, scope=Scope.SESSION))
    assert len(await tell(office)) == 1
    assert await left(office, conversation) == [("busy", False)]
    assert await tell(office, after_s=5) == []
    office.line.fails.append(Rejected("139101", "No message within 24 hours"))
    assert len(await tell(office, after_s=60)) == 1
    assert await left(office, conversation) == [("139101", True)]
    assert await tell(office, after_s=86_400) == []
    await block(office, conversation, blocked=False)
    assert [one[0] for one in await tell(office)] == ["unblock"]
    assert await left(office, conversation) == []


async def test_a_number_that_stays_away_is_given_up(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await block(office, conversation)
    office.line.fails += [Transient("busy", "", retry_after_s=1, scope=Scope.SESSION)] * (MOST_TRIES + 5)
    for _ in range(MOST_TRIES + 5):
        await tell(office, after_s=3601)
    assert await left(office, conversation) == [("busy", True)]
