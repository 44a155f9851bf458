"""A customer's typing is shown to those who have the conversation open, and ends by itself."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from whatsapp_hub.adapters.contracts.events.sockets import Emission
from whatsapp_hub.adapters.contracts.events.typing_signs import TypingPayload, encode
from whatsapp_hub.adapters.realtime import typing


class Rooms:
    """Whom each emission reached."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bool, bool]] = []

    def __call__(self, emission: Emission, rooms: list[str], but: str | None = None) -> int:
        self.heard.append((rooms[0], emission.payload["customer"], emission.payload["typing"]))
        return 1


def sign(*, is_typing: bool) -> bytes:
    return encode(TypingPayload(conversation_id="c1", user_id=None, customer=True, typing=is_typing))


async def test_it_ends_by_itself_once_after_the_last_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing, "CUSTOMER_S", 0.05)
    rooms = Rooms()
    signs = typing.Typing(cast("Any", rooms), None)
    for _ in range(3):
        signs.hear(sign(is_typing=True))
    async with asyncio.timeout(5):
        while len(rooms.heard) < 4:
            await asyncio.sleep(0.005)
    assert rooms.heard == [("conversation:c1", True, True)] * 3 + [("conversation:c1", True, False)]


async def test_an_end_that_was_told_is_not_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing, "CUSTOMER_S", 0.01)
    rooms = Rooms()
    signs = typing.Typing(cast("Any", rooms), None)
    for is_typing in (True, False):
        signs.hear(sign(is_typing=is_typing))
    assert signs._customers == {}
    assert [is_typing for _, _, is_typing in rooms.heard] == [True, False]
