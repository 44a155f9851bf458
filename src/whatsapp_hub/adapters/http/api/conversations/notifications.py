"""`/api/notifications`: the caller's own."""

from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from whatsapp_hub.adapters.contracts.views.conversations import NotificationsRead, NotificationView
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.handling.read_notifications import ReadNotifications
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import NotificationId

TAGS = ["notifications"]


@get("/notifications", guards=[allows(Action.READ_NOTIFICATIONS)], tags=TAGS)
async def list_notifications(
    caller: Asking,
    queries: FromDishka[Queries],
    unread: FromQuery[bool] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[NotificationView]]:
    """List notifications, the newest first. They also arrive live, as `notification` on the socket."""
    if caller.user_id is None:
        return page([], None)
    found = await queries.notifications(caller.tenant_id, caller.user_id, unread, limit, cursor)
    return page([NotificationView.of(n) for n in found.items], found.next_cursor)


@post("/notifications/{id:uuid}/read", status_code=200, tags=TAGS)
async def read_notification(
    caller: Asking, id: FromPath[UUID], read_notifications: FromDishka[ReadNotifications]
) -> NotificationsRead:
    """Mark one as read; `read` says how many were unread until now."""
    return NotificationsRead(await read_notifications(caller, NotificationId(id)))


@post("/notifications/read", status_code=200, tags=TAGS)
async def read_all_notifications(
    caller: Asking, read_notifications: FromDishka[ReadNotifications]
) -> NotificationsRead:
    """Mark all as read."""
    return NotificationsRead(await read_notifications(caller))


HANDLERS = [list_notifications, read_notification, read_all_notifications]
