"""Contract C: scalable instances."""

from datetime import datetime
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.http.api.conversations.conversations import IdempotencyKey
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.integrations.subscriptions import new_secret
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.application.sessions.close_sessions import DeleteInstance
from whatsapp_hub.application.sessions.open_sessions import CreateInstance, ShowCode, StartNamed
from whatsapp_hub.domain.accounts.access import Action

TAGS = ["C: instances"]
READ = [allows(Action.READ_SESSIONS)]


class InstanceBody(msgspec.Struct):
    """A new instance; `user_id` is the client's own key of its user."""

    user_id: str
    instance_name: str
    webhook_url: str | None = None
    provider: str | None = None


class InstanceSendBody(msgspec.Struct):
    """A text to send, with `send_at` not before then."""

    number: str
    message: str
    send_at: datetime | None = None


@post("/instances/create", tags=TAGS)
async def create_instance(
    caller: Asking, data: JSONBody[InstanceBody], create_instance: FromDishka[CreateInstance]
) -> entities.NewInstance:
    """Create an instance and start it; waits up to 10 seconds for a code to scan. `webhook_secret` is shown once."""
    secret = new_secret() if data.webhook_url else None
    with renamed(user_id="user_id", name="instance_name", webhook_url="webhook_url"):
        made = await create_instance(caller, data.user_id, data.instance_name, data.webhook_url, secret, data.provider)
    return entities.new_instance(made, secret)


@get("/instances", guards=READ, tags=TAGS)
async def list_instances(
    caller: Asking, finder: FromDishka[SessionFinder], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[entities.Instance]]:
    """List the company's instances, the oldest first."""
    found = await finder.page(caller.tenant_id, limit, cursor, active=False)
    return page([entities.instance(session) for session in found.items], found.next_cursor)


@get("/instances/{id:uuid}", guards=READ, tags=TAGS)
async def get_instance(caller: Asking, id: FromPath[UUID], finder: FromDishka[SessionFinder]) -> entities.Instance:
    """Show an instance."""
    return entities.instance(await session_named(finder, caller.tenant_id, str(id)))


@get("/instances/{id:uuid}/qr", tags=TAGS)
async def get_instance_code(
    caller: Asking, id: FromPath[UUID], show_code: FromDishka[ShowCode]
) -> entities.InstanceCode:
    """Show the code to scan, and when it expires (404: none yet; 409: connected)."""
    return entities.instance_code(await show_code(caller, str(id)))


@post("/instances/{id:uuid}/restart", status_code=202, tags=TAGS)
async def restart_instance(
    caller: Asking, id: FromPath[UUID], start_named: FromDishka[StartNamed]
) -> entities.Instance:
    """Disconnect an instance and connect it again."""
    return entities.instance(await start_named(caller, str(id), again=True))


@delete("/instances/{id:uuid}", tags=TAGS)
async def delete_instance(caller: Asking, id: FromPath[UUID], delete_instance: FromDishka[DeleteInstance]) -> None:
    """Log an instance out and delete its credentials; its conversations stay."""
    await delete_instance(caller, str(id))


@post("/instances/{id:uuid}/send", status_code=202, tags=TAGS)
async def send_from_instance(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[InstanceSendBody],
    send_to: FromDishka[SendTo],
    key: IdempotencyKey = None,
) -> entities.SentByInstance:
    """Send a text. It is stored when this returns, and sent in its turn; with `send_at` not before then."""
    with renamed(to="number", content="message", send_at="send_at"):
        later = utc("send_at", data.send_at)
        return entities.sent_by_instance(await send_to(caller, str(id), data.number, data.message, key, later))


HANDLERS = [
    create_instance,
    list_instances,
    get_instance,
    get_instance_code,
    restart_instance,
    delete_instance,
    send_from_instance,
]
