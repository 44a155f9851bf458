"""The first start: one tenant and one administrator, created by the role that starts first."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import click

from whatsapp_hub.adapters.http.server.this_machine import names_loopback
from whatsapp_hub.adapters.postgres.engine.version import administrators
from whatsapp_hub.adapters.security.sign_in_file import LIFETIME_S
from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.main.generated_secrets import replace_secret
from whatsapp_hub.main.roles.admin_password import USUAL_EMAIL, FirstAdmin, password_file, sign_in_link
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings


def sign_in_lines(
    email: str, password: str | None, kept_at: Path | None = None, weakness: str | None = None
) -> list[str]:
    """Return the lines with sign-in instructions. A password that the operator set is never shown."""
    said = [f"First administrator:      {email}"]
    if password is None:
        said.append("Password:                 the one of HUB_ADMIN_PASSWORD")
        return [*said, f"Warning:                  {weakness}; set a better one"] if weakness else said
    kept = f"   (kept in {kept_at} until it is changed)" if kept_at else ""
    return [*said, f"Password:                 {password}{kept}"]


def link_lines(settings: Settings, made: FirstAdmin | None) -> list[str]:
    """Return the line with a link that signs the first administrator in, once, on this machine: at the first start, and
    for as long as the generated password is kept, which lets in by itself. None where others reach the hub."""
    link = sign_in_link(settings)
    if not names_loopback(settings.host) or (made is None and not password_file(settings).exists()):
        link.withdraw()
        return []
    try:
        secret = link.offer(made.email if made else settings.hub_admin_email or USUAL_EMAIL, replace_secret)
    except OSError:
        return []
    address = f"{settings.local_url}/login#in={secret}"
    return [f"Open it, signed in:       {address}   (once, within {LIFETIME_S / 60:.0f} minutes)"]


async def ensure_admin(settings: Settings) -> FirstAdmin | None:
    """Create the administrator if there is none. Idempotent, and safe beside other processes that do the same. Raises
    SettingsError where the database was never migrated.

    At most starts there is nothing to do, and the container is not imported.
    """
    try:
        if await administrators(settings.needed("database_url")):
            return None
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        raise SettingsError("DATABASE_URL: the database is not at this version; run `whatsapp-hub migrate`") from None
    from whatsapp_hub.main.roles.first_admin import make_admin

    return await make_admin(settings, settings.hub_admin_email or USUAL_EMAIL)


async def ensure_admin_shown(settings: Settings) -> bool:
    """Do the same for a role started alone, and print how to sign in. True if one was created."""
    if made := await ensure_admin(settings):
        click.echo("\n".join(sign_in_lines(*made)))
    return made is not None


async def later_lines(settings: Settings) -> list[str]:
    """Return sign-in hints for a later start: where the generated password is, and that variables set since then create
    no administrator."""
    path = password_file(settings)
    said = [f"Administrator's password: still in {path}"] if path.exists() else []
    present = await administrators(settings.needed("database_url"))
    email = emails.normal(settings.hub_admin_email or "")
    if present and ((email and email not in present) or (settings.hub_admin_password and path.exists())):
        said += [
            f"Not used:                 HUB_ADMIN_EMAIL, HUB_ADMIN_PASSWORD, for {present[0]} was there before. Make "
            "another by: whatsapp-hub user create EMAIL NAME --role MASTER"
        ]
    return said
