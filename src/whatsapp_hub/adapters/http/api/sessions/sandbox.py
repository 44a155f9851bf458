"""`/sandbox`: a simulated WhatsApp, to try the hub and to test integrations."""

from datetime import datetime
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.application.ports.edge.sandbox import ShownMessage
from whatsapp_hub.application.receiving.write_as_customer import ReadPhone, WriteAsCustomer
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.message import Direction

TAGS = ["sandbox"]


class CustomerBody(msgspec.Struct, forbid_unknown_fields=True):
    """A text that a simulated customer writes."""

    from_: str = msgspec.field(name="from")
    text: str
    name: str | None = None


class PhoneMessage(View):
    """A message on a phone's screen. `direction` is the hub's: OUTBOUND reached the customer."""

    id: str
    text: str
    direction: Direction
    at: datetime

    @classmethod
    def of(cls, message: ShownMessage) -> "PhoneMessage":
        """Show a message as it stands on the simulated phone."""
        return cls(message.id, message.text, Direction(message.direction), time(message.at))


@post("/sandbox/{id:uuid}/messages", status_code=202, tags=TAGS)
async def write_as_customer(
    caller: Asking, id: FromPath[UUID], data: JSONBody[CustomerBody], write_as_customer: FromDishka[WriteAsCustomer]
) -> PhoneMessage:
    """Write to the session from a customer's phone."""
    return PhoneMessage.of(await write_as_customer(caller, SessionId(id), data.from_, data.text, data.name))


@get("/sandbox/{id:uuid}/phones/{phone:str}/messages", tags=TAGS)
async def read_phone(
    caller: Asking, id: FromPath[UUID], phone: FromPath[str], read_phone: FromDishka[ReadPhone]
) -> list[PhoneMessage]:
    """List what a customer's phone shows, oldest first: the newest thousand, of long ones fewer (2 MB)."""
    return [PhoneMessage.of(message) for message in await read_phone(caller, SessionId(id), phone)]


HANDLERS = [write_as_customer, read_phone]
