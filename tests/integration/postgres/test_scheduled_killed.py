"""What sends scheduled messages is killed at any point: each is in its lane once, in the order of their times."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.contracts.storage.world import NOW
from tests.integration.postgres import send_and_die
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.messaging.message import Message

from .conftest import World

KILLED = Path(send_and_die.__file__)


async def _add(message: Message, uow: UnitOfWork) -> None:
    await uow.scheduled.add(message)


@pytest.mark.parametrize(("words", "nth"), [("DELETE FROM hub.scheduled", 2), ("messages", 1), ("COMMIT", 3)])
async def test_killed_at_any_point_each_is_queued_once(world: World, words: str, nth: int) -> None:
    conversation = await world.conversation()
    for number in range(4):
        message = world.make_message(conversation, str(number), send_at=NOW + timedelta(seconds=number))
        await world.done(partial(_add, message))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(KILLED), world.hub.url, str(world.tenant.id), words, str(nth)),
        env={**os.environ, "PYTHONPATH": str(KILLED.parents[3])},
    )
    assert await process.wait() == -9
    await send_and_die.sender(world.hub.storage)(world.tenant.id)
    rows = await world.hub.owner.fetch(
        "SELECT content FROM pooled.messages WHERE conversation_id = $1 AND queue_seq IS NOT NULL ORDER BY queue_seq",
        conversation.id,
    )
    assert [row["content"] for row in rows] == ["0", "1", "2", "3"]
    assert not await world.hub.owner.fetchval(
        "SELECT count(*) FROM hub.scheduled WHERE tenant_id = $1", world.tenant.id
    )


async def test_one_is_cancelled_at_the_moment_in_which_it_is_sent(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Who cancels has the conversation, and then the message; who sends waits for the conversation first, so that
    PostgreSQL need not end one of them."""
    conversation = await world.conversation()
    message = world.make_message(conversation, "too late?", send_at=NOW)
    await world.done(partial(_add, message))
    async with world.uow() as uow:
        await uow.conversations.get(conversation.id)
        sending = asyncio.create_task(send_and_die.sender(world.hub.storage)(world.tenant.id))
        while not await world.hub.owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
            assert not sending.done()
        assert await uow.scheduled.cancel(message.id)
        await uow.commit()
    await sending
    assert "scheduled.not_sent" not in caplog.text
    stored = await world.hub.owner.fetchval(
        "SELECT count(*) FROM pooled.messages WHERE conversation_id = $1", conversation.id
    )
    assert stored == 0
