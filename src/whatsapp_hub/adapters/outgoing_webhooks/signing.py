"""Signatures: Standard Webhooks (https://www.standardwebhooks.com), and WAHA's own beside it for its format."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from whatsapp_hub.domain.integrations.subscription import SECRET_PREFIX, Secret

AGENT = {"user-agent": "whatsapp_hub", "accept": "*/*"}
CONTENT = {"content-type": "application/json"}


def standard(secrets: Sequence[Secret], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Sign with each secret, so that a receiver that knows any of them accepts the webhook."""
    stamp = str(int(at.timestamp()))
    signed = f"{id}.{stamp}.".encode() + body
    made = (hmac.digest(_key(secret), signed, hashlib.sha256) for secret in secrets)
    signatures = " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in made)
    return {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signatures}


def waha(secret: Secret, id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Sign as WAHA does: the key is the secret itself, including its prefix."""
    return {
        "x-webhook-request-id": id,
        "x-webhook-timestamp": str(int(at.timestamp() * 1000)),
        "x-webhook-hmac": hmac.digest(secret.value.encode(), body, hashlib.sha512).hex(),
        "x-webhook-hmac-algorithm": "sha512",
    }


def _key(secret: Secret) -> bytes:
    return base64.b64decode(secret.value.removeprefix(SECRET_PREFIX))
