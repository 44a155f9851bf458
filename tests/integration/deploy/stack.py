"""docker-compose.yml without Docker: its commands and environments, read from the file itself, as processes on the
loopback. Containers' names and addresses become 127.0.0.1 and free ports; everything else stays as it is written.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.ports import listened_on

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker-compose.yml"
NGINX_CONF = ROOT / "deploy" / "nginx.conf"
INSIDE_PORTS = {"postgres": 5432, "valkey": 6379, "api-1": 4000, "api-2": 4000, "nginx": 80}
ROLES = ("migrate", "api-1", "api-2", "worker", "connector")
SERVING = ROLES[1:]
PATIENCE_S = 90.0
ENV = {
    "HUB_SECRET_KEY": "a secret key of thirty-two bytes",
    "JWT_SECRET": "another secret of thirty-two byte",
    "POSTGRES_PASSWORD": "c0ffee" * 8,
    "POSTGRES_RUNNER_PASSWORD": "facade" * 8,
    "REDIS_PASSWORD": "f00d" * 8,
    "HUB_ADMIN_EMAIL": "operator@example.org",
    "HUB_ADMIN_PASSWORD": "correct horse battery",
    "SANDBOX_ENABLED": "true",
    "RATE_LIMIT_USER": "6000",
    "METRICS_TOKEN": "a token for the scraper",
}
"""What an operator writes into `.env`."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
_DEBIAN = ("/usr/sbin", "/usr/bin", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))


def debian(program: str) -> str | None:
    return shutil.which(program, path=":".join(_DEBIAN))


def missing() -> list[str]:
    """Debian's packages without which the file cannot be tried."""
    wanted = {"nginx": "nginx-light", "redis-server": "redis-server", "initdb": "postgresql"}
    return [package for program, package in wanted.items() if debian(program) is None]


def interpolated(value: Any, given: Mapping[str, str]) -> Any:
    """What Compose makes of ${NAME}, ${NAME:-default} and ${NAME:?message}."""
    if isinstance(value, dict):
        return {key: interpolated(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner, given) for inner in value]
    return _VARIABLE.sub(lambda match: _value(match, given), value) if isinstance(value, str) else value


def _value(match: re.Match[str], given: Mapping[str, str]) -> str:
    name, kind, rest = match.groups()
    if value := given.get(name):
        return value
    if kind == "?":
        raise LookupError(f"{name}: {rest}")
    return rest or ""


def services(given: Mapping[str, str]) -> dict[str, Any]:
    found = interpolated(yaml.safe_load(COMPOSE.read_text()), given)["services"]
    return {name: dict(service) for name, service in found.items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    folder: Path
    env: dict[str, str]
    """What stands in `.env`."""
    services: dict[str, Any] = field(init=False)
    ports: dict[str, int] = field(init=False)
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.services = services(self.env)
        self.ports = {name: free_port() for name in INSIDE_PORTS}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['nginx']}"

    def local(self, text: str, me: str = "") -> str:
        """A container's words for the same thing here."""
        for name, port in INSIDE_PORTS.items():
            text = text.replace(f"{name}:{port}", f"127.0.0.1:{self.ports[name]}")
        address = self.services["nginx"]["networks"]["default"]["ipv4_address"]
        return text.replace(address, "127.0.0.1").replace("/data", str(self.folder / "data"))

    def environment(self, name: str) -> dict[str, str]:
        """`.env` first, then the service's own, as Compose does; nothing of the tests' own hub."""
        inside = {**self.env, **self.services[name].get("environment", {})}
        told = {key: self.local(str(value)) for key, value in inside.items()}
        if "PORT" in told:
            here = {"HOST": "127.0.0.1", "PORT": str(self.ports.get(name, 0)) if name in self.ports else told["PORT"]}
            told |= here | {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.ports["valkey"])}
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **told}

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    async def start(self, name: str, *argv: str, **options: Any) -> asyncio.subprocess.Process:
        with (self.folder / f"{name}.log").open("ab") as output:
            self.running[name] = await asyncio.create_subprocess_exec(
                *argv, stdout=output, stderr=output, cwd=self.folder, start_new_session=True, **options
            )
        return self.running[name]

    async def hub(self, name: str, *command: str) -> asyncio.subprocess.Process:
        words = command or tuple(self.services[name]["command"])
        return await self.start(name, sys.executable, "-m", "whatsapp_hub", *words, env=self.environment(name))

    async def log_in(self, password: str | None = None) -> None:
        """Run the service `login` by its own command, with Debian's psql."""
        service = self.services["login"]
        [(here, inside, _)] = [volume.split(":") for volume in service["volumes"]]
        program, *words = (word.replace(inside, str(ROOT / here)) for word in service["command"])
        given = {**service["environment"], "PGHOST": "127.0.0.1", "PGPORT": str(self.ports["postgres"])}
        given |= {"POSTGRES_RUNNER_PASSWORD": password} if password else {}
        assert await (await self.start("login", str(debian(program)), *words, env=given)).wait() == 0, self.log("login")

    async def stop(self) -> None:
        for name in reversed(list(self.running)):
            process = self.running[name]
            if process.returncode is None:
                process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 20)
                except TimeoutError:
                    process.kill()
                    await process.wait()


