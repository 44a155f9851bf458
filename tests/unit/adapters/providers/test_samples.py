"""Other people's recorded webhooks and signatures, where they are at hand."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.plugin import ReceivesWebhooks

SAMPLES = Path(__file__).parents[5] / "shared" / "samples"
FOLDERS = {"META": "meta", "WAHA": "waha"}
PLUGINS = builtin_plugins(ProviderOptions())
NOT_WEBHOOKS = ("_", "response_", "docs_hmac")
WEBHOOKS = [
    pytest.param(kind, path, id=path.stem)
    for kind, folder in FOLDERS.items()
    for path in sorted((SAMPLES / folder).glob("*.json"))
    if not path.name.startswith(NOT_WEBHOOKS)
]

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples here")


def webhooks(kind: str) -> ReceivesWebhooks:
    found = PLUGINS[kind].webhooks
    assert found is not None
    return found


def vectors(folder: str, name: str) -> list[dict[str, Any]]:
    path = SAMPLES / folder / name
    return json.loads(path.read_text()) if path.exists() else []


@pytest.mark.parametrize(("kind", "path"), WEBHOOKS)
def test_a_recorded_webhook_is_understood(kind: str, path: Path) -> None:
    body = path.read_bytes()
    updates = webhooks(kind).split(body)
    assert updates
    assert webhooks(kind).split(body) == updates
    assert len({update.dedupe_key for update in updates}) == len(updates)
    assert webhooks(kind).names(body) & {route for update in updates for route in update.routes}
    for update in updates:
        assert update.routes
        assert PLUGINS[kind].translate(update.body)


def test_meta_s_recorded_signatures_hold() -> None:
    for vector in vectors("meta", "_signature_vectors.json"):
        settings = PLUGINS["META"].decode_settings(
            {"phoneNumberId": "1", "accessToken": "t", "appSecret": vector["app_secret"], "verifyToken": "v"}
        )
        headers = {"x-hub-signature-256": vector["X-Hub-Signature-256"]}
        body = base64.b64decode(vector["body_base64"])
        assert webhooks("META").verify(settings, headers, body) is vector["valid"], vector["name"]


def test_waha_s_recorded_signatures_hold() -> None:
    for vector in vectors("waha", "_hmac_vectors.json"):
        settings = PLUGINS["WAHA"].decode_partial(  # some keys are shorter than new ones may be
            {"url": "http://waha", "apiKey": "k", "session": "default", "hmacKey": vector["key"]}
        )
        headers = {"x-webhook-hmac": vector["X-Webhook-Hmac"]}
        assert webhooks("WAHA").verify(settings, headers, vector["body"].encode()) is vector["valid"], vector["name"]
