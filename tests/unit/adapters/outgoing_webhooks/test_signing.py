"""Signatures that others verify: Standard Webhooks' own library, and the example of WAHA's documentation."""

import hmac
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from tests.fakes.receiver import FakeReceiver
from whatsapp_hub.adapters.outgoing_webhooks import signing
from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard
from whatsapp_hub.adapters.outgoing_webhooks.sender import HttpWebhookSender
from whatsapp_hub.application.integrations.subscriptions import new_secret
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.subscription import Secret, Webhook, WebhookFormat

BODY = '{"a":"ção"}'.encode()


def test_the_published_library_accepts_each_secret_and_no_other() -> None:
    old, new, other = (new_secret() for _ in range(3))
    headers = signing.standard((Secret(new), Secret(old)), "evt_7", datetime.now(UTC), BODY)
    for secret in (old, new):
        assert Verifier(secret).verify(BODY, headers) == {"a": "ção"}
    with pytest.raises(WebhookVerificationError):
        Verifier(other).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify(BODY + b" ", headers)
    late = signing.standard((Secret(new),), "evt_7", datetime.now(UTC) - timedelta(minutes=6), BODY)
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify(BODY, late)


def test_wahas_documented_example() -> None:
    body = b'{"event":"message","session":"default","engine":"WEBJS"}'
    headers = signing.waha(Secret("my-secret-key"), "x", datetime.now(UTC), body)
    expected = (
        "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
        "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
    )
    assert hmac.compare_digest(headers["x-webhook-hmac"], expected)
    assert headers["x-webhook-hmac-algorithm"] == "sha512"


@pytest.mark.parametrize("format", list(WebhookFormat))
async def test_wahas_headers_stand_beside_the_standard_ones_in_wahas_format_only(format: WebhookFormat) -> None:
    at, secret = datetime.now(UTC), new_secret()
    async with FakeReceiver(secret=secret) as server:
        webhook = Webhook(WebhookId(uuid4()), TenantId(uuid4()), server.url, at, at, (Secret(secret),), format)
        sender = HttpWebhookSender(Guard(allow_private=True), lambda: at, 5)
        async with sender.receiver() as receiver:
            assert (await receiver.ping(webhook)).is_delivered
    [posted] = server.taken
    assert server.refused_signatures == 0
    assert posted.headers.items() >= {"content-type": "application/json", "webhook-id": posted.id}.items()
    wahas = {name: value for name, value in posted.headers.items() if name.startswith("x-webhook-")}
    expected = {
        "x-webhook-request-id": posted.id,
        "x-webhook-timestamp": str(int(at.timestamp() * 1000)),
        "x-webhook-hmac": hmac.new(secret.encode(), posted.body, "sha512").hexdigest(),
        "x-webhook-hmac-algorithm": "sha512",
    }
    assert wahas == (expected if format is WebhookFormat.WAHA else {})
