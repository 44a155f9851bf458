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
    open: dict[tuple[str, str], socketio.AsyncClient] = field(default_factory=dict)
    key: str = ""

    async def run(self, seed: int, count: int, deadline_s: float | None = None) -> Figures:
        began = time.monotonic()
        made = await self.site.company.admin.post("/api/api-keys", {"name": "fuzz"})
        self.key = made.json()["key"]  # a program's rates are wider than a person's
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
        given = data if dice.random() < 0.9 else dice.choice(((data, data), b"\x00\xff", [b"x", {"a": b"y"}]))
        said = f"{name} {namespace} {event} {str(given)[:200]}"
        began = time.monotonic()
        try:
            answer = await self.asked(await self.connected(namespace, event), event, given, namespace)
            if isinstance(answer, dict) and answer.get("code") == "too_many":  # a new socket has all of its rate
                await self.open.pop(self.who(namespace, event)).disconnect()
                answer = await self.asked(await self.connected(namespace, event), event, given, namespace)
        except RecursionError:
            return  # the client itself does not say such a thing
        except TimeoutError:
            self.figures.fault(f"{said}: no answer")
        except socketio.exceptions.ConnectionError as error:
            self.figures.fault(f"{said}: not let in: {error}")
        except socketio.exceptions.SocketIOError:
            self.figures.refused += 1  # let go: the next event has a new socket
        else:
            self.figures.time((time.monotonic() - began) * 1000, said)
            self.judge(said, answer)
            return
        self.open.pop(self.who(namespace, event), None)

    async def asked(self, io: socketio.AsyncClient, event: str, given: Any, namespace: str) -> Any:
        """The acknowledgement. Raises DisconnectedError where the server ends the socket instead."""
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answer(*data: Any) -> None:
            if not answered.done():
                answered.set_result(data[0] if len(data) == 1 else data)

        await io.emit(event, given, namespace=namespace, callback=answer)
        deadline = time.monotonic() + ANSWER_S
        while not answered.done():
            await asyncio.wait([answered], timeout=0.05)
            if not answered.done() and not io.connected:
                raise socketio.exceptions.DisconnectedError
            if time.monotonic() > deadline:
                raise TimeoutError
        return answered.result()

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

    def who(self, namespace: str, event: str) -> tuple[str, str]:
        """The namespace, and the credential of a socket for this event: only a person has a presence."""
        return namespace, self.site.company.admin.token if event == "agent-status" else self.key

    async def connected(self, namespace: str, event: str) -> socketio.AsyncClient:
        who = self.who(namespace, event)
        if (io := self.open.get(who)) and io.connected:
            return io
        io = self.open[who] = socketio.AsyncClient(reconnection=False)
        await io.connect(self.url, auth={"token": who[1]}, namespaces=[namespace], transports=["websocket"])
        return io

    async def frames(self, dice: Random, web: aiohttp.ClientSession, name: str) -> None:
        """A connection of its own, which the server may end as it likes; it must go on with others."""
        try:
            async with web.ws_connect(f"{self.url}/socket.io/?EIO=4&transport=websocket") as ws:
                if dice.random() < 0.7:
                    token = json.dumps({"token": self.key})
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
