"""The echo of a send of ours, its answer and its receipts come in any order; a text typed on the phone between."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.fakes import neonize
from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.adapters.providers.neonize.plugin import Neonize
from whatsapp_hub.adapters.providers.neonize.translate.envelope import pack
from whatsapp_hub.adapters.providers.waha.plugin import Waha
from whatsapp_hub.application.ports.provider.plugin import Accepted, Providers
from whatsapp_hub.application.ports.queues.lanes import Claim
from whatsapp_hub.application.receiving import receive_events
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.sending.complete_sends import CompleteSends, Result, SettleStale
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.domain.conversations.conversation import Conversation, FlowState
from whatsapp_hub.domain.errors import OutcomeUnknown, Scope, Transient
from whatsapp_hub.domain.messaging.message import Message, MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy

MENU = "Escolha o departamento:\n1 - Vendas"
FREELY = {"WAHA": Pacing(None, None)}
ANSWERS = ("with the id", "without an id", "never", "never: the process died")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _look_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive_events, "LOOK_AGAIN_S", 0.0)


@dataclass
class Chat:
    """A customer who was shown the menu, whose send is under way."""

    world: World
    session_id: Any
    conversation: Conversation
    customer: str
    claim: Claim
    receiving: ReceiveEvents
    id: str = field(default_factory=lambda: f"3EB0{uuid4().hex[:16].upper()}")

    async def hears(self, event: str, payload: dict[str, Any], age: timedelta = timedelta()) -> None:
        await self.stores(json.dumps({"event": event, "session": "default", "payload": payload}).encode(), age)

    async def stores(self, body: bytes, age: timedelta = timedelta()) -> None:
        await self.world.hub.owner.execute(
            """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body, received_at)
               VALUES ($1, $2, $3, $4, 'WAHA', $5, $6, clock_timestamp() - $7::interval)""",
            *(str(self.session_id), uuid4().hex, self.world.tenant.id, self.session_id, self.customer, body, age),
        )
        await self.takes()

    async def takes(self) -> None:
        await self.receiving(self.world.tenant.id)

    def from_us(self, id: str, text: str = MENU, source: str = "app", chat: str = "") -> dict[str, Any]:
        chat = chat or self.customer
        told = {"id": f"true_{chat}_{id}", "from": chat, "fromMe": True, "body": text, "source": source}
        return told | {"timestamp": int(now().timestamp())}

    async def echo(self, source: str) -> None:
        """As WAHA tells it, or (`web`) as WhatsApp itself does, of what another device of ours sent."""
        if source == "web":
            text = neonize.message({"conversation": MENU}, self.id, chat=self.web_chat, from_me=True)
            await self.stores(pack(neonize.heard("Message", text)))
        else:
            await self.hears("message.any", self.from_us(self.id, source=source))

    async def receipt(self, source: str = "app") -> None:
        if source == "web":
            await self.stores(pack(neonize.heard("Receipt", neonize.receipt(4, self.id, chat=self.web_chat))))
        else:
            await self.hears("message.ack", self.from_us(self.id) | {"ack": 3, "ackName": "READ"})

    @property
    def web_chat(self) -> str:
        return self.customer.replace("@c.us", "@s.whatsapp.net")

    async def answered(self, how: str) -> None:
        if how == "never: the process died":
            await self.world.hub.owner.execute(
                "UPDATE hub.lanes SET lease_until = clock_timestamp(), next_at = clock_timestamp() WHERE chat = $1",
                self.customer,
            )
            await SettleStale(self.world.hub.storage, now, new_id)(self.world.tenant.id)
            return
        results: dict[str, Result] = {
            "with the id": Result(self.claim, Accepted(self.id)),
            "without an id": Result(self.claim, Accepted(None)),
            "never": Result(self.claim, error=OutcomeUnknown("timeout", "no answer")),
            "not sent": Result(self.claim, error=Transient("busy", "busy", retry_after_s=60, scope=Scope.RECIPIENT)),
        }
        complete = CompleteSends(self.world.hub.storage, now, new_id, lambda _: None)
        await complete(self.world.tenant.id, results[how])
        await asyncio.wait_for(complete.drain(), 10)

    async def settled(self) -> None:
        """Nothing waits in the inbox any more."""
        async with asyncio.timeout(10):
            while await self.waiting():
                await self.takes()

    async def waiting(self) -> int:
        statement = "SELECT count(*) FROM hub.inbox WHERE session_id = $1 AND state = 'pending'"
        return int(await self.world.hub.owner.fetchval(statement, self.session_id))

    async def outbound(self) -> list[Message]:
        ids = await self.world.hub.owner.fetch(
            "SELECT id FROM pooled.messages WHERE session_id = $1 AND direction = 'OUTBOUND' ORDER BY seq",
            self.session_id,
        )
        async with self.world.uow() as uow:
            found = await uow.messages.by_id([row["id"] for row in ids])
        return [found[row["id"]] for row in ids]

    async def round(self) -> Conversation:
        async with self.world.uow() as uow:
            return await uow.conversations.get(self.conversation.id)


@pytest.fixture
def chat(world: World) -> Callable[..., Awaitable[Chat]]:
    async def make(source: str = "app") -> Chat:
        phone = f"55119{uuid4().int % 10**8:08d}"
        customer, session = f"{phone}@c.us", await world.add_session("WAHA")
        asked: dict[str, Any] = {"flow_state": FlowState.GREETING, "timeout_at": now() + timedelta(minutes=5)}
        conversation = await world.conversation(phone, session, chat=customer, **asked)
        message = world.make_message(conversation, MENU, created_at=now())
        async with world.uow() as uow:
            await uow.lanes.add([message], {message.id: "WAHA"})
            await uow.commit()
        async with world.uow() as uow:
            [claim], _ = await uow.lanes.claim(FREELY, 10, 45)
            await uow.commit()
        host: Any = None
        follow = AdvanceConnection(now, ReconnectPolicy(), lambda: 0.5)
        plugin = Neonize("") if source == "web" else Waha(now)
        receiving = ReceiveEvents(world.hub.storage, Providers({"WAHA": plugin}, host), now, new_id, follow)
        return Chat(world, session.id, conversation, customer, claim, receiving)

    return make


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("source", ["app", "api", "web"])
@pytest.mark.parametrize("order", list(itertools.permutations(["echo", "answer", "receipt"])), ids="-".join)
async def test_an_echo_of_our_send_is_that_message_in_every_order(
    chat: Callable[..., Awaitable[Chat]], order: tuple[str, ...], source: str, answer: str
) -> None:
    its = await chat(source)
    steps: dict[str, Callable[[], Awaitable[None]]] = {
        "echo": lambda: its.echo(source),
        "answer": lambda: its.answered(answer),
        "receipt": lambda: its.receipt(source),
    }
    for step in order:
        await steps[step]()
    await its.settled()
    [message] = await its.outbound()
    assert (message.whatsapp_message_id, message.status, message.outcome) == (its.id, MessageStatus.READ, None)
    seen = await its.round()
    assert (seen.dialogue.silenced, seen.timeout_at is None) == (False, False)


@pytest.mark.parametrize("answer", [*ANSWERS, "not sent"])
async def test_what_was_typed_on_the_phone_during_a_send_is_kept_and_silences_the_bot(
    chat: Callable[[], Awaitable[Chat]], answer: str
) -> None:
    its = await chat()
    await its.hears("message.any", its.from_us("TYPED", "Já te atendo!"))
    assert await its.waiting() == 1
    await its.answered(answer)
    await its.settled()
    typed = [m for m in await its.outbound() if m.whatsapp_message_id == "TYPED"]
    assert [m.content.text for m in typed] == ["Já te atendo!"]
    assert (await its.round()).dialogue.silenced


async def test_the_same_words_typed_on_the_phone_are_a_message_of_their_own(
    chat: Callable[[], Awaitable[Chat]],
) -> None:
    its = await chat()
    await its.hears("message.any", its.from_us("TYPED"))
    await its.echo("app")
    await its.answered("with the id")
    await its.settled()
    assert sorted(str(m.whatsapp_message_id) for m in await its.outbound()) == sorted([its.id, "TYPED"])


async def test_an_echo_under_the_customers_hidden_id_waits_as_well(chat: Callable[[], Awaitable[Chat]]) -> None:
    its = await chat()
    await its.hears("message.any", its.from_us(its.id, chat="987654321@lid"))
    assert await its.waiting() == 1
    await its.answered("with the id")
    await its.settled()
    assert len(await its.outbound()) == 1


async def test_what_the_customer_wrote_behind_a_held_echo_keeps_its_place(
    chat: Callable[[], Awaitable[Chat]],
) -> None:
    its = await chat()
    await its.echo("app")
    written = {"id": f"false_{its.customer}_IN1", "from": its.customer, "fromMe": False, "body": "1"}
    await its.hears("message", written | {"timestamp": int(now().timestamp())})
    assert await its.waiting() == 2
    await its.answered("with the id")
    await its.settled()
    assert (await its.round()).unread_count == 1


async def test_an_echo_from_before_the_send_does_not_wait_for_it(chat: Callable[[], Awaitable[Chat]]) -> None:
    """Else a busy lane would keep what was typed on the phone waiting, one send after the other."""
    its = await chat()
    await its.hears("message.any", its.from_us("TYPED", "Oi"), age=timedelta(minutes=1))
    assert await its.waiting() == 0
    assert (await its.round()).dialogue.silenced


async def test_a_receipt_settles_a_send_whose_id_was_reserved(chat: Callable[[], Awaitable[Chat]]) -> None:
    its = await chat()
    async with its.world.uow() as uow:
        assert await uow.lanes.reserve_id(its.claim, its.id)
        await uow.commit()
    await its.echo("app")
    assert await its.waiting() == 0
    await its.answered("never: the process died")
    await its.receipt()
    [message] = await its.outbound()
    assert (message.status, message.outcome) == (MessageStatus.READ, None)


async def test_a_lost_claim_reserves_nothing(chat: Callable[[], Awaitable[Chat]]) -> None:
    its = await chat()
    await its.answered("never: the process died")
    async with its.world.uow() as uow:
        assert not await uow.lanes.reserve_id(its.claim, its.id)
