"""Signatures that others verify: Standard Webhooks' own library, and the example of WAHA's documentation."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from whatsapp_hub.adapters.outgoing_webhooks import signing
from whatsapp_hub.application.integrations.subscriptions import new_secret
from whatsapp_hub.domain.webhook import Secret

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
