"""A proxy for each session: `proxy` of POST and PATCH /api/sessions."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.integration.http.conftest import RunningHub


def body(**more: object) -> dict[str, object]:
    return {"name": f"s{uuid4().hex[:8]}", "provider": "NEONIZE", **more}


async def test_a_proxy_is_taken_and_never_shown(running: RunningHub) -> None:
    company = await running.company()
    for url in (
        "http://user:hunter2@proxy.example:3128",
        "https://proxy.example",
        "socks5://user:hunter2@10.0.0.1:1080",
    ):
        made = await company.admin.post("/api/sessions", body(proxy=url, settings={"deviceName": "Loja"}))
        assert made.status_code == 201, made.text
        shown = await company.admin.get(f"/api/sessions/{made.json()['id']}")
        for answer in (made, shown):
            assert "hunter2" not in answer.text
            assert answer.json()["settings"] == {"deviceName": "Loja"}


async def test_a_proxy_can_be_changed_and_taken_away_alone(running: RunningHub) -> None:
    company = await running.company()
    made = await company.admin.post("/api/sessions", body(proxy="http://one.example", settings={"browser": "edge"}))
    path = f"/api/sessions/{made.json()['id']}"
    for proxy in ("socks5://two.example", ""):
        changed = await company.admin.patch(path, {"proxy": proxy})
        assert (changed.status_code, changed.json()["settings"]) == (200, {"browser": "edge"})


@pytest.mark.parametrize(
    "url", ["ftp://x", "socks5://", "http://x:0", "http://x/y", "not a url", "http://u:p@x?y=hunter2"]
)
async def test_a_bad_proxy_is_named_where_it_was_given_and_not_repeated(running: RunningHub, url: str) -> None:
    company = await running.company()
    for given, pointer in (({"proxy": url}, "/proxy"), ({"settings": {"proxy": url}}, "/settings/proxy")):
        refused = await company.admin.post("/api/sessions", body(**given))
        assert refused.status_code == 400
        assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [pointer]
        assert "hunter2" not in refused.text


async def test_a_provider_that_can_have_no_proxy_says_so(running: RunningHub) -> None:
    company = await running.company()
    refused = await company.admin.post("/api/sessions", body(provider="SANDBOX", proxy="http://x.example"))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/proxy")
