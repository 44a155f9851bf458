"""The traffic of a run: customers write, agents answer, WhatsApp sends receipts.

Each acts as the real one would while the hub is away: Meta delivers a webhook again until it is answered 200, a client
of the API repeats a send under the same Idempotency-Key. The ledger records what was acknowledged; the checks compare
the hub with it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks import meta
from benchmarks.chaos.world import NUMBERS, Chat, World
from benchmarks.graph import Send
from benchmarks.hub import APP_SECRET
from benchmarks.load import customer_number, wamid

BESIDE = 16
AGAIN_AFTER_S = 0.25
GIVE_UP_AFTER_S = 180.0
TWICE_OF_100 = 5
LOOK_FOR_SENDS_S = 0.2
NO_ANSWER = (httpx.HTTPError, AttributeError)  # the latter: anyio on uvloop, when a connection dies while it is made


@dataclass
class Ledger:
    """What the hub acknowledged. Times are on the wall clock.

    `webhooks`: the customer by provider's id. `sends`: the chat and its turn there, by the text. `sandboxed`: texts of
    customers in the sandbox (`maybe`: those whose answer never came). `refused`: wrongly refused.
    """

    webhooks: dict[str, str] = field(default_factory=dict)
    newcomers: set[str] = field(default_factory=set)
    sends: dict[str, tuple[Chat, int]] = field(default_factory=dict)
    sandboxed: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    receipts: int = 0
    refused: list[str] = field(default_factory=list)
    is_complete: bool = False
    ingest_at: list[float] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)

    @property
    def acknowledged(self) -> int:
        return len(self.webhooks) + len(self.sends) + len(self.sandboxed)


Action = Callable[[], Awaitable[None]]


class Traffic:
    """`run` returns when every message was acknowledged; `receipts` runs beside it until it is cancelled."""

    def __init__(self, world: World, run: str, messages: int, per_s: float, chance: random.Random) -> None:
        self.ledger = Ledger()
        self._world = world
        self._run = run
        self._messages = messages
        self._per_s = per_s
        self._chance = chance
        self._turns: dict[str, int] = {}
        self._owed: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Do each lane of work in order, so that the order of sends into a chat is known."""
        work: list[list[Action]] = [[] for _ in range(BESIDE)]
        for n in range(self._messages):
            where, action = self._action(n)
            work[where % BESIDE].append(action)
        async with self._world.client() as self._client:
            await asyncio.gather(*(self._work_off(actions) for actions in work))
        self.ledger.is_complete = True

    async def receipts(self) -> None:
        """Send receipts (sent, delivered, read) in any order, sometimes before the answer to the send."""
        async with self._world.client() as client:
            while True:
                for send in await self._world.graph.new_sends():
                    task = asyncio.create_task(self._receipts_of(client, send))
                    self._owed.add(task)
                    task.add_done_callback(self._owed.discard)
                await asyncio.sleep(LOOK_FOR_SENDS_S)

    @property
    def owes_receipts(self) -> bool:
        return bool(self._owed)

    async def _work_off(self, actions: list[Action]) -> None:
        for action in actions:
            began = time.monotonic()
            await action()
            pause_s = BESIDE / self._per_s * self._chance.uniform(0.5, 1.5)
            await asyncio.sleep(max(0.0, pause_s - (time.monotonic() - began)))

    def _action(self, n: int) -> tuple[int, Action]:
        """Return the lane and the action: of 20, 8 agents', 8 new customers', 3 known customers', 1 the sandbox's."""
        chats = self._world.chats
        match n % 20:
            case 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7:
                where = self._chance.randrange(len(chats))
                return where, lambda: self._agent_writes(n, chats[where])
            case 8 | 9 | 10:
                chat = self._chance.choice([chat for chat in chats if not chat.is_sandbox])
                return n, lambda: self._customer_writes(n, chat.customer)
            case 11:
                return n, lambda: self._sandbox_customer_writes(n)
            case _:
                return n, lambda: self._customer_writes(n, customer_number(self._run, n), is_new=True)

    async def _customer_writes(self, n: int, customer: str, *, is_new: bool = False) -> None:
        provider_id = wamid(self._run, n)
        body = meta.text_message(_number_of(customer), customer, provider_id, f"bom dia {n}")
        await self._deliver(self._client, body)
        self.ledger.webhooks[provider_id] = customer
        if is_new:
            self.ledger.newcomers.add(customer)
        self.ledger.ingest_at.append(time.time())
        if self._chance.randrange(100) < TWICE_OF_100:
            await self._deliver(self._client, body)

    async def _deliver(self, client: httpx.AsyncClient, body: bytes) -> None:
        """Post as Meta does: again until the answer is 200."""
        headers = meta.headers(APP_SECRET, body)
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < deadline:
            answer = await self._until_answered(
                "webhook", lambda: client.post(meta.SHARED_PATH, content=body, headers=headers)
            )
            if answer is not None:
                return

    async def _agent_writes(self, n: int, chat: Chat) -> None:
        text = f"answer {self._run} {n:05d}"
        key = {"Idempotency-Key": f"{self._run}-{n}"}
        body = {"conversationId": chat.conversation_id, "content": text}
        answer = await self._until_answered(
            "send", lambda: self._client.post("/api/messages/send", json=body, headers=key)
        )
        if answer is None:
            return
        turn = self._turns[chat.conversation_id] = self._turns.get(chat.conversation_id, 0) + 1
        self.ledger.sends[text] = (chat, turn)
        self.ledger.accepted_at.append(time.time())

    async def _sandbox_customer_writes(self, n: int) -> None:
        """Write in the sandbox. Without an id each try is a message of its own."""
        path = f"/sandbox/{self._world.sandbox_id}/messages"
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        for attempt in range(10_000):
            text = f"sandbox {self._run} {n:05d} {attempt}"
            body = {"from": customer_number(f"{self._run}s", n), "text": text}
            try:
                answer = await self._client.post(path, json=body)
            except NO_ANSWER:
                answer = None
            if answer is not None and answer.is_success:
                self.ledger.sandboxed.add(text)
                return
            self.ledger.maybe.add(text)
            if time.monotonic() > deadline:
                self.ledger.refused.append(f"sandbox: {_said(answer)}")
                return
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _receipts_of(self, client: httpx.AsyncClient, send: Send) -> None:
        states = ["sent", "delivered", "read"]
        self._chance.shuffle(states)
        several = [meta.status(send.wamid, send.to, state, send.callback_data) for state in states]
        bodies = [several] if self._chance.random() < 0.5 else [[one] for one in several]
        for body in bodies:
            await self._deliver(client, meta.statuses(send.phone_number_id, body))
            self.ledger.receipts += len(body)

    async def _until_answered(self, what: str, ask: Callable[[], Awaitable[httpx.Response]]) -> Any:
        """Try again while the hub is unreachable or unavailable. None: refused, which is recorded."""
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        while True:
            answer: httpx.Response | None = None
            with suppress(*NO_ANSWER):
                answer = await ask()
            if answer is not None and answer.is_success:
                return answer
            is_final = answer is not None and answer.status_code < 500
            if is_final or time.monotonic() > deadline:
                self.ledger.refused.append(f"{what}: {_said(answer)}")
                return None
            await asyncio.sleep(AGAIN_AFTER_S * self._chance.uniform(0.5, 1.5))


def _said(answer: httpx.Response | None) -> str:
    return "no answer" if answer is None else f"{answer.status_code} {answer.text[:200]}"


def _number_of(customer: str) -> str:
    """Return the number that a customer writes to: always the same."""
    return NUMBERS[int(customer[-8:]) % len(NUMBERS)]
