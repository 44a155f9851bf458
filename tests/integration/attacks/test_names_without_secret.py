"""Sessions without a webhook secret, which WAHA allows, beside sessions of other tenants that have one."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from whatsapp_hub.adapters.providers.waha.plugin import Waha
from whatsapp_hub.application.ports.edge.directory import WebhookTarget
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.inbox import NewUpdate
from whatsapp_hub.application.receiving import accept_webhook
from whatsapp_hub.application.receiving.accept_webhook import AcceptWebhook
from whatsapp_hub.domain.errors import Unauthenticated
from whatsapp_hub.domain.ids import SessionId, TenantId

PLUGIN = Waha(lambda: datetime.now(UTC))


class Known:
    """A directory of these sessions."""

    def __init__(self, *targets: WebhookTarget) -> None:
        self.everybody = list(targets)

    async def target(self, session_id: SessionId, provider: str | None = None) -> WebhookTarget | None:
        return next((t for t in self.everybody if t.session_id == session_id), None)

    async def targets(self, provider: str, routes: Sequence[str]) -> dict[str, list[WebhookTarget]]:
        return {r: [t for t in self.everybody if r in PLUGIN.routes(t.settings)] for r in routes}

    async def all_targets(self, provider: str) -> list[WebhookTarget]:
        return self.everybody


class Kept:
    def __init__(self) -> None:
        self.rows: list[NewUpdate] = []

    async def append(self, updates: Sequence[NewUpdate]) -> None:
        self.rows += updates

    @property
    def owners(self) -> list[UUID | None]:
        return [row.session_id for row in self.rows]


def session(name: str, key: str = "") -> WebhookTarget:
    given = {"url": "http://waha.example", "apiKey": "k", "session": name} | ({"hmacKey": key} if key else {})
    settings = PLUGIN.decode_partial(given)
    return WebhookTarget(SessionId(uuid4()), TenantId(uuid4()), name, "WAHA", settings)


def accepting(*targets: WebhookTarget) -> tuple[AcceptWebhook, Kept]:
    host: Any = None
    known: Any = Known(*targets)
    kept = Kept()
    return AcceptWebhook(Providers({"WAHA": PLUGIN}, host), known, kept), kept


def body(name: str, padding: int = 0) -> bytes:
    id = f"false_5511999990000@c.us_{uuid4().hex}"
    payload = {"id": id, "from": "5511999990000@c.us", "body": "Oi" + "." * padding}
    return json.dumps({"event": "message", "session": name, "payload": payload}).encode()


def signed(key: str, content: bytes) -> dict[str, str]:
    return {"x-webhook-hmac": hmac.new(key.encode(), content, hashlib.sha512).hexdigest()}


async def test_a_namesake_without_a_secret_cannot_hold_up_whoever_has_one() -> None:
    mine, namesake = session("default", "mine"), session("default")
    accept, kept = accepting(mine, namesake)
    content = body("default")
    await accept("WAHA", None, signed("mine", content), content)
    assert kept.owners == [mine.session_id]


@pytest.mark.parametrize("key", ["", "a key that was changed on one side only"])
async def test_a_namesake_without_a_secret_gets_nothing_meant_for_whoever_has_one(key: str) -> None:
    accept, kept = accepting(session("default", "mine"), session("default"))
    content = body("default")
    with pytest.raises(Unauthenticated):
        await accept("WAHA", None, signed(key, content) if key else {}, content)
    assert kept.rows == []


async def test_on_its_own_path_a_session_without_a_secret_is_served() -> None:
    mine, namesake = session("default", "mine"), session("default")
    accept, kept = accepting(mine, namesake)
    await accept("WAHA", namesake.session_id, {}, body("default"))
    assert kept.owners == [namesake.session_id]


async def test_the_only_one_of_its_name_needs_no_secret() -> None:
    alone = session("alone")
    accept, kept = accepting(session("default", "mine"), alone)
    await accept("WAHA", None, {}, body("alone"))
    assert kept.owners == [alone.session_id]


@pytest.mark.parametrize("known", [(), (session("somebody"),)], ids=["no session at all", "no secret at all"])
async def test_a_stranger_cannot_fill_the_disk(known: Sequence[WebhookTarget], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept_webhook, "UNVOUCHED_BYTES", 100_000)
    accept, kept = accepting(*known)
    for _ in range(40):
        await accept("WAHA", None, {}, body("unknown", padding=9_000))
    assert 0 < sum(len(row.body) for row in kept.rows) <= 100_000
    assert accept.counts.dropped == 40 - len(kept.rows)
    if known:
        await accept("WAHA", None, {}, body("somebody"))
        assert kept.owners[-1] == known[0].session_id
