"""`/api/events`: the ordered log."""

from typing import Annotated

from dishka.integrations.litestar import FromDishka
from litestar import Response, get
from litestar.params import QueryParameter

from whatsapp_hub.adapters.contracts.envelope import envelope
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Limit, page
from whatsapp_hub.application.ports.log import EventLog
from whatsapp_hub.domain.access import Action

After = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="the last position seen")]


@get("/events", guards=[allows(Action.READ_EVENTS)], tags=["events"])
async def list_events(
    caller: Asking, log: FromDishka[EventLog], after: After = 0, limit: Limit = 50
) -> Response[list[dict[str, object]]]:
    """The company's events with a greater position, ascending; the next cursor is the next `after`."""
    events = await log.read(after, limit, caller.tenant_id)
    more = str(events[-1].position) if len(events) == limit else None
    return page([envelope(event) for event in events], more)


HANDLERS = [list_events]
