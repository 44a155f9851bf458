"""Warn operators about a session's settings."""

from collections.abc import Mapping

from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.provider.settings import WarnsOfSettings
from whatsapp_hub.domain.sessions.session import UNREADABLE


def settings_warnings(providers: Providers, kind: str, settings: object) -> Mapping[str, str]:
    """Return warnings by setting: missing, unsafe, or sealed with an unknown key."""
    if settings is UNREADABLE:
        return {"settings": UNREADABLE.reason}
    if settings is None or kind not in providers.plugins:
        return {}
    plugin = providers.plugin(kind)
    missing = {name: f"is missing: {what}" for name, what in providers.missing(kind, settings).items() if what}
    return missing | dict(plugin.warnings(settings) if isinstance(plugin, WarnsOfSettings) else {})
