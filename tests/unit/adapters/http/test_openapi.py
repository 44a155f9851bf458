"""The OpenAPI document describes every body: a named schema, and an example that is what the schema says."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.integrations.subscription import WebhookFormat

METHODS = ("get", "post", "put", "patch", "delete")
UNTYPED = {
    "post /api/auth/ticket",
    "post /api/auth/login",
    "post /api/auth/register",
    "get /api/auth/methods",
    "get /api/auth/oidc",
    "get /api/auth/oidc/callback",
    "post /api/auth/oidc/token",
    "get /api/auth/second-factor",
    "post /api/auth/second-factor",
    "post /api/auth/second-factor/confirm",
    "post /api/auth/second-factor/recovery-codes",
    "get /api/sessions/{id}/qr",
    "post /api/sessions/{id}/pairing-code",
    "get /api/metrics/dashboard",
    "get /api/metrics/agents",
    "get /api/metrics/sessions",
    "post /api/users/{id}/password-reset",
    "get /api/tenants/{id}/health",
    "get /api/system",
    "get /health",
    "get /api/health",
    "post /sandbox/{id}/messages",
    "get /sandbox/{id}/phones/{phone}/messages",
}
"""Operations whose answers have no type yet; the list only ever shrinks."""


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operation and the media type of each JSON body."""
    for path, item in (*document["paths"].items(), *document["webhooks"].items()):
        for method, operation in item.items():
            if method in METHODS:
                for owner in (operation.get("requestBody", {}), *operation["responses"].values()):
                    for kind, body in owner.get("content", {}).items():
                        if "json" in kind:
                            yield f"{method} {path}", body


def test_outgoing_webhooks_are_described_in_each_format(document: dict[str, Any]) -> None:
    described = {name.partition("-")[0] for name in document["webhooks"]}
    assert described == {"test", "socket", *(format.value for format in WebhookFormat)}
    waha = document["components"]["schemas"]["WahaMessageEvent"]["properties"]["payload"]
    assert waha == {"$ref": "#/components/schemas/WahaMessage"}


def test_every_event_is_described_with_what_it_carries(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for type in EventType:
        body = document["webhooks"][f"standard-{type}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        event = schemas[body["$ref"].rpartition("/")[2]]
        assert event["properties"]["type"]["const"] == type
        assert event["properties"]["data"]["$ref"]
    sockets = {name.removeprefix("socket-") for name in document["webhooks"] if name.startswith("socket-")}
    assert {"conversation-changed", "note-added", "contact-changed", "session-changed", "agent-status"} <= sockets
    assert {"qr", "session:connected", "session:message", "session.auth.corrupted"} <= sockets  # contract D
    assert {"whatsapp-qr-code", "whatsapp-status-change", "whatsapp-message-received"} <= sockets  # contract B


def test_an_event_of_the_log_is_one_of_its_types_and_type_says_which(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    event = schemas["EventView"]
    assert event["discriminator"]["propertyName"] == "type"
    for type, reference in event["discriminator"]["mapping"].items():
        assert {"$ref": reference} in event["oneOf"]
        assert schemas[reference.rpartition("/")[2]]["properties"]["type"]["const"] == type
    assert set(event["discriminator"]["mapping"]) == set(EventType)


def is_named(schema: dict[str, Any]) -> bool:
    """A reference, a list of them, or one or null."""
    if several := schema.get("oneOf"):
        return all(is_named(one) or one.get("type") == "null" for one in several)
    return "$ref" in schema or (schema.get("type") == "array" and is_named(schema["items"]))


def test_every_body_has_a_named_schema(document: dict[str, Any]) -> None:
    unnamed = {operation for operation, body in bodies(document) if not is_named(body["schema"])}
    assert unnamed - UNTYPED == set()


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for operation, body in bodies(document):
        if operation not in UNTYPED:
            reference = body["schema"].get("$ref", "").rpartition("/")[2]
            assert "example" in body or schemas[reference]["examples"], operation


def test_no_two_schemas_share_a_name(document: dict[str, Any]) -> None:
    """The names of those that do are lengthened by their modules'."""
    lengthened = {name for name in document["components"]["schemas"] if "_" in name}
    assert lengthened - {"oidc_CodeBody", "second_factor_CodeBody"} == set()


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        checker = Draft202012Validator({**schema, "components": document["components"]})
        for example in schema.get("examples", ()):
            assert [error.message for error in checker.iter_errors(example)] == [], name
    for operation, body in bodies(document):
        if "example" in body:
            checker = Draft202012Validator({**body["schema"], "components": document["components"]})
            assert [error.message for error in checker.iter_errors(body["example"])] == [], operation


def test_what_may_be_null_is_null_in_examples_that_say_so(document: dict[str, Any]) -> None:
    """Litestar itself leaves nulls out of the document."""
    message = document["components"]["schemas"]["MessageView"]["examples"][0]
    assert message["mediaUrl"] is None
    assert message["whatsappMessageId"].startswith("wamid.")
