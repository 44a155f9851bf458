"""An API key in the form of the API: never its secret, never its digest."""

from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.accounts.api_key import ApiKey, names_of


class ApiKeyView(View):
    """An API key; `scopes` null: it may do everything that an ADMIN may. `hint` is its visible beginning."""

    id: UUID
    company_id: UUID
    name: str
    hint: str
    scopes: list[str] | None
    created_by: UUID
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyView":
        """Show a key; `hint` is the beginning of its text."""
        return cls(
            id=key.id,
            company_id=key.tenant_id,
            name=key.name,
            hint=key.hint,
            scopes=None if key.scopes is None else names_of(key.scopes),
            created_by=key.created_by,
            created_at=time(key.created_at),
            expires_at=time(key.expires_at),
            revoked_at=time(key.revoked_at),
            last_used_at=time(key.last_used_at),
        )


class NewApiKey(ApiKeyView):
    """A new API key with its secret, `key`, which is shown this once."""

    key: str
