"""Answers of providers that are hard to write down, and messages that need no sending any more."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.application.ports.provider.plugin import Accepted
from whatsapp_hub.application.ports.queues.lanes import Claim
from whatsapp_hub.application.sending.complete_sends import CompleteSends, Result
from whatsapp_hub.domain.errors import CredentialsInvalid
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing

FREELY = {"SANDBOX": Pacing(None, None)}


def now() -> datetime:
    return datetime.now(UTC)


async def claims(world: World) -> list[Claim]:
    async with world.uow() as uow:
        found, _ = await uow.lanes.claim(FREELY, 10, 45)
        await uow.commit()
    return found


async def completed(world: World, *results: Result) -> None:
    complete = CompleteSends(world.hub.storage, now, new_id, lambda _: None)
    for result in results:
        await complete(world.tenant.id, result)
    await asyncio.wait_for(complete.drain(), 10)


async def stored(world: World, ident: MessageId) -> Message:
    async with world.uow() as uow:
        return await uow.messages.get(ident)


async def test_an_id_that_an_echo_took_first_stops_nobody(world: World) -> None:
    """An echo that does not say it is one (no `source`) is stored as somebody's message, under our message's id."""
    conversation, other = await world.conversation(), await world.conversation()
    [mine] = await world.enqueue(conversation, "mine")
    [next_one] = await world.enqueue(other, "the next")
    echo: dict[str, Any] = {"direction": Direction.OUTBOUND, "status": MessageStatus.SENT, "whatsapp_message_id": "W1"}
    async with world.uow() as uow:
        await uow.messages.add([world.make_message(conversation, "mine", **echo)])
        await uow.commit()
    by_id = {claim.message.id: claim for claim in await claims(world)}
    await completed(world, Result(by_id[mine.id], Accepted("W1")), Result(by_id[next_one.id], Accepted("W2")))
    assert (await stored(world, mine.id)).status is MessageStatus.SENT
    assert (await stored(world, next_one.id)).whatsapp_message_id == "W2"


async def test_an_answer_for_a_deleted_session_stops_nobody(world: World) -> None:
    gone = await world.add_session()
    [lost] = await world.enqueue(await world.conversation(session=gone), "lost")
    [next_one] = await world.enqueue(await world.conversation(), "the next")
    by_id = {claim.message.id: claim for claim in await claims(world)}
    async with world.uow() as uow:
        await uow.sessions.remove(gone.id)
        await uow.commit()
    await completed(
        world,
        Result(by_id[lost.id], error=CredentialsInvalid("190")),
        Result(by_id[next_one.id], Accepted("W3")),
    )
    assert (await stored(world, next_one.id)).status is MessageStatus.SENT
