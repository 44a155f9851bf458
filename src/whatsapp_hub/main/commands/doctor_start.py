"""Checks of `whatsapp-hub doctor` for the environment's number and the public address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx

from whatsapp_hub.adapters.providers.registry import ProviderOptions, all_plugins
from whatsapp_hub.application.ports.provider.plugin import Plugin
from whatsapp_hub.application.ports.provider.settings import TakesPartialSettings
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.sessions.environment import VARIABLES, variable
from whatsapp_hub.main.commands.doctor_connectors import Says
from whatsapp_hub.main.settings import Settings

ANSWER_WITHIN_S = 5.0


def number(settings: Settings) -> Iterator[Says]:
    """Report the status reason of session `default`, and its cause."""
    kind = settings.environment.described
    if kind is None:
        yield from _undescribed(settings.environment.asked)
        return
    plugin = all_plugins(ProviderOptions())[kind]
    configured = settings.environment.settings(kind)
    wrong = _wrong(plugin, configured)
    missing = plugin.missing(plugin.decode_partial(configured)) if isinstance(plugin, TakesPartialSettings) else {}
    for setting, what in missing.items():
        name = variable(kind, setting)
        flaw = f"{name} {wrong[setting]}" if configured.get(setting) else f"{name} is missing"
        yield Says(None if what else False, f"{flaw}: {what or f'the {kind} number cannot work'}")
    if not missing:
        yield Says(True, f"the variables of a {kind} number are complete")


def _undescribed(kind: str) -> Iterator[Says]:
    """Explain that WHATSAPP_PROVIDER alone creates no session: each one then needs settings of its own."""
    if kind in VARIABLES:
        needed = ", ".join(VARIABLES[kind].values())
        yield Says(None, f"WHATSAPP_PROVIDER is {kind}, but none of {needed} is set: there is no session `default`")


def _wrong(plugin: Plugin, configured: Mapping[str, str]) -> dict[str, str]:
    try:
        plugin.decode_settings(configured)
    except Invalid as error:
        return {flaw.pointer.removeprefix("/settings/"): flaw.reason for flaw in error.flaws}
    return {}


def provider(settings: Settings) -> Iterator[Says]:
    """Check that the named provider exists. The sandbox exists only where it is enabled."""
    if settings.whatsapp_provider == "SANDBOX" and not settings.sandbox_enabled and not settings.embedded:
        yield Says(False, "WHATSAPP_PROVIDER is SANDBOX: set SANDBOX_ENABLED=true, or choose another")


async def public_address(url: str) -> Says:
    """Request the hub's health under its public address."""
    url = url.rstrip("/")
    try:
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, follow_redirects=False) as client:
            answer = await client.get(f"{url}/health")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Says(None, f"HUB_PUBLIC_URL does not answer ({type(error).__name__}): {url}; does the hub run?")
    if not _is_hub(answer):
        return Says(False, f"HUB_PUBLIC_URL answers {answer.status_code}, but it is not a hub: {url}")
    return Says(True, f"answers: {url}")


def _is_hub(answer: httpx.Response) -> bool:
    """Whether the answer is a hub's; one that is not ready counts."""
    try:
        document = answer.json()
    except ValueError:
        return False
    return isinstance(document, dict) and {"status", "version"} <= document.keys()
