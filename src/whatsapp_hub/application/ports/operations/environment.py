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

    async def get(self) -> EnvironmentMark | None:
        """Return the mark, or None before the first start with a provider's variables."""
        ...

    async def save(self, mark: EnvironmentMark) -> None:
        """Set the mark in place of an earlier one."""
        ...

    async def is_unused(self, session_id: SessionId) -> bool:
        """Return whether the session never sent or received a message."""
        ...
