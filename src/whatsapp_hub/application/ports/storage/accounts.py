"""Repositories of keys, sign-ins, quick replies and rules, in a company's unit of work (`unit_of_work.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.accounts.oidc import OidcLink
from whatsapp_hub.domain.accounts.second_factor import SecondFactor
from whatsapp_hub.domain.accounts.sign_in import EndReason, SignIn
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule
from whatsapp_hub.domain.ids import ApiKeyId, QuickReplyId, RuleId, SignInId, UserId


class ApiKeys(Protocol):
    """A company's API keys."""

    async def add(self, key: ApiKey) -> None:
        """Store a new key, of which only the digest is known."""
        ...

    async def all(self) -> list[ApiKey]:
        """List keys, the newest first."""
        ...

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Return it, locked. Raises NotFound."""
        ...

    async def save(self, key: ApiKey) -> None:
        """Store changes, as that it was revoked."""
        ...


class PasswordResets(Protocol):
    """One-time tokens, each void once the user's role, password or e-mail changes, or the user is deactivated."""

    async def offer(self, user_id: UserId, digest: bytes, expires_at: datetime) -> None:
        """Store it, replacing an earlier one."""
        ...

    async def use(self, digest: bytes, now: datetime) -> UserId | None:
        """Consume it and return its user; None if there is none, it has expired or is void."""
        ...

    async def pending(self, digest: bytes, now: datetime) -> UserId | None:
        """Return its user without consuming it; None as above."""
        ...


class SignIns(Protocol):
    """An ended sign-in is known to every process within seconds (`ports/edge/access.py`)."""

    async def add(self, sign_in: SignIn, at_most: int) -> None:
        """Store it, and end the user's sign-ins beyond so many, the longest unseen first."""
        ...

    async def of_user(self, user_id: UserId, now: datetime) -> list[SignIn]:
        """List the live ones, the last seen first."""
        ...

    async def get(self, user_id: UserId, sign_in_id: SignInId) -> SignIn:
        """Return it, locked. Raises NotFound, also where it is another user's."""
        ...

    async def save(self, sign_in: SignIn) -> None:
        """Store changes; ended ones are noticed by every process within a second."""
        ...

    async def end_all(self, user_id: UserId, at: datetime, reason: EndReason, but: SignInId | None = None) -> int:
        """End all live ones of a user (`but` one); return the count."""
        ...


class SecondFactors(Protocol):
    """Second factors of a company's users; secrets are sealed at rest."""

    async def get(self, user_id: UserId) -> SecondFactor | None:
        """Return it, locked. Its secret is empty where no key decrypts it."""
        ...

    async def begin(self, factor: SecondFactor) -> None:
        """Store it, replacing one that was never confirmed; a confirmed one stays."""
        ...

    async def save(self, factor: SecondFactor) -> None:
        """Store all but its secret."""
        ...

    async def remove(self, user_id: UserId) -> bool:
        """Delete it; return whether there was one."""
        ...


class OidcLinks(Protocol):
    """Who of a company's users is whom at the OpenID provider."""

    async def add(self, link: OidcLink) -> bool:
        """Store it; False: either the person at the provider or the user is linked already."""
        ...

    async def remove(self, user_id: UserId) -> bool:
        """Whether there was one."""
        ...


class QuickReplies(Protocol):
    """A company's quick replies."""

    async def get(self, reply_id: QuickReplyId) -> QuickReply:
        """Return it, locked. Raises NotFound."""
        ...

    async def add(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: the shortcut is taken."""
        ...

    async def save(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: the shortcut is taken."""
        ...

    async def remove(self, reply_id: QuickReplyId) -> None:
        """Delete it."""
        ...


class Rules(Protocol):
    """A company's routing rules."""

    async def all(self) -> list[Rule]:
        """List rules in their order."""
        ...

    async def save(self, rules: Sequence[Rule]) -> None:
        """Store them, new ones too."""
        ...

    async def remove(self, rule_id: RuleId) -> None:
        """Delete it; the order of the others stays."""
        ...