@asynccontextmanager
async def databases(stack: Stack) -> AsyncIterator[None]:
    """PostgreSQL and Redis of Debian, by the file's own commands."""
    try:
        await _postgres(stack)
        command = [*stack.services["valkey"]["command"], "--port", str(stack.ports["valkey"]), "--bind", "127.0.0.1"]
        await stack.start("valkey", str(debian("redis-server")), *command[1:])
        await listened_on(stack.ports["valkey"], PATIENCE_S)
        yield
    finally:
        await stack.stop()


async def _postgres(stack: Stack) -> None:
    given, data, secret = stack.services["postgres"]["environment"], stack.folder / "pg", stack.folder / "pgpass"
    data.mkdir()
    secret.write_text(given["POSTGRES_PASSWORD"])
    run_as: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        run_as = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        for path in (stack.folder, data, secret):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    options = ("-D", str(data), "-U", given["POSTGRES_USER"], "--pwfile", str(secret), "--auth=scram-sha-256", "-N")
    initdb = await stack.start("initdb", str(debian("initdb")), *options, env={"LC_ALL": "C.UTF-8"}, **run_as)
    assert await initdb.wait() == 0, stack.log("initdb")
    command = [*stack.services["postgres"]["command"][1:], "-c", "fsync=off", "-D", str(data)]
    here = ("-c", f"port={stack.ports['postgres']}", "-c", "listen_addresses=127.0.0.1", "-k", str(stack.folder))
    await stack.start("postgres", str(debian("postgres")), *command, *here, env={"LC_ALL": "C.UTF-8"}, **run_as)
    await listened_on(stack.ports["postgres"], PATIENCE_S)
    url = f"postgresql://{given['POSTGRES_USER']}:{given['POSTGRES_PASSWORD']}@127.0.0.1:{stack.ports['postgres']}"
    make = (str(debian("psql")), f"{url}/postgres", "-c", f"CREATE DATABASE {given['POSTGRES_DB']}")
    assert await (await stack.start("createdb", *make)).wait() == 0, stack.log("createdb")


async def start_nginx(stack: Stack, name: str = "nginx") -> None:
    """The file's nginx.conf, in a folder of its own."""
    prefix = stack.folder / f"{name}-files"
    prefix.mkdir()
    text = stack.local(NGINX_CONF.read_text()).replace("listen 80;", f"listen 127.0.0.1:{stack.ports['nginx']};")
    bodies = [f"{kind}_temp_path {prefix}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    text = text.replace("http {", "http {\n" + "\n".join(bodies), 1)
    conf = prefix / "nginx.conf"
    conf.write_text(f"pid {prefix}/pid;\ndaemon off;\nerror_log stderr;\n{text}")
    if os.geteuid() == 0:
        conf.write_text("user nobody nogroup;\n" + conf.read_text())
        shutil.chown(prefix, "nobody")
    await stack.start(name, str(debian("nginx")), "-e", "stderr", "-p", str(prefix), "-c", str(conf))
    await listened_on(stack.ports["nginx"], PATIENCE_S)
