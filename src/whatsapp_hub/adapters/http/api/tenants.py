"""`/api/tenants`: the companies of this hub (MASTER)."""

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get, post
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts import entities
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.application.accounts.tenants import CreateTenant
from whatsapp_hub.application.ports.directory import Directory
from whatsapp_hub.domain.access import Action
from whatsapp_hub.domain.tenant import Placement

TAGS = ["tenants"]
MASTER = [allows(Action.MANAGE_TENANTS)]


class TenantBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`placement` None: as TENANT_PLACEMENT says. `country`: ISO 3166; None: that of the language."""

    slug: str
    name: str
    placement: Placement | None = None
    country: str | None = None


@get("/tenants", guards=MASTER, tags=TAGS)
async def list_tenants(caller: Asking, directory: FromDishka[Directory]) -> list[dict[str, object]]:
    """Every company."""
    return [entities.tenant(tenant) for tenant in await directory.tenants()]


@post("/tenants", guards=MASTER, tags=TAGS)
async def create_tenant(caller: Asking, data: JSONBody[TenantBody], use: FromDishka[CreateTenant]) -> dict[str, object]:
    """A new company, with a schema of its own if it is placed so."""
    return entities.tenant(await use(data.slug, data.name, data.placement, data.country))


HANDLERS = [list_tenants, create_tenant]
