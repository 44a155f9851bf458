"""Create the first administrator, and delete the generated password once it is changed."""

from __future__ import annotations

import asyncio

from dishka import AsyncContainer

from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.accounts.tenants import EnsureAdmin
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.security import Passwords
from whatsapp_hub.domain.errors import Invalid, Unavailable
from whatsapp_hub.main.roles.admin_password import USUAL_EMAIL, FirstAdmin, generated_password, password_file
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part

LOOK_EVERY_S = 3.0


async def make_admin(settings: Settings, email: str) -> FirstAdmin | None:
    """Create the administrator. None if there is one, or another process was first. Raises SettingsError."""
    container = make_container(settings, Part.TOOL)
    try:
        if await (await container.get(Directory)).has_master():
            return None
        configured, path = settings.hub_admin_password, None
        password = configured or ""
        if not configured:
            password, path = generated_password(settings)
        if await (await container.get(EnsureAdmin))(email, password):
            weakness = await _weakness(container, configured, email) if configured else None
            return FirstAdmin(email, None if configured else password, path, weakness)
        await KeptPassword(settings, container).forget_if_changed()
    except Invalid as error:
        raise SettingsError(f"HUB_ADMIN_EMAIL: {error}") from None
    finally:
        await container.close()
    return None


async def _weakness(container: AsyncContainer, password: str, email: str) -> str | None:
    """Return why a user could not choose this password."""
    try:
        await (await container.get(NewPasswords)).check(password, (email,))
    except Invalid as error:
        return f"HUB_ADMIN_PASSWORD {error.flaws[0].reason}"
    return None


class KeptPassword:
    """The file with the generated password, kept while that password is valid."""

    def __init__(self, settings: Settings, container: AsyncContainer) -> None:
        self._path = password_file(settings)
        self._email = settings.hub_admin_email or USUAL_EMAIL
        self._container = container
        self._opened = ""
        """The hash that it matched when last tried: checking is slow on purpose."""

    async def forget_if_changed(self) -> bool:
        """Remove the file if its password is no longer valid. True once there is no file."""
        try:
            password = self._path.read_text().strip()
        except OSError:
            return not self._path.exists()
        found = await (await self._container.get(Directory)).credentials(self._email)
        if found is None or found.user.password_hash == self._opened:
            return False
        opens, _ = await (await self._container.get(Passwords)).verify(password, found.user.password_hash)
        if opens:
            self._opened = found.user.password_hash
        else:
            self._path.unlink(missing_ok=True)
        return not opens

    async def watch(self) -> None:
        """Check repeatedly, until the first administrator has a password of their own."""
        while True:
            try:
                if await self.forget_if_changed():
                    return
            except Unavailable:
                pass
            await asyncio.sleep(LOOK_EVERY_S)
