"""Every setting of the hub, read once from the environment.

A field `jwt_secret` is the variable JWT_SECRET; an empty variable counts as unset. `.env.example` explains each.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from whatsapp_hub.domain.messaging.capabilities import Rate
from whatsapp_hub.domain.messaging.pacing import HumanPace
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.environment import VARIABLES, Environment
from whatsapp_hub.main.generated_secrets import keep_once, read_secret
from whatsapp_hub.main.setting_values import UNITS_S, SettingsError, explained, given

MOST = 10**12
"""Thirty years in thousandths of a second: no time that is reckoned with overflows."""
Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]
Days = Annotated[int, Meta(ge=0, le=36_500)]
Port = Annotated[int, Meta(ge=1, le=65535)]
SECRET_LENGTH = 16
Secret = Annotated[str, Meta(min_length=SECRET_LENGTH)]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://")]

SECRET_NAMES = ("HUB_SECRET_KEY", "JWT_SECRET")
OLD_SECRET_NAMES = ("HUB_SECRET_KEY_OLD", "JWT_SECRET_OLD")
"""The former keys, during a rotation."""
LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - recognised, not bound to
"""A HOST that means all interfaces, and the address under which this machine reaches a server that listens there."""


Needed = Literal["database_url", "redis_url", "hub_secret_key", "jwt_secret"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """The settings. Times are in the unit of their name; JWT_EXPIRATION is read as `7d`, `12h`, `30m` or seconds."""

    # Where it runs
    host: str = "127.0.0.1"
    port: Port = 4000
    hub_data_dir: str = ".hub"
    media_url: Annotated[str, Meta(pattern=r"^s3://[^/]+")] | None = None
    database_url: str | None = None
    redis_url: str | None = None
    frontend_url: Annotated[str, Meta(pattern=r"^(https?://|\*$)")] | None = None
    hub_public_url: HttpUrl | None = None
    trusted_proxies: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "human", "json"] = "auto"
    metrics_token: str | None = None

    # Who may enter
    hub_secret_key: Secret | None = None
    hub_secret_key_old: str | None = None
    jwt_secret: str | None = None
    jwt_secret_old: str | None = None
    jwt_expiration: Annotated[int, Meta(ge=1, le=36_500 * UNITS_S["d"])] = 7 * UNITS_S["d"]
    hub_admin_email: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    hub_admin_password: str | None = None
    oidc_issuer: HttpUrl | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_scopes: str = "openid email profile"
    oidc_label: str = "Single sign-on"
    oidc_companies: str = ""
    rate_limit_user: Positive = 60
    rate_limit_api_key: Positive = 6000
    rate_limit_console: Positive = 1200

    # Tenants and what they keep
    tenant_placement: Literal["pooled", "dedicated"] = "pooled"
    messages_retention_days: Days = 7
    media_max_megabytes: Annotated[int, Meta(ge=1, le=4096)] = 100
    media_scanner: str | None = None
    events_retention_days: Annotated[int, Meta(ge=2, le=36_500)] = 14
    webhook_allow_private: bool = False
    sandbox_enabled: bool = False

    # Sessions
    whatsapp_provider: str = "NEONIZE"
    whatsapp_session_rate: Positive = 20
    whatsapp_typing_speed: Count = 20
    whatsapp_typing_max_ms: Count = 5_000
    whatsapp_warmup_days: Days = 0
    whatsapp_warmup_first_day: Positive = 50
    whatsapp_strangers_per_hour: Count = 0
    max_instances: Positive = 80
    whatsapp_max_sessions: Positive | None = None
    hub_connectors: Count = 1
    staggered_boot_delay_ms: Count = 500
    whatsapp_session_timeout: Positive = 300_000
    whatsapp_qr_timeout: Positive = 60_000
    whatsapp_idle_timeout: Count = 0
    whatsapp_reconnect_attempts: Count = 3

    # Meta's Cloud API
    whatsapp_api_url: HttpUrl = "https://graph.facebook.com"
    whatsapp_api_version: Annotated[str, Meta(pattern=r"^v\d+\.\d+$")] = "v23.0"
    whatsapp_access_token: str | None = None
    whatsapp_phone_number_id: str | None = None
    whatsapp_business_account_id: str | None = None
    whatsapp_webhook_verify_token: str | None = None
    whatsapp_app_secret: str | None = None

    # WAHA
    waha_api_url: str | None = None
    waha_api_key: str | None = None
    waha_session: str | None = None
    waha_polling_interval_ms: Count = 60_000

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read and check the variables. Raises SettingsError, whose message never contains a variable's value."""
        names = [field.encode_name for field in msgspec.structs.fields(cls)]
        try:
            return msgspec.convert(given(environ, names), cls, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(explained(str(error))) from None

    @property
    def embedded(self) -> bool:
        """Whether the hub runs its own PostgreSQL."""
        return self.database_url is None

    def needed(self, name: Needed) -> str:
        """Return a variable that this part cannot be without. Raises SettingsError."""
        value: str | None = getattr(self, name)
        if not value:
            raise SettingsError(f"{name.upper()}: obligatory")
        return value

    @property
    def data_dir(self) -> Path:
        """The data folder, absolute."""
        return Path(self.hub_data_dir).expanduser().resolve()

    @property
    def public_url(self) -> str:
        """Return the address under which others reach the hub (without a final slash): base of links and webhooks."""
        host = "127.0.0.1" if self.host in LOOPBACK_OF else self.host
        return (self.hub_public_url or self._url_of(host)).rstrip("/")

    @property
    def local_url(self) -> str:
        """Return the address under which this machine reaches the API, without a final slash."""
        return self._url_of(LOOPBACK_OF.get(self.host, self.host))

    def _url_of(self, host: str) -> str:
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def sessions_per_connector(self) -> int:
        """Return MAX_INSTANCES, or its alias WHATSAPP_MAX_SESSIONS where that is lower."""
        return min(self.max_instances, self.whatsapp_max_sessions or self.max_instances)

    @property
    def idle(self) -> timedelta | None:
        """Return after how long an unused gateway session is closed; None: never."""
        return timedelta(milliseconds=self.whatsapp_idle_timeout) if self.whatsapp_idle_timeout else None

    @property
    def reconnect_policy(self) -> ReconnectPolicy:
        """Return how lost connections are dialled again."""
        return ReconnectPolicy(
            pairing=timedelta(milliseconds=self.whatsapp_session_timeout),
            code=timedelta(milliseconds=self.whatsapp_qr_timeout),
            attempts=self.whatsapp_reconnect_attempts,
        )

    @property
    def human_pace(self) -> HumanPace:
        """Return the typing speed and warm-up of sessions that connectors hold."""
        strangers = self.whatsapp_strangers_per_hour
        return HumanPace(
            characters_per_s=self.whatsapp_typing_speed,
            longest_typing_s=self.whatsapp_typing_max_ms / 1000,
            warm_days=self.whatsapp_warmup_days,
            warm_first_day=self.whatsapp_warmup_first_day,
            strangers=Rate(3600 / strangers, max(1, strangers // 4)) if strangers else None,
        )

    def completed(self) -> Settings:
        """Add both secrets: generated once and kept in the data folder when embedded, required otherwise. A short
        JWT_SECRET (such as `secret`) is accepted when embedded, mixed with HUB_SECRET_KEY, so that the signing key
        cannot be guessed. Raises SettingsError."""
        missing = [name for name in SECRET_NAMES if getattr(self, name.lower()) is None]
        if missing and not self.embedded:
            advice = "obligatory with DATABASE_URL; make one for each with `openssl rand -base64 32` and keep it"
            raise SettingsError(f"{' and '.join(missing)}: {advice}")
        made = {name.lower(): keep_once(self.data_dir / "secrets" / name) for name in missing}
        return msgspec.structs.replace(self, **made, hub_secret_key_old=self.with_kept_old())._with_strong_jwt_secret()

    def with_kept_old(self) -> str | None:
        """Return HUB_SECRET_KEY_OLD with the other keys of an embedded hub's data folder: the old one of `secrets
        new-key`, and its own where HUB_SECRET_KEY was set later."""
        if not self.embedded:
            return self.hub_secret_key_old
        names = ("HUB_SECRET_KEY_OLD",) if self.hub_secret_key is None else ("HUB_SECRET_KEY", "HUB_SECRET_KEY_OLD")
        kept = (read_secret(self.data_dir / "secrets" / name) for name in names)
        return ",".join(text for text in (self.hub_secret_key_old, *kept) if text) or None

    @property
    def oidc_slugs(self) -> tuple[str, ...]:
        """Return the companies whose people may sign in by the OpenID provider; none: all."""
        return tuple(self.oidc_companies.replace(",", " ").split())

    @property
    def old_secret_keys(self) -> tuple[str, ...]:
        """Earlier HUB_SECRET_KEYs, which still decrypt."""
        return listed(self.hub_secret_key_old)

    @property
    def old_jwt_secrets(self) -> tuple[str, ...]:
        """Earlier JWT_SECRETs, whose tokens are still valid."""
        return listed(self.jwt_secret_old)

    def _with_strong_jwt_secret(self) -> Settings:
        if not self.embedded:
            if len(self.jwt_secret or "") < SECRET_LENGTH:
                advice = f"expected at least {SECRET_LENGTH} characters; make one with `openssl rand -base64 32`"
                raise SettingsError(f"JWT_SECRET: {advice}")
            return self
        keys = (self.hub_secret_key or "", *self.old_secret_keys)
        signed, *before = dict.fromkeys(
            _strong(secret, key) for secret in (self.jwt_secret or "", *self.old_jwt_secrets) for key in keys
        )
        return msgspec.structs.replace(self, jwt_secret=signed, jwt_secret_old=",".join(before) or None)

    @property
    def environment(self) -> Environment:
        """Return the number that the variables describe."""
        found = {kind: self._described(names) for kind, names in VARIABLES.items()}
        return Environment(self.whatsapp_provider, {kind: values for kind, values in found.items() if values})

    def _described(self, variables: Mapping[str, str]) -> dict[str, str]:
        found = {name: getattr(self, variable.lower()) for name, variable in variables.items()}
        return {name: value for name, value in found.items() if value}

    def for_children(self) -> dict[str, str]:
        """Return the variables that a child process needs besides the hub's own."""
        secrets_ = {name: getattr(self, name.lower()) for name in (*SECRET_NAMES, *OLD_SECRET_NAMES)}
        addresses = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        opened = {"SANDBOX_ENABLED": "true" if self.sandbox_enabled else None, "FRONTEND_URL": self.frontend_url}
        return {name: value for name, value in (secrets_ | addresses | opened).items() if value}


def secrets_in(settings: Settings) -> list[str]:
    """Return the secret values of the variables, passwords in addresses included."""
    named = (*SECRET_NAMES, *OLD_SECRET_NAMES, *_OTHER_SECRETS)
    values = [value for name in named if (value := getattr(settings, name.lower()))]
    addresses = (settings.database_url, settings.redis_url)
    passwords = [match[1] for url in addresses for match in _PASSWORD.finditer(url or "")]
    return [*values, *listed(settings.hub_secret_key_old), *passwords, *map(unquote, passwords)]


_OTHER_SECRETS = (
    *("HUB_ADMIN_PASSWORD", "METRICS_TOKEN", "WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET"),
    *("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "WAHA_API_KEY", "OIDC_CLIENT_SECRET"),
)
_PASSWORD = re.compile(r"(?://[^/?#@]*:|[?&]password=)([^/?#@&]+)")


def _strong(secret: str, key: str) -> str:
    """Mix a short JWT_SECRET with HUB_SECRET_KEY."""
    if len(secret) >= SECRET_LENGTH:
        return secret
    return hmac.digest(key.encode(), secret.encode("utf-8", "surrogateescape"), "sha256").hex()


def listed(text: str | None) -> tuple[str, ...]:
    """Split at commas; the whole text is included too, since one key may contain commas."""
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    return tuple(parts) if len(parts) < 2 else (*parts, text or "")
