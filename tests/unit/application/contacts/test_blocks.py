"""A block of the company's is WhatsApp's own too, on every number that spoke with the contact."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.contracts.storage.world import a_phone, eventually
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.contacts.edit_contact import BlockContact
from whatsapp_hub.application.contacts.join_contacts import MergeContacts
from whatsapp_hub.application.contacts.tell_blocks import AT_ONCE, LEASE_S, MOST_TRIES, ListProviderBlocks, TellBlocks
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import OutcomeUnknown, Rejected, Scope, Transient
from whatsapp_hub.domain.messaging.capabilities import Feature
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


async def test_some_are_told_at_a_time_and_side_by_side(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    conversations = [await office.writes(a_phone(), "Oi") for _ in range(AT_ONCE + 1)]
    for conversation in conversations:
        await block(office, conversation)
    go_on, begun = asyncio.Event(), []

    async def slow(session: SessionRef, identities: Sequence[Identity], *, blocked: bool) -> None:
        begun.append(identities)
        await go_on.wait()

    monkeypatch.setattr(office.line, "block", slow)
    telling = asyncio.create_task(office.use(TellBlocks)(office.id))

    async def all_begun() -> bool:
        return len(begun) == AT_ONCE

    await eventually(all_begun)
    go_on.set()
    assert await telling is True
    assert await office.use(TellBlocks)(office.id) is False
    assert len(begun) == AT_ONCE + 1


async def test_the_end_of_a_block_waits_for_a_call_that_may_still_be_carried_out(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await block(office, conversation)
    office.line.fails.append(OutcomeUnknown("timeout", ""))
    assert len(await tell(office)) == 1
    await block(office, conversation, blocked=False)
    assert await tell(office, after_s=60) == []
    assert [one[0] for one in await tell(office, after_s=LEASE_S)] == ["unblock"]


async def test_a_number_whose_provider_cannot_block_any_more_is_not_asked(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await block(office, conversation)
    plugin = office.plugins[LINE]
    features = plugin.capabilities.features - {Feature.BLOCK}
    plugin.capabilities = replace(plugin.capabilities, features=features)
    assert await tell(office) == []
    assert await left(office, conversation) == []


async def test_a_merged_contact_is_unblocked_where_one_of_two_was_to_be(office: Office) -> None:
    kept, gone = await office.writes(a_phone(), "Oi"), await office.writes(a_phone(), "Oi")
    await block(office, gone)
    await tell(office)
    await block(office, gone, blocked=False)
    await office.use(MergeContacts)(office.admin, kept.contact_id, gone.contact_id)
    assert [one[0] for one in await tell(office)] == ["unblock"]


async def test_a_number_that_stays_away_is_given_up(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await block(office, conversation)
    office.line.fails += [Transient("busy", "", retry_after_s=1, scope=Scope.SESSION)] * (MOST_TRIES + 5)
    for _ in range(MOST_TRIES + 5):
        await tell(office, after_s=3601)
    assert await left(office, conversation) == [("busy", True)]
