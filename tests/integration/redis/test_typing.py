"""What one API process says of typing, the others hear, and itself not; whatever happens to the Valkey."""

import asyncio

from redis.asyncio import Redis

from whatsapp_hub.adapters.redis.typing import TypingChannel


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
