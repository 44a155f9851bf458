"""Which of PostgreSQL's programs are taken, and what of a dump's script is changed for another server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from whatsapp_hub.adapters.postgres.backup import programs
from whatsapp_hub.adapters.postgres.backup.dump import Facts, Present
from whatsapp_hub.adapters.postgres.backup.programs import Programs, libpq
from whatsapp_hub.adapters.postgres.backup.restore import BEYOND, EVENTS_A_SECOND, Restore, next_position
from whatsapp_hub.adapters.processes.child import ChildFailed

FACTS = Facts(
    15, 18, 700, {"hub": "0001", "pooled": "0001", "client_a": "0001", "whatsmeow": ""}, ["hub_app", "hub_system"]
)
EMPTY = Present(15, [], 0, 0)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Versions 15 and 17, and a folder where psql is missing."""
    for version in (17, 15, 16):
        folder = tmp_path / str(version)
        folder.mkdir()
        for name in ("pg_dump", "pg_restore", "psql")[: 2 if version == 16 else 3]:
            (folder / name).write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.3 (Debian {version}.3-1)'\n")
            (folder / name).chmod(0o755)

    def folders() -> Iterator[Path]:
        yield from tmp_path.iterdir()

    monkeypatch.setattr(programs, "_folders", folders)
    return tmp_path


@pytest.mark.parametrize(("server", "taken"), [(14, 15), (15, 15), (16, 17), (17, 17)])
def test_the_servers_own_version_or_the_next_newer_is_taken(installed: Path, server: int, taken: int) -> None:
    assert Programs.fit_for(server) == Programs(installed / str(taken), taken)


def test_programs_that_are_too_old_are_no_programs(installed: Path) -> None:
    with pytest.raises(ChildFailed, match="apt-get install postgresql-client-18"):
        Programs.fit_for(18)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub:s3cr3t@db:5433/hub?sslmode=require",
        "postgresql://hub@db/hub?password=s3cr3t",
        "postgresql+asyncpg://hub:s3cr3t@/hub?host=/run/postgresql",
    ],
)
def test_a_password_is_in_no_processs_arguments(url: str) -> None:
    address, environment = libpq(url)
    assert "s3cr3t" not in address
    assert environment["PGPASSWORD"] == "s3cr3t"


def restore() -> Restore:
    return Restore("postgresql://", FACTS, EMPTY, list, 1_000)


def test_owners_that_are_not_the_hubs_own_become_the_login() -> None:
    script = (
        b"SET transaction_timeout = 0;\n"
        b"CREATE SCHEMA hub;\n"
        b"ALTER SCHEMA hub OWNER TO postgres;\n"
        b'ALTER TABLE hub.a OWNER TO "Somebody Else";\n'
        b"ALTER FUNCTION hub.tell(types text[], n numeric) OWNER TO hub_system;\n"
    )
    assert restore()._suited(script) == (
        b"CREATE SCHEMA hub;\n"
        b"GRANT CREATE ON SCHEMA hub TO hub_app, hub_system;\n"
        b"ALTER SCHEMA hub OWNER TO CURRENT_USER;\n"
        b"ALTER TABLE hub.a OWNER TO CURRENT_USER;\n"
        b"ALTER FUNCTION hub.tell(types text[], n numeric) OWNER TO hub_system;\n"
    )


def test_positions_go_on_beyond_all_that_can_have_been_given() -> None:
    assert next_position(FACTS, EMPTY, 0) == 700 + BEYOND
    assert next_position(FACTS, EMPTY, -5) == 700 + BEYOND  # a clock that was set back
    assert next_position(FACTS, EMPTY, 86_400) == 700 + BEYOND + 86_400 * EVENTS_A_SECOND
    assert next_position(FACTS, Present(15, ["hub"], 0, 5_000_000), 0) == 5_000_000 + BEYOND
