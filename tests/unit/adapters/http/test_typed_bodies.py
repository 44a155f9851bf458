"""What the API takes and answers has types, and the reference shows each with a name and an example."""

import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from whatsapp_hub.adapters.http.app import HubApp
from whatsapp_hub.adapters.http.problems import FlawView, ProblemView

METHODS = ("get", "post", "put", "patch", "delete")
OPEN = {
    "AudienceBody": {"fields"},  # the company's own
    "AudienceView": {"fields"},
    "AuditView": {"before", "after"},  # the changed columns of any table
    "CampaignCounts": {"reasons"},  # by the code
    "CampaignTemplateBody": {"components"},  # Meta's own form, passed on
    "ContactPatch": {"fields"},  # the company's own
    "ContactDetail": {"fields"},  # the company's own
    "ContactView": {"fields"},
    "DestinationBody": {"settings"},  # the provider's own
    "HealthView": {"dependencies"},  # by name
    "ListedClientSession": {"statusReasonValues"},  # by the code
    "ProviderBody": {"settings"},
    "ReasonView": {"values"},  # by the code
    "ReplyData": {"payload"},  # the form's own
    "SessionBody": {"settings"},  # the provider's own; plugins bring theirs
    "SessionDetail": {"settings", "statusReasonValues"},
    "SessionHistoryEntry": {"reasonValues"},  # by the code
    "SessionPatch": {"settings"},
    "SessionView": {"statusReasonValues"},
    "Template": {"components"},  # Meta's own form, passed on
    "PreviewBody": {"components"},
    "RawMessageView": {"raw"},  # the provider's own form
    "TemplateBody": {"components"},
    "TemplateContent": {"components"},
    "TemplateView": {"components"},
    "TemplateData": {"components"},
    "WordingView": {"components"},
    "WebhookBody": {"headers"},
    "WebhookPatch": {"headers"},
    "CompanyPatch": {"texts"},  # by name
    "OwnCompany": {"texts"},
    "TenantPatch": {"texts", "quotas"},
    "TenantView": {"texts"},
    "PingView": {"data"},
    "WahaAckEvent": {"metadata"},  # WAHA's own form
    "WahaMessage": {"_data"},
    "WahaMessageEvent": {"metadata"},
    "WahaSessionEvent": {"metadata"},
}
"""Fields whose keys are not the hub's to name."""


def handlers(app: HubApp) -> Iterator[HTTPRouteHandler]:
    for route in app.litestar.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "/schema" not in route.path and handler.http_methods != {"OPTIONS"}:
                yield handler


def parts(annotation: Any) -> Iterator[Any]:
    """The annotation itself and all that it is made of."""
    yield typing.get_origin(annotation) or annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each body: where it stands, its media type, and how it is described."""
    for path, item in document["paths"].items():
        for method in METHODS:
            operation = item.get(method, {})
            for code, owner in (("request", operation.get("requestBody", {})), *operation.get("responses", {}).items()):
                for kind, body in owner.get("content", {}).items():
                    yield f"{method.upper()} {path} {code}", kind, body


def is_free(schema: dict[str, Any]) -> bool:
    """Whether nothing says which fields it has."""
    if "$ref" in schema:
        return False
    if several := schema.get("oneOf"):
        return any(map(is_free, several))
    if schema.get("type") == "array":
        return "prefixItems" not in schema and is_free(schema.get("items", {}))
    if schema.get("type") == "object":
        return "properties" not in schema
    return not schema.keys() & {"type", "enum", "const"}


def test_no_handler_answers_with_a_dictionary_or_with_anything(app: HubApp) -> None:
    loose = {
        str(handler): annotation
        for handler in handlers(app)
        for annotation in [handler.parsed_fn_signature.return_type.annotation]
        if {dict, Any, object} & set(parts(annotation))
    }
    assert loose == {}


def test_no_handler_takes_a_dictionary_or_anything(app: HubApp) -> None:
    taken = {str(handler): handler.parsed_data_field for handler in handlers(app)}
    loose = {
        name: body.annotation
        for name, body in taken.items()
        if body and {dict, Any, object} & set(parts(body.annotation))
    }
    assert loose == {}


def test_every_json_body_is_a_named_schema_or_a_list_of_one(document: dict[str, Any]) -> None:
    unnamed = []
    for where, kind, body in bodies(document):
        schema = body["schema"]
        schemas = [s for s in schema.get("oneOf", [schema]) if s.get("type") != "null"]
        named = [s["items"] if s.get("type") == "array" else s for s in schemas]
        if "json" in kind and not all("$ref" in one for one in named):
            unnamed.append((where, schema))
    assert unnamed == []


def test_every_other_body_says_what_it_is(document: dict[str, Any]) -> None:
    assert [
        (where, kind) for where, kind, body in bodies(document) if "json" not in kind and is_free(body["schema"])
    ] == []


def test_every_success_that_is_not_empty_has_a_body(document: dict[str, Any]) -> None:
    empty = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in METHODS
        for code, answer in item.get(method, {}).get("responses", {}).items()
        if code in ("200", "201", "202") and not answer.get("content")
    }
    assert empty == {f"POST /webhooks/{name}{tail}" for name in ("whatsapp", "waha") for tail in ("", "/{sessionId}")}


def test_every_object_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert [name for name, schema in schemas.items() if schema.get("properties") and not schema.get("examples")] == []


def test_an_object_is_open_only_where_others_name_its_fields(document: dict[str, Any]) -> None:
    found = {
        name: fields
        for name, schema in document["components"]["schemas"].items()
        if (fields := {field for field, inner in schema.get("properties", {}).items() if is_free(inner)})
    }
    assert found == OPEN


def test_schemas_have_names_that_stay(document: dict[str, Any]) -> None:
    """Litestar puts the module's path before the names of two types that are called alike."""
    assert [name for name in document["components"]["schemas"] if not (name.isalnum() and name[0].isupper())] == []


@pytest.mark.parametrize(("name", "kind"), [("Problem", ProblemView)])
def test_a_problem_is_described_as_it_is_answered(
    document: dict[str, Any], name: str, kind: type[msgspec.Struct]
) -> None:
    shown = document["components"]["schemas"][name]
    assert list(shown["properties"]) == list(kind.__struct_encode_fields__)
    assert list(shown["properties"]["errors"]["items"]["properties"]) == list(FlawView.__struct_encode_fields__)
