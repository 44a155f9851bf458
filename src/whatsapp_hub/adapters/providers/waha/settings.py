"""A session's settings on a WAHA server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from whatsapp_hub.adapters.providers.settings import Fields

_NAMES = {"url": "url", "apiKey": "api_key", "session": "session", "hmacKey": "hmac_key", "statuses": "statuses"}
KEY_LENGTH = 24
"""Of a new hmacKey, as Standard Webhooks requires of its secrets. A shorter stored one stays, with a warning."""
_SECRETS = frozenset({"apiKey", "hmacKey"})
_BOUND = {"apiKey": ("url", "session"), "hmacKey": ("url",)}
"""What each secret is for. The hub gives both to the server: the hmacKey when it registers its webhook. A server's key
opens all its sessions, other companies' too where it is the operator's own."""


@dataclass(frozen=True, slots=True)
class WahaSettings:
    """`hmac_key` is empty if the server does not sign its webhooks; `statuses`: take in contacts' status updates;
    `owner`: the company whose session it is, while it is called."""

    url: str
    api_key: str = field(repr=False)
    session: str
    hmac_key: str = field(default="", repr=False)
    statuses: bool = False
    owner: str = field(default="", repr=False, compare=False)


def decode(settings: Mapping[str, object]) -> WahaSettings:
    """Decode complete settings. Raises Invalid."""
    fields = Fields(settings, frozenset(_NAMES))
    decoded = _read(fields)
    if decoded.hmac_key and len(decoded.hmac_key) < KEY_LENGTH:
        fields.refuse("hmacKey", f"must have at least {KEY_LENGTH} characters")
    fields.done()
    return decoded


def decode_partial(settings: Mapping[str, object]) -> WahaSettings:
    """Decode settings that may lack required fields. Raises Invalid."""
    return _read(Fields(settings, frozenset(_NAMES)))


def missing(settings: WahaSettings) -> dict[str, str]:
    """Return what is missing: the address, the key and the session's name are required."""
    return {name: "" for name in ("url", "apiKey", "session") if not getattr(settings, _NAMES[name])}


def unbound(settings: WahaSettings, changes: Mapping[str, object]) -> Collection[str]:
    """Return the secrets that are kept and would come to another server or session than they were given for."""
    moved = {name for name in ("url", "session") if name in changes and not _is_same(settings, name, changes[name])}
    return [
        secret
        for secret, bound_to in _BOUND.items()
        if moved.intersection(bound_to) and secret not in changes and getattr(settings, _NAMES[secret])
    ]


def _is_same(settings: WahaSettings, name: str, value: object) -> bool:
    return isinstance(value, str) and value.rstrip("/") == getattr(settings, name)


def warnings(settings: WahaSettings) -> dict[str, str]:
    """Name settings that leave the webhooks open to others."""
    if not settings.hmac_key:
        return {"hmacKey": "is missing: its webhooks are not signed, so anybody who reaches the hub can post some"}
    if len(settings.hmac_key) < KEY_LENGTH:
        return {"hmacKey": f"has less than {KEY_LENGTH} characters: it could be guessed"}
    return {}


def _read(fields: Fields) -> WahaSettings:
    return WahaSettings(
        url=fields.url("url"),
        api_key=fields.token("apiKey"),
        session=fields.name("session"),
        hmac_key=fields.token("hmacKey", required=False),
        statuses=fields.flag("statuses"),
    )


def encode(settings: WahaSettings, *, secrets: bool) -> dict[str, object]:
    """Encode under the API's names, without empty values; secrets only if asked for."""
    encoded = {name: getattr(settings, field_name) for name, field_name in _NAMES.items()}
    return {name: value for name, value in encoded.items() if value and (secrets or name not in _SECRETS)}
