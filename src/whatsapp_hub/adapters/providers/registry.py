"""Providers of this hub: the built-in ones, and third parties' from installed packages.

A third party registers a plugin, or a function without arguments that makes one, in the entry-point group
`whatsapp_hub.providers`. One that cannot be loaded is logged and skipped; a built-in kind cannot be replaced.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, entry_points
from typing import cast
from uuid import UUID, uuid4

import structlog

from whatsapp_hub.adapters.providers.meta_cloud.plugin import MetaCloud
from whatsapp_hub.adapters.providers.neonize.plugin import Neonize
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.adapters.providers.sandbox.plugin import SandboxPlugin
from whatsapp_hub.adapters.providers.waha.plugin import Waha
from whatsapp_hub.application.ports.edge.sandbox import SandboxPhones
from whatsapp_hub.application.ports.provider.plugin import Plugin

GROUP = "whatsapp_hub.providers"

_KIND = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_METHODS = ("decode_settings", "encode_settings", "routes", "chat_of", "translate", "connect")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProviderOptions:
    """WHATSAPP_API_URL, WHATSAPP_API_VERSION, SANDBOX_ENABLED; where WhatsApp Web devices are kept (DATABASE_URL);
    whether files to send, and companies' servers, may be at private addresses (WEBHOOK_ALLOW_PRIVATE); where others
    reach the hub (HUB_PUBLIC_URL; empty: nothing is registered anywhere); the operator's own server (WAHA_API_URL)."""

    graph_url: str = "https://graph.facebook.com"
    graph_version: str = "v23.0"
    sandbox: bool = False
    store_url: str = ""
    allow_private: bool = False
    public_url: str = ""
    waha_url: str = ""


def _now() -> datetime:
    return datetime.now(UTC)


def builtin_plugins(
    options: ProviderOptions,
    phones: SandboxPhones | None = None,
    now: Callable[[], datetime] = _now,
    new_id: Callable[[], UUID] = uuid4,
) -> dict[str, Plugin]:
    """Return the built-in plugins by kind; the sandbox only if it is enabled and has phones."""
    plugins: list[Plugin] = [
        MetaCloud(options.graph_url, options.graph_version, now),
        Waha(now, options.public_url, Reach(options.allow_private, options.waha_url)),
        Neonize(options.store_url, allow_private=options.allow_private),
    ]
    if options.sandbox and phones is not None:
        plugins.append(SandboxPlugin(phones, now, new_id))
    return {plugin.kind: plugin for plugin in plugins}


def all_plugins(
    options: ProviderOptions, phones: SandboxPhones | None = None, now: Callable[[], datetime] = _now
) -> Mapping[str, Plugin]:
    """Return the built-in plugins and every third party's that loads."""
    builtin = builtin_plugins(options, phones, now)
    return third_party_plugins(entry_points(group=GROUP), taken=builtin.keys()) | builtin


def third_party_plugins(found: Iterable[EntryPoint], taken: Iterable[str]) -> dict[str, Plugin]:
    """Load the plugins of these entry points; the first of a kind wins. Never raises."""
    plugins: dict[str, Plugin] = {}
    refused = frozenset(taken)
    for entry_point in found:
        try:
            plugin = _load(entry_point)
        except Exception:
            log.exception("provider.broken", entry_point=entry_point.name, module=entry_point.value)
            continue
        if plugin.kind in refused or plugin.kind in plugins:
            log.warning("provider.kind_taken", entry_point=entry_point.name, kind=plugin.kind)
        else:
            plugins[plugin.kind] = plugin
    return plugins


def _load(entry_point: EntryPoint) -> Plugin:
    plugin = entry_point.load()
    if isinstance(plugin, type) or not hasattr(plugin, "kind"):
        plugin = plugin()
    if not isinstance(plugin.kind, str) or not _KIND.fullmatch(plugin.kind):
        raise TypeError(f"kind must match {_KIND.pattern}")
    missing = [name for name in _METHODS if not callable(getattr(plugin, name, None))]
    missing += [name for name in ("capabilities", "webhooks") if not hasattr(plugin, name)]
    if missing:
        raise TypeError(f"no provider plugin: {', '.join(missing)} missing")
    return cast("Plugin", plugin)
