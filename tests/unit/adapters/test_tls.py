"""What a process does at its start, so that nobody waits for it at the first call of a provider."""

from pathlib import Path

import pytest

from whatsapp_hub.adapters import tls


def test_certificates_that_are_not_there_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    tls.client_context.cache_clear()
    tls.prepare()
    assert "certificates cannot be read" in caplog.text
