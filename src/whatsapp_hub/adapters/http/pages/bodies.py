"""Bodies in the OpenAPI document that no handler's type describes: streams, files, pictures, what providers post, and
opening hours, which the domain reads itself."""

import msgspec
from litestar.openapi.spec import (
    Components,
    OpenAPI,
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)

from whatsapp_hub.adapters.http.pages.parts import components_of, paths_of

_METHODS = ("get", "post", "put", "patch", "delete")
_WEBHOOKS = "/webhooks/"
_TEXT = Schema(type=OpenAPIType.STRING)
_FILE = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_BY_TYPE = {
    "text/event-stream": Schema(
        type=OpenAPIType.STRING, description="Server-sent events: `id` (a position), `event`, `data` (JSON)."
    ),
    "text/csv": _TEXT,
    "text/html": _TEXT,
    "application/zip": _FILE,
    "application/octet-stream": _FILE,
    "image/jpeg": _FILE,
}
"""By media type, whatever a handler's own type is."""

_PICTURE = ("/api/sessions/{id}/qr", "image/png")
_UPDATE = Schema(
    type=OpenAPIType.OBJECT,
    description="An update in the provider's own form. It is stored as it came.",
    examples=[msgspec.Raw(b'{"object":"whatsapp_business_account","entry":[]}')],
)
_HOURS = Schema(
    type=OpenAPIType.OBJECT,
    description="Opening hours. `timezone` is of the IANA database; a day without hours is closed.",
    properties={
        "timezone": Schema(type=OpenAPIType.STRING),
        "week": Reference(ref="#/components/schemas/WeekView"),
        "holidays": Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE)),
    },
    required=["week"],
)
_SETTERS_OF_HOURS = ("CompanyPatch", "TenantPatch", "DepartmentBody", "DepartmentPatch")


def add_bodies(document: OpenAPI) -> None:
    """Describe what the handlers' types leave open."""
    for path, item in paths_of(document).items():
        for method in _METHODS:
            if operation := getattr(item, method):
                _describe(path, method, operation)
    components = components_of(document)
    components.schemas["ProviderUpdate"] = _UPDATE
    _describe_hours(components)


def _describe(path: str, method: str, operation: Operation) -> None:
    for code, answer in (operation.responses or {}).items():
        content = getattr(answer, "content", None) or {}
        for kind in content.keys() & _BY_TYPE.keys():
            content[kind].schema = _BY_TYPE[kind]
        if code.startswith("3") and not isinstance(answer, Reference):
            answer.content = None  # it leads elsewhere
        if path == _PICTURE[0] and code == "200":
            content[_PICTURE[1]] = OpenAPIMediaType(schema=_FILE)
        if path.startswith(_WEBHOOKS) and method == "get" and not isinstance(answer, Reference):
            answer.content = answer.content or {"text/plain": OpenAPIMediaType(schema=_TEXT)}  # the challenge
    if path.startswith(_WEBHOOKS) and method == "post":
        update = OpenAPIMediaType(schema=Reference(ref="#/components/schemas/ProviderUpdate"))
        operation.request_body = RequestBody(content={"application/json": update}, required=True)


def _describe_hours(components: Components) -> None:
    components.schemas["HoursBody"] = _HOURS
    choice = Schema(one_of=[Reference(ref="#/components/schemas/HoursBody"), Schema(type=OpenAPIType.NULL)])
    for name in _SETTERS_OF_HOURS:
        schema = components.schemas[name]
        schema.properties = {**(schema.properties or {}), "hours": choice}
