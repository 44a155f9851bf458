"""Sessions and their bots in the form of contract F."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.conversations.bot import Bot
from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind
from whatsapp_hub.domain.sessions.moving import Loss, LossCode
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus
from whatsapp_hub.domain.sessions.status_reason import coded


class BotView(View):
    """A session's bot. `departmentId` gets conversations that it hands off without naming one; `secret` is shown once,
    when the bot is new."""

    webhook_id: UUID
    url: str
    department_id: UUID | None
    answer_within_minutes: int
    secret: str | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, bot: Bot) -> "BotView":
        """Show a session's bot."""
        return cls(bot.webhook_id, bot.url, bot.department_id, bot.answer_within_minutes)


class SessionFields(View):
    """The fields of a session and their order, as contracts B and F show them; `status` in each one's words."""

    id: UUID
    session_id: str
    name: str
    phone_number: str | None
    provider: str
    agent_id: str
    user_id: UUID | None
    department_id: UUID | None
    routing: Routing
    status: str
    status_reason: str | None
    status_reason_code: str | None
    status_reason_values: Mapping[str, str]
    is_active: bool
    qr_code: str | None
    webhook_url: str | None
    bot: BotView | None
    created_at: datetime
    updated_at: datetime


class SessionView(SessionFields):
    """A session: one WhatsApp number through one provider. `sessionId` is the client's own name for it;
    `statusReasonCode` and `statusReasonValues` are those of the text `statusReason`. Unknown codes are to be
    expected."""

    status: SessionStatus

    @classmethod
    def of(cls, session: Session) -> "SessionView":
        """Show a session without its settings."""
        code, values = coded(session.status_reason) if session.status_reason else (None, {})
        return cls(
            id=session.id,
            session_id=session.key,
            name=session.name,
            phone_number=session.phone_number,
            provider=session.provider,
            agent_id=session.agent_id,
            user_id=session.user_id,
            department_id=session.department_id,
            routing=session.routing,
            status=session.status,
            status_reason=session.status_reason,
            status_reason_code=code,
            status_reason_values=values,
            is_active=session.is_active,
            qr_code=session.qr_code,
            webhook_url=session.webhook_url,
            bot=BotView.of(session.bot) if session.bot else None,
            created_at=time(session.created_at),
            updated_at=time(session.updated_at),
        )


class SettingWarning(View):
    """What is wrong with a setting that is stored."""

    setting: str
    detail: str


class SessionDetail(SessionView):
    """A session as the caller may see it: its managers see warnings and settings (null: they cannot be read), others
    no QR code either. Secrets in settings are left out."""

    warnings: list[SettingWarning] | msgspec.UnsetType = msgspec.UNSET
    settings: dict[str, object] | msgspec.UnsetType | None = msgspec.UNSET


class LossView(View):
    """What a move to another provider loses, or what somebody must do for it. `count`: how many it concerns (null: not
    counted), `names`: kinds of messages, or features. Unknown codes are to be expected."""

    code: LossCode
    detail: str
    count: int | None
    names: list[str]

    @classmethod
    def of(cls, loss: Loss) -> "LossView":
        """Show a loss."""
        return cls(loss.code, loss.detail, loss.count, list(loss.names))


class SessionMoveView(View):
    """A move to another provider, or (`dryRun`) what it would be. `waiting` messages are the new one's to send;
    `underWay` calls of the old one (`left`) had not ended; nothing was sent for `pausedMs` milliseconds, and since
    then if not `isSending`: then `session.status` says what it waits for. `webhookPath` is what the new provider must
    be given, on the hub's public address (null: it posts nothing)."""

    dry_run: bool
    left: str
    provider: str
    waiting: int
    under_way: int
    paused_ms: int
    is_sending: bool
    webhook_path: str | None
    losses: list[LossView]
    session: SessionDetail


class PlannedMoveView(View):
    """Where a session moves by itself when WhatsApp restricts its number (null: nowhere), and what that would lose
    now."""

    provider: str | None
    losses: list[LossView]


class SessionHistoryEntry(View):
    """What happened to a session, `count` times from `at` to `until`.

    `kind` `status`: a new status (`status`); `dialled`, `dial_failed`: dials; `lost`: connections during a storm;
    `taken_over`: a new connector; `store_failed`, `undecryptable`, `not_stored`: what could not be saved;
    `moved`: another provider. Unknown kinds
    are to be expected. `reasonCode` and `reasonValues` are those of the text `reason`."""

    kind: HistoryKind
    at: datetime
    until: datetime
    count: int
    status: SessionStatus | None
    reason: str | None
    reason_code: str | None
    reason_values: Mapping[str, str]

    @classmethod
    def of(cls, entry: HistoryEntry) -> "SessionHistoryEntry":
        code, values = coded(entry.reason) if entry.reason else (None, {})
        return cls(
            kind=entry.kind,
            at=time(entry.at),
            until=time(entry.until),
            count=entry.count,
            status=SessionStatus(entry.status) if entry.status else None,
            reason=entry.reason,
            reason_code=code,
            reason_values=values,
        )
