"""What one API process says of typing, the others hear, and itself not; whatever happens to the Valkey."""

import asyncio
from uuid import uuid4

from redis.asyncio import Redis

from whatsapp_hub.adapters.contracts.events.typing_signs import TypingPayload, decode
from whatsapp_hub.adapters.redis.typing import AT_ONCE, CustomerTyping, TypingChannel
from whatsapp_hub.domain.ids import ConversationId


async def test_the_others_hear_it_and_nobody_waits_for_a_valkey_that_is_away(valkey_url: str) -> None:
    heard: dict[str, list[bytes]] = {"a": [], "b": []}
    clients = {name: Redis.from_url(valkey_url) for name in heard}
    channels = {name: TypingChannel(client) for name, client in clients.items()}
    tasks = [asyncio.create_task(channels[name].listen(heard[name].append)) for name in heard]
    async with asyncio.timeout(10):
        while not heard["b"]:  # until both listen
            await channels["a"].publish(b"one")
            await asyncio.sleep(0.02)
        await clients["b"].client_kill_filter(_type="pubsub")  # as a restart does
        count = len(heard["b"])
        while len(heard["b"]) == count:
            await channels["a"].publish(b"two")
            await asyncio.sleep(0.1)
    assert heard["a"] == []
    assert set(heard["b"]) == {b"one", b"two"}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients.values():
        await client.aclose()
    nobody = TypingChannel(Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2))
    await nobody.publish(b"x")


async def test_what_a_customer_types_is_published_and_a_flood_is_dropped(valkey_url: str) -> None:
    client, heard = Redis.from_url(valkey_url), list[bytes]()
    conversation_id = ConversationId(uuid4())
    listening = asyncio.create_task(TypingChannel(client).listen(heard.append))
    customers = CustomerTyping(TypingChannel(client))
    async with asyncio.timeout(10):
        while not heard:
            for _ in range(AT_ONCE * 2):
                customers(conversation_id, is_typing=True)
            await asyncio.sleep(0.05)
    assert decode(heard[0]) == TypingPayload(
        conversation_id=str(conversation_id), user_id=None, customer=True, typing=True
    )
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await customers.aclose()
    await client.aclose()
