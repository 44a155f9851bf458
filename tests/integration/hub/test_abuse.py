"""Whatever a client sends to the API, it is told what is wrong with it: 400 with the fields named, 404, 409, 422; a 5xx
never. Every route, parameter and field that the reference knows, with every strange value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest_asyncio

from tests.fuzz.site import Site, things_of
from tests.integration.http.conftest import Company
from tests.integration.hub.reference import body_of, fields_of, operations, unspeakable
from tests.integration.hub.world import World

Operation = dict[str, Any]
JSON = {"Content-Type": "application/json"}
STRANGE: list[Any] = [
    *(None, True, -1, 5, 2**31, 2**63, 10**400, 1.5, "", "x", "a\x00b", "\ud800", "😀" * 300, "x" * 100_000),
    *(
        [],
        [1],
        [None],
        {},
        {"a": 1},
        {"\x00": 1},
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        str(uuid4()),
        "{{x}}",
        "{0}",
    ),
]
ASKED = [
    *("", "x", "-1", "0", "201", "99999999999999999999999", "NaN", "%FF%FE", "a%00", "W10", "WzEsMl0", "eyJhIjoxfQ"),
    *(
        "0001-01-01T00:00:00%2B23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-01-01T00:00:00",
        "x" * 3000,
        "' OR 1=1 --",
        "OPEN,,",
        str(uuid4()),
    ),
]
BODIES = [b"", b"{", b"\xff", b"[" * 50_000, b'{"a": 1, "a": 2}', b"NaN", b'"\xed\xa0\x80"']
PART = b'--x\r\nContent-Disposition: form-data; name="a'
ODD = [
    *(PART + b'"', PART + b'\xff"; filename="\xf8"'),
    *(
        PART + b'"\r\nContent-Type: ' + kind
        for kind in (b"a/b; charset=none", b"a/b; charset=utf-16", b"a/b; charset=idna")
    ),
]
"""Heads of a form's parts whose text is none in its encoding."""
HEADERS: list[dict[str, Any]] = [
    {"Idempotency-Key": "x" * 5000},
    {"Idempotency-Key": ""},
    {"Idempotency-Key": "é".encode()},
    {"X-Company-Id": "x"},
    {"Content-Type": "application/xml"},
    {"Accept": b"\x80"},
]


@dataclass
class Abuser(Site):
    """Asks as an administrator and collects what should not have been answered."""

    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    async def asks(
        self,
        method: str,
        url: str,
        what: str,
        headers: dict[str, Any] | None = None,
        only: str | None = None,
        **more: Any,
    ) -> None:
        """`only`: the one thing that can be wrong, as a pointer."""
        self.asked += 1
        headers = {**self.company.admin.headers, **(headers or {})}
        answer = await self.company.hub.http.request(method, url, headers=headers, **more)
        is_problem = answer.headers.get("content-type") == "application/problem+json"
        named = {error["pointer"] for error in answer.json().get("errors", ())} if is_problem else set()
        if answer.status_code >= 500 or (answer.status_code >= 400 and not is_problem):
            self.wrong.append(f"{method} {url[:100]} {what}: {answer.status_code}")
        elif answer.status_code == 400 and (only and named != {only}):
            self.wrong.append(f"{method} {url[:100]} {what}: not named: {answer.text}")
        elif answer.status_code == 400 and (faults := unspeakable(answer.json())):
            self.wrong.append(f"{method} {url[:100]} {what}: {faults}")


@pytest_asyncio.fixture
async def abuser(company: Company, document: dict[str, Any]) -> Abuser:
    """A company with one thing of every kind."""
    return Abuser(company, document, await things_of(company))


def mild_first(operation: tuple[str, str, Operation]) -> tuple[bool, bool]:
    """What ends a thing comes after all that can be done with it."""
    method, path, _ = operation
    return method == "delete", path.endswith(("/archive", "/resolve", "/stop", "/logout"))


def mine(document: dict[str, Any]) -> list[tuple[str, str, Operation]]:
    """Every contract's resources: all but streams, which do not end, and providers' webhooks."""
    others = ("/webhooks", "/reset-password")
    ours = (o for o in operations(document) if not o[1].startswith(others) and "stream" not in o[1])
    return sorted(ours, key=mild_first)


