"""What a process does at its start, so that nobody waits for it at the first call of a provider."""

import subprocess
import sys
from pathlib import Path

import pytest

from whatsapp_hub.adapters import tls

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


def test_the_first_call_reads_no_certificates_and_imports_no_library() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "refused 0 []", ran.stdout + ran.stderr


def test_certificates_that_are_not_there_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    tls.client_context.cache_clear()
    tls.prepare()
    assert "certificates cannot be read" in caplog.text
