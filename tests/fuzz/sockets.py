"""Events to both namespaces, spoilt, and frames that are none: each event is answered, none with an internal error."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import socketio

from tests.fuzz.mutate import LEAVES, spoilt, torn
from tests.fuzz.report import Figures
from tests.fuzz.site import Site, a_phone
from tests.policy import SOCKETS

ANSWER_S = 20.0
A_FRAME_IN = 5
FRAMES = [
    b'42["typing",{"conversationId":"x","typing":true}]',
    b'421["join-conversation",{"conversationId":"x"}]',
    b'40{"token":"x"}',
    b'40/whatsapp,{"token":"x"}',
    b'42/whatsapp,7["send-message",{"sessionId":"x","to":"1","message":"x"}]',
    b'451-["typing",{"_placeholder":true,"num":0}]',
    b'459-/whatsapp,["join-session",{"_placeholder":true,"num":8}]',
    b'4510-["typing",{"_placeholder":true,"num":-1}]',
    b"41",
    b"2probe",
    b"5",
    b"6",
    b"1",
    b'43["x"]',
]


@dataclass
class Sockets:
    site: Site
    url: str
    figures: Figures = field(default_factory=lambda: Figures("socket events", bound_ms=None))
    open: dict[str, socketio.AsyncClient] = field(default_factory=dict)

    async def run(self, seed: int, count: int, deadline_s: float | None = None) -> Figures:
        began = time.monotonic()
        async with aiohttp.ClientSession() as web:
            for number in range(count):
                if deadline_s and time.monotonic() - began > deadline_s:
                    break
                dice = Random((seed << 40) + number)
                self.figures.count += 1
                if number % A_FRAME_IN:
                    await self.event(dice, f"{seed}:{number}")
                else:
                    await self.frames(dice, web, f"{seed}:{number}")
        for io in self.open.values():
            await io.disconnect()
        self.figures.took_s = time.monotonic() - began
        return self.figures

    async def event(self, dice: Random, name: str) -> None:
        namespace = dice.choice(list(SOCKETS))
        event = dice.choice([*SOCKETS[namespace], "no-such-event"])
        data = self.data(dice)
        given = dice.choice((data, data, data, data, (data, data), b"\x00\xff", [b"x", {"a": b"y"}]))
        said = f"{name} {namespace} {event} {str(given)[:200]}"
        began = time.monotonic()
        try:
            io = await self.connected(namespace)
            if event == "no-such-event":
                await io.emit(event, given, namespace=namespace)
                return
            answer = await io.call(event, given, namespace=namespace, timeout=ANSWER_S)
        except socketio.exceptions.TimeoutError:
            if self.open[namespace].connected:
                self.figures.fault(f"{said}: no answer")
            self.open.pop(namespace)
            return
        except socketio.exceptions.SocketIOError:
            self.open.pop(namespace, None)  # let go: the next one connects again, or it is a fault
            self.figures.refused += 1
            return
        self.figures.time((time.monotonic() - began) * 1000, said)
        self.judge(said, answer)

    def judge(self, said: str, answer: Any) -> None:
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            self.figures.fault(f"{said}: {answer}")
        elif not answer["ok"]:
            self.figures.refused += 1
            if "internal" in str(answer):
                self.figures.fault(f"{said}: {answer}")

    def data(self, dice: Random) -> Any:
        ids = self.site.ids
        valid = {
            "conversationId": ids["conversations"],
            "sessionId": dice.choice((ids["sessions"], ids["key"])),
            "companyId": self.site.company.id,
            "status": "ONLINE",
            "typing": True,
            "to": a_phone(),
            "message": "x",
            "after": 1,
        }
        chosen = {name: value for name, value in valid.items() if dice.random() < 0.6}
        return spoilt(dice, dice.choice((chosen, chosen, chosen, dice.choice(LEAVES))))

    async def connected(self, namespace: str) -> socketio.AsyncClient:
        if (io := self.open.get(namespace)) and io.connected:
            return io
        io = self.open[namespace] = socketio.AsyncClient(reconnection=False)
        auth = {"token": self.site.company.admin.token}
        await io.connect(self.url, auth=auth, namespaces=[namespace], transports=["websocket"])
        return io

    async def frames(self, dice: Random, web: aiohttp.ClientSession, name: str) -> None:
        """A connection of its own, which the server may end as it likes; it must go on with others."""
        try:
            async with web.ws_connect(f"{self.url}/socket.io/?EIO=4&transport=websocket") as ws:
                if dice.random() < 0.7:
                    token = json.dumps({"token": self.site.company.admin.token})
                    await ws.send_str(f"40{dice.choice(('', '/whatsapp,'))}{token}")
                for _ in range(dice.randrange(1, 4)):
                    frame = torn(dice, dice.choice(FRAMES))
                    if dice.random() < 0.2:
                        await ws.send_bytes(frame)
                    else:
                        await ws.send_str(frame.decode("utf-8", "replace"))
        except (aiohttp.ClientError, ConnectionError):
            self.figures.refused += 1
        except TimeoutError:
            self.figures.fault(f"{name}: no websocket")
        await asyncio.sleep(0)
