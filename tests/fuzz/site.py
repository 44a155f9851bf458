"""A company at a running hub with one thing of every kind, for who asks strange things of it."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.integration.http.conftest import Company

_phones = itertools.count(random.randrange(1_000_000, 9_000_000))


def a_phone() -> str:
    return f"551199{next(_phones):07d}"


@dataclass
class Site:
    company: Company
    document: dict[str, Any]
    ids: dict[str, str] = field(default_factory=dict)

    def id_for(self, path: str) -> str:
        """What stands for `{id}`: mostly something that is there."""
        kind = path.removeprefix("/api/").strip("/").split("/")[0]
        kind = {"instances": "sessions", "sandbox": "sessions"}.get(kind, kind)
        return self.ids.get(kind, "1" if "deliveries/{id}" in path else str(uuid4()))

    def url(self, path: str, id: str | None = None) -> str:
        named = path.replace("{id}", quote(id, safe="") if id is not None else self.id_for(path))
        return re.sub(r"\{\w+\}", self.ids["key"], named)


async def things_of(company: Company) -> dict[str, str]:
    """The ids of one thing of every kind, by the first word of their addresses."""
    admin, department = company.admin, await company.department("Vendas")
    agent, session = await company.agent(department, "ONLINE"), await company.session(routing="none")
    body = {"sessionId": session["id"], "to": a_phone(), "content": "x"}
    conversation = (await admin.post("/api/conversations", body)).json()
    shown = (await admin.get(f"/api/conversations/{conversation['id']}/messages")).json()
    reply = (await admin.post("/api/quick-replies", {"shortcut": "a", "content": "x"})).json()
    hook = (await admin.post("/api/webhooks", {"url": "https://example.org/x", "events": ["*"]})).json()
    return {
        "departments": department["id"],
        "users": agent.id,
        "sessions": session["id"],
        "key": session["sessionId"],
        "conversations": conversation["id"],
        "messages": shown["messages"][0]["id"],
        "quick-replies": reply["id"],
        "webhooks": hook["id"],
    }
