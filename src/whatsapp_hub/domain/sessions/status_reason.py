"""Why a session has its status: a code, and the values that follow it in the text.

The text is `code`, `code: detail` or `code value`; a provider's own sentence has no code. A provider may give codes
that are not listed here."""

import re
from collections.abc import Mapping
from enum import StrEnum

_CODED = re.compile(r"([a-z][a-z0-9_]*)(?:: (.*))?", re.DOTALL)
_BAN = "banned_until "


class StatusReason(StrEnum):
    """The hub's own codes."""

    STOPPED = "stopped"
    IDLE = "idle"
    QR_TIMEOUT = "qr_timeout"
    REPLACED = "replaced"
    NO_CONNECTOR = "no_connector"
    CONNECTOR_LOST = "connector_lost"
    NO_ANSWER = "no_answer"
    SETTINGS_CHANGED = "settings_changed"
    PAIRED = "paired"
    SILENT = "silent"
    ENDED = "ended"
    CONNECTION_LOST = "connection_lost"
    RECONNECT_STORM = "reconnect_storm"
    BANNED_UNTIL = "banned_until"
    BAN_OVER = "ban_over"
    LOGGED_OUT = "logged_out"
    LOGGED_OUT_HERE = "logged_out_here"
    CREDENTIALS_CORRUPTED = "credentials_corrupted"
    CREDENTIALS_INVALID = "credentials_invalid"
    NO_NETWORK = "no_network"
    DEGRADED = "degraded"
    REACHOUT_TIMELOCK = "reachout_timelock"
    CLIENT_OUTDATED = "client_outdated"
    OPEN_FAILED = "open_failed"
    UNEXPLAINED = "unexplained"
    OTHER = "other"
    """A sentence of the provider's: `detail`."""


def coded(reason: str) -> tuple[str, Mapping[str, str]]:
    """Return a reason's code and its values: `until` of a ban, else the `detail`, if there is one."""
    if reason.startswith(_BAN):
        return StatusReason.BANNED_UNTIL.value, {"until": reason.removeprefix(_BAN)}
    match = _CODED.fullmatch(reason)
    if match is None:
        return StatusReason.OTHER.value, {"detail": reason}
    return match[1], {"detail": match[2]} if match[2] else {}
