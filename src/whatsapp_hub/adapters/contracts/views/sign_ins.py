"""A sign-in in the form of the API."""

from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, SignIn
from whatsapp_hub.domain.ids import SignInId


class SignedIn(View):
    """The user and a token that is valid until the sign-in ends. `secondFactorEnrolment`: it is good for enrolling a
    second factor only."""

    user: UserView
    token: str
    second_factor_enrolment: bool | msgspec.UnsetType = msgspec.UNSET


class SignInView(View):
    """Where a user is signed in; `current`: by the sign-in of the request itself."""

    id: UUID
    user_id: UUID
    how: AuthMethod
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None
    current: bool

    @classmethod
    def of(cls, sign_in: SignIn, current: SignInId | None) -> "SignInView":
        """Show a sign-in; `current`: the one by which the caller asks."""
        return cls(
            id=sign_in.id,
            user_id=sign_in.user_id,
            how=sign_in.how,
            created_at=time(sign_in.made_at),
            last_seen_at=time(sign_in.last_seen_at),
            expires_at=time(sign_in.expires_at),
            ip_address=sign_in.address,
            user_agent=sign_in.user_agent,
            current=sign_in.id == current,
        )
