"""The demonstration's script: four customers with three scenes each, and the count at the end."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import click

from whatsapp_hub.main.demo.graph import MiniGraph
from whatsapp_hub.main.demo.stage import PHONE_NUMBER_ID, Stage

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with a sandbox phone."""

    stage: Stage
    name: str
    phone: str

    async def says(self, text: str) -> None:
        """Write to the hub."""
        body = {"from": self.phone, "name": self.name, "text": text}
        await self.stage.supervisor.call("POST", f"/sandbox/{self.stage.sandbox_id}/messages", **body)
        self.stage.wrote.setdefault(self.name, []).append(text)

    async def reads(self, part: str) -> None:
        """Wait for a text that contains `part`."""
        await _reads(self.stage, self.name, part)


async def play(url: str, graph: MiniGraph, email: str, password: str, *, is_own: bool) -> bool:
    """Run the script against the hub at `url`; True if no message was lost or duplicated. On a hub that was not started
    for it, Meta's customer gets no answer."""
    stage = await Stage.build(url, graph, email, password, is_own=is_own)
    try:
        click.echo(f"\n  a hub at {url}, departments Vendas (Rita) and Suporte (Paulo)\n")
        customers = [
            _buys(Customer(stage, "Ana", "5511987651201")),
            _has_a_problem(Customer(stage, "Bruno", "5511987651202")),
            _is_unsure(Customer(stage, "Carla", "5511987651203")),
            _writes_over_meta(stage),
        ]
        await asyncio.gather(*customers)
        return await _count(stage)
    finally:
        await stage.aclose()


async def _buys(ana: Customer) -> None:
    await ana.says("Oi, bom dia")
    await ana.reads("Escolha o departamento")
    await ana.says("1")
    await ana.reads("aqui é Rita")
    await ana.says("Quero dois. Obrigada!")
    await ana.reads("De nada")
    await asyncio.sleep(0.5)
    await ana.says("Oi, sou eu de novo")
    await ana.reads("Deseja falar com Vendas?")
    await ana.says("sim")
    await ana.reads("aqui é Rita")


async def _has_a_problem(bruno: Customer) -> None:
    await bruno.says("Meu pedido não chegou")
    await bruno.reads("Escolha o departamento")
    await bruno.says("SUPORTE")
    await bruno.reads("aqui é Paulo")
    await bruno.says("Obrigado pela ajuda")
    await bruno.reads("De nada")


async def _is_unsure(carla: Customer) -> None:
    await carla.says("Olá")
    await carla.reads("Escolha o departamento")
    await carla.says("quero falar com alguém")
    await carla.reads("Não entendi")
    await carla.says("2")
    await carla.reads("aqui é Paulo")


async def _writes_over_meta(stage: Stage) -> None:
    """Post the same webhook three times, as Meta does when it got no answer."""
    for number, text in enumerate(("Vi o anúncio de vocês", "vendas"), start=1):
        message = {
            "from": "5511987651204",
            "id": f"wamid.customer{number}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        contacts = [{"profile": {"name": "Diego"}, "wa_id": "5511987651204"}]
        codes = await stage.graph.post(PHONE_NUMBER_ID, {"contacts": contacts, "messages": [message]}, times=3)
        if set(codes) != {200}:
            raise click.ClickException(f"the hub answered a Meta webhook with {codes}")
        stage.wrote.setdefault("Diego", []).append(text)
        if stage.is_own:
            await _reads(stage, "Diego", ("Escolha o departamento", "aqui é Rita")[number - 1])


async def _reads(stage: Stage, customer: str, part: str) -> None:
    """Wait until a text with this part reached the customer."""
    async with asyncio.timeout(PATIENCE_S):
        while part not in await stage.mailbox(customer).get():
            pass


async def _count(stage: Stage) -> bool:
    """Compare what customers wrote, what the hub stores, and what the phones show."""
    await _settled(stage)
    conversations = await _conversations(stage)
    messages = [m for c in conversations for m in c["messages"]]
    inbound = Counter(m["content"] for m in messages if m["direction"] == "INBOUND")
    outbound = [m for m in messages if m["direction"] == "OUTBOUND"]
    wrote = Counter(text for texts in stage.wrote.values() for text in texts)
    shown, meant = await _shown(stage), Counter(m["content"] for m in outbound)
    lost = (wrote - inbound).total() + (meant - shown).total()
    doubled = (inbound - wrote).total() + (shown - meant).total()
    rows = {
        "received": inbound.total(),
        "routed": sum(c["assignedUserId"] is not None for c in conversations),
        "answered": sum(any(m["senderId"] for m in c["messages"]) for c in conversations),
        "sent": len(outbound),
        "delivered": sum(m["status"] in ("DELIVERED", "READ") for m in outbound),
        "lost": lost,
        "doubled": doubled,
    }
    click.echo()
    for name, value in rows.items():
        bad = name in ("lost", "doubled") and value
        click.echo(f"  {name:>10}  {click.style(str(value), fg='red' if bad else 'green', bold=True)}")
    click.echo()
    return not lost and not doubled


async def _settled(stage: Stage) -> None:
    """Wait until every answer has been read, or until the time-out; the count shows which."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        messages = [m for c in await _conversations(stage) for m in c["messages"] if m["direction"] == "OUTBOUND"]
        if messages and all(m["status"] == "READ" for m in messages):
            return
        await asyncio.sleep(1.5)


async def _conversations(stage: Stage) -> list[dict[str, Any]]:
    call = stage.supervisor.call
    return [await call("GET", f"/api/conversations/{c['id']}") for c in await call("GET", "/api/conversations")]


async def _shown(stage: Stage) -> Counter[str]:
    """Count the texts that the customers' phones show."""
    shown = Counter(text for _, text in stage.graph.shown)
    for number in range(1, 4):
        phone = f"551198765120{number}"
        screen = await stage.supervisor.call("GET", f"/sandbox/{stage.sandbox_id}/phones/{phone}/messages")
        shown.update(m["text"] for m in screen if m["direction"] == "OUTBOUND")
    return shown
