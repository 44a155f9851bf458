"""What the demonstration needs: a company of its own, two departments, two agents, two numbers."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import click

from whatsapp_hub.main.demo.client import HubClient
from whatsapp_hub.main.demo.graph import MiniGraph

PHONE_NUMBER_ID = "106540352242922"


def narrate(began: float, who: str, what: str, colour: str = "white") -> None:
    """Print one line of the conversation, with seconds since the start."""
    at = click.style(f"{time.monotonic() - began:7.3f} s", dim=True)
    first, *rest = what.splitlines() or [""]
    click.echo(f"{at}  {click.style(f'{who:>16}', fg=colour)}  {first}")
    for line in rest:
        click.echo(f"{'':27}  {line}")


@dataclass(slots=True)
class Agent:
    """An agent who answers each assigned conversation, and resolves it when thanked."""

    client: HubClient
    name: str
    began: float
    taken: set[str] = field(default_factory=set)

    async def on_event(self, name: str, payload: dict[str, Any]) -> None:
        """Answer an assignment or a message."""
        if name == "conversation-assigned":
            await self._greet(payload["conversation"])
        elif name == "message-received" and payload["conversationId"] in self.taken:
            await self._thanked(payload["conversationId"], payload["message"]["content"])

    async def _greet(self, conversation: dict[str, Any]) -> None:
        if conversation["assignedUserId"] != self.client.user["id"] or conversation["id"] in self.taken:
            return
        self.taken.add(conversation["id"])
        narrate(self.began, "routing", str(conversation["routingReason"]), "yellow")
        customer = conversation["customerName"] or "tudo bem"
        await self._send(conversation["id"], f"Olá {customer}, aqui é {self.name}. Como posso ajudar?")

    async def _thanked(self, conversation_id: str, text: str) -> None:
        if "obrigad" in text.lower():
            await self._send(conversation_id, "De nada, até logo!")
            await self.client.call("POST", f"/api/conversations/{conversation_id}/resolve")
            self.taken.discard(conversation_id)
            narrate(self.began, self.name, "resolved the conversation", "cyan")

    async def _send(self, conversation_id: str, text: str) -> None:
        await self.client.call("POST", "/api/messages/send", conversationId=conversation_id, content=text)


@dataclass(slots=True)
class Stage:
    """The demonstration's company. `is_own`: hub and Graph API were started for it. `supervisor` administers the
    company; `mailboxes` hold, per customer, the texts that reached them."""

    url: str
    graph: MiniGraph
    supervisor: HubClient
    began: float
    is_own: bool
    sandbox_id: str = ""
    agents: list[Agent] = field(default_factory=list)
    mailboxes: dict[str, "asyncio.Queue[str]"] = field(default_factory=dict)
    wrote: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    _listeners: list["asyncio.Task[None]"] = field(default_factory=list)

    @classmethod
    async def build(cls, url: str, graph: MiniGraph, email: str, password: str, *, is_own: bool) -> "Stage":
        """Set up company, departments, agents and numbers."""
        supervisor, mark = await _company(url, email, password)
        stage = cls(url, graph, supervisor, time.monotonic(), is_own)
        departments = {
            name: await supervisor.call("POST", "/api/departments", name=name, slug=name.lower(), isRoot=is_root)
            for name, is_root in (("Vendas", True), ("Suporte", False))
        }
        await stage._listen(supervisor, stage._on_event)
        for name, department in (("Rita", "Vendas"), ("Paulo", "Suporte")):
            await stage._hire(name, departments[department]["id"], mark)
        await stage._connect_numbers()
        stage.began = time.monotonic()
        for agent in stage.agents:
            agent.began = stage.began
        return stage

    async def aclose(self) -> None:
        """Stop listening and close all clients."""
        for task in self._listeners:
            task.cancel()
        await asyncio.gather(*self._listeners, return_exceptions=True)
        for client in (self.supervisor, *(agent.client for agent in self.agents)):
            await client.aclose()

    def mailbox(self, customer: str) -> "asyncio.Queue[str]":
        """Return the queue of texts that reached a customer."""
        return self.mailboxes.setdefault(customer, asyncio.Queue())

    async def _hire(self, name: str, department_id: str, mark: str) -> None:
        email, password = f"{name.lower()}@{mark}.example", secrets.token_urlsafe(12)
        new = {"email": email, "password": password, "name": name, "role": "AGENT", "departmentId": department_id}
        await self.supervisor.call("POST", "/api/users", **new)
        agent = Agent(await HubClient(self.url).login(email, password), name, self.began)
        await self._listen(agent.client, agent.on_event)
        await agent.client.call("PATCH", "/api/users/me/status", status="ONLINE")
        self.agents.append(agent)

    async def _connect_numbers(self) -> None:
        call = self.supervisor.call
        sandbox = await call("POST", "/api/sessions", name="balcao", provider="SANDBOX")
        self.sandbox_id = sandbox["id"]
        settings = {
            "phoneNumberId": PHONE_NUMBER_ID,
            "accessToken": "demo-token",
            "appSecret": self.graph.secret,
            "verifyToken": "demo-verify",
        }
        routing = "departments" if self.is_own else "none"  # another hub would answer through Meta's real Graph API
        new = {"name": "linha-oficial", "provider": "META", "settings": settings, "routing": routing}
        meta = await call("POST", "/api/sessions", **new)
        self.graph.webhook_url = f"{self.url}/webhooks/whatsapp/{meta['id']}"
        for session in (sandbox, meta) if self.is_own else (sandbox,):
            await call("POST", f"/api/sessions/{session['id']}/start")

    async def _listen(self, client: HubClient, on_event: Any) -> None:
        connected = asyncio.Event()
        self._listeners.append(asyncio.create_task(client.listen(on_event, connected)))
        await asyncio.wait_for(connected.wait(), 10)

    async def _on_event(self, name: str, payload: dict[str, Any]) -> None:
        """Narrate the supervisor's events, and fill the customers' mailboxes."""
        if name == "message-received":
            customer = await self._customer(payload["conversationId"])
            narrate(self.began, customer, payload["message"]["content"], "green")
        elif name == "message-sent":
            message = payload["message"]
            customer = await self._customer(payload["conversationId"])
            author = "bot" if message["isBot"] else self._agent_name(message["senderId"])
            narrate(self.began, f"{author} → {customer}", message["content"], "magenta" if message["isBot"] else "cyan")
            self.mailbox(customer).put_nowait(message["content"])

    def _agent_name(self, user_id: str | None) -> str:
        return next((a.name for a in self.agents if a.client.user["id"] == user_id), "?")

    async def _customer(self, conversation_id: str) -> str:
        if conversation_id not in self.names:
            conversation = await self.supervisor.call("GET", f"/api/conversations/{conversation_id}")
            self.names[conversation_id] = conversation["customerName"] or conversation["customerPhone"]
        return self.names[conversation_id]


async def _company(url: str, email: str, password: str) -> tuple[HubClient, str]:
    """Create a tenant; return its signed-in supervisor and its slug."""
    master = await HubClient(url).login(email, password)
    mark = f"demo_{secrets.token_hex(4)}"
    tenant = await master.call("POST", "/api/tenants", slug=mark, name="Demonstração")
    master.act_for(tenant["id"])
    login, secret = f"ana.supervisora@{mark}.example", secrets.token_urlsafe(12)
    await master.call("POST", "/api/users", email=login, password=secret, name="Supervisora", role="ADMIN")
    await master.aclose()
    return await HubClient(url).login(login, secret), mark
