"""An API key in the form of the API: never its secret, never its digest."""

from whatsapp_hub.adapters.contracts.views.entities import Shown, time
from whatsapp_hub.domain.accounts.api_key import ApiKey, names_of


def api_key(key: ApiKey) -> Shown:
    """Show a key; `scopes` null: it may do everything that an ADMIN may."""
    return {
        "id": str(key.id),
        "companyId": str(key.tenant_id),
        "name": key.name,
        "hint": key.hint,
        "scopes": None if key.scopes is None else names_of(key.scopes),
        "createdBy": str(key.created_by),
        "createdAt": time(key.created_at),
        "expiresAt": time(key.expires_at),
        "revokedAt": time(key.revoked_at),
        "lastUsedAt": time(key.last_used_at),
    }
