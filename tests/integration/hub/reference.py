"""What the hub's own reference (OpenAPI) says: its operations, and values that fit them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

METHODS = ("get", "post", "put", "patch", "delete")
FIELDS: dict[str, object] = {
    "to": "5511999990000",
    "from": "5511999990000",
    "phone": "5511999990000",
    "phoneNumber": "5511999990000",
    "email": "somebody@example.org",
    "password": "a long enough password",
    "url": "https://example.org/hook",
    "settings": {},
    "provider": "SANDBOX",
    "color": "#123456",
    "placement": "pooled",
    "slug": "aslug",
    "components": [],
    "template": None,
    "expiresAt": None,
}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def example(schema: dict[str, Any], document: dict[str, Any], name: str = "") -> Any:
    """A value that fits: required fields only, known ones by their name."""
    if "$ref" in schema:
        return example(document["components"]["schemas"][schema["$ref"].rsplit("/")[-1]], document, name)
    if name in FIELDS:
        return FIELDS[name]
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return example(schema[choice][0], document, name)
    if "enum" in schema:
        return schema["enum"][0]
    return plain(schema, document)


def plain(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        known = schema.get("properties", {})
        return {field: example(known[field], document, field) for field in schema.get("required", [])}
    if kind == "array":
        return []
    if kind == "string" and schema.get("format") == "uuid":
        return str(uuid4())
    return {"string": "x", "integer": 1, "number": 1, "boolean": True}.get(str(kind))


def body_of(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    body = example(content["application/json"]["schema"], document)
    if isinstance(body, dict) and {"sessionId", "to"} <= body.keys():
        body["content"] = "x"
    return body
