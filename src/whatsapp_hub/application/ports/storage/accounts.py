"""Repositories of what a company's administrators set up, in its unit of work (`ports/storage.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.accounts.second_factor import SecondFactor
from whatsapp_hub.domain.accounts.sign_in import EndReason, SignIn
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule
from whatsapp_hub.domain.ids import ApiKeyId, QuickReplyId, RuleId, SignInId, UserId


class ApiKeys(Protocol):
    async def add(self, key: ApiKey) -> None: ...

    async def all(self) -> list[ApiKey]:
        """The newest first."""
        ...

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Locks. Raises NotFound."""
        ...

    async def save(self, key: ApiKey) -> None: ...


class PasswordResets(Protocol):
    """Each is for the user as they were when it was made: it ends with their role, password, e-mail or dismissal."""

    async def offer(self, user_id: UserId, digest: bytes, expires_at: datetime) -> None:
        """Keep it, in the place of an earlier one."""
        ...

    async def use(self, digest: bytes, now: datetime) -> UserId | None:
        """Use it up and say whose it is; None if there is none, it is too old or the user is another by now."""
        ...

    async def pending(self, digest: bytes, now: datetime) -> UserId | None:
        """Whose it is, without using it up; None as above."""
        ...


class SignIns(Protocol):
    """What ends one reaches every process within seconds (`ports/access.py`)."""

    async def add(self, sign_in: SignIn, at_most: int) -> None:
        """Store it, and end those of the user that are beyond so many, the longest unseen first."""
        ...

    async def of_user(self, user_id: UserId, now: datetime) -> list[SignIn]:
        """Return the live ones, the last seen first."""
        ...

    async def get(self, user_id: UserId, sign_in_id: SignInId) -> SignIn:
        """Lock it. Raises NotFound, also where it is another user's."""
        ...

    async def save(self, sign_in: SignIn) -> None: ...

    async def end_all(self, user_id: UserId, at: datetime, reason: EndReason, but: SignInId | None = None) -> int:
        """End all of a user that are not over yet (`but` one); return how many."""
        ...


class SecondFactors(Protocol):
    async def get(self, user_id: UserId) -> SecondFactor | None:
        """Lock it. Its secret is empty where no key opens it."""
        ...

    async def begin(self, factor: SecondFactor) -> None:
        """Store it in the place of one that was never confirmed; one that was stays."""
        ...

    async def save(self, factor: SecondFactor) -> None:
        """Store all but its secret."""
        ...

    async def remove(self, user_id: UserId) -> bool:
        """Whether there was one."""
        ...


class QuickReplies(Protocol):
    async def get(self, reply_id: QuickReplyId) -> QuickReply:
        """Locks. Raises NotFound."""
        ...

    async def add(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: a shortcut twice."""
        ...

    async def save(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: a shortcut twice."""
        ...

    async def remove(self, reply_id: QuickReplyId) -> None: ...


class Rules(Protocol):
    async def all(self) -> list[Rule]:
        """In their order."""
        ...

    async def save(self, rules: Sequence[Rule]) -> None:
        """New ones are added."""
        ...

    async def remove(self, rule_id: RuleId) -> None: ...
