"""The first administrator's password: set by the operator, or generated and kept."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from whatsapp_hub.adapters.security.sign_in_file import SignInFile
from whatsapp_hub.main.generated_secrets import keep_once
from whatsapp_hub.main.settings import Settings

USUAL_EMAIL = "admin@hub.local"


class FirstAdmin(NamedTuple):
    """The administrator that was just created. `password` is None where the operator set it; `weakness` says what is
    wrong with that one."""

    email: str
    password: str | None
    kept_at: Path | None = None
    weakness: str | None = None


def password_file(settings: Settings) -> Path:
    """Return the path of the generated password."""
    return settings.data_dir / "admin-password"


def sign_in_link(settings: Settings) -> SignInFile:
    """Return the one-time link of this data folder."""
    return SignInFile(settings.data_dir / "sign-in-link")


def generated_password(settings: Settings) -> tuple[str, Path | None]:
    """Generate the first administrator's password; return it and its file: written before use, so that no crash loses
    it. Where no file can be written (None) it is only printed."""
    path = password_file(settings)
    try:
        return keep_once(path, 12), path
    except OSError:
        return keep_once(None, 12), None
