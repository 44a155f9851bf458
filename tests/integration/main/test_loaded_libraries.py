"""Which libraries a process loads at its start, and which only when it needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

FIRST_CALL = """
import ssl, sys
from whatsapp_hub.adapters import tls
tls.prepare()
made, known = [], set(sys.modules)
real = ssl.SSLContext.load_verify_locations
ssl.SSLContext.load_verify_locations = lambda self, *a, **k: (made.append(self), real(self, *a, **k))[1]
import asyncio
from whatsapp_hub.adapters.providers.http_call import Call, HttpPool, exchange
from whatsapp_hub.domain.errors import Transient

async def call():
    pool = HttpPool()
    try:
        await exchange(pool, Call("GET", "https://127.0.0.1:9/", {}), 5)
    except Transient:
        new = sorted(name for name in set(sys.modules) - known if name.startswith(("http", "anyio")))
        print("refused", len(made), new)
    await pool.aclose()

asyncio.run(call())
"""

PROGRAM = """
import json, sys
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent, pack
plugin = builtin_plugins(ProviderOptions())["NEONIZE"]
assert plugin.translate(pack(StoredEvent("Connected", 0)))
import whatsapp_hub.main.roles.api, whatsapp_hub.main.roles.worker
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"modules": loaded, "maps": open("/proc/self/maps").read()}))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    """What a process has in memory that imported API and worker, and translated an event of WhatsApp Web."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_plugin_and_its_translation_load_neither_neonize_nor_its_library(loaded: dict[str, Any]) -> None:
    assert set(loaded["modules"]) & {"neonize", "magic", "google"} == set()
    assert "neonize-linux" not in loaded["maps"]


def test_a_process_that_reads_no_number_does_without_the_library(loaded: dict[str, Any]) -> None:
    assert "phonenumbers" not in loaded["modules"]


def test_the_first_call_reads_no_certificates_and_imports_no_library() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "refused 0 []", ran.stdout + ran.stderr
