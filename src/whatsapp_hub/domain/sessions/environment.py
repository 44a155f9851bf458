"""The number that the environment's variables configure (contract E), and which of them are missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

VARIABLES: Mapping[str, Mapping[str, str]] = {
    "META": {
        "phoneNumberId": "WHATSAPP_PHONE_NUMBER_ID",
        "accessToken": "WHATSAPP_ACCESS_TOKEN",
        "appSecret": "WHATSAPP_APP_SECRET",
        "verifyToken": "WHATSAPP_WEBHOOK_VERIFY_TOKEN",
        "businessAccountId": "WHATSAPP_BUSINESS_ACCOUNT_ID",
    },
    "WAHA": {"url": "WAHA_API_URL", "apiKey": "WAHA_API_KEY", "session": "WAHA_SESSION"},
}
"""Settings of a session, by its provider's kind, and the variables that set them."""


@dataclass(frozen=True, slots=True)
class Environment:
    """`asked` is WHATSAPP_PROVIDER; `given` the settings whose variables are set, by kind."""

    asked: str
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    @property
    def described(self) -> str | None:
        """The kind of the configured number: WHATSAPP_PROVIDER's first, then META, then WAHA."""
        return next((kind for kind in (self.asked, *VARIABLES) if self.given.get(kind)), None)

    def wanted(self, present: str, asked_before: str) -> str | None:
        """Return the kind that a number of kind `present` should have now; None: it is no longer configured. Only a
        changed WHATSAPP_PROVIDER moves it to another kind."""
        if self.asked != asked_before:
            return self.asked
        return present if self.given.get(present) else self.described

    def settings(self, kind: str) -> dict[str, str]:
        """Return the settings that a provider gets from the variables; a WAHA number is called `default` unless
        WAHA_SESSION is set."""
        given = dict(self.given.get(kind, {}))
        return {"session": "default", **given} if kind == "WAHA" else given


def variable(kind: str, setting: str) -> str:
    """Return the setting's variable, or the setting's name where there is none."""
    return VARIABLES.get(kind, {}).get(setting, setting)


def missing_reason(kind: str, missing: Mapping[str, str]) -> str:
    """Format a status reason that names the variables. `missing`: settings and what does not work without them (empty:
    nothing works)."""
    named = sorted((what, variable(kind, setting)) for setting, what in missing.items())
    return "settings_missing: " + ", ".join(f"{name} ({what})" if what else name for what, name in named)


def stops(missing: Mapping[str, str]) -> Sequence[str]:
    """Return the missing settings without which nothing works."""
    return [setting for setting, what in missing.items() if not what]
