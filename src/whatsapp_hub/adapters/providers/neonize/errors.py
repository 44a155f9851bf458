"""Map whatsmeow's error texts to the hub's errors; neonize passes nothing else on. Source: whatsmeow's errors.go and
send.go.

Only a failure that certainly preceded the sending is Transient or Rejected. After that, a time-out or a lost connection
leaves the outcome unknown, and so does any unknown text.
"""

import re

from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, ProviderError, Rejected, Scope, Transient

_DETAIL_LENGTH = 200
_RETRY_AFTER_S = 5.0
_BUSY_S = 60.0
_NOT_ENCRYPTED_TRIES = 4

_SOCKET_GONE = "websocket not connected"
"""Alone it comes from whatsmeow's second writing of a message whose first was interrupted; where the first writing did
not happen, the text names the step."""
_ON_ITS_WAY = ("message send response", "before message send")
_NOT_LOGGED_IN = ("doesn't contain a device jid", "not logged in")
_NEVER = (
    "unknown server",
    "must be a user jid",
    "can't send message to",
    "unsupported message",
    "invalid jid",
    "recipient",
)
_BEFORE = (
    _SOCKET_GONE,
    "client is nil",
    "info query timed out",
    "failed to get device list",
    "failed to get group members",
    "failed to get user info",
    "usync",
)
_NO_WHATSAPP = ("no lid found for",)
_NOT_ENCRYPTED = (
    "failed to get lid",
    "failed to fetch lid",
    "failed to prefetch",
    "failed to save cached sessions",
    "failed to get broadcast list members",
    "failed to get message content",
    "failed to create sender key",
    "failed to encrypt",
    "failed to marshal",
    "failed to add message to retry store",
    "can't encrypt message",
)
"""Each precedes the write to the socket: the session's store of keys failed, or the keys do not fit."""
_REFUSED = re.compile(r"server returned error (\d+)")
_ACCOUNT_LIMITED = frozenset({"463", "475"})
"""The number may not write to new contacts for now. When that ends is not said here: it is tried once an hour."""
_LIMITED_S = 3600.0
_LIMITED_TRIES = 24


def of_send(error: str) -> ProviderError:
    """Map the error of a send."""
    said, detail = error.lower(), error[:_DETAIL_LENGTH]
    if refused := _REFUSED.search(said):
        return _refused(refused[1], detail)
    if said.strip() == _SOCKET_GONE or any(mark in said for mark in _ON_ITS_WAY):
        return OutcomeUnknown("no_answer", detail)
    if any(mark in said for mark in _NOT_LOGGED_IN):
        return CredentialsInvalid("not_logged_in", detail)
    if any(mark in said for mark in _NO_WHATSAPP):
        return not_on_whatsapp()
    if any(mark in said for mark in _BEFORE):
        return not_connected(detail)
    if any(mark in said for mark in _NOT_ENCRYPTED):
        return _not_encrypted(detail)
    if any(mark in said for mark in _NEVER):
        return Rejected("refused", detail)
    return OutcomeUnknown("unknown_error", detail)


def of_query(error: str) -> ProviderError:
    """Map the error of a call that sends no message, so that it can simply be repeated."""
    known = of_send(error)
    if isinstance(known, OutcomeUnknown):
        return Transient(known.code, known.detail, retry_after_s=_RETRY_AFTER_S, scope=Scope.SESSION)
    return known


def not_connected(detail: str = "") -> Transient:
    return Transient("not_connected", detail, retry_after_s=_RETRY_AFTER_S, scope=Scope.SESSION, tries=50)


def not_on_whatsapp() -> Rejected:
    return Rejected("not_on_whatsapp", "there is no WhatsApp at this number")


def _not_encrypted(detail: str) -> Transient:
    """Map a failure before the write. Of the recipient's chat only: another chat's keys may be well."""
    return Transient(
        "not_encrypted", detail, retry_after_s=_RETRY_AFTER_S, scope=Scope.RECIPIENT, tries=_NOT_ENCRYPTED_TRIES
    )


def _refused(code: str, detail: str) -> ProviderError:
    """Map a refusal by WhatsApp's server."""
    if code in _ACCOUNT_LIMITED:
        scope = Scope.FIRST_CONTACTS
        return Transient(f"server_{code}", detail, retry_after_s=_LIMITED_S, scope=scope, tries=_LIMITED_TRIES)
    if code == "429" or code.startswith("5"):
        return Transient(f"server_{code}", detail, retry_after_s=_BUSY_S, scope=Scope.SESSION)
    return Rejected(f"server_{code}", detail)
