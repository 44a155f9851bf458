"""Every error has one code, and says which field is bad."""

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import FromQuery, JSONBody
from litestar.testing import TestClient

from whatsapp_hub.adapters.http import problems
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
    assert (document["status"], document["type"]) == (status, f"urn:whatsapp-hub:problem:{kind}")
    assert document["instance"] == "/here"
    assert "secret" not in str(document)


def test_waiting_times_are_whole_seconds_and_never_zero() -> None:
    assert problems.describe(TooMany(0.2)).headers == {"Retry-After": "1"}
    assert problems.describe(TooMany(3.2)).headers == {"Retry-After": "4"}


def test_pointers_escape_what_json_pointer_reserves() -> None:
    assert problems.pointer("a/b", "c~d") == "/a~1b/c~0d"


class Inner(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    port_number: int = 1


class Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    user_name: str
    many: list[Inner] = msgspec.field(default_factory=list)


@post("/things")
async def make(data: JSONBody[Body]) -> None: ...


@get("/things")
async def find(limit: FromQuery[int], kind: FromQuery[str | None] = None) -> None: ...


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
        ("[]", ""),
        ("", ""),
    ],
)
def test_a_bad_body_names_its_field(client: TestClient[Litestar], body: str, pointer: str) -> None:
    answer = client.post("/things", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert [error["pointer"] for error in document["errors"]] == [pointer]
    assert document["instance"] == "/things"


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
