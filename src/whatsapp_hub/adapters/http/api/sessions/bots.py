"""`/api/sessions/{id}/bot` and `/api/conversations/{id}/handover`: a session's bot, and its hand-off to people."""

from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import delete, post, put
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.conversations import ConversationView
from whatsapp_hub.adapters.contracts.views.sessions import BotView, SessionDetail
from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.http.api.conversations import conversations
from whatsapp_hub.adapters.http.api.sessions import sessions
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.application.handling.hand_off_conversation import HandOffConversation
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.sessions.bind_bot import BindBot, UnbindBot, WantedBot
from whatsapp_hub.domain.conversations.bot import USUAL_ANSWER_WITHIN
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, SessionId


class BotBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`department_id` gets conversations that the bot hands off without naming one (none: the root department)."""

    url: str
    department_id: UUID | None = None
    answer_within_minutes: int = USUAL_ANSWER_WITHIN

    def wanted(self) -> WantedBot:
        """Convert to the use case's form."""
        department_id = DepartmentId(self.department_id) if self.department_id else None
        return WantedBot(self.url, department_id, self.answer_within_minutes)


class HandOverBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`note` is for colleagues; the customer never sees it."""

    department_id: UUID | None = None
    note: str | None = None


@put("/sessions/{id:uuid}/bot", status_code=200, tags=sessions.TAGS)
async def bind_bot(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[BotBody],
    bind_bot: FromDishka[BindBot],
    providers: FromDishka[Providers],
) -> SessionDetail:
    """Give the session a bot, or change it (ADMIN). The session's routing becomes `none`; `bot.url` gets
    `message.received` of the rounds that the bot handles, and `conversation.*` of all that it took part in, signed like
    other webhooks. It answers with an API key through `POST /api/messages/send`. `bot.secret` is shown once, when
    the bot is new; `POST /api/webhooks/{bot.webhookId}/secret` makes another."""
    session, secret = await bind_bot(caller, SessionId(id), data.wanted())
    shown = sessions.shown(session, caller, providers)
    if secret and session.bot:
        shown.bot = extended(BotView, BotView.of(session.bot), secret=secret)
    return shown


@delete("/sessions/{id:uuid}/bot", tags=sessions.TAGS)
async def unbind_bot(caller: Asking, id: FromPath[UUID], unbind_bot: FromDishka[UnbindBot]) -> None:
    """Remove the session's bot, with its webhook (ADMIN). Its rounds go to people once their customers wait."""
    await unbind_bot(caller, SessionId(id))


@post("/conversations/{id:uuid}/handover", status_code=200, tags=conversations.TAGS)
async def hand_over(
    caller: Asking,
    id: FromPath[UUID],
    hand_off_conversation: FromDishka[HandOffConversation],
    data: JSONBody[HandOverBody | None] = None,
) -> ConversationView:
    """Hand a conversation off from the session's bot to people, until it ends: to `departmentId`, else the bot's
    department, else the root department, else supervisors are notified. 409 if people have it already."""
    body = data or HandOverBody()
    department_id = DepartmentId(body.department_id) if body.department_id else None
    return ConversationView.of(await hand_off_conversation(caller, ConversationId(id), department_id, body.note))


HANDLERS = [bind_bot, unbind_bot, hand_over]
