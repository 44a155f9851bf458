"""A sign-in in the form of the API."""

from whatsapp_hub.adapters.contracts.views.entities import Shown, time
from whatsapp_hub.domain.accounts.sign_in import SignIn
from whatsapp_hub.domain.ids import SignInId


def sign_in(sign_in: SignIn, current: SignInId | None) -> Shown:
    """Show a sign-in; `current`: that of the request itself."""
    return {
        "id": str(sign_in.id),
        "userId": str(sign_in.user_id),
        "how": sign_in.how.value,
        "createdAt": time(sign_in.made_at),
        "lastSeenAt": time(sign_in.last_seen_at),
        "expiresAt": time(sign_in.expires_at),
        "ipAddress": sign_in.address,
        "userAgent": sign_in.user_agent,
        "current": sign_in.id == current,
    }
