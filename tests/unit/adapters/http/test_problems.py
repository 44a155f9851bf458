"""Every error has one code, and says which field is bad."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.testing import TestClient

from whatsapp_hub.adapters.http import problems
from whatsapp_hub.adapters.http.api.conversations.bulk import BulkBody
from whatsapp_hub.adapters.http.reasons import choices_of, reason_of
from whatsapp_hub.domain.errors import (
    Conflict,
    CredentialsInvalid,
    Flaw,
    Forbidden,
    HubError,
    Invalid,
    KeyReused,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Rejected,
    Scope,
    TooMany,
    Transient,
    Unauthenticated,
    Unavailable,
    Unsupported,
)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Invalid.field("to", "no"), 400, "invalid"),
        (Unauthenticated(), 401, "unauthenticated"),
        (Forbidden("x"), 403, "forbidden"),
        (NotFound("session", 1), 404, "not-found"),
        (Conflict("not_open", "closed"), 409, "not_open"),
        (NotSupported("META", "x"), 422, "not-supported"),
        (KeyReused(), 422, "key-reused"),
        (TooMany(0.2), 429, "too-many-requests"),
        (Unavailable("database"), 503, "unavailable"),
        (Rejected("131026"), 422, "provider-refused"),
        (Unsupported("x"), 422, "provider-refused"),
        (CredentialsInvalid("190"), 422, "provider-credentials"),
        (Transient("x", retry_after_s=3.2, scope=Scope.SESSION), 503, "provider-away"),
        (OutcomeUnknown("timeout"), 502, "provider-silent"),
        (HubError("new"), 500, "internal"),
        (RuntimeError("secret"), 500, "internal"),
    ],
)
def test_each_error_has_its_code(error: Exception, status: int, kind: str) -> None:
    document = problems.describe(error).document("/here")
    assert (document.status, document.type) == (status, f"urn:whatsapp-hub:problem:{kind}")
    assert document.instance == "/here"
    assert "secret" not in str(document)


def test_waiting_times_are_whole_seconds_and_never_zero() -> None:
    assert problems.describe(TooMany(0.2)).headers == {"Retry-After": "1"}
    assert problems.describe(TooMany(3.2)).headers == {"Retry-After": "4"}


def test_pointers_escape_what_json_pointer_reserves() -> None:
    assert problems.pointer("a/b", "c~d") == "/a~1b/c~0d"


class Inner(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    port_number: int = 1
    kind: Literal["a", "b"] = "a"


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    user_name: str
    many: list[Inner] = msgspec.field(default_factory=list)
    colour: Colour | None = None


@post("/things")
async def make(data: JSONBody[Body]) -> None: ...


@get("/things")
async def find(
    limit: Annotated[int, QueryParameter(le=5)], kind: FromQuery[Literal["a", "b"] | None] = None
) -> None: ...


@get("/broken")
async def broken() -> None:
    raise RuntimeError("secret")


@get("/conflict")
async def conflict() -> None:
    raise Invalid(Flaw("/a", "bad"), Flaw("/b", "worse"))


@pytest.fixture
def client() -> TestClient[Litestar]:
    app = Litestar([make, find, broken, conflict], plugins=[problems.plugin()], openapi_config=None)
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("{}", "/userName"),
        ('{"userName": 5}', "/userName"),
        ('{"userName": "a", "x/y": 1}', "/x~1y"),
        ('{"userName": "a", "many": [{}, {"portNumber": []}]}', "/many/1/portNumber"),
        ('{"userName": "a", "many": [{"zz": 1}]}', "/many/0/zz"),
    ],
)
def test_a_bad_body_names_its_field(client: TestClient[Litestar], body: str, pointer: str) -> None:
    answer = client.post("/things", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert [error["pointer"] for error in document["errors"]] == [pointer]
    assert document["instance"] == "/things"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "the body must be an object, not a list"),
        (b"null", "the body must be an object, not null"),
        (b"5", "the body must be an object, not a whole number"),
        (b'"x"', "the body must be an object, not text"),
        (b"", "the body is missing: JSON is needed"),
        (b"jSON", "the body is not valid JSON: invalid character (byte 0)"),
        (b'{"userName": "a"', "the body is not valid JSON: it ends too early"),
        (b'{"userName": 5}', "userName must be text, not a whole number"),
        (b'{"userName": null}', "userName must be text, not null"),
        (b"{}", "userName is missing"),
        (b'{"userName": "a", "x/y": 1}', "x/y is not known here"),
        (b'{"userName": "a", "many": 5}', "many must be a list, not a whole number"),
        (
            b'{"userName": "a", "many": [{}, {"portNumber": []}]}',
            "many.1.portNumber must be a whole number, not a list",
        ),
        (b'{"userName": "a", "colour": "blue"}', "colour must be one of red, green"),
        (b'{"userName": "a", "many": [{"kind": "c"}]}', "many.0.kind must be one of a, b"),
    ],
)
def test_a_bad_body_is_told_in_a_sentence(client: TestClient[Litestar], body: bytes, said: str) -> None:
    problem = client.post("/things", content=body).json()
    assert (problem["status"], problem["detail"]) == (400, said)
    assert all(error["pointer"] for error in problem.get("errors", []))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?limit=x", "limit must be a whole number, not text"),
        ("?limit=1&kind=x", "kind must be one of a, b"),
        ("?limit=9", "limit must be at most 5"),
        ("", "limit is missing"),
    ],
)
def test_a_bad_parameter_is_told_in_a_sentence(client: TestClient[Litestar], query: str, said: str) -> None:
    assert client.get(f"/things{query}").json()["detail"] == said


def test_a_reason_with_a_subject_of_its_own_stands_behind_a_colon() -> None:
    assert str(Invalid.field("userId", "there is no such user")) == "userId: there is no such user"
    assert str(Invalid(Flaw("/a~1b/0", "must go"), Flaw("", "is late"))) == "a/b.0 must go; the body is late"


@pytest.mark.parametrize("query", ["", "?limit=x"])
def test_a_bad_query_names_its_parameter(client: TestClient[Litestar], query: str) -> None:
    answer = client.get(f"/things{query}")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/limit"]


def test_what_does_not_exist_is_a_problem_too(client: TestClient[Litestar]) -> None:
    assert client.get("/nowhere").json()["status"] == 404
    refused = client.delete("/things")
    assert refused.status_code == 405
    assert "GET" in refused.headers["allow"]
    assert refused.headers["content-type"] == "application/problem+json"


def test_the_unforeseen_says_nothing_of_its_cause(client: TestClient[Litestar]) -> None:
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_every_flaw_is_told(client: TestClient[Litestar]) -> None:
    errors = client.get("/conflict").json()["errors"]
    assert errors == [{"pointer": "/a", "detail": "bad"}, {"pointer": "/b", "detail": "worse"}]


def test_what_a_tagged_body_takes_is_known_by_its_tags_and_by_each_kind() -> None:
    taken = choices_of(BulkBody, ["action"])
    assert taken == ["read", "unread", "archive", "assign", "resolve", "snooze", "classify"]
    assert sorted(choices_of(BulkBody, ["priority"])) == ["HIGH", "LOW", "NORMAL", "URGENT"]
    assert choices_of(BulkBody, ["no such field", "0"]) == []
    for body in (b'{"action": "dance"}', b'{"action": "classify", "ids": [], "priority": "X"}'):
        with pytest.raises(msgspec.ValidationError) as refused:
            msgspec.json.decode(body, type=BulkBody)
        message = str(refused.value).partition(" - at ")[0]
        assert reason_of(message, ["a", "b"]) in ("must be one of a, b", "must have at least 1 entries")
