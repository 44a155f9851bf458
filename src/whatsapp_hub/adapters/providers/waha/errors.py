"""Map WAHA's answers to the hub's errors. Source: its OpenAPI description; it has no error codes of its own.

401 and 403 refuse the key; 404 means that the server has no such session; 422 with `expected` means that the
session is not up, so that nothing was sent; 501 that this engine cannot do it. A 5xx may come before or after
WhatsApp took the message: its outcome is unknown.
"""

import re

import msgspec

from whatsapp_hub.adapters.providers.http_call import Answer
from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Scope,
    Transient,
    Unsupported,
)

_NOT_UP_S = 15.0
_BUSY_S = 10.0
_DETAIL_LENGTH = 200
_UNFETCHED = re.compile(
    r"Request failed with status code \d{3}"
    r"|connect (ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)( \S+)?"
    r"|getaddrinfo (ENOTFOUND|EAI_AGAIN)( \S+)?"
)
"""What WAHA's HTTP client says where it was answered with an error, or reached nobody."""


def read(answer: Answer) -> object:
    """Decode WAHA's answer; None for an empty body. Raises the error that it states."""
    broken = False
    try:
        body: object = msgspec.json.decode(answer.body) if answer.body.strip() else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body, broken = None, True
    if not 200 <= answer.status < 300:
        raise _error(answer, obj(body))
    if broken:
        raise OutcomeUnknown(f"http_{answer.status}", "the answer is no JSON")
    return body


def is_unfetched(answer: Answer) -> bool:
    """Check whether the file's address could not be fetched, so that nothing was sent.

    Only the error's own message counts, and only of an error of the HTTP client (its `config` stands beside it): the
    answer repeats the whole request, with what people wrote, and the connection to a store may be refused after the
    message was sent.
    """
    if answer.status < 500:
        return False
    try:
        exception = obj(obj(msgspec.json.decode(answer.body)).get("exception"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return "config" in exception and _UNFETCHED.fullmatch(text(exception.get("message"))) is not None


def _error(answer: Answer, body: JsonObject) -> ProviderError:
    code, detail = f"http_{answer.status}", _explain(answer, body)
    if answer.status in (401, 403):
        return CredentialsInvalid(code, detail)
    if answer.status == 404:
        return CredentialsInvalid("session_not_found", detail)
    if answer.status == 422 and items(body.get("expected")):
        return Transient("session_not_up", detail, retry_after_s=_NOT_UP_S, scope=Scope.SESSION, tries=20)
    if answer.status == 429:
        return Transient(code, detail, retry_after_s=answer.retry_after_s or _BUSY_S, scope=Scope.SESSION)
    if answer.status == 501:
        return Unsupported(code, detail)
    if answer.status >= 500 or answer.status == 408:
        return OutcomeUnknown(code, detail)
    return Rejected(code, detail)


def _explain(answer: Answer, body: JsonObject) -> str:
    """Return WAHA's own text. A tenant chooses the address, so that the answer of any other server is not shown."""
    if body.get("statusCode") != answer.status and not items(body.get("expected")):
        return ""
    said = body.get("message") or body.get("error") or obj(body.get("exception")).get("message")
    words = [text(word) for word in items(said)] if isinstance(said, list) else [text(said)]
    return "; ".join(word for word in words if word)[:_DETAIL_LENGTH]
