"""The first start: one tenant, one administrator, and the session that the environment describes."""

import secrets

from dishka import AsyncContainer

from whatsapp_hub.application.accounts.tenants import EnsureAdmin
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.ports.storage import Storage
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.user import Role
from whatsapp_hub.main.container import Part, make_container
from whatsapp_hub.main.settings import Settings, SettingsError

DEFAULT = "default"


async def ensure_admin(settings: Settings) -> tuple[str, str] | None:
    """E-mail and password if the administrator was made just now. Idempotent."""
    email = settings.hub_admin_email or "admin@hub.local"
    password = settings.hub_admin_password or secrets.token_urlsafe(12)
    container = make_container(settings, Part.TOOL)
    try:
        made = await (await container.get(EnsureAdmin))(email, password)
        if made:
            await _first_session(settings, container)
    finally:
        await container.close()
    return (email, password) if made else None


async def _first_session(settings: Settings, container: AsyncContainer) -> None:
    """Made and started; one that cannot start says so in its status."""
    new = described_session(settings)
    if new is None:
        return
    directory = (await container.get(Storage)).directory
    tenant = next(tenant for tenant in await directory.tenants() if tenant.slug == DEFAULT)
    operator = Caller(tenant.id, Role.MASTER, "bootstrap")
    try:
        session = await (await container.get(CreateSession))(operator, new)
        await (await container.get(InitSession))(operator, session.id)
    except (Invalid, Conflict) as error:
        raise SettingsError(f"the session that the environment describes cannot be made: {error}") from None


def described_session(settings: Settings) -> NewSession | None:
    """The session `default`, if a provider's variables are set: META before WAHA."""
    if settings.whatsapp_access_token and settings.whatsapp_phone_number_id:
        return NewSession(
            DEFAULT,
            "META",
            _given(
                phoneNumberId=settings.whatsapp_phone_number_id,
                businessAccountId=settings.whatsapp_business_account_id,
                accessToken=settings.whatsapp_access_token,
                appSecret=settings.whatsapp_app_secret,
                verifyToken=settings.whatsapp_webhook_verify_token,
            ),
        )
    if settings.waha_api_url:
        return NewSession(
            DEFAULT,
            "WAHA",
            _given(url=settings.waha_api_url, apiKey=settings.waha_api_key, session=settings.waha_session or DEFAULT),
        )
    return None


def _given(**settings: str | None) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value}
