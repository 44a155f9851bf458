"""The console's files: hashed ones for ever, its page for each of its routes, nothing else."""

from pathlib import Path
from typing import Any

import pytest

from whatsapp_hub.adapters.console.serving import POLICY, REFERENCE_POLICY, ConsoleFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>the page")
    (tmp_path / "assets/console-AB12.js").write_text("plain")
    (tmp_path / "assets/console-AB12.js.br").write_bytes(b"br")
    (tmp_path / "assets/console-AB12.js.gz").write_bytes(b"gz")
    (tmp_path / "secret.txt").write_text("not an asset")
    return tmp_path


async def ask(folder: Path, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        raise AssertionError("a file has no body to read")

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await ConsoleFiles(folder)({"method": method, "path": path, "headers": raw}, receive, send)
    start, body = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


@pytest.mark.parametrize("path", ["/login", "/dashboard", "/dashboard/c/1", "/settings/me", "/welcome", "/assets/x.js"])
def test_its_routes_are_the_consoles(path: str, tmp_path: Path) -> None:
    assert ConsoleFiles(tmp_path).serves(path)


@pytest.mark.parametrize(
    "path", ["/", "/api/auth/me", "/loginx", "/schema", "/health", "/reset-password", "/dashboards"]
)
def test_all_others_are_the_apis(path: str, tmp_path: Path) -> None:
    assert not ConsoleFiles(tmp_path).serves(path)


async def test_the_reference_takes_the_place_of_the_plain_page_once_it_is_built(folder: Path) -> None:
    assert not ConsoleFiles(folder).serves("/schema")
    (folder / "reference.html").write_text("<!doctype html>the reference")
    files = ConsoleFiles(folder)
    assert files.serves("/schema")
    assert not files.serves("/schema/openapi.json")
    status, headers, body = await ask(folder, "/schema")
    assert (status, body) == (200, b"<!doctype html>the reference")
    assert headers["content-security-policy"] == REFERENCE_POLICY
    assert "unsafe" not in REFERENCE_POLICY
    assert (await ask(folder, "/login"))[1]["content-security-policy"] == POLICY


async def test_who_is_signed_in_fetches_the_desk_beside_the_page(folder: Path) -> None:
    (folder / "ahead.txt").write_text("</assets/Desk-1.js>; rel=modulepreload")
    assert "link" not in (await ask(folder, "/dashboard"))[1]
    _, headers, _ = await ask(folder, "/dashboard", cookie="other=1; hub_session=x")
    assert headers["link"] == "</assets/Desk-1.js>; rel=modulepreload"


async def test_every_route_answers_the_page_under_a_strict_policy(folder: Path) -> None:
    status, headers, body = await ask(folder, "/dashboard/c/some-id")
    assert (status, body) == (200, b"<!doctype html>the page")
    assert headers["content-security-policy"] == POLICY
    assert headers["cache-control"] == "no-cache"
    assert "unsafe" not in POLICY
    assert "require-trusted-types-for 'script'" in POLICY


async def test_a_page_that_is_known_is_not_sent_again(folder: Path) -> None:
    _, headers, _ = await ask(folder, "/login")
    status, _, body = await ask(folder, "/login", if_none_match=headers["etag"])
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(("accepted", "body"), [("gzip, deflate, br", b"br"), ("gzip", b"gz"), ("", b"plain")])
async def test_a_hashed_file_is_kept_for_ever_in_the_smallest_form(folder: Path, accepted: str, body: bytes) -> None:
    status, headers, content = await ask(folder, "/assets/console-AB12.js", accept_encoding=accepted)
    assert (status, content) == (200, body)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/assets/../secret.txt", "/assets/..%2fsecret.txt", "/assets/none.js", "/assets/.hidden"]
)
async def test_nothing_but_assets_is_served_from_there(folder: Path, path: str) -> None:
    status, _, _ = await ask(folder, path)
    assert status == 404


async def test_a_head_has_no_body_and_a_post_no_answer(folder: Path) -> None:
    assert (await ask(folder, "/login", "HEAD"))[2] == b""
    assert (await ask(folder, "/login", "POST"))[0] == 405


async def test_until_it_is_built_a_page_says_so_and_comes_again(tmp_path: Path) -> None:
    status, headers, body = await ask(tmp_path, "/dashboard")
    assert (status, b"being built" in body, b"http-equiv" in body) == (503, True, True)
    assert "default-src 'none'" in headers["content-security-policy"]


async def test_what_is_missing_for_the_build_stands_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "problem.txt").write_text("no <registry>")
    _, _, body = await ask(tmp_path, "/dashboard")
    assert b"no &lt;registry&gt;" in body
    assert b"http-equiv" not in body
