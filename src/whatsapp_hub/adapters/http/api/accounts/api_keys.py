"""`/api/api-keys`: how a company's programs enter (ADMIN)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.api_keys import ApiKeyView, NewApiKey
from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page, sliced
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.application.accounts.api_keys import CreateApiKey, ListApiKeys, RevokeApiKey
from whatsapp_hub.domain.ids import ApiKeyId

TAGS = ["API keys"]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ApiKeyBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`scopes` missing: all that an ADMIN may do. `expires_at` missing: valid until it is revoked."""

    name: str
    scopes: list[str] | None = None
    expires_at: Moment | None = None


@post("/api-keys", tags=TAGS)
async def create_api_key(
    caller: Asking, data: JSONBody[ApiKeyBody], create_api_key: FromDishka[CreateApiKey]
) -> NewApiKey:
    """Make a key. `key` is its secret, shown this once."""
    key, secret = await create_api_key(caller, data.name, data.scopes, utc("expiresAt", data.expires_at))
    return extended(NewApiKey, ApiKeyView.of(key), key=secret)


@get("/api-keys", tags=TAGS)
async def list_api_keys(
    caller: Asking, list_api_keys: FromDishka[ListApiKeys], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[ApiKeyView]]:
    """List the company's keys, the newest first, without their secrets."""
    keys, more = sliced(await list_api_keys(caller), lambda key: key.id, limit, cursor, newest_first=True)
    return page([ApiKeyView.of(key) for key in keys], more)


@delete("/api-keys/{id:uuid}", tags=TAGS)
async def revoke_api_key(caller: Asking, id: FromPath[UUID], revoke_api_key: FromDishka[RevokeApiKey]) -> None:
    """Revoke a key: it stops working within seconds."""
    await revoke_api_key(caller, ApiKeyId(id))


HANDLERS = [create_api_key, list_api_keys, revoke_api_key]