async def test_a_strange_parameter_is_named(world: World, abuser: Abuser, document: dict[str, Any]) -> None:
    for method, path, operation in mine(document):
        if method != "get":
            continue
        asked = [p for p in operation.get("parameters", ()) if p["in"] == "query"]
        for name in (p["name"] for p in asked):
            others = "".join(f"&{p['name']}=x" for p in asked if p["required"] and p["name"] != name)
            for value in (*ASKED, f"1&{name}=2"):
                await abuser.asks(method, f"{abuser.url(path)}?{name}={value}{others}", name, only=f"/{name}")
    assert abuser.wrong == []
    assert abuser.asked > 500


async def test_a_strange_id_does_not_exist(world: World, abuser: Abuser, document: dict[str, Any]) -> None:
    for method, path, operation in mine(document):
        if "{id}" in path:
            for id in ("x", "9" * 40, "-" + "9" * 40, "9" * 5000, "0" * 8, "😀"):
                await abuser.asks(method, abuser.url(path, id), f"id {id}", json=body_of(operation, document))
    assert abuser.wrong == []
    assert abuser.asked > 150


async def test_a_strange_field_is_named(world: World, abuser: Abuser, document: dict[str, Any]) -> None:
    for method, path, operation in mine(document):
        if (fields := fields_of(operation, document)) is None:
            continue
        url, valid = abuser.url(path), body_of(operation, document) or {}
        for name in fields:
            for value in STRANGE:
                content = json.dumps({**valid, name: value}).encode()
                await abuser.asks(method, url, f"{name}={str(value)[:20]!r}", JSON, content=content)
        for more in ({"nobodyKnows": 1}, {"__proto__": {}}):
            await abuser.asks(method, url, "an unknown field", json={**valid, **more})
    assert abuser.wrong == []
    assert abuser.asked > 1000


async def test_what_is_no_body_is_refused(world: World, abuser: Abuser, document: dict[str, Any]) -> None:
    for method, path, operation in mine(document):
        if fields_of(operation, document) is None:
            continue
        for content in (*BODIES, *(json.dumps(value).encode() for value in STRANGE)):
            await abuser.asks(method, abuser.url(path), f"the body {content[:10]!r}", JSON, content=content)
    assert abuser.wrong == []
    assert abuser.asked > 500


async def test_strange_headers_are_refused_or_ignored(world: World, abuser: Abuser, document: dict[str, Any]) -> None:
    for method, path, operation in mine(document):
        for headers in HEADERS:
            await abuser.asks(method, abuser.url(path), str(headers), headers, json=body_of(operation, document))
    assert abuser.wrong == []


async def test_a_strange_form_is_refused_by_its_field(world: World, abuser: Abuser) -> None:
    url, conversation = "/api/messages/send-media", {"conversationId": abuser.ids["conversations"]}
    file = {"file": ("a.txt", b"x", "text/plain")}
    forms: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, file),
        (conversation, {}),
        ({"conversationId": "x"}, file),
        ({**conversation, "file": "text"}, {}),
        ({**conversation, "caption": "x\x00"}, file),
        ({**conversation, "caption": "x" * 5000}, file),
        ({**conversation, "more": "x"}, file),
        (conversation, {"file": ("a\x00.txt", b"x", "text/plain")}),
        (conversation, {"file": ("../../a.txt", b"x", "no type")}),
        (conversation, {"file": ("", b"", "")}),
        (conversation, {"file": ("x" * 5000, b"x", "text/plain")}),
        (conversation, {**file, "caption": ("c.txt", b"x", "text/plain")}),
    ]
    for data, files in forms:
        await abuser.asks("POST", url, f"{data} {files}", data=data, files=files)
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    for content in (
        b"",
        b"--x",
        b"--x\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--",
        b"\xff" * 99,
        *(head + b"\r\n\r\n\xff\xf8\r\n--x--" for head in ODD),
    ):
        await abuser.asks("POST", url, f"{content[:30]!r}", boundary, content=content)
    await abuser.asks("POST", url, "no boundary", {"Content-Type": "multipart/form-data"}, content=b"x")
    await abuser.asks("POST", url, "JSON", json=conversation)
    assert abuser.wrong == []
