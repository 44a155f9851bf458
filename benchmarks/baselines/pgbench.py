"""Throughput of the database alone: pgbench, one row and one commit a transaction."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from uuid import UUID

from benchmarks.stack import Stack
from whatsapp_hub.adapters.postgres.engine.embedded import program

SCRIPT = r"""
\set k random(1, 9000000000000000)
INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)
VALUES ('{session}', 'wamid.' || :k, '{tenant}', '{session}', 'META', :k::text, '\x{body}'::bytea)
ON CONFLICT (source, dedupe_key) DO NOTHING;
"""


async def per_second(stack: Stack, tenant: UUID, session: UUID, body: bytes, clients: int, seconds: int) -> float:
    """Return inserts a second, of a prepared statement with the hub's inbox row."""
    script: Path = stack.folder / "insert.sql"
    script.write_text(SCRIPT.format(session=session, tenant=tenant, body=body.hex()))
    process = await asyncio.create_subprocess_exec(
        program("pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={script}", f"--client={clients}",
        "--jobs=2", f"--time={seconds}",
        env={**stack.libpq, "PGOPTIONS": "-c role=hub_system -c jit=off"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    found = re.search(r"tps = ([0-9.]+) \(without", output.decode())
    if process.returncode or not found:
        raise RuntimeError(f"pgbench failed:\n{output.decode()}")
    return float(found[1])
