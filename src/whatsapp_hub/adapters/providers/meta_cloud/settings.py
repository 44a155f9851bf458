"""A session's settings on Meta's Cloud API."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whatsapp_hub.adapters.providers.settings import Fields

_NAMES = {
    "phoneNumberId": "phone_number_id",
    "businessAccountId": "business_account_id",
    "accessToken": "access_token",
    "appSecret": "app_secret",
    "verifyToken": "verify_token",
}
_SECRETS = frozenset({"accessToken", "appSecret", "verifyToken"})


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """`app_secret` belongs to the Meta app and is often shared by many numbers; `business_account_id` is
    empty if the hub is not to subscribe itself at Meta. The environment's number may lack any of them."""

    phone_number_id: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    business_account_id: str = ""


_NEEDED = {
    "phoneNumberId": "",
    "accessToken": "",
    "appSecret": "webhooks are refused",
    "verifyToken": "Meta cannot verify the address of the webhook",
}


def decode(settings: Mapping[str, object]) -> MetaSettings:
    """Decode complete settings. Raises Invalid."""
    fields = Fields(settings, frozenset(_NAMES))
    decoded = _read(fields)
    fields.done()
    return decoded


def decode_partial(settings: Mapping[str, object]) -> MetaSettings:
    """Decode settings that may lack required fields. Raises Invalid."""
    return _read(Fields(settings, frozenset(_NAMES)))


def missing(settings: MetaSettings) -> dict[str, str]:
    """Return the required fields that are missing, with reasons."""
    return {name: what for name, what in _NEEDED.items() if not getattr(settings, _NAMES[name])}


def _read(fields: Fields) -> MetaSettings:
    return MetaSettings(
        phone_number_id=fields.digits("phoneNumberId"),
        access_token=fields.token("accessToken"),
        app_secret=fields.token("appSecret"),
        verify_token=fields.token("verifyToken"),
        business_account_id=fields.digits("businessAccountId", required=False),
    )


def encode(settings: MetaSettings, *, secrets: bool) -> dict[str, object]:
    encoded = {name: getattr(settings, field_name) for name, field_name in _NAMES.items()}
    return {name: value for name, value in encoded.items() if value and (secrets or name not in _SECRETS)}
