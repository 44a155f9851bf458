"""Failure: why a message was not sent, or why its outcome is unknown."""

from __future__ import annotations

from dataclasses import dataclass

from whatsapp_hub.domain.errors import ProviderError, Transient

DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """`code` is the provider's own (`131026`, `http_422`) or ours (`session_deleted`); `title` is a short description,
    `detail` the provider's text. `retryable`: the same message sent again later may succeed, and cannot arrive
    twice."""

    code: str
    title: str
    detail: str | None = None
    retryable: bool = False

    @classmethod
    def of(cls, error: ProviderError) -> Failure:
        """Describe a provider's error."""
        retryable = error.retryable or isinstance(error, Transient)
        detail = error.detail[:DETAIL_LENGTH] or None
        return cls(error.code, error.title or title_of(error.code), detail, retryable)


def title_of(code: str) -> str:
    """Turn a code into a title: `not_connected` into "Not connected", `http_500` into "HTTP 500"."""
    words = code.replace("_", " ").strip()
    return words.upper() if code.startswith("http_") else words[:1].upper() + words[1:]


UNEXPLAINED = Failure("failed", "WhatsApp reports a failure without a reason")
FILE_LOST = "file_lost"
"""The code of one that is no failure yet: the message goes out once more; `detail` is the lost attempt's id."""
GIVEN_UP = Failure("given_up", "Declared failed by an operator")
SESSION_DELETED = Failure("session_deleted", "The session was deleted before it was sent")
PROCESS_DIED = Failure("process_died", "The process that was sending it ended before the provider answered")
