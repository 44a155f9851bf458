"""What the hub's own reference (OpenAPI) says: its operations, and values that fit them."""

import re
from collections.abc import Container, Iterator
from typing import Any
from uuid import uuid4

_PREDICATE = re.compile(r"(must|is|has|have|are|was|cannot)\b")
_DECODERS_WORDS = re.compile(r"`|\bjSON\b|\$|\b(str|int|bool|float|NoneType|Object|Input|Expected|expected|got)\b")


def unspeakable(problem: dict[str, Any]) -> list[str]:
    """What keeps a 400 from reading as a sentence that names the field, or the body."""
    detail, errors = str(problem["detail"]), problem.get("errors", [])
    faults = [f"in the decoder's words: {text}" for text in (detail, *(e["detail"] for e in errors)) if _odd(text)]
    faults += [f"the pointer {e['pointer']!r}" for e in errors if not e["pointer"].startswith("/")]
    faults += [f"ends or begins badly: {detail}" for text in [detail] if text.strip(" :;/") != text]
    if not errors and not detail.startswith(("the body ", "an address ")):
        faults.append(f"names nothing: {detail}")
    return faults


def _odd(text: str) -> bool:
    return bool(_DECODERS_WORDS.search(text)) or not (_PREDICATE.search(text) or " " in text)


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
    "until": None,
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
        return [example(schema["items"], document)] * schema.get("minItems", 0)
    if kind == "string" and schema.get("format") == "uuid":
        return str(uuid4())
    return {"string": "x", "integer": 1, "number": 1, "boolean": True}.get(str(kind))


def body_of(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    body = example(content["application/json"]["schema"], document)
    if isinstance(body, dict) and _takes_provider(content, document):
        body["provider"] = "SANDBOX"
    if isinstance(body, dict) and {"sessionId", "to"} <= body.keys() and "content" in _fields(content, document):
        body["content"] = "x"
    return body


def _takes_provider(content: dict[str, Any], document: dict[str, Any]) -> bool:
    """A gateway's session is made of a provider that answers at once."""
    return "provider" in _fields(content, document)


def _fields(content: dict[str, Any], document: dict[str, Any]) -> Container[str]:
    schema = content["application/json"]["schema"]
    known = document["components"]["schemas"].get(str(schema.get("$ref", "")).rsplit("/")[-1], {})
    return dict(known.get("properties", {}))


def fields_of(operation: dict[str, Any], document: dict[str, Any]) -> list[str] | None:
    """The names of a JSON body's fields; None: it takes no body."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    schema = content["application/json"]["schema"]
    while "properties" not in schema:
        if schema.get("type") == "object":  # what a provider posts is its own
            return []
        choices = [s for s in schema.get("oneOf", ()) if s.get("type") != "null"]
        schema = choices[0] if choices else document["components"]["schemas"][schema["$ref"].rsplit("/")[-1]]
    return list(schema["properties"])
