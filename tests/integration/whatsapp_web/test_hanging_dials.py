"""No dial waits for ever, whatever does not answer it: the real library, before proxies and servers that hang."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.hanging import KINDS, certificate
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary

ROOT = Path(__file__).parents[3]
SCALE = 0.2
DEADLINE_S = 15 * SCALE


async def test_every_kind_of_hanging_ends_by_its_deadline_and_is_over_soon_after_its_mending(
    database_url: str, library: GoLibrary, tmp_path: Path
) -> None:
    """Deadlines are a fifth of the hub's; but the library itself waits up to 20 s for the answer to a handshake."""
    program = [sys.executable, "-m", "tests.integration.whatsapp_web.hangs", database_url, str(SCALE)]
    environment = os.environ | {"SSL_CERT_FILE": str(certificate(tmp_path))}
    ended = await asyncio.create_subprocess_exec(
        *program, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    _, said = await asyncio.wait_for(ended.communicate(), 150)
    assert ended.returncode == 0, said.decode()[-3000:]
    found = json.loads(said.decode().rpartition("FOUND ")[2])
    for kind in KINDS:
        told = found[kind]
        assert told["told_s"] is not None, (kind, found)
        assert told["told_s"] < DEADLINE_S + 3, (kind, found)
        [why] = told["why"]
        assert why.startswith("no_network: "), (kind, found)
        assert told["reached_s"] is not None, (kind, found)
        assert told["reached_s"] < 25, (kind, found)
    assert found["closed_s"] < 25, found
