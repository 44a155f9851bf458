"""Reactions, edits, withdrawals and votes stand with the message that they name, whichever of them comes first."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import START, Office
from whatsapp_hub.adapters.contracts.events.bodies import body
from whatsapp_hub.application.handling.close_conversation import ResolveConversation
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, Origin, ProviderEvent, ReceiptSeen
from whatsapp_hub.application.sending.send_message import SendMessage, StartConversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.messaging.annotations import MarkKind
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import (
    CallState,
    Content,
    Image,
    MediaSource,
    MediaState,
    Reaction,
    Revoke,
    StoredMedia,
    Text,
    Unsupported,
    Vote,
    call,
)
from whatsapp_hub.domain.messaging.message import Message, MessageStatus

GROUP = "1203630@g.us"


PHONE = a_phone()


def seen(id: str, content: Content, second: int = 0, **more: Any) -> MessageSeen:
    usual: dict[str, Any] = {
        "kind": ChatKind.PERSON, "chat_names": (Identity.phone(PHONE),), "at": START + timedelta(seconds=second),
        "name": "Ana",
    }  # fmt: skip
    return MessageSeen(id, PHONE, content=content, **usual | more)


async def sees(office: Office, *events: MessageSeen) -> None:
    for event in events:
        await office.sees(office.plugins[office.session.provider].sees(event.chat, event))


async def stored(office: Office, id: str = "M1") -> Message:
    async with office.world.uow() as uow:
        [found] = [m for m in await uow.messages.known([(office.session.id, id)]) if m.whatsapp_message_id == id]
        return found


def told(office: Office) -> list[tuple[str, dict[str, Any]]]:
    events = [e for e in office.storage.events(office.id) if e.type.value.startswith("message.")]
    return [(event.type.value, json.loads(body(event))) for event in events]


async def test_any_order_of_what_happened_gives_the_same_message(office: Office) -> None:
    for number, order in enumerate(permutations(range(4))):
        id = f"N{number}"
        events = [
            seen(id, Text("Oi")),
            seen(f"{id}a", Reaction("👍", message_id=id), 1),
            seen(f"{id}b", Text("Olá").editing(id), 2),
            seen(f"{id}c", Revoke(message_id=id), 3),
        ]
        await sees(office, *(events[place] for place in order))
        message = await stored(office, id)
        assert (message.content.text, message.annotations.first_text) == ("Olá", "Oi")
        assert [mark.values for mark in message.annotations.of(MarkKind.REACTION)] == [("👍",)]
        assert message.annotations.revoked


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)))
def test_any_order_with_receipts_gives_the_same_message_of_ours(order: list[int]) -> None:
    """Typed on the phone: the message, its receipts, an edit, a reaction of the customer's, its deletion."""

    async def plays() -> Message:
        office = await Office.opened()
        read, delivered = (ReceiptSeen("M1", status, START) for status in (MessageStatus.READ, MessageStatus.DELIVERED))
        events: list[ProviderEvent] = [
            seen("M1", Text("Bom dai"), from_me=True),
            delivered,
            read,
            seen("E1", Text("Bom dia").editing("M1"), 1, from_me=True),
            seen("R1", Reaction("👍", message_id="M1"), 2),
            seen("D1", Revoke(message_id="M1"), 3, from_me=True),
        ]
        for place in order:
            await office.sees(office.plugins[office.session.provider].sees(PHONE, events[place]))
        found = await stored(office)
        await office.providers.aclose()
        return found

    message = asyncio.run(plays())
    assert (message.status, message.content.text) == (MessageStatus.READ, "Bom dia")
    assert [mark.values for mark in message.annotations.of(MarkKind.REACTION)] == [("👍",)]
    assert message.annotations.revoked
    assert message.annotations.first_text == "Bom dai"


async def test_a_reaction_is_told_with_its_message_and_its_own_id(office: Office) -> None:
    await sees(office, seen("M1", Text("Oi")), seen("R1", Reaction("👍", message_id="M1"), 1))
    type, body = told(office)[-1]
    assert type == "message.reaction"
    assert (body["message"]["whatsappMessageId"], body["change"]["whatsappMessageId"]) == ("M1", "R1")
    assert [one["emoji"] for one in body["message"]["reactions"]] == ["👍"]
    assert (body["from"], body["pushName"], body["isGroup"]) == (PHONE, "Ana", False)


async def test_one_before_its_message_is_told_alone_and_comes_with_the_message(office: Office) -> None:
    await sees(office, seen("R1", Reaction("👍", message_id="M1"), 1), seen("M1", Text("Oi")))
    early, received = [one for one in told(office) if one[0] != "message.queued"][:2]
    assert (early[0], "message" in early[1]) == ("message.reaction", False)
    assert (received[0], received[1]["message"]["reactions"][0]["emoji"]) == ("message.received", "👍")


async def test_it_opens_no_round_and_awaits_no_answer(office: Office) -> None:
    await sees(office, seen("M1", Text("Oi")))
    before = await office.round(PHONE)
    await sees(office, seen("R1", Reaction("👍", message_id="M1"), 1))
    after = await office.round(PHONE)
    assert (after.id, after.unread_count, after.waiting_since) == (before.id, before.unread_count, before.waiting_since)


