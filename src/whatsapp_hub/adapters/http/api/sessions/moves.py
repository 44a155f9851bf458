"""`/api/sessions/{id}/provider` and `/planned-move`: a session moves to another provider, now or when restricted."""

from typing import Any
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.sessions import LossView, PlannedMoveView, SessionMoveView
from whatsapp_hub.adapters.http.api.sessions import sessions
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.webhooks import path_of
from whatsapp_hub.application.moving.move_session import Destination, ForeseeMove, MoveSession
from whatsapp_hub.application.moving.plan_move import PlanMove
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import SessionId


class DestinationBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A provider, and the settings that it needs, secrets among them."""

    provider: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    proxy: str | None = None

    def destination(self) -> Destination:
        """Convert to the use case's form."""
        return Destination(self.provider.upper(), sessions.with_proxy(self.settings, self.proxy))


class ProviderBody(DestinationBody):
    """Where the session is to go. `dryRun`: only say what that would lose."""

    dry_run: bool = False


@post("/sessions/{id:uuid}/provider", status_code=200, tags=sessions.TAGS)
async def move_session(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[ProviderBody],
    move: FromDishka[MoveSession],
    foresee: FromDishka[ForeseeMove],
    providers: FromDishka[Providers],
) -> SessionMoveView:
    """Move a session to another provider (ADMIN). Contacts, conversations and waiting messages stay: these are sent by
    the new provider, each once, in the order of their chats, after the calls under way have ended. Settings that the
    new provider refuses change nothing. Receipts and messages that come late from the old one still arrive, for eight
    days."""
    to = data.destination()
    with sessions.proxy_named(data.proxy):
        if data.dry_run:
            found = await foresee(caller, SessionId(id), to)
            session, left, provider, waiting = found.session, found.session.provider, found.to, found.queued
            under_way, paused_ms, is_sending, losses = 0, 0, session.may_send, found.losses
        else:
            moved = await move(caller, SessionId(id), to)
            session, left, provider, waiting = moved.session, moved.left, moved.session.provider, moved.waiting
            under_way, paused_ms = moved.under_way, round(moved.paused.total_seconds() * 1000)
            is_sending, losses = session.may_send, moved.losses
    posts = providers.plugin(provider).webhooks is not None
    return SessionMoveView(
        dry_run=data.dry_run,
        left=left,
        provider=provider,
        waiting=waiting,
        under_way=under_way,
        paused_ms=paused_ms,
        is_sending=is_sending,
        webhook_path=path_of(provider, SessionId(id)) if posts else None,
        losses=[LossView.of(loss) for loss in losses],
        session=sessions.shown(session, caller, providers),
    )


@get("/sessions/{id:uuid}/planned-move", guards=[allows(Action.MANAGE_SESSIONS)], tags=sessions.TAGS)
async def get_planned_move(caller: Asking, id: FromPath[UUID], plan: FromDishka[PlanMove]) -> PlannedMoveView:
    """Show where a session moves by itself when WhatsApp restricts its number (ADMIN)."""
    found = await plan.shown(caller, SessionId(id))
    return PlannedMoveView(found.to if found else None, [LossView.of(loss) for loss in found.losses] if found else [])


@put("/sessions/{id:uuid}/planned-move", status_code=200, tags=sessions.TAGS)
async def plan_move(
    caller: Asking, id: FromPath[UUID], data: JSONBody[DestinationBody], plan: FromDishka[PlanMove]
) -> PlannedMoveView:
    """Have a session move to this provider by itself when WhatsApp bans its number, or lets it write to nobody new
    (ADMIN). A move that the provider refuses then is an event `session.alert`, and is not tried again."""
    with sessions.proxy_named(data.proxy):
        found = await plan(caller, SessionId(id), data.destination())
    return PlannedMoveView(found.to, [LossView.of(loss) for loss in found.losses])


@delete("/sessions/{id:uuid}/planned-move", tags=sessions.TAGS)
async def cancel_planned_move(caller: Asking, id: FromPath[UUID], plan: FromDishka[PlanMove]) -> None:
    """Cancel a planned move (ADMIN)."""
    await plan.cancel(caller, SessionId(id))


HANDLERS = [move_session, get_planned_move, plan_move, cancel_planned_move]
