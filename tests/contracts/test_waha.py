"""WAHA holds to the provider contract, against a server that answers over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest_asyncio

from tests.contracts.provider_contract import PHONE, Bench, ProviderContract
from tests.fakes import waha
from tests.fakes.waha import FakeWaha
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.plugin import Host
from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, Rejected, Transient

NOT_UP = {"statusCode": 422, "status": "STARTING", "expected": ["WORKING"]}


@pytest_asyncio.fixture(params=["NOWEB", "WEBJS", "GOWS"])
async def bench(request: object) -> AsyncIterator[Bench]:
    async with FakeWaha(engine=request.param) as fake:  # type: ignore[attr-defined]
        settings: dict[str, object] = {
            "url": fake.url,
            "apiKey": waha.API_KEY,
            "session": "default",
            "hmacKey": "hmac-key-1-of-24-letters",
        }
        plugin = builtin_plugins(ProviderOptions(allow_private=True))["WAHA"]
        provider = plugin.connect(cast("Host", None))
        assert plugin.webhooks is not None
        text = waha.webhook("message", waha.text_from(f"{PHONE}@c.us", "3EB0AA", "Oi"), id="evt_1")
        ack = {"id": f"true_{PHONE}@c.us_3EB0AB", "from": f"{PHONE}@c.us", "fromMe": True, "ack": 3, "ackName": "READ"}
        yield Bench(
            plugin=plugin,
            provider=provider,
            settings=settings,
            flawed=[
                ({}, {"/settings/url", "/settings/apiKey", "/settings/session"}),
                ({**settings, "url": "ftp://x"}, {"/settings/url"}),
                ({**settings, "session": "a/b"}, {"/settings/session"}),
            ],
            secrets=frozenset({"apiKey", "hmacKey"}),
            updates=plugin.webhooks.split(text),
            bodies=[text, waha.webhook("message.ack", ack), waha.webhook("message.ack", ack | {"ack": 2})],
            signed=lambda body: {k.lower(): v for k, v in waha.sign("hmac-key-1-of-24-letters", body).items()},
            faults={
                Rejected: lambda: fake.fail_next("status", status=400, body={"message": "bad"}),
                Transient: lambda: fake.fail_next("status", status=422, body=NOT_UP),
                OutcomeUnknown: lambda: fake.fail_next("status", status=500, body={}),
                CredentialsInvalid: lambda: fake.fail_next("status", status=401, body={}),
            },
            hang=lambda: fake.fail_next("hang"),
            sent=lambda: len(fake.sent),
        )
        await provider.aclose()


class TestWaha(ProviderContract):
    pass
