"""The mark of the session that holds the number which the environment's variables describe."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId


@dataclass(frozen=True, slots=True)
class EnvironmentMark:
    """`session_id` None: the session was deleted. `sealed`: what the variables said when they were last taken up."""

    session_id: SessionId | None
    sealed: bytes


class EnvironmentNumber(Protocol):
    """At most one a company."""

    async def get(self) -> EnvironmentMark | None: ...

    async def save(self, mark: EnvironmentMark) -> None: ...

    async def is_unused(self, session_id: SessionId) -> bool:
        """Whether no message ever came or went through the session."""
        ...
