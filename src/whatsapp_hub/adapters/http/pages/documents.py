"""`/schema`: the OpenAPI document, and a page to read it that needs no script and nothing from elsewhere. Once the
console is built, its reference with a request form stands at `/schema`, and this page at `/schema/plain` alone."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    PathItem,
    Reference,
    Schema,
    SecurityScheme,
)

from whatsapp_hub.adapters.http.pages.parts import components_of, paths_of
from whatsapp_hub.adapters.http.problems import MEDIA_TYPE

_DESCRIPTION = (
    "One hub for many WhatsApp numbers, through any provider. Sign in with POST /api/auth/login and send the "
    "token as `Authorization: Bearer …`; a program's API key goes there too, or into `X-Api-Key`. "
    "Errors are problem documents (RFC 9457)."
)
_TEXT = Schema(type=OpenAPIType.STRING)
_TEXT_OR_NONE = Schema(one_of=[_TEXT, Schema(type=OpenAPIType.NULL)])
_FLAW = Schema(type=OpenAPIType.OBJECT, properties={"pointer": _TEXT, "detail": _TEXT}, required=["pointer", "detail"])
_NAMED = Schema(type=OpenAPIType.OBJECT, properties={"name": _TEXT, "language": _TEXT}, required=["name", "language"])
_PROBLEM = Schema(
    type=OpenAPIType.OBJECT,
    description=(
        "What went wrong: `type` for programs, `detail` for people; `errors` names fields (JSON Pointer). With "
        "`held_elsewhere`: the `department` and the `user` who have the customer. With `window_closed`: since when "
        "(`closedAt`), and up to twenty approved `templates` that may be sent instead."
    ),
    properties={
        "type": _TEXT,
        "title": _TEXT,
        "status": Schema(type=OpenAPIType.INTEGER),
        "detail": _TEXT,
        "instance": _TEXT,
        "errors": Schema(type=OpenAPIType.ARRAY, items=_FLAW),
        "department": _TEXT_OR_NONE,
        "user": _TEXT_OR_NONE,
        "closedAt": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME),
        "templates": Schema(type=OpenAPIType.ARRAY, items=_NAMED),
    },
    required=["type", "title", "status", "detail", "instance"],
)
_PAGES = ("/reset-password", "/api/auth/oidc", "/api/auth/oidc/callback")
_Row = tuple[str, str, bool, Mapping[str, Any]]
_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2b28 }
h2 { margin: 2rem 0 .5rem; text-transform: capitalize }
details { border: 1px solid #d5dedb; border-radius: 6px; margin: .35rem 0; padding: .4rem .8rem }
summary { cursor: pointer }
summary b { display: inline-block; width: 4.5rem; text-transform: uppercase; color: #0b5f55 }
summary span { color: #4d5d58; margin-left: .6rem }
table { border-collapse: collapse; margin: .4rem 0 }
td, th { text-align: left; padding: .15rem .9rem .15rem 0; vertical-align: top }
code { font: 13px ui-monospace, monospace }
"""


class ReadablePage(OpenAPIRenderPlugin):
    """The whole document as one page of plain HTML."""

    def __init__(self) -> None:
        super().__init__(path=["/", "/plain"])

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Build the HTML page from the document."""
        return "".join(_page(openapi_schema)).encode()

    def receive_router(self, router: Router) -> None:
        """Serve the page's style sheet beside it."""
        router.register(_style)


@get("/page.css", media_type="text/css", include_in_schema=False, sync_to_thread=False)
def _style() -> Response[str]:
    return Response(_STYLE, headers={"Cache-Control": "max-age=3600"})


def openapi(version: str) -> OpenAPIConfig:
    """Configure the OpenAPI document: title, security, tags."""
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT or API key")
    key = SecurityScheme(type="apiKey", name="X-Api-Key", security_scheme_in="header")
    return OpenAPIConfig(
        title="whatsapp_hub",
        version=version,
        description=_DESCRIPTION,
        path="/schema",
        render_plugins=[ReadablePage(), JsonRenderPlugin()],
        components=Components(security_schemes={"bearer": bearer, "apiKey": key}),
        security=[{"bearer": []}, {"apiKey": []}],
        use_handler_docstrings=True,
    )


def add_webhooks(app: Litestar) -> None:
    """Describe the endpoints served beside Litestar."""
    paths = paths_of(app.openapi_schema)
    for name, whose in (("whatsapp", "Meta"), ("waha", "WAHA")):
        for tail in ("", "/{sessionId}"):
            post = _webhook(f"{whose} posts its updates here, signed", "stored, or known already", tail)
            check = _webhook(f"{whose} asks whether the address is ours", "the challenge", tail)
            paths[f"/webhooks/{name}{tail}"] = PathItem(post=post, get=check if name == "whatsapp" else None)


