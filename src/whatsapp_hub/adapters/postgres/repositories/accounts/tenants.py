"""What a tenant's own administrators may change of it."""

import json
from typing import Any

from whatsapp_hub.adapters.contracts.wire import retention_shown
from whatsapp_hub.adapters.postgres.repositories.accounts.departments import stored_hours
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import TENANTS, tenant_of
from whatsapp_hub.adapters.postgres.repositories.service_columns import stored_level
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.privacy.retention import Retention
from whatsapp_hub.domain.service.closing import ClosingTerms

_OWN = f"{TENANTS} WHERE id = hub.tenant() FOR NO KEY UPDATE"
_SAVE = """
    UPDATE hub.tenants SET name = $2, language = $3, greeting = $4, texts = $5::text::jsonb, hours = $6::text::jsonb,
      level = $7::text::jsonb, country = $8, quotas = $9::text::jsonb, retention = $10::text::jsonb,
      second_factor_required = $11, oidc_required = $12, closing = $13::text::jsonb,
      agent_name_before_texts = $14
    WHERE id = $1"""


class PostgresTenants:
    """The transaction's tenant."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def own(self) -> Tenant:
        """Read and lock its row."""
        return tenant_of(await self._connection.fetchrow(_OWN))

    async def save(self, tenant: Tenant) -> None:
        """Store its settings."""
        t = tenant
        values = (t.id, t.name, t.language, t.greeting, json.dumps(dict(t.texts)), stored_hours(t.hours))
        more = (stored_level(t.level), t.own_country, json.dumps(dict(t.quotas)), stored_retention(t.retention))
        last = (t.second_factor_required, t.oidc_required, stored_closing(t.closing), t.agent_name_before_texts)
        await self._connection.execute(_SAVE, *values, *more, *last)


def stored_closing(terms: ClosingTerms) -> str:
    """Encode how conversations are closed, as it is stored (JSON)."""
    return json.dumps({"reasons": terms.resolve_reasons, "required": terms.resolve_reason_required})


def stored_retention(retention: Retention) -> str:
    """Encode retention as it is stored (JSON): days by kind, kinds without a period left out."""
    return json.dumps({name: days for name, days in retention_shown(retention).items() if days is not None})
