"""Map Meta's error codes to the hub's errors.

Source: Meta's table of WhatsApp error codes; the code decides, the HTTP status only where there is none.
A 5xx that is not Meta's own error comes from an intermediary, which may have failed after Meta accepted the message:
its outcome is unknown. So is that of a 2xx without a message id.
"""

import re
from collections.abc import Sequence

import msgspec

from whatsapp_hub.adapters.providers.http_call import Answer
from whatsapp_hub.adapters.providers.lenient import JsonObject, obj, text
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Scope,
    Transient,
)
from whatsapp_hub.domain.messaging.failure import DETAIL_LENGTH, UNEXPLAINED, Failure

_CREDENTIALS = frozenset({0, 190})
_PERMISSION = frozenset({3, 10, 131005, *range(200, 300)})
_ALERT = _PERMISSION | {131048, 368, 131031, 130497, 131037, 131042, 131045, 133010}
"""Certainly not sent, and an operator must look: permission, policy, spam limit, payment, registration."""

_STOPS = frozenset({131048, 368, 131031, 131042})
"""Spam limit, policy, lock, payment: the number sends nothing more until an operator starts it again."""

_PERMANENT = _ALERT | {
    *(33, 100, 130472, 131008, 131009, 131021, 131026, 131030, 131047, 131049, 131050, 131051, 131052, 131053),
    *(131062, 131063, 131064, 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068),
    *(135000, 137000),
}
"""Certainly not sent, whatever the HTTP status. A code that is in no list is unknown with 5xx, else refused."""

_TRANSIENT: dict[int, tuple[float, Scope, int]] = {
    1: (5.0, Scope.RECIPIENT, 3),
    2: (5.0, Scope.SESSION, 8),
    4: (300.0, Scope.APP, 12),
    80007: (300.0, Scope.SESSION, 12),
    130429: (5.0, Scope.SESSION, 12),
    131000: (5.0, Scope.RECIPIENT, 3),
    131016: (20.0, Scope.SESSION, 8),
    131056: (4.0, Scope.RECIPIENT, 12),
    131057: (60.0, Scope.SESSION, 8),
    132069: (600.0, Scope.RECIPIENT, 6),
    133004: (60.0, Scope.SESSION, 8),
}
"""Seconds before the first retry (the lanes double them), the scope, and the number of tries."""

_LATER = frozenset({131049})
"""Meta limits how many messages this person gets for now: another day it may be delivered."""

UPLOAD_FAILED = "131053"
"""Meta could not take over the file of a message that it had accepted."""
LOST_FILE = frozenset({"131052", UPLOAD_FAILED})
"""Meta could not take the file, or has it no more: it must be uploaded anew."""
STALE_ID = LOST_FILE | {"100", "131009"}
"""What Meta says of an id of a file that it does not know any more."""

_DETAIL_LENGTH = 200
_CODE_BEFORE = re.compile(r"^\(#\d+\) *")
_TOKEN = re.compile(r"EAA[0-9A-Za-z_-]{8,}")


def read(answer: Answer) -> JsonObject:
    """Decode Meta's answer. Raises the error that it states."""
    try:
        body = obj(msgspec.json.decode(answer.body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = {}
    if isinstance(body.get("error"), dict):
        raise by_code(obj(body["error"]), answer)
    if not 200 <= answer.status < 300:
        raise _by_status(answer)
    if not body:
        raise OutcomeUnknown(f"http_{answer.status}", "the answer is no JSON object")
    return body


def by_code(error: JsonObject, answer: Answer) -> ProviderError:
    """Map an error of Meta's, by its code, else by the HTTP status."""
    code = error.get("code")
    if not isinstance(code, int):
        return _by_status(answer)
    name, detail, title = str(code), explain(error), title_of(error)
    if code in _CREDENTIALS:
        return CredentialsInvalid(name, detail, title=title)
    if code in _TRANSIENT:
        retry_after_s, scope, tries = _TRANSIENT[code]
        return Transient(
            name,
            detail,
            retry_after_s=max(retry_after_s, answer.retry_after_s or 0),
            scope=scope,
            tries=tries,
            title=title,
        )
    if code in _ALERT:
        return Rejected(name, detail, alert=True, stops=code in _STOPS, title=title)
    if answer.status >= 500 and code not in _PERMANENT:
        return OutcomeUnknown(name, detail, title=title)
    return Rejected(name, detail, title=title, retryable=code in _LATER)


def failure_of(errors: Sequence[object]) -> Failure:
    """Describe the errors of a status `failed`; the first one decides."""
    if not errors:
        return UNEXPLAINED
    first = obj(errors[0])
    code = first.get("code")
    detail = "; ".join(filter(None, (explain(obj(error)) for error in errors)))[:DETAIL_LENGTH] or None
    retryable = isinstance(code, int) and (code in _TRANSIENT or code in _LATER or str(code) in LOST_FILE)
    return Failure(str(code or "failed"), title_of(first) or UNEXPLAINED.title, detail, retryable)


def title_of(error: JsonObject) -> str:
    """Return Meta's short name of an error, without the code that some repeat: `(#131026) Message undeliverable`."""
    words = text(error.get("title")) or text(error.get("message"))
    return _safe(_CODE_BEFORE.sub("", words))


def explain(error: JsonObject) -> str:
    """Return Meta's text: the message or title, and the details. ("Malformed access token" repeats the token.)"""
    said = [text(error.get("message")) or text(error.get("title")), text(obj(error.get("error_data")).get("details"))]
    said.append(text(error.get("error_user_msg")))
    words = " - ".join(dict.fromkeys(word for word in said if word))
    return _safe(words)


def _safe(words: str) -> str:
    return _TOKEN.sub("EAA…", words)[:_DETAIL_LENGTH]


def _by_status(answer: Answer) -> ProviderError:
    name = f"http_{answer.status}"
    if answer.status == 401:
        return CredentialsInvalid(name)
    if answer.status == 429:
        return Transient(name, retry_after_s=answer.retry_after_s or 5.0, scope=Scope.SESSION)
    if answer.status >= 500 or answer.status == 408 or answer.status < 300:
        return OutcomeUnknown(name, "not an answer of Meta's own")
    return Rejected(name, "not an answer of Meta's own")
