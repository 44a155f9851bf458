"""`/api/sessions`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.capabilities import CapabilitiesView
from whatsapp_hub.adapters.contracts.views.sessions import (
    SessionDetail,
    SessionHistoryEntry,
    SessionView,
    SettingWarning,
)
from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.application.sessions.manage_sessions import (
    CreateSession,
    DeleteSession,
    NewSession,
    SessionChanges,
    UpdateSession,
)
from whatsapp_hub.application.sessions.run_sessions import InitSession, StopSession
from whatsapp_hub.application.sessions.session_history import ReadSessionHistory
from whatsapp_hub.application.sessions.warn_of_settings import settings_warnings
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.ids import DepartmentId, SessionId, UserId
from whatsapp_hub.domain.integrations.subscription import WebhookFormat
from whatsapp_hub.domain.sessions.session import UNREADABLE, Routing, Session

TAGS = ["sessions"]
READ = [allows(Action.READ_SESSIONS)]


class SessionBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A new session; `settings` are the provider's own."""

    name: str
    provider: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    proxy: str | None = None
    session_id: str | None = None
    agent_id: str | None = None
    user_id: UUID | None = None
    department_id: UUID | None = None
    routing: Routing | None = None
    webhook_url: str | None = None
    webhook_format: WebhookFormat | None = None
    webhook_secret: str | None = None

    def new(self) -> NewSession:
        """Convert to the use case's form."""
        return NewSession(
            name=self.name,
            provider=self.provider.upper(),
            settings=with_proxy(self.settings, self.proxy),
            key=self.session_id,
            agent_id=self.agent_id,
            user_id=UserId(self.user_id) if self.user_id else None,
            department_id=DepartmentId(self.department_id) if self.department_id else None,
            routing=self.routing,
            webhook_url=self.webhook_url,
            webhook_format=self.webhook_format,
            webhook_secret=self.webhook_secret,
        )


class SessionPatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Changes of a session; settings that are left out stay, secrets among them."""

    name: str | None = None
    settings: dict[str, Any] | None = None
    proxy: str | msgspec.UnsetType | None = msgspec.UNSET
    routing: Routing | None = None
    department_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    webhook_url: str | msgspec.UnsetType | None = msgspec.UNSET
    webhook_format: WebhookFormat | None = None
    agent_id: str | None = None

    def _department(self) -> DepartmentId | Unchanged | None:
        sent = self.department_id
        return UNCHANGED if isinstance(sent, msgspec.UnsetType) else DepartmentId(sent) if sent else None

    @property
    def sent_proxy(self) -> str | None:
        """Return the proxy; None if it was not sent, empty if it is to be removed."""
        return None if self.proxy is msgspec.UNSET else self.proxy or ""

    def changes(self) -> SessionChanges:
        """Convert to the use case's form, with null and left out kept apart."""
        proxy = self.sent_proxy
        return SessionChanges(
            name=self.name,
            settings=self.settings if proxy is None else with_proxy(self.settings or {}, proxy),
            routing=self.routing,
            department_id=self._department(),
            webhook_url=None if self.webhook_url is msgspec.UNSET else self.webhook_url or "",
            webhook_format=self.webhook_format,
            agent_id=self.agent_id,
        )


def with_proxy(settings: dict[str, Any], proxy: str | None) -> dict[str, Any]:
    """Put the proxy into the provider's settings; a provider without proxies refuses it. Empty removes it."""
    return settings if proxy is None else {**settings, "proxy": proxy}


@contextmanager
def proxy_named(proxy: str | None) -> Iterator[None]:
    """Point flaws of the proxy at the body's own field."""
    try:
        yield
    except Invalid as error:
        where = {"/settings/proxy": "/proxy"} if proxy is not None else {}
        raise Invalid(*(Flaw(where.get(f.pointer, f.pointer), f.reason) for f in error.flaws)) from None


def shown(session: Session, caller: Caller, providers: Providers) -> SessionDetail:
    """Show a session as the caller may see it: the QR code, a key to the number, and settings only to its managers."""
    view = SessionView.of(session)
    if not caller.may(Action.MANAGE_SESSIONS):
        return extended(SessionDetail, view, qr_code=None)
    found = settings_warnings(providers, session.provider, session.settings)
    warnings = [SettingWarning(name, what) for name, what in found.items()]
    if session.settings is UNREADABLE:
        return extended(SessionDetail, view, warnings=warnings, settings=None)
    settings = providers.plugin(session.provider).encode_settings(session.settings, secrets=False)
    return extended(SessionDetail, view, warnings=warnings, settings=settings)


