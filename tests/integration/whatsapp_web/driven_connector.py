"""A connector's process whose Go is a test: `python -m … SOCKET` runs the role `connector` as `whatsapp-hub` does.

The test says over SOCKET, a line of JSON each, what Go calls back; every line is answered with one. All is real but
what would need WhatsApp: `SendMessage`, `IsOnWhatsApp` and `MarkRead` answer as it would. A number pairs in this
process, not in one apart.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from typing import Any

import pytest

from tests.fakes.go_calls import GoCalls, real_library, recording, room_here
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import parts
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary
from whatsapp_hub.adapters.providers.neonize.native.protobuf import encode
from whatsapp_hub.adapters.providers.neonize.pairing import host
from whatsapp_hub.main.roles import connector
from whatsapp_hub.main.settings import Settings

_ids = itertools.count(1)
_marks: list[object] = []
_typed: list[str] = []


def send(self: GoLibrary, uuid: str, to: str, message: bytes) -> bytes:
    return encode(wire.ANSWERS["SendMessage"], {"response": {"timestamp": 1, "ID": f"3EB0SENT{next(_ids)}"}})


def is_on_whatsapp(self: GoLibrary, uuid: str, number: str) -> bytes:
    jid = parts(f"{number.removeprefix('+')}@s.whatsapp.net")
    return encode(wire.ANSWERS["IsOnWhatsApp"], {"response": [{"query": number, "JID": jid, "isIn": True}]})


def mark_read(self: GoLibrary, uuid: str, ids: list[str], chat: str, sender: str, at_s: int) -> str:
    _marks.append([ids, chat, sender])
    return ""


def typing(self: GoLibrary, uuid: str, chat: str, *, is_typing: bool) -> str:
    _typed.append(chat)
    return ""


async def obey(calls: GoCalls, said: dict[str, Any]) -> object:
    match said:
        case {"do": "dials"}:
            return calls.order
        case {"do": "marks"}:
            return _marks
        case {"do": "typed"}:
            return _typed
        case {"do": "event", "uuid": uuid, "code": code, "data": data}:
            await calls.event_of(uuid, code, base64.b64decode(data))
        case {"do": "qr" | "login" | "log" as what, "uuid": uuid, "text": text}:
            await getattr(calls, what)(uuid, text)
    return "done"


async def main(path: str) -> None:
    with recording() as calls, pytest.MonkeyPatch.context() as patch:
        patch.setattr(host.PairingHost, "start", room_here(real_library()))
        patch.setattr(host, "STOP_S", 0.3)
        patch.setattr(GoLibrary, "send", send)
        patch.setattr(GoLibrary, "is_on_whatsapp", is_on_whatsapp)
        patch.setattr(GoLibrary, "mark_read", mark_read)
        patch.setattr(GoLibrary, "typing", typing)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                answer = await obey(calls, json.loads(line))
                writer.write(json.dumps(answer).encode() + b"\n")

        async with await asyncio.start_unix_server(serve, path):
            await connector.run(Settings.from_environment())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
