"""Every query parameter of every list takes any text: it answers or says what is wrong, and is never a 500."""

from typing import Any

import pytest

from tests.integration.http.conftest import Company, RunningHub

TEXTS = {
    "dashes": "-" * 200,
    "dashes apart": "- " * 100,
    "dashes in brackets": "(-" * 100,
    "dashes between signs": "-²" * 100,
    "or": "or " * 66,
    "quotes": "\"'" * 100,
    "an open quote": '"a -"b',
    "operators": "&|!<->():*" * 20,
    "backslashes": "\\" * 200,
    "wild cards": "%_" * 100,
    "a NUL": "a\x00b",
    "a lone surrogate": "%ED%A0%80",
    "not UTF-8": "%FF%FE",
    "one long word": "x" * 200,
    "emoji": "😀" * 100,
    "combining": "e" + "\u0301" * 190,
    "right to left": "\u202e\u2066abc" * 20,
    "a big number": "9" * 100,
    "negative": "-1",
    "a float": "1e400",
    "not a number": "NaN",
    "a date": "9999-99-99T99:99:99Z",
    "the end of time": "294277-01-01",
    "far away": "0001-01-01T00:00:00+23:59",
    "a period": "99999999999d",
    "empty": "",
    "a path": "../../etc/passwd",
    "a format": "{0.__class__}%s%n",
}
STANDING = ("stream",)
"""Answers without end."""


async def parameters(running: RunningHub) -> list[tuple[str, str]]:
    """Every GET of the OpenAPI document with each of its query parameters."""
    document: dict[str, Any] = (await running.http.get("/schema/openapi.json")).json()
    return [
        (path, parameter["name"])
        for path, methods in document["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["in"] == "query" and not any(word in path for word in STANDING)
    ]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_any_text_is_answered(running: RunningHub, company: Company, text: str) -> None:
    failed, asked = [], 0
    for path, name in await parameters(running):
        if "{" in path:
            path = path.replace("{id}", company.id) if path.count("{") == 1 and "{id}" in path else ""
        if not path:
            continue
        raw = text if text.startswith("%") and "%_" not in text else None
        query = f"?{name}={raw}" if raw else ""
        given = {} if raw else {name: text}
        if name != "query" and path.endswith("/search"):
            given = {**given, "query": "a"}
        answer = await running.http.get(path + query, params=given or None, headers=company.admin.headers)
        asked += 1
        if answer.status_code >= 500:
            failed.append((path, name, answer.status_code))
    assert failed == []
    assert asked > 30


async def test_a_search_means_what_it_says_whatever_stands_around_it(running: RunningHub, company: Company) -> None:
    session = await company.session()
    await company.customer_writes(session, "5511987650001", "boleto atrasado do pedido")
    await company.conversation()

    async def found(query: str) -> int:
        answer = await company.admin.get("/api/messages/search", query=query)
        assert answer.status_code == 200, answer.text
        return len(answer.json())

    for query in (
        "boleto",
        "boletos atrasados",
        '"boleto atrasado"',
        "boleto -cancelado",
        "- - boleto",
        "-" * 22 + " boleto",
    ):
        assert await found(query) == 1, query
    for query in ("boleto -pedido", "-" * 200):
        assert await found(query) == 0, query
    refused = await company.admin.get("/api/messages/search", query="-boleto")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/query")
