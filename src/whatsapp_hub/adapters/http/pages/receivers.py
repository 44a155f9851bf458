"""Outgoing webhooks in the OpenAPI document, each as the handler that a receiver would write. None of them runs."""

from typing import Any, cast

from litestar import Litestar, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts.gateways.outgoing_waha import WahaAckEvent, WahaMessageEvent, WahaSessionEvent
from whatsapp_hub.adapters.contracts.gateways.received import FlatMessage, InstanceEvent
from whatsapp_hub.adapters.contracts.views.envelope import EventView, PingView
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


def add_receivers(document: OpenAPI) -> None:
    """Describe what outgoing webhooks post, in the document's section `webhooks`."""
    config = OpenAPIConfig("receivers", "1", use_handler_docstrings=True)
    handlers = [_receiver(*receiver) for receiver in _RECEIVERS]
    described = Litestar(handlers, openapi_config=config, logging_config=None).openapi_schema
    document.webhooks = {path.strip("/"): item for path, item in (described.paths or {}).items()}
    for operation in (item.post for item in (described.paths or {}).values() if item.post is not None):
        operation.tags = ["outgoing webhooks"]
        (operation.responses or {}).pop("400", None)
    components = components_of(document)
    components.schemas = {**components_of(described).schemas, **components.schemas}