async def test_in_a_group_each_has_a_reaction_and_nobody_edits_anothers(office: Office) -> None:
    group: dict[str, Any] = {"kind": ChatKind.GROUP, "chat_names": (Identity.chat(GROUP),)}
    ana, bia = {**group, "author": "55119@c.us"}, {**group, "author": "55118@c.us", "name": "Bia"}
    await sees(
        office,
        seen("M1", Text("Oi"), **ana),
        seen("R1", Reaction("👍", message_id="M1"), 1, **ana),
        seen("R2", Reaction("❤", message_id="M1"), 2, **bia),
        seen("E1", Text("pwned").editing("M1"), 3, **bia),
    )
    message = await stored(office)
    assert message.content.text == "Oi"
    marks = [(mark.by.name, mark.values[0]) for mark in message.annotations.of(MarkKind.REACTION)]
    assert marks == [("Ana", "👍"), ("Bia", "❤")]


async def test_a_customer_changes_no_message_of_ours(office: Office) -> None:
    ours = seen("M1", Text("Bom dia"), from_me=True)
    await sees(office, ours, seen("E1", Text("no").editing("M1"), 1), seen("D1", Revoke(message_id="M1"), 2))
    message = await stored(office)
    assert (message.content.text, message.annotations.revoked) == ("Bom dia", None)


async def test_a_reaction_of_ours_from_the_phone_has_nobody_beside_us(office: Office) -> None:
    mine = seen("R1", Reaction("👍", message_id="M1"), 1, from_me=True)
    await sees(office, seen("M1", Text("Oi")), mine)
    [mark] = (await stored(office)).annotations.of(MarkKind.REACTION)
    assert mark.by.identity is None


async def test_an_edit_of_ours_holds_once_the_provider_took_it(office: Office) -> None:
    conversation = await office.writes(PHONE, "Oi")
    send = office.use(SendMessage)
    sent = await send(office.admin, conversation.id, Text("Bom dai"))
    await office.sends()
    async with office.world.uow() as uow:
        id = (await uow.messages.get(sent.id)).whatsapp_message_id or ""
    await send(office.admin, conversation.id, Text("Bom dia").editing(id))
    assert (await stored(office, id)).content.text == "Bom dai"
    await office.sends()
    assert (await stored(office, id)).content.text == "Bom dia"


async def test_a_file_of_a_history_takes_the_place_that_was_kept_for_it(office: Office) -> None:
    file = Image("Look", source=MediaSource("7"), mime_type="image/jpeg")
    for content in (Unsupported("a file from before"), file, Unsupported("a file from before")):
        await sees(office, seen("M1", content, origin=Origin.HISTORY))
    message = await stored(office)
    assert isinstance(message.content, Image)
    assert replace(message.content, media=None) == file
    assert isinstance(message.content.media, StoredMedia)
    assert message.content.media.state is MediaState.PENDING, "it is fetched like any other"
    assert [type for type, _ in told(office)] == ["message.received", "message.updated"]


async def test_a_vote_changes_with_the_next_one(office: Office) -> None:
    await sees(
        office,
        seen("V2", Vote("B", message_id="M1", options=("B",)), 2),
        seen("M1", Text("A?\nB?")),
        seen("V1", Vote("A", message_id="M1", options=("A",)), 1),
        seen("V3", Vote(message_id="M1", secret=True), 3),
    )
    assert [mark.values for mark in (await stored(office)).annotations.of(MarkKind.VOTE)] == [("B",)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_call_is_one_entry_that_its_end_completes(office: Office, order: tuple[int, int]) -> None:
    rings, ends = call(CallState.RINGING, video=True), call(CallState.ACCEPTED, video=False, seconds=61)
    events = [seen("C1", rings), seen("C1", ends, 61)]
    await sees(office, *(events[place] for place in order))
    assert (await stored(office, "C1")).content == call(CallState.ACCEPTED, video=True, seconds=61)
    assert (await office.round(PHONE)).unread_count == 1


async def test_nobody_changes_a_message_of_a_conversation_that_they_do_not_see(office: Office) -> None:
    """Of the same customer, in an earlier round with another department."""
    sales, support = await office.department("Vendas"), await office.department("Suporte")
    first, second = await office.person(sales), await office.person(support)
    start, send = office.use(StartConversation), office.use(SendMessage)
    earlier, sent = await start.message(office.as_(first), office.session.id, PHONE, Text("Oi"))
    await office.sends()
    await office.use(ResolveConversation)(office.as_(first), earlier.id)
    now = await start(office.as_(second), office.session.id, PHONE, Text("Bom dia"))
    assert now.id != earlier.id
    for content in (Text("Tchau"), Revoke(), Reaction("👎")):
        with pytest.raises(NotFound):
            await send(office.as_(second), now.id, content, changes=sent.id)
    await send(office.admin, now.id, Reaction("👍"), changes=sent.id)
