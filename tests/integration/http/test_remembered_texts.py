"""What strangers send is neither decoded at length nor remembered: addresses, forms and cookies."""

import gc
import time
import tracemalloc
from urllib.parse import urlencode

import pytest
from litestar import _parsers

from tests.integration.http.conftest import RunningHub
from whatsapp_hub.adapters.http.server.request_context import PARAMETERS, PATH_LENGTH, QUERY_BYTES

BOUNDARY = "b0undary"
METHODS = "/api/auth/methods"
RESET = "/reset-password"
CALLBACK = "/api/auth/oidc/callback?state=a&code=b"


@pytest.mark.parametrize(
    "address",
    [
        f"{METHODS}?{'a' * (QUERY_BYTES + 1)}",
        f"{METHODS}?{'&a' * PARAMETERS}",
        f"/whatsapp/{'a' * PATH_LENGTH}/status",
        f"/{'a' * PATH_LENGTH}",
    ],
    ids=["query", "parameters", "path", "path of nothing"],
)
async def test_an_address_is_short(running: RunningHub, address: str) -> None:
    answer = await running.http.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (414, "application/problem+json")
    assert answer.json()["type"] == "urn:whatsapp-hub:problem:address-too-long"
    assert len(answer.content) < 2 * PATH_LENGTH + 500


async def test_the_longest_address_that_a_client_needs_passes(running: RunningHub) -> None:
    query = urlencode({f"p{n}": "x" * 60 for n in range(PARAMETERS - 1)})
    assert (await running.http.get(f"{METHODS}?{query}")).status_code == 200


@pytest.mark.parametrize("charset", ["idna", "punycode", "base64", "unicode_escape", "nonsense"])
async def test_a_form_in_an_odd_charset_costs_nothing(running: RunningHub, charset: str) -> None:
    content = b"a-" + b"b" * 300_000 if charset == "punycode" else b"a." * 60_000
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="token"\r\nContent-Type: text/plain; charset={charset}'
    )
    body = head.encode() + b"\r\n\r\n" + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    began = time.perf_counter()
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await running.http.post(RESET, content=body, headers=kind)
    assert answer.status_code == 410, answer.text
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("body", [b"token=a&password=b&repeated=c", b"a=1&" * 200_000, b"token=" + b"x" * 500_000])
async def test_forms_are_not_remembered(running: RunningHub, body: bytes) -> None:
    before = _parsers.parse_url_encoded_form_data.cache_info()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await running.http.post(RESET, content=body, headers=kind)
    assert answer.status_code == 410, answer.text
    assert _parsers.parse_url_encoded_form_data.cache_info() == before


@pytest.mark.parametrize("value", ['"' + "\\1" * 25_000 + '"', "; ".join(f"a{n}=b" for n in range(5_000))])
async def test_cookies_are_not_remembered_and_cost_nothing(running: RunningHub, value: str) -> None:
    before, began = _parsers.parse_cookie_string.cache_info(), time.perf_counter()
    answer = await running.http.get(CALLBACK, headers={"Cookie": f"a={value}"})
    assert answer.status_code == 404, answer.text  # this hub has no provider
    assert time.perf_counter() - began < 0.5
    assert _parsers.parse_cookie_string.cache_info() == before


@pytest.mark.parametrize("path", ["/api/auth/oidc/token", RESET])
async def test_a_body_is_let_go_when_it_is_answered(running: RunningHub, path: str) -> None:
    """And not only when garbage is collected, after hundreds of requests."""
    body = b'{"code": "%b"}' % (b"x" * 900_000)
    kind = {"Content-Type": "application/json" if path != RESET else "application/x-www-form-urlencoded"}
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            assert (await running.http.post(path, content=body, headers=kind)).status_code in (401, 410)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 6 * len(body)
