"""The sandbox holds to the provider contract, with its phones in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.contracts.provider_contract import CONTENTS, PHONE, Bench, ProviderContract, receipts
from tests.fakes.phones import FakePhones
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.adapters.providers.sandbox import client
from whatsapp_hub.adapters.providers.sandbox.inbound import customer_wrote
from whatsapp_hub.application.ports.provider.plugin import Host
from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, Rejected, Transient
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import MessageStatus

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def phones() -> FakePhones:
    return FakePhones()


@pytest_asyncio.fixture
async def bench(phones: FakePhones) -> AsyncIterator[Bench]:
    plugin = builtin_plugins(ProviderOptions(sandbox=True), phones)["SANDBOX"]
    provider = plugin.connect(cast("Host", None))
    yield Bench(
        plugin=plugin,
        provider=provider,
        settings={},
        flawed=[],
        secrets=frozenset(),
        updates=[customer_wrote(PHONE, "sandbox.1", "Oi", NOON, "Ana")],
        hang=lambda: setattr(phones, "delay_s", 60.0),
        phones={
            Rejected: client.REJECTS,
            OutcomeUnknown: client.UNKNOWN,
            Transient: client.AWAY_ONCE,
            CredentialsInvalid: client.REFUSES,
        },
        sent=lambda: sum(map(len, phones.screens.values())),
    )
    await provider.aclose()


class TestSandbox(ProviderContract):
    async def test_a_message_is_delivered_and_read(self, bench: Bench, phones: FakePhones) -> None:
        accepted = await bench.send(CONTENTS[MessageType.TEXT])
        seen = receipts(bench.plugin, phones.receipts)
        assert [r.status for r in seen] == [MessageStatus.DELIVERED, MessageStatus.READ]
        assert {r.provider_message_id for r in seen} == {accepted.provider_message_id}
        assert all(r.sent_as for r in seen)

    async def test_a_phone_that_is_away_once_gets_the_message_at_the_second_try(self, bench: Bench) -> None:
        id = MessageId(uuid4())
        with pytest.raises(Transient):
            await bench.send(CONTENTS[MessageType.TEXT], client.AWAY_ONCE, message_id=id)
        assert (await bench.send(CONTENTS[MessageType.TEXT], client.AWAY_ONCE, message_id=id)).provider_message_id
