"""The mark of the session whose number the environment's variables configure."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId


@dataclass(frozen=True, slots=True)
class EnvironmentMark:
    """`session_id` None: the session was deleted. `sealed`: the variables' values when they were last applied."""

    session_id: SessionId | None
    sealed: bytes


class EnvironmentNumber(Protocol):
    """At most one a company."""

    async def get(self) -> EnvironmentMark | None: ...

    async def save(self, mark: EnvironmentMark) -> None: ...

    async def is_unused(self, session_id: SessionId) -> bool:
        """Return whether the session never sent or received a message."""
        ...
