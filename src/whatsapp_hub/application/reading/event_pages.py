"""Pages of the event log that are short in bytes as well as in events."""

from collections.abc import Collection

from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.domain.ids import TenantId

MOST_BYTES = 2 * 1024 * 1024
"""A page that is longer delays all that is served beside it. It has one event more than fit."""
FIRST = 16


async def read_page(
    log: EventLog, after: int | None, limit: int, tenant_id: TenantId
) -> tuple[list[LoggedEvent], int | None]:
    """Return a company's events after a position, and the position from which to go on (None: there are no more).
    Raises Expired."""
    page: list[LoggedEvent] = []
    size = 0
    while len(page) < limit:
        asked = min(limit - len(page), _fitting(len(page), size))
        found = await log.read(page[-1].position if page else after, asked, tenant_id)
        page += found
        size += sum(len(event.body) for event in found)
        if len(found) < asked:
            return page, None
        if size > MOST_BYTES:
            break
    return page, page[-1].position if page else None


async def read_back(
    log: EventLog, before: int | None, limit: int, tenant_id: TenantId, types: Collection[str]
) -> tuple[list[LoggedEvent], int | None]:
    """Return a company's events before a position (None: the newest), descending, of these types (none: of all), and
    the position from which to go on (None: there are no more). May be short, or empty, and yet go on."""
    page: list[LoggedEvent] = []
    size, place = 0, before
    while len(page) < limit and size <= MOST_BYTES:
        found, place = await log.before(place, min(limit - len(page), _fitting(len(page), size)), tenant_id, types)
        page += found
        size += sum(len(event.body) for event in found)
        if place is None or not found:
            break
    return page, place


def _fitting(read: int, size: int) -> int:
    """Estimate how many more fit, by those that were read."""
    return max(1, (MOST_BYTES - size) * read // max(size, 1)) if read else FIRST
