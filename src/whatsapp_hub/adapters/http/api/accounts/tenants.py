"""`/api/tenants`: the companies of this hub (MASTER)."""

from dataclasses import replace
from typing import Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.accounts import TenantView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.api.accounts.company import CompanyFields
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.accounts.remove_tenants import DeleteTenant
from whatsapp_hub.application.accounts.tenants import CreateTenant
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.storage.tenants import TenantHealth
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import quotas_of
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.errors import Invalid, NotFound, Unavailable
from whatsapp_hub.domain.ids import TenantId

TAGS = ["tenants"]
MASTER = [allows(Action.MANAGE_TENANTS)]


class TenantBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`placement` None: as TENANT_PLACEMENT says. `country`: ISO 3166; None: that of the language."""

    slug: str
    name: str
    placement: Placement | None = None
    country: str | None = None


class TenantPatch(CompanyFields, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`slug` and `placement` may be given as they are (a client that sends back what it read); they cannot change
    here (`whatsapp-hub tenant move`). `quotas`: how much it may have of what; null brings the usual one back."""

    slug: str | None = None
    placement: Placement | None = None
    quotas: dict[str, int | None] | None = None

    def changes(self) -> CompanyChanges:
        """Convert to the use case's form. Raises Invalid (`/hours/…`, `/quotas/…`)."""
        return replace(super().changes(), quotas=quotas_of(self.quotas or {}))

    def require_fixed(self, tenant: Tenant) -> None:
        """Refuse (Invalid) a change of what is fixed."""
        for name, value, fixed, why in (
            ("slug", self.slug, tenant.slug, "it is chosen when the company is made"),
            ("placement", self.placement, tenant.placement, "it cannot change here"),
        ):
            if value is not None and value != fixed:
                raise Invalid.field(name, f"must be {fixed}: {why}")


class Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    """The company's slug, typed again, so that no click deletes one by mistake."""

    confirm: str


class TenantHealthView(View):
    """Whether the company's tables answer: within how many milliseconds, or why not."""

    id: UUID
    placement: Placement
    schema: str
    status: Literal["ok", "unavailable"]
    reason: str | msgspec.UnsetType = msgspec.UNSET
    latency_ms: float | msgspec.UnsetType = msgspec.UNSET


@get("/tenants", guards=MASTER, tags=TAGS)
async def list_tenants(
    caller: Asking, directory: FromDishka[Directory], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[TenantView]]:
    """List the companies by slug."""
    rest = [tenant for tenant in await directory.tenants() if cursor is None or tenant.slug > cursor]
    more = rest[limit - 1].slug if len(rest) > limit else None
    return page([TenantView.of(tenant) for tenant in rest[:limit]], more)


@get("/tenants/{id:uuid}", guards=MASTER, tags=TAGS)
async def get_tenant(caller: Asking, id: FromPath[UUID], directory: FromDishka[Directory]) -> TenantView:
    """Show a company, with its placement."""
    return TenantView.of(await _open(directory, id))


@post("/tenants", guards=MASTER, tags=TAGS)
async def create_tenant(
    caller: Asking, data: JSONBody[TenantBody], create_tenant: FromDishka[CreateTenant]
) -> TenantView:
    """Make a company, with a schema of its own if it is placed so (`placement`: pooled or dedicated)."""
    return TenantView.of(await create_tenant(data.slug, data.name, data.placement, data.country))


@patch("/tenants/{id:uuid}", guards=MASTER, tags=TAGS)
async def update_tenant(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[TenantPatch],
    directory: FromDishka[Directory],
    update_company: FromDishka[UpdateCompany],
) -> TenantView:
    """Change a company, as its administrators may by `/api/companies/me`. What is not given stays."""
    tenant = await _open(directory, id)
    data.require_fixed(tenant)
    return TenantView.of(await update_company(replace(caller, tenant_id=tenant.id), data.changes()))


@delete("/tenants/{id:uuid}", guards=MASTER, tags=TAGS)
async def delete_tenant(
    caller: Asking, id: FromPath[UUID], data: JSONBody[Confirmation], delete_tenant: FromDishka[DeleteTenant]
) -> None:
    """Delete a company with everything that it has; `confirm` is its slug, typed. Nobody can enter it any more when
    this returns. Its sessions are then closed and its rows removed in the background; until that is done its slug and
    its users' e-mail addresses are taken."""
    await delete_tenant(caller, TenantId(id), data.confirm)


@get("/tenants/{id:uuid}/health", guards=MASTER, tags=TAGS)
async def check_tenant(
    caller: Asking, id: FromPath[UUID], directory: FromDishka[Directory], health: FromDishka[TenantHealth]
) -> Response[TenantHealthView]:
    """Check that the company's own tables answer (503: they do not)."""
    tenant = await _open(directory, id)
    try:
        latency_ms = await health.measure(tenant)
    except Unavailable as error:
        away = TenantHealthView(id, tenant.placement, tenant.schema, "unavailable", reason=str(error))
        return Response(away, status_code=503)
    well = TenantHealthView(id, tenant.placement, tenant.schema, "ok", latency_ms=round(latency_ms, 2))
    return Response(well)


async def _open(directory: Directory, id: UUID) -> Tenant:
    """Find a company. Raises NotFound, also for one that is being removed."""
    tenant = await directory.tenant(TenantId(id))
    if tenant.is_removed:
        raise NotFound("tenant", id)
    return tenant


HANDLERS = [list_tenants, get_tenant, create_tenant, update_tenant, delete_tenant, check_tenant]
