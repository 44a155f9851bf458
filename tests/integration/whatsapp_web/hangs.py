"""A connector's sessions in little, each behind a proxy that hangs in its own way: `python -m … URL SCALE`.

Linked numbers of the real library, one for each kind of hanging, dial until each has been told why it is down; then
everything is put right. Prints as JSON, for each kind: after how long it was told, why, and after how long from the
mending WhatsApp was reached. SCALE shortens the hub's deadlines. SSL_CERT_FILE is the certificate of the fake, with its
key: Go reads it once, so that this is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from tests.fakes.devices import add_device
from tests.fakes.hanging import KINDS, Hang, hanging
from tests.fakes.neonize import Inbox
from whatsapp_hub.adapters.providers.neonize import dial, session_holder
from whatsapp_hub.adapters.providers.neonize.client import NeonizeClient
from whatsapp_hub.adapters.providers.neonize.egress import lookups, trial, upstream
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.settings import NeonizeSettings
from whatsapp_hub.adapters.providers.neonize.translate.inbound import translate
from whatsapp_hub.adapters.providers.public_files import HttpFetch
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.session import SessionStatus

PATIENCE_S = 40.0


class Hanging:
    """One number behind one hanging proxy. It is dialled again as the hub would, a moment after each end."""

    def __init__(self, provider: NeonizeClient, inbox: Inbox, hang: Hang, ref: SessionRef) -> None:
        self.provider, self.inbox, self.hang, self.ref = provider, inbox, hang, ref
        self.began = time.monotonic()

    @property
    def reasons(self) -> list[str]:
        mine = [row for session, row in self.inbox.rows if session.id == self.ref.id]
        seen = [found for row in mine for found in translate(row.body) if isinstance(found, SessionSeen)]
        return [found.reason or "" for found in seen if found.status is SessionStatus.DISCONNECTED]

    async def dial(self) -> None:
        while True:
            self.ref = replace(self.ref, fence=self.ref.fence + 1)
            before = len(self.reasons)
            await self.provider.open(self.ref)
            while len(self.reasons) == before:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)

    async def told(self) -> float:
        while not self.reasons:
            await asyncio.sleep(0.01)
        return time.monotonic() - self.began

    async def reached(self) -> float:
        began, before = time.monotonic(), self.hang.answered
        while self.hang.answered == before:
            await asyncio.sleep(0.01)
        return time.monotonic() - began


async def within(what: Any) -> float | None:
    with suppress(TimeoutError):
        return round(await asyncio.wait_for(what, PATIENCE_S), 2)
    return None


async def main(url: str, scale: float) -> None:
    freed = threading.Event()
    resolve = lookups._resolve

    def look_up(host: str, port: int) -> list[str]:
        if host == "hangs.example":
            freed.wait(60)
            return ["127.0.0.1"]
        return resolve(host, port)

    lookups._resolve = look_up
    for module, name in (
        *((dial, "ANSWER_S"), (upstream, "REACH_S"), (trial, "TRIAL_S")),
        *((session_holder, "TRY_FOR_S"), (trial, "TRY_EVERY_S")),
    ):
        setattr(module, name, getattr(module, name) * scale)
    inbox = Inbox()
    provider = NeonizeClient(inbox, HttpFetch(allow_private=False), lambda: DeviceStore(url))
    owner = await asyncpg.connect(url)
    await provider._holder._ready()
    async with AsyncExitStack() as stack:
        pair = Path(os.environ["SSL_CERT_FILE"])
        hangs = [await stack.enter_async_context(hanging(kind, pair)) for kind in KINDS]
        numbers = []
        for n, hang in enumerate(hangs):
            settings = NeonizeSettings(proxy=hang.url)
            ref = SessionRef(SessionId(uuid4()), TenantId(uuid4()), hang.kind, "NEONIZE", settings)
            await add_device(owner, f"551197{n:07d}:3@s.whatsapp.net", ref.id)
            numbers.append(Hanging(provider, inbox, hang, ref))
        dials = [asyncio.create_task(number.dial()) for number in numbers]
        told = await asyncio.gather(*(within(number.told()) for number in numbers))
        freed.set()
        for hang in hangs:
            await hang.put_right()
        reached = await asyncio.gather(*(within(number.reached()) for number in numbers))
        for task in dials:
            task.cancel()
        found = {
            number.hang.kind: {"told_s": a, "why": number.reasons[:1], "reached_s": b}
            for number, a, b in zip(numbers, told, reached, strict=True)
        }
        began = time.monotonic()
        await provider.aclose()
        found["closed_s"] = round(time.monotonic() - began, 2)  # type: ignore[assignment]
    await owner.close()
    os.write(2, b"\nFOUND " + json.dumps(found).encode())
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
