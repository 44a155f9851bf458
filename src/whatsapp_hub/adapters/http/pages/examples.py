"""Examples in the OpenAPI document: one of each object, made of an example of each of its fields."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from litestar.openapi.spec import OpenAPI, OpenAPIMediaType, Schema

from whatsapp_hub.adapters.http.pages.example_values import LEFT_OUT, VALUES
from whatsapp_hub.adapters.http.pages.parts import components_of

_METHODS = ("get", "post", "put", "patch", "delete")

_BY_FORMAT = {"date-time": "2026-03-02T13:45:10Z", "date": "2026-03-02", "binary": "…"}
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def add_examples(document: OpenAPI) -> None:
    """Give every object of the document an example, and every JSON body that is not simply one of them."""
    schemas = components_of(document).schemas
    examples = _Examples({name: schema.to_schema() for name, schema in schemas.items()})
    for name, schema in schemas.items():
        if (schema.properties or schema.one_of) and not schema.examples:
            schema.examples = [_raw(examples.of_component(name))]
    for body in _bodies(document):
        if isinstance(body.schema, Schema) and body.example is None:
            body.example = _raw(examples.of(body.schema.to_schema()))


def _raw(example: Any) -> msgspec.Raw:
    """Encode an example now: Litestar leaves nulls out of what it encodes."""
    return msgspec.Raw(msgspec.json.encode(example))


def _bodies(document: OpenAPI) -> Iterator[OpenAPIMediaType]:
    """Yield the JSON bodies of all operations."""
    for item in (*(document.paths or {}).values(), *(document.webhooks or {}).values()):
        for operation in filter(None, (getattr(item, method) for method in _METHODS)):
            for owner in (operation.request_body, *(operation.responses or {}).values()):
                content = getattr(owner, "content", None) or {}
                yield from (body for kind, body in content.items() if "json" in kind)


class _Examples:
    """`schemas`: the document's components as JSON."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = schemas

    def of_component(self, name: str) -> Any:
        return self.of(self._schemas[name], name)

    def of(self, schema: Mapping[str, Any], owner: str = "", field: str = "") -> Any:
        """Make an example. `owner`: the component that it is, or that has it as `field`."""
        kind = next((kind for kind in ("Event", "Data") if owner.endswith(kind)), owner)
        for name in (f"{owner}.{field}", f"{kind}.{field}", field):
            if name in VALUES and self._fits(schema, VALUES[name]):
                return VALUES[name]
        if reference := schema.get("$ref"):
            return self.of_component(reference.rsplit("/", 1)[-1])
        if several := schema.get("oneOf"):
            return self.of(several[0], owner, field)
        if properties := schema.get("properties"):
            shown = {name: inner for name, inner in properties.items() if f"{owner}.{name}" not in LEFT_OUT}
            return {name: self.of(inner, owner, name) for name, inner in shown.items()}
        if schema.get("type") == "array":
            return [self.of(item, owner) for item in schema.get("prefixItems") or [schema.get("items", {})]]
        return self._plain(schema, field)

    def _plain(self, schema: Mapping[str, Any], field: str) -> Any:
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][0]
        if schema.get("format") == "uuid":
            return str(uuid5(NAMESPACE_URL, field))
        kind = schema.get("type", "object")
        return _BY_FORMAT.get(schema.get("format", "")) or _BY_TYPE.get(kind, {})

    def _fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        if reference := schema.get("$ref"):
            return self._fits(self._schemas[reference.rsplit("/", 1)[-1]], value)
        if several := schema.get("oneOf"):
            return any(self._fits(one, value) for one in several)
        if "enum" in schema:
            return value in schema["enum"]
        kind = schema.get("type")
        return "format" not in schema and "const" not in schema and isinstance(value, _TYPES.get(kind or "", object))
