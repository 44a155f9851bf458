"""Meta's Cloud API holds to the provider contract, against a Graph API that answers over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest_asyncio

from tests.contracts.provider_contract import PHONE, Bench, ProviderContract
from tests.fakes import graph
from tests.fakes.graph import FakeGraph
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.plugin import Host
from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, Rejected, Transient

SETTINGS: dict[str, object] = {
    "phoneNumberId": "106500000000001",
    "businessAccountId": graph.ACCOUNT,
    "accessToken": "token-1",
    "appSecret": "app-secret-1",
    "verifyToken": "verify-1",
}
NUMBER = "106500000000001"


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    async with FakeGraph() as fake:
        plugin = builtin_plugins(ProviderOptions(fake.url, "v23.0"))["META"]
        provider = plugin.connect(cast("Host", None))
        assert plugin.webhooks is not None
        contact = {"wa_id": PHONE, "profile": {"name": "Ana"}}
        text = graph.webhook(NUMBER, {"contacts": [contact], "messages": [graph.text_from(PHONE, "wamid.1", "Oi")]})
        status = {"id": "wamid.2", "status": "read", "timestamp": "1780000000", "recipient_id": PHONE}
        yield Bench(
            plugin=plugin,
            provider=provider,
            settings=SETTINGS,
            flawed=[
                ({}, {f"/settings/{name}" for name in SETTINGS} - {"/settings/businessAccountId"}),
                ({**SETTINGS, "phoneNumberId": "+1 555"}, {"/settings/phoneNumberId"}),
                ({**SETTINGS, "accessToken": "line\nbreak"}, {"/settings/accessToken"}),
                ({**SETTINGS, "appSecret": 7}, {"/settings/appSecret"}),
            ],
            secrets=frozenset({"accessToken", "appSecret", "verifyToken"}),
            updates=plugin.webhooks.split(text),
            bodies=[text, graph.webhook(NUMBER, {"statuses": [status, {**status, "status": "delivered"}]})],
            signed=lambda body: {k.lower(): v for k, v in graph.sign("app-secret-1", body).items()},
            faults={
                Rejected: lambda: fake.fail_with(131026),
                Transient: lambda: fake.fail_with(130429, 429),
                OutcomeUnknown: lambda: fake.fail_next("reset", taken=True),
                CredentialsInvalid: lambda: fake.fail_with(190, 401),
            },
            hang=lambda: fake.fail_next("hang"),
            sent=lambda: len(fake.sent),
        )
        await provider.aclose()


class TestMetaCloud(ProviderContract):
    pass
