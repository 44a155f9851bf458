"""What the hub sends by itself, in the OpenAPI document's section `webhooks`: outgoing webhooks in each format, and the
events of Socket.IO. Each is described as the handler that a receiver would write; none of them runs."""

from collections.abc import Iterator
from typing import Any, Literal, cast

from litestar import Litestar, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Discriminator, OpenAPI, Reference, Schema
from litestar.params import JSONBody
from msgspec import defstruct

from whatsapp_hub.adapters.contracts.events.data import DATA
from whatsapp_hub.adapters.contracts.events.envelope import EventView, PingView
from whatsapp_hub.adapters.contracts.events.socket_payloads import PAYLOADS
from whatsapp_hub.adapters.contracts.gateways.outgoing_waha import WahaAckEvent, WahaMessageEvent, WahaSessionEvent
from whatsapp_hub.adapters.contracts.gateways.received import FlatMessage, InstanceEvent
from whatsapp_hub.adapters.contracts.gateways.session_payloads import CLIENT, LIFE
from whatsapp_hub.adapters.http.pages.parts import components_of


def _receiver(name: str, body: type, what: str) -> HTTPRouteHandler:
    async def receive(data: object) -> None: ...

    receive.__annotations__["data"] = cast("Any", JSONBody)[body]
    receive.__doc__ = what
    handler = post(f"/{name}", status_code=200, response_description="received (any 2xx; 410: no more of these)")
    return handler(receive)


_RECEIVERS = (
    ("standard", EventView, "Format `standard`: an event, signed as Standard Webhooks say."),
    ("test", PingView, "What `POST /api/webhooks/{id}/test` posts, the same in every format."),
    ("flat", FlatMessage, "Format `flat`: a customer's message."),
    ("instance", InstanceEvent, "Format `instance`: a customer's message, and what contract C's `webhook_url` gets."),
    ("waha-message", WahaMessageEvent, "Format `waha`: a customer's message."),
    ("waha-message-ack", WahaAckEvent, "Format `waha`: a message's new status."),
    ("waha-session-status", WahaSessionEvent, "Format `waha`: a session's new status."),
)


_SOCKET = "socket-"


def _events() -> Iterator[tuple[str, type, str]]:
    """Yield each type of event, as the format `standard`, the log and its stream carry it."""
    for type, data in DATA.items():
        name = "".join(part.capitalize() for part in type.replace(".", "_").split("_"))
        about = (data.__doc__ or "").strip()
        event = defstruct(f"{name}Event", [("type", Literal[type.value]), ("data", data)], bases=(EventView,))
        event.__doc__ = f"`{type}`. {about}"
        yield f"standard-{type}", event, f"Format `standard`: `{type}`."


def _emissions() -> Iterator[tuple[str, type, str]]:
    """Yield each event of Socket.IO: of `/` (contracts D and E) and of `/whatsapp` (B)."""
    for name, payload in {**LIFE, **PAYLOADS}.items():
        yield f"{_SOCKET}{name}", payload, f"Socket.IO `/`, event `{name}`: {(payload.__doc__ or '').strip()}"
    for name, payload in CLIENT.items():
        what = f"Socket.IO `/whatsapp`, event `{name}`: {(payload.__doc__ or '').strip()}"
        yield f"{_SOCKET}whatsapp-{name}", payload, what


def add_receivers(document: OpenAPI) -> None:
    """Describe what the hub sends by itself."""
    config = OpenAPIConfig("receivers", "1", use_handler_docstrings=True)
    handlers = [_receiver(*receiver) for receiver in (*_RECEIVERS, *_events(), *_emissions())]
    described = Litestar(handlers, openapi_config=config, logging_config=None).openapi_schema
    document.webhooks = {path.strip("/"): item for path, item in (described.paths or {}).items()}
    operations = [(path, item.post) for path, item in (described.paths or {}).items() if item.post is not None]
    for path, operation in operations:
        operation.tags = ["sockets" if path.startswith(f"/{_SOCKET}") else "outgoing webhooks"]
        (operation.responses or {}).pop("400", None)
    components = components_of(document)
    components.schemas = {**components_of(described).schemas, **components.schemas, EventView.__name__: _any_event()}


def _any_event() -> Schema:
    """Describe an event of any type: `type` says which, and thereby what `data` holds."""
    references = [Reference(ref=f"#/components/schemas/{event.__name__}") for _, event, _ in _events()]
    return Schema(
        description="An event of the log. Later versions may have further types.",
        one_of=references,
        discriminator=Discriminator(
            property_name="type", mapping={type.value: one.ref for type, one in zip(DATA, references, strict=True)}
        ),
    )
