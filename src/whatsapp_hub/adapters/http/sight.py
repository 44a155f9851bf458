"""What the caller of a reading request may see."""

from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.application.reading.visibility import sight_of


async def sight_for(caller: Caller, queries: Queries) -> Sight:
    """Looks the caller's department up, unless the caller sees everything."""
    sight = sight_of(caller, None)
    if sight.everything or caller.user_id is None:
        return sight
    user = await queries.user(caller.tenant_id, caller.user_id)
    return sight_of(caller, user.department_id)
