"""A sign-in: a person's login session, until it expires or is ended. Each token names its sign-in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from whatsapp_hub.domain.accounts.guessing import network_of
from whatsapp_hub.domain.ids import SignInId, TenantId, UserId

USER_AGENT_LENGTH = 256


class AuthMethod(StrEnum):
    """How a person authenticated."""

    PASSWORD = "password"  # noqa: S105 - a word, no secret
    LINK = "link"
    OIDC = "oidc"


class EndReason(StrEnum):
    """Why a sign-in ended before its time."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_USER = "ended_by_user"
    ENDED_BY_ADMIN = "ended_by_admin"
    ENDED_BY_OPERATOR = "ended_by_operator"
    PASSWORD_SET = "password_set"  # noqa: S105 - as above
    SECOND_FACTOR_RESET = "second_factor_reset"
    ROLE_CHANGED = "role_changed"
    DISMISSED = "dismissed"
    TOO_MANY = "too_many"
    RESTORED = "restored"


@dataclass(slots=True)
class SignIn:
    """`last_seen_at` is at most a minute behind; `address` and `user_agent` are those of the login."""

    id: SignInId
    tenant_id: TenantId
    user_id: UserId
    how: AuthMethod
    made_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    address: str | None = None
    user_agent: str | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    def __post_init__(self) -> None:
        if self.user_agent is not None:
            self.user_agent = self.user_agent[:USER_AGENT_LENGTH]

    @property
    def network(self) -> str:
        """The network that it came from, as password guesses are counted."""
        return network_of(self.address)

    def is_live(self, now: datetime) -> bool:
        """Whether its tokens still open anything at `now`."""
        return self.ended_at is None and now < self.expires_at

    def end(self, at: datetime, reason: EndReason) -> None:
        """End it for good. Idempotent."""
        if self.ended_at is None:
            self.ended_at, self.end_reason = at, reason
