"""JSON web tokens, HS256, with the claims of contract E: sub, email, role, companyId; `sid` names the sign-in."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar.exceptions import NotAuthorizedException
from litestar.security.jwt import Token

from whatsapp_hub.adapters.security.clock import system_clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Unauthenticated
from whatsapp_hub.domain.ids import SignInId, TenantId, UserId

_ALGORITHM = "HS256"


@dataclass
class Claims(Token):
    """The claims of a token: the standard ones, and contract E's."""

    role: str = ""
    companyId: str = ""  # noqa: N815 - the claim's name
    email: str | None = None
    sid: str = ""

    def __post_init__(self) -> None:
        """Leave the times to `JwtTokens`: the library compares them with this machine's clock, which may be stepped."""

    @classmethod
    def decode_payload(cls, *given: Any, **named: Any) -> Any:
        """Verify the signature only; times are judged by the hub's clock afterwards."""
        untimed = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        return super().decode_payload(*given, **{**named, "options": {**named.get("options", {}), **untimed}})


class JwtTokens:
    """Implements `Tokens`. Only people have them: a caller without `user_id` cannot be issued one."""

    def __init__(
        self,
        secret: str,
        lifetime: timedelta = timedelta(days=7),
        old: Sequence[str] = (),
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        """`old`: secrets that tokens may still be signed with; none is any more."""
        self._secret = secret
        self._old = tuple(old)
        self._clock = clock
        self.lifetime = lifetime

    def issue(self, caller: Caller, lifetime: timedelta | None = None) -> str:
        """Sign a token. Raises ValueError for a caller without a sign-in, such as an API key."""
        if caller.user_id is None or caller.sign_in_id is None:
            raise ValueError("a token stands for a person's sign-in")
        now = self._clock()
        claims = Claims(
            sub=str(caller.user_id),
            iat=now,
            exp=now + (self.lifetime if lifetime is None else lifetime),
            role=caller.role.value,
            companyId=str(caller.tenant_id),
            email=caller.email,
            sid=str(caller.sign_in_id),
        )
        return claims.encode(self._secret, _ALGORITHM)

    def read(self, token: str) -> Caller:
        """Verify with the present or an earlier secret. Raises Unauthenticated."""
        try:
            claims = self._decoded(token)
            if not claims.sid:
                raise Unauthenticated("the token is of an earlier version; sign in again")
            user_id = UserId(UUID(claims.sub))
            tenant_id, role = TenantId(UUID(claims.companyId)), Role(claims.role)
            sign_in_id = SignInId(UUID(claims.sid))
        except (NotAuthorizedException, ValueError) as error:
            raise Unauthenticated("the token is not valid") from error
        if claims.exp <= self._clock():
            raise Unauthenticated("the token is not valid")
        return Caller(tenant_id, role, user_key(user_id), user_id, claims.email, sign_in_id=sign_in_id)

    def _decoded(self, token: str) -> Claims:
        """Decode with the present or an earlier secret. Raises NotAuthorizedException, ValueError."""
        for old in self._old:
            with suppress(NotAuthorizedException, ValueError):
                return Claims.decode(token, old, _ALGORITHM)
        return Claims.decode(token, self._secret, _ALGORITHM)


def user_key(user_id: UserId) -> str:
    """How a person is named in idempotency scopes and rates."""
    return f"user:{user_id}"
