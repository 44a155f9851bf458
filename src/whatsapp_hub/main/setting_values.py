"""What the variables of the environment say: read as people write them, and checked one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from whatsapp_hub.adapters.addresses.parts import BadAddress
from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.addresses.redis import redis_url
from whatsapp_hub.adapters.http.server.proxies import Proxies
from whatsapp_hub.adapters.media.scanning import BadScanner, VirusScanner
from whatsapp_hub.domain.accounts.oidc import is_protected

ANY_ORIGIN = "*"
BUILTIN = frozenset({"META", "WAHA", "NEONIZE", "SANDBOX"})
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class SettingsError(Exception):
    """A variable is missing or wrong; the message is one line that begins with its name."""


def given(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str | int]:
    """Return those of the variables that are set, normalised. Raises SettingsError."""
    found: dict[str, str | int] = {name: environ[name] for name in names if environ.get(name)}
    if redis := _redis_from_parts(environ):
        found.setdefault("REDIS_URL", redis)
    _normalise(found)
    _check_provider(str(found.get("WHATSAPP_PROVIDER", "")))
    _check_proxies(str(found.get("TRUSTED_PROXIES", "")))
    _check_oidc(found)
    _check_scanner(found.get("MEDIA_SCANNER"))
    for name, parse in (("DATABASE_URL", PostgresAddress.parse), ("REDIS_URL", redis_url)):
        _check_address(name, found.get(name), parse)
    return found


def _check_address(name: str, address: object, parse: Callable[[str], object]) -> None:
    try:
        if address is not None:
            parse(str(address))
    except BadAddress as error:
        raise SettingsError(f"{name}: {error}") from None


_SPELLINGS = {
    "LOG_LEVEL": str.upper,
    "LOG_FORMAT": str.lower,
    "WHATSAPP_PROVIDER": str.upper,
    "TENANT_PLACEMENT": str.lower,
}


def _check_provider(kind: str) -> None:
    """Check the provider's name. Third parties' are loaded only where one is named."""
    if kind in BUILTIN or not kind:
        return
    from whatsapp_hub.adapters.providers.registry import ProviderOptions, all_plugins

    if kind not in (known := {*BUILTIN, *all_plugins(ProviderOptions())}):
        raise SettingsError(f"WHATSAPP_PROVIDER: must be one of {', '.join(sorted(known))}")


def _normalise(found: dict[str, str | int]) -> None:
    """Normalise what people write: `7d`, `debug`, `meta`, `Pooled`."""
    for name, change in _SPELLINGS.items():
        if name in found:
            found[name] = change(str(found[name]))
    if "JWT_EXPIRATION" in found:
        found["JWT_EXPIRATION"] = _seconds("JWT_EXPIRATION", str(found["JWT_EXPIRATION"]))


def _check_proxies(text: str) -> None:
    try:
        Proxies.of(text)
    except ValueError as error:
        raise SettingsError(f"TRUSTED_PROXIES: {error} is neither an address nor a network (10.0.0.0/8)") from None


def _check_scanner(setting: object) -> None:
    try:
        if setting is not None:
            VirusScanner.of(str(setting))
    except BadScanner as error:
        raise SettingsError(f"MEDIA_SCANNER: {error}") from None


def _check_oidc(given: Mapping[str, str | int]) -> None:
    issuer = given.get("OIDC_ISSUER")
    if issuer is None:
        if "OIDC_CLIENT_ID" in given:
            raise SettingsError("OIDC_ISSUER: is missing; OIDC_CLIENT_ID alone names no provider")
        return
    if not is_protected(issuer) or "?" in str(issuer):
        raise SettingsError("OIDC_ISSUER: expected an https address without ? and # (http on this machine only)")
    if "OIDC_CLIENT_ID" not in given:
        raise SettingsError("OIDC_CLIENT_ID: is missing; the provider gives it when the hub is registered there")
    if "openid" not in str(given.get("OIDC_SCOPES", "openid")).split():
        raise SettingsError("OIDC_SCOPES: must have openid among them")
    if given.get("FRONTEND_URL", ANY_ORIGIN) == ANY_ORIGIN:
        raise SettingsError("FRONTEND_URL: is missing; with OIDC_ISSUER it is where people come back to, signed in")


def _seconds(name: str, text: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd]?)", text)
    if match is None:
        raise SettingsError(f"{name}: expected 7d, 12h, 30m or seconds")
    return int(match[1]) * UNITS_S[match[2] or "s"]


def _redis_from_parts(environ: Mapping[str, str]) -> str | None:
    if not (host := environ.get("REDIS_HOST")):
        return None
    password, port = environ.get("REDIS_PASSWORD"), environ.get("REDIS_PORT") or "6379"
    user = f":{quote(password, safe='')}@" if password else ""
    if not port.isdecimal():
        raise SettingsError("REDIS_PORT: expected a number")
    return f"redis://{user}{f'[{host}]' if ':' in host else host}:{port}/0"


def explained(problem: str) -> str:
    """Translate `Expected `int` <= 65535 - at `$.PORT`` into `PORT: expected int <= 65535`."""
    what, _, where = problem.partition(" - at `$.")
    what = re.sub(r"Invalid enum value .*", "not one of the known values (see .env.example)", what)
    what = what.replace("Expected", "expected").replace(" | null", "").replace("`", "")
    name = where.rstrip("`")
    if "matching regex" in what:
        what = f"expected {_LOOKS_LIKE.get(name, 'an address such as https://hub.example.com')}"
    return f"{name}: {what}"


_LOOKS_LIKE = {
    "FRONTEND_URL": "an address such as https://desk.example.com, or *",
    "HUB_ADMIN_EMAIL": "an e-mail address",
    "WHATSAPP_API_VERSION": "a version such as v23.0",
}
"""Replace the pattern that a variable must match."""
