"""Commands beside a running hub find its servers, and what it has opened."""

from pathlib import Path

import msgspec
import pytest

from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.supervise.process_note import noted, settings_of_running_hub


def test_a_command_beside_an_embedded_hub_has_the_sandbox_that_the_hub_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SANDBOX_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    hub = Settings(hub_data_dir=str(tmp_path), database_url="postgresql://h/d", redis_url="redis://h")
    for has_sandbox in (True, False):
        with noted(msgspec.structs.replace(hub, sandbox_enabled=has_sandbox)):
            found = settings_of_running_hub()
        assert (found.database_url, found.sandbox_enabled) == ("postgresql://h/d", has_sandbox)
