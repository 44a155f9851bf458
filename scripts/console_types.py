"""Write the console's types, `app/core/schema.ts`, from the OpenAPI document's schemas (`--print`: to the output)."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from dishka import make_async_container

from whatsapp_hub.adapters.contracts.events.socket_payloads import PAYLOADS
from whatsapp_hub.adapters.http.app import HttpOptions, create_app

TARGET = Path(__file__).parents[1] / "src/whatsapp_hub/adapters/console/app/core/schema.ts"
HEAD = "// Made by `make console-types` from the OpenAPI document. Never edited.\n"
LEFT_OUT = ("Waha", "Gateway", "Flat")
Schema = Mapping[str, Any]


def main() -> None:
    """Write the file, or print it."""
    if "--print" in sys.argv:
        print(generated(), end="")
    else:
        TARGET.write_text(generated())


def generated() -> str:
    """Return the module's text: an interface for each object, a type for each of the other schemas, and what each event
    of the agents' sockets carries."""
    schemas: Mapping[str, Schema] = document()["components"]["schemas"]
    named = sorted(name for name in schemas if name.isidentifier() and not name.startswith(LEFT_OUT))
    return HEAD + "".join(_declared(name, schemas[name]) for name in named) + _socket_events()


def document() -> Any:
    """Build the OpenAPI document, without databases."""
    app = create_app(make_async_container(), HttpOptions("0", "*", sandbox=True))
    return msgspec.json.decode(msgspec.json.encode(app.litestar.openapi_schema.to_schema()))


def _socket_events() -> str:
    carried = "".join(f"  {_key(name)}: {payload.__name__};\n" for name, payload in PAYLOADS.items())
    return f"export interface SocketEvents {{\n{carried}}}\n"


def _declared(name: str, schema: Schema) -> str:
    if schema.get("properties"):
        fields = "".join(f"  {line};\n" for line in _fields(schema))
        return f"export interface {name} {{\n{fields}}}\n"
    return f"export type {name} = {_type(schema)};\n"


def _fields(schema: Schema) -> Iterator[str]:
    needed = set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        yield f"{_key(name)}{'' if name in needed else '?'}: {_type(field)}"


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _type(schema: Schema) -> str:
    """Return the TypeScript type of a schema."""
    if reference := schema.get("$ref"):
        return str(reference.rsplit("/", 1)[-1])
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(one) for one in schema[several]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    kinds = schema.get("type", "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " | ".join(dict.fromkeys(_simple(kind, schema) for kind in kinds))


def _simple(kind: str, schema: Schema) -> str:
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
        item = _type(schema.get("items", {}))
        return f"({item})[]" if " " in item else f"{item}[]"
    if kind == "object":
        if schema.get("properties"):
            return f"{{ {'; '.join(_fields(schema))} }}"
        more = schema.get("additionalProperties")
        return f"Record<string, {_type(more) if isinstance(more, Mapping) else 'unknown'}>"
    return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}.get(
        kind, "unknown"
    )


if __name__ == "__main__":
    main()
