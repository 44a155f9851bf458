"""What the library says in its log alone: a message that came again and cannot be decrypted again."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any, cast

import pytest

from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary, Listener

OLD = "failed to decrypt normal message: received message with old counter (current: 5, received: 3)"


class Heard:
    def __init__(self) -> None:
        self.again: list[tuple[str, str, str]] = []

    def came_again(self, id: str, sender: str, chat: str) -> None:
        self.again.append((id, sender, chat))


def entry(text: str) -> bytes:
    """A LogEntry of neonize's: message, level, name."""
    said, level, name = text.encode(), b"WARN", b"Client"
    return b"".join(
        bytes([tag, len(part) & 0x7F | 0x80, len(part) >> 7]) + part
        for tag, part in ((10, said), (18, level), (26, name))
    )


def logged(*texts: str) -> list[tuple[str, str, str]]:
    plain = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
    library = GoLibrary(SimpleNamespace(gocode=None, func_callback_bytes2=plain))
    heard = Heard()
    call: Any = library.logger(cast("Listener", heard))
    for text in texts:
        buffer = ctypes.create_string_buffer(entry(text), len(entry(text)))
        call(ctypes.cast(buffer, ctypes.c_void_p), len(buffer))
    return heard.again


def test_it_says_who_wrote_it_in_a_chat_of_two() -> None:
    said = f"Ignoring message 3EB0AA from 5511987650101:3@s.whatsapp.net in 5511987650101@s.whatsapp.net: {OLD}"
    assert logged(said) == [("3EB0AA", "5511987650101:3@s.whatsapp.net", "5511987650101@s.whatsapp.net")]
    alone = f"Ignoring message 3EB0AA from 845@lid: {OLD}"
    assert logged(alone) == [("3EB0AA", "845@lid", "845@lid")]


def test_it_says_who_wrote_it_in_a_group() -> None:
    said = f"Ignoring message 3EB0AA from 845:7@lid in 120363@g.us: {OLD}"
    assert logged(said) == [("3EB0AA", "845:7@lid", "120363@g.us")]


@pytest.mark.parametrize(
    "text",
    [
        "Ignoring message 3EB0AA from 845@lid: event was already processed",
        "Error decrypting message 3EB0AA from 845@lid: received message with old counter",
        "No LID found for 5511987650101@s.whatsapp.net",
        "",
    ],
)
def test_other_lines_say_nothing_of_the_kind(text: str) -> None:
    assert logged(text) == []
