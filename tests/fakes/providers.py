"""Providers that only storages know: settings are a dictionary, `routes` are its webhook routes."""

from collections.abc import Mapping
from typing import Any

from whatsapp_hub.domain.messaging.capabilities import Capabilities


class PlainPlugin:
    """A provider whose settings are a dictionary."""

    capabilities = Capabilities("PLAIN", frozenset())

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        return dict(settings)

    def encode_settings(self, settings: Any, *, secrets: bool) -> dict[str, object]:
        return {k: v for k, v in (settings or {}).items() if secrets or k != "token"}

    def routes(self, settings: Any) -> tuple[str, ...]:
        return tuple((settings or {}).get("routes", ()))


class HeldPlugin(PlainPlugin):
    """One whose sessions connectors hold."""

    capabilities = Capabilities("HELD", frozenset(), holds_socket=True)


def plain_plugins() -> dict[str, Any]:
    return {**{kind: PlainPlugin(kind) for kind in ("SANDBOX", "META", "WAHA")}, "HELD": HeldPlugin("HELD")}
