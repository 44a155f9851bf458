"""The addresses of a running hub's servers, for commands on the same machine: a file in the data folder, readable by
its owner."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings


class ProcessNote(msgspec.Struct):
    """The file's content. `sandbox_enabled` applies to the commands too: an embedded hub enables the sandbox by
    itself."""

    database_url: str
    redis_url: str
    sandbox_enabled: bool = False


@contextmanager
def noted(settings: Settings) -> Iterator[None]:
    """Keep the file while the hub runs. One left behind by a crash names servers that do not answer."""
    note = ProcessNote(settings.needed("database_url"), settings.needed("redis_url"), settings.sandbox_enabled)
    path = _path(settings)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(note))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def settings_of_running_hub() -> Settings:
    """Return the environment's settings, completed with the addresses of the hub that runs on the same data folder.
    Raises SettingsError if there is none."""
    settings = Settings.from_environment()
    secrets = settings.completed()
    if settings.database_url and settings.redis_url:
        return secrets
    try:
        note = msgspec.json.decode(_path(settings).read_bytes(), type=ProcessNote)
    except (FileNotFoundError, msgspec.DecodeError):
        raise SettingsError(
            f"HUB_DATA_DIR: no hub is running on {settings.data_dir}; start it, or set DATABASE_URL"
        ) from None
    return msgspec.structs.replace(
        secrets,
        database_url=settings.database_url or note.database_url,
        redis_url=settings.redis_url or note.redis_url,
        sandbox_enabled=settings.sandbox_enabled or note.sandbox_enabled,
    )


def address_of_running_hub(settings: Settings) -> str:
    """Return the database's address of the hub that runs on this data folder. Raises SettingsError."""
    try:
        return msgspec.json.decode(_path(settings).read_bytes(), type=ProcessNote).database_url
    except (FileNotFoundError, msgspec.DecodeError):
        raise SettingsError(f"HUB_DATA_DIR: the hub on {settings.data_dir} is not up yet; try again") from None


def _path(settings: Settings) -> Path:
    return settings.data_dir / "running.json"
