"""Replace what is new at each run (ids, times, tokens, positions) by words that stay the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NUMBERS = (
    *("position", "cursor", "after", "upto", "expiresIn", "tookMs", "pausedMs", "latencyMs", "leaseAgeSeconds"),
    "retryAfter",
    *("rows", "messagesPerSecond", "avgFirstResponseTime", "medianFirstResponseTime", "avgFirstResponseTimeOpenHours"),
    *("medianFirstResponseTimeOpenHours", "webhookId", "took_ms", "timestamp", "n"),
)
TEXTS = (
    *("token", "secret", "key", "hint", "ticket", "link", "uri", "process", "nextCursor", "leaseOwner", "serial"),
    *("webhook_secret", "X-Request-Id", "version"),
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'"recoveryCodes":\[[^\]]*\]'), '"recoveryCodes":["<code>"]'),
    (re.compile(rf'"({"|".join(NUMBERS)})":\s?-?\d+(\.\d+)?(e-?\d+)?'), r'"\1":"<number>"'),
    (re.compile(rf'"({"|".join(TEXTS)})":\s?"[^"<][^"]*"'), r'"\1":"<\1>"'),
    (re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+"), "<picture>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00|\+00)?"), "<time>"),
    (re.compile(r"\bevt_\d+"), "evt_<position>"),
    (re.compile(r"\btest_[0-9a-f]{32}"), "test_<id>"),
    (re.compile(r'"id":"\d+"'), '"id":"<number>"'),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"), "<jwt>"),
    (re.compile(r"\bhub_[A-Za-z0-9_-]{20,}"), "<api key>"),
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), "<secret>"),
    (re.compile(r"((?:nonce|state|code|code_challenge|token|cursor)=)[\w.~%-]{16,}"), r"\1<token>"),
    (re.compile(r"(/api/media/links/)[\w-]{16,}"), r"\1<token>"),
    (re.compile(r"sandbox\.(<id[^>]*>)"), "sandbox.<id>"),
    (re.compile(r"online \d+ min"), "online <minutes> min"),
)


class Placeholders:
    """Values by the name that the story gave them; all other ids are `<id>`."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}

    def name(self, value: str, name: str) -> None:
        """Let this value, wherever it stands, be called so. The first name holds."""
        if value:
            self._named.setdefault(value, f"<{name}>")

    def learn(self, text: str) -> None:
        """Name the entities of an answer by what they say of themselves."""
        try:
            document = json.loads(text)
        except ValueError:
            return
        for entity in _objects(document):
            id = entity.get("id")
            if isinstance(id, str) and _UUID.fullmatch(id) and (clue := _clue(entity)):
                self.name(id, clue)

    def replaced_in(self, value: Any) -> Any:
        """Put the placeholders into every text of a document."""
        if isinstance(value, str):
            return self.replaced(value)
        if isinstance(value, dict):
            return {self.replaced(name): self.replaced_in(inner) for name, inner in value.items()}
        return [self.replaced_in(inner) for inner in value] if isinstance(value, list) else value

    def replaced(self, text: str) -> str:
        """Put the placeholders in."""
        for value, name in self._longest_first():
            text = text.replace(value, name)
        text = _UUID.sub("<id>", text)
        for pattern, name in _RULES:
            text = pattern.sub(name, text)
        return text

    def _longest_first(self) -> list[tuple[str, str]]:
        return sorted(self._named.items(), key=lambda pair: -len(pair[0]))


def _clue(entity: dict[str, Any]) -> str | None:
    match entity:
        case {"direction": str(direction), "content": content}:
            return f"message {direction.lower()}: {str(content)[:60]}"
        case {"identities": list(), "phoneNumber": phone}:
            return f"contact {phone}"
        case {"flowState": _, "customerPhone": phone}:
            return f"conversation of {phone}"
        case {"provider": _, "sessionId": str(key), "routing": _}:
            return f"session {key}"
        case {"email": str(email)}:
            return f"user {email}"
    return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
