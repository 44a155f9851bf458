"""The first administrator's password: given by the operator, or made up and kept."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from whatsapp_hub.main.generated_secrets import keep_once
from whatsapp_hub.main.settings import Settings

USUAL_EMAIL = "admin@hub.local"


class FirstAdmin(NamedTuple):
    """The administrator that was made just now. Without a password it is the one that the operator gave;
    `weakness` says what is wrong with that."""

    email: str
    password: str | None
    kept_at: Path | None = None
    weakness: str | None = None


def password_file(settings: Settings) -> Path:
    return settings.data_dir / "admin-password"


def made_up_password(settings: Settings) -> tuple[str, Path | None]:
    """Make up the first administrator's, and say where it is kept: written before it is used, so that no crash loses
    it. Where nothing can be written it is only printed."""
    path = password_file(settings)
    try:
        return keep_once(path, 12), path
    except OSError:
        return keep_once(None, 12), None
