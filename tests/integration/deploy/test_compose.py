"""docker-compose.yml: a hub of separate processes behind nginx, as it is shipped."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import yaml

from tests.integration.deploy import stack as stack_module
from tests.integration.deploy.stack import (
    COMPOSE,
    ENV,
    ROLES,
    ROOT,
    SERVING,
    Stack,
    missing,
    services,
    start_nginx,
)

MB = 1024 * 1024
NEEDS_DEBIAN = pytest.mark.skipif(
    bool(missing()), reason=f"needs Debian's packages: apt-get install {' '.join(missing())}"
)


def test_every_variable_that_the_file_wants_is_explained_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert wanted <= set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "POSTGRES_RUNNER_PASSWORD", "REDIS_PASSWORD"])
def test_without_a_password_nothing_starts(name: str) -> None:
    with pytest.raises(LookupError, match=f"{name}: set it in .env"):
        services({**ENV, name: ""})


def test_every_role_that_serves_is_in_the_file() -> None:
    commands = [service["command"] for name, service in services(ENV).items() if name in ROLES]
    assert commands == [["migrate"], ["api"], ["api"], ["worker"], ["connector"]]


@pytest.mark.parametrize("name", [*SERVING, "nginx"])
def test_no_container_that_serves_knows_the_superusers_password(name: str) -> None:
    """`.env` holds it, and is given to them whole: what the file says besides takes its place."""
    service = services(ENV)[name]
    inside = {**(ENV if service.get("env_file") == ".env" else {}), **service.get("environment", {})}
    assert not [key for key, value in inside.items() if ENV["POSTGRES_PASSWORD"] in str(value)]


def test_what_serves_waits_for_its_login_and_that_for_the_migration() -> None:
    shipped = services(ENV)
    assert all("login" in shipped[name]["depends_on"] for name in SERVING)
    assert shipped["login"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert shipped["login"]["image"] == shipped["postgres"]["image"]


def test_no_container_may_gain_rights_or_write_to_its_image() -> None:
    for name, service in services(ENV).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_nginx_reads_its_file_from_a_mounted_folder() -> None:
    """A file that is mounted alone stays the old one when an update replaces it, whatever is reloaded."""
    nginx = services(ENV)["nginx"]
    [(host, inside, mode)] = [volume.split(":") for volume in nginx["volumes"]]
    assert ((ROOT / host).is_dir(), mode) == (True, "ro")
    file = nginx["command"][nginx["command"].index("-c") + 1]
    assert (ROOT / host / Path(file).relative_to(inside)).is_file()
    assert f"nginx -c {file} -s reload" in (ROOT / "deploy" / "deploy.sh").read_text()


def test_valkey_keeps_nothing() -> None:
    valkey = services(ENV)["valkey"]
    assert "volumes" not in valkey
    assert valkey["command"][-2:] == ["--requirepass", ENV["REDIS_PASSWORD"]]


def test_the_development_file_has_databases_only_and_on_the_loopback() -> None:
    dev = yaml.safe_load((ROOT / "docker-compose.dev.yml").read_text())["services"]
    assert set(dev) == {"postgres", "valkey"}
    assert all(port.startswith("127.0.0.1:") for service in dev.values() for port in service["ports"])


@NEEDS_DEBIAN
async def test_nginx_lets_a_keys_whole_minute_through_and_refuses_with_a_problem(tmp_path: Path) -> None:
    for above in (tmp_path, *tmp_path.parents[:3]):
        above.chmod(0o755)
    alone = Stack(tmp_path, ENV)  # no hub behind it: what passes the limit is 503 by nginx
    try:
        await start_nginx(alone)
        answers = await _flood(alone.ports["nginx"], 7_500)
    finally:
        await alone.stop()
    statuses = Counter(head.split(b" ", 2)[1] for head, _ in answers)
    assert statuses[b"503"] >= 6_000, statuses
    assert statuses[b"429"] > 0
    for status, kind in ((b"503", "unavailable"), (b"429", "too-many-requests")):
        head, body = next(answer for answer in answers if answer[0].startswith(b"HTTP/1.1 " + status))
        assert b"content-type: application/problem+json" in head.lower()
        assert re.search(rb"retry-after: [12]\r", head.lower() + b"\r")
        assert json.loads(body)["type"] == f"urn:whatsapp-hub:problem:{kind}"
        assert json.loads(body)["status"] == int(status)


@NEEDS_DEBIAN
@pytest.mark.parametrize("path", ["/", "/api/messages/send-media", "/webhooks/waha", "/socket.io/"])
async def test_nginx_keeps_no_body_of_a_stranger(tmp_path: Path, path: str) -> None:
    """Its folders are memory in the container: a hundred unfinished uploads were eleven gigabytes."""
    async with _behind_nginx(tmp_path) as (alone, taken):
        reader, writer = await asyncio.open_connection("127.0.0.1", alone.ports["nginx"])
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {100 * MB}\r\n\r\n".encode())
        for _ in range(20):
            writer.write(b"x" * MB)
            await writer.drain()
        async with asyncio.timeout(5):
            while taken["bytes"] < 19 * MB:
                await asyncio.sleep(0.01)
        assert _kept(alone) < MB
        writer.close()
        assert not reader.at_eof()


@NEEDS_DEBIAN
async def test_nginx_keeps_no_answer_that_its_client_does_not_read(tmp_path: Path) -> None:
    async with _behind_nginx(tmp_path, answers=200 * MB) as (alone, taken):
        _, writer = await asyncio.open_connection("127.0.0.1", alone.ports["nginx"])
        writer.write(b"GET /api/exports/x/file HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(2)
        assert _kept(alone) < MB
        assert 0 < taken["given"] < 50 * MB  # what the buffers of the network take
        writer.close()


@NEEDS_DEBIAN
async def test_an_address_has_so_many_requests_under_way_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five thousand, of the sixteen that nginx takes; twenty here."""
    shipped = stack_module.NGINX_CONF.read_text()
    fewer = tmp_path / "fewer.conf"
    fewer.write_text(shipped.replace("limit_conn open 5000;", "limit_conn open 20;"))
    monkeypatch.setattr(stack_module, "NGINX_CONF", fewer)
    async with _behind_nginx(tmp_path) as (alone, _):
        opened = [await asyncio.open_connection("127.0.0.1", alone.ports["nginx"]) for _ in range(21)]
        for _, writer in opened:
            writer.write(b"GET /whatsapp/stream HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            assert (await opened[20][0].readline()).startswith(b"HTTP/1.1 429")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await opened[19][0].readline()
        for _, writer in opened:
            writer.close()


def test_what_nginx_could_keep_is_bounded() -> None:
    assert all(":size=" in place for place in services(ENV)["nginx"]["tmpfs"])


@asynccontextmanager
async def _behind_nginx(folder: Path, answers: int = 0) -> AsyncIterator[tuple[Stack, Counter[str]]]:
    """The file's nginx before something that takes bodies without an answer, or gives one so long."""
    for above in (folder, *folder.parents[:3]):
        above.chmod(0o755)
    alone, taken = Stack(folder, ENV), Counter[str]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if answers:
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {answers}\r\n\r\n".encode())
                while taken["given"] < answers:
                    writer.write(b"x" * 65536)
                    await writer.drain()
                    taken["given"] += 65536
            while piece := await reader.read(65536):
                taken["bytes"] += len(piece)
        writer.close()

    servers = [await asyncio.start_server(serve, "127.0.0.1", alone.ports[name]) for name in ("api-1", "api-2")]
    try:
        await start_nginx(alone)
        yield alone, taken
    finally:
        await alone.stop()
        for server in servers:
            server.close()


def _kept(stack: Stack) -> int:
    """Return the bytes in nginx's own folders."""
    return sum(file.stat().st_blocks * 512 for file in (stack.folder / "nginx-files").rglob("*") if file.is_file())


async def _flood(port: int, count: int) -> list[tuple[bytes, bytes]]:
    """Requests in a row, 500 a connection, as fast as nginx takes them."""
    answers: list[tuple[bytes, bytes]] = []
    for _ in range(count // 500):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        for _ in range(500):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index] # always there
            answers.append((head[:-4], await reader.readexactly(length)))
        writer.close()
    return answers
