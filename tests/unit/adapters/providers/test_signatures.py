"""Who may post to us."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.plugin import ReceivesWebhooks

PLUGINS = builtin_plugins(ProviderOptions())
META = PLUGINS["META"].decode_settings(
    {"phoneNumberId": "1", "accessToken": "t", "appSecret": "secret", "verifyToken": "token-1"}
)
WAHA = {"url": "http://waha:3000/", "apiKey": "k", "session": "default"}


def webhooks(kind: str) -> ReceivesWebhooks:
    found = PLUGINS[kind].webhooks
    assert found is not None
    return found


def test_meta_signs_the_bytes_that_it_sends() -> None:
    escaped, plain = b'{"a":"\\u00e4 \\/"}', '{"a":"ä /"}'.encode()
    signature = "sha256=" + hmac.new(b"secret", escaped, hashlib.sha256).hexdigest()
    assert webhooks("META").verify(META, {"x-hub-signature-256": signature}, escaped)
    assert not webhooks("META").verify(META, {"x-hub-signature-256": signature}, plain)
    assert not webhooks("META").verify(META, {"x-hub-signature": signature}, escaped)


def test_waha_without_a_key_signs_nothing() -> None:
    settings = PLUGINS["WAHA"].decode_settings(WAHA)
    assert webhooks("WAHA").secret_of(settings) == ""
    assert webhooks("WAHA").verify(settings, {}, b"{}")
    keyed = PLUGINS["WAHA"].decode_settings({**WAHA, "hmacKey": "k" * 24})
    assert webhooks("WAHA").secret_of(keyed)
    assert not webhooks("WAHA").verify(keyed, {}, b"{}")


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "token-1", "hub.challenge": "0123"}, "0123"),
        ({"hub.mode": "subscribe", "hub.verify_token": "token-1", "hub.challenge": "<b>"}, "<b>"),
        ({"hub.mode": "subscribe", "hub.verify_token": "token-2", "hub.challenge": "1"}, None),
        ({"hub.mode": "subscribe", "hub.verify_token": "tökén", "hub.challenge": "1"}, None),
        ({"hub.mode": "unsubscribe", "hub.verify_token": "token-1", "hub.challenge": "1"}, None),
        ({"hub.challenge": "1"}, None),
        ({}, None),
    ],
)
def test_meta_s_handshake(query: dict[str, str], answer: str | None) -> None:
    assert webhooks("META").handshake(META, query) == answer


def test_waha_has_no_handshake() -> None:
    assert webhooks("WAHA").handshake(PLUGINS["WAHA"].decode_settings(WAHA), {"hub.mode": "subscribe"}) is None