@get("/sessions", guards=READ, tags=TAGS)
async def list_sessions(
    caller: Asking,
    queries: FromDishka[Queries],
    providers: FromDishka[Providers],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[SessionDetail]]:
    """List the company's sessions, the older first."""
    found = await queries.sessions(caller.tenant_id, limit, cursor)
    return page([shown(s, caller, providers) for s in found.items], found.next_cursor)


@get("/sessions/{id:uuid}", guards=READ, tags=TAGS)
async def get_session(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], providers: FromDishka[Providers]
) -> SessionDetail:
    """Show a session. Secrets in its settings are left out."""
    return shown(await queries.session(caller.tenant_id, SessionId(id)), caller, providers)


@get("/sessions/{id:uuid}/capabilities", guards=READ, tags=TAGS)
async def get_capabilities(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], providers: FromDishka[Providers]
) -> CapabilitiesView:
    """Show the capabilities of the session's provider."""
    session = await queries.session(caller.tenant_id, SessionId(id))
    return CapabilitiesView.of(providers.plugin(session.provider).capabilities)


@get("/sessions/{id:uuid}/history", guards=READ, tags=TAGS)
async def get_history(
    caller: Asking,
    id: FromPath[UUID],
    read_history: FromDishka[ReadSessionHistory],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[SessionHistoryEntry]]:
    """List what happened to a session within a week, the newest first: its states with their reasons, dials, new
    connectors, and what could not be saved."""
    found = await read_history(caller, SessionId(id), limit, cursor)
    return page([SessionHistoryEntry.of(placed.entry) for placed in found.items], found.next_cursor)


@post("/sessions", tags=TAGS)
async def create_session(
    caller: Asking,
    data: JSONBody[SessionBody],
    create_session: FromDishka[CreateSession],
    providers: FromDishka[Providers],
) -> SessionDetail:
    """Create a session, not started yet (ADMIN)."""
    with proxy_named(data.proxy):
        return shown(await create_session(caller, data.new()), caller, providers)


@patch("/sessions/{id:uuid}", tags=TAGS)
async def update_session(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[SessionPatch],
    update_session: FromDishka[UpdateSession],
    providers: FromDishka[Providers],
) -> SessionDetail:
    """Change a session (ADMIN). Fields not sent stay; settings are merged over the current ones; null clears
    `departmentId`, `webhookUrl` and `proxy`. `agentId` gives it to an agent (bot); its routing is then none, unless
    sent too."""
    with proxy_named(data.sent_proxy):
        return shown(await update_session(caller, SessionId(id), data.changes()), caller, providers)


@delete("/sessions/{id:uuid}", tags=TAGS)
async def delete_session(caller: Asking, id: FromPath[UUID], delete_session: FromDishka[DeleteSession]) -> None:
    """Delete a session; its conversations stay (ADMIN)."""
    await delete_session(caller, SessionId(id))


@post("/sessions/{id:uuid}/start", status_code=200, tags=TAGS)
async def start_session(
    caller: Asking, id: FromPath[UUID], init_session: FromDishka[InitSession], providers: FromDishka[Providers]
) -> SessionDetail:
    """Connect a session (ADMIN)."""
    return shown(await init_session(caller, SessionId(id)), caller, providers)


@post("/sessions/{id:uuid}/stop", status_code=200, tags=TAGS)
async def stop_session(
    caller: Asking, id: FromPath[UUID], stop_session: FromDishka[StopSession], providers: FromDishka[Providers]
) -> SessionDetail:
    """Disconnect a session, keeping its credentials; messages to send wait (ADMIN)."""
    return shown(await stop_session(caller, SessionId(id)), caller, providers)


@post("/sessions/{id:uuid}/restart", status_code=200, tags=TAGS)
async def restart_session(
    caller: Asking, id: FromPath[UUID], init_session: FromDishka[InitSession], providers: FromDishka[Providers]
) -> SessionDetail:
    """Disconnect a session and connect it again (ADMIN)."""
    return shown(await init_session(caller, SessionId(id), again=True), caller, providers)


HANDLERS = [
    list_sessions,
    get_session,
    get_capabilities,
    get_history,
    create_session,
    update_session,
    delete_session,
    start_session,
    stop_session,
    restart_session,
]