def add_problems(app: Litestar) -> None:
    """Describe every operation's error response: a problem (RFC 9457)."""
    document = app.openapi_schema
    components_of(document).schemas["Problem"] = _PROBLEM
    problem = {MEDIA_TYPE: OpenAPIMediaType(schema=Reference(ref="#/components/schemas/Problem"))}
    page = {"text/html": OpenAPIMediaType(schema=_TEXT)}
    for path, item in paths_of(document).items():
        content = {**problem, **page} if path in _PAGES else problem
        for operation in (getattr(item, method) for method in _METHODS):
            if operation and operation.responses is not None:
                operation.responses.pop("400", None)
                operation.responses["default"] = OpenAPIResponse(description="a problem (RFC 9457)", content=content)


def _webhook(summary: str, meaning: str, tail: str) -> Operation:
    session = Parameter("sessionId", "path", required=True, schema=Schema(type=OpenAPIType.STRING))
    return Operation(
        tags=["webhooks"],
        summary=summary,
        parameters=[session] if tail else None,
        responses={"200": OpenAPIResponse(description=meaning)},
        security=[{}],
    )


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(info['title'])} API</title>"
    yield '<link rel="stylesheet" href="/schema/page.css"><link rel="icon" href="data:,"></head><body><main>'
    yield f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
    yield f"<p>{escape(info.get('description', ''))}</p>"
    yield '<p>For programs: <a href="/schema/openapi.json">openapi.json</a></p>'
    schemas = document.get("components", {}).get("schemas", {})
    for tag, operations in _by_tag(document).items():
        yield f"<h2>{escape(tag)}</h2>"
        for path, method, operation in operations:
            yield from _operation_html(path, method, operation, schemas)
    yield "</main></body></html>"


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    tags: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                tag = (operation.get("tags") or ["other"])[0]
                tags.setdefault(tag, []).append((path, method, operation))
    return tags


def _operation_html(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    said = operation.get("description") or operation.get("summary") or ""
    yield f"<details><summary><b>{method}</b><code>{escape(path)}</code><span>{escape(said)}</span></summary>"
    if rows := [*_parameters(operation), *_fields(operation, schemas)]:
        yield "<table><tr><th>name</th><th>in</th><th>type</th><th></th></tr>"
        for name, place, required, schema in rows:
            note = "required" if required else ""
            yield f"<tr><td><code>{escape(name)}</code></td><td>{place}</td>"
            yield f"<td>{escape(_type(schema, schemas))}</td><td>{note}</td></tr>"
        yield "</table>"
    answers = ", ".join(f"{code} {r.get('description', '')}" for code, r in operation.get("responses", {}).items())
    yield f"<p>Answers: {escape(answers)}</p>"
    for whose, example in _examples(operation, schemas):
        yield f"<p>{whose}</p><pre><code>{escape(msgspec.json.format(example).decode())}</code></pre>"
    yield "</details>"


def _parameters(operation: Mapping[str, Any]) -> Iterator[_Row]:
    for parameter in operation.get("parameters", ()):
        yield parameter["name"], parameter["in"], parameter.get("required", False), parameter.get("schema", {})


def _fields(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[_Row]:
    content = operation.get("requestBody", {}).get("content", {})
    body = _resolved(content.get("application/json", {}).get("schema", {}), schemas)
    for name, schema in body.get("properties", {}).items():
        yield name, "body", name in body.get("required", ()), schema


def _examples(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, msgspec.Raw]]:
    """Yield examples of the request and of each response that has a body of its own, as JSON."""
    responses = ((code, r) for code, r in operation.get("responses", {}).items() if code != "default")
    for whose, owner in (("Request", operation.get("requestBody", {})), *responses):
        body = owner.get("content", {}).get("application/json", {})
        examples = (
            [body["example"]] if "example" in body else _resolved(body.get("schema", {}), schemas).get("examples")
        )
        yield from ((whose, example) for example in examples or ())


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema itself, out of references and unions."""
    if reference := schema.get("$ref"):
        found: Mapping[str, Any] = schemas.get(reference.rsplit("/", 1)[-1], {})
        return found
    several = [s for s in schema.get("oneOf", ()) if s.get("type") != "null"]
    return _resolved(several[0], schemas) if several else schema


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    actual = _resolved(schema, schemas)
    if values := actual.get("enum"):
        return " | ".join(str(v) for v in values if v is not None)
    kind = actual.get("type", "any")
    named = kind if isinstance(kind, str) else " | ".join(kind)
    return f"{named} ({actual['format']})" if "format" in actual else named
