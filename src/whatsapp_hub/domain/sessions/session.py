"""A session: one WhatsApp number through one provider."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.conversations.bot import Bot, BotPart
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import DetailValue, Event, EventType, Records
from whatsapp_hub.domain.ids import DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind
from whatsapp_hub.domain.sessions.status_reason import StatusReason

_KEY = re.compile(r"[A-Za-z0-9_.:@+-]{1,128}")
_REFUSED = frozenset(["init", "create", "me", "session", "sessions", "send", "stream", "status", "deliveries"])


class Unreadable:
    """Placeholder for settings that this hub's key does not decrypt (HUB_SECRET_KEY was changed or lost)."""

    reason = "the settings cannot be read: HUB_SECRET_KEY is not the one that they were stored with"


UNREADABLE = Unreadable()

DEFAULT = "default"
"""The key of the session that the environment's variables configure."""

CORRUPTED = StatusReason.CREDENTIALS_CORRUPTED.value
"""The status reason of a session whose stored credentials cannot be used."""


class SessionStatus(StrEnum):
    """States of a session's connection, as the API shows them (contracts A to D translate them)."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    QR_PENDING = "QR_PENDING"
    CONNECTED = "CONNECTED"
    RECONNECTING = "RECONNECTING"
    LOGGED_OUT = "LOGGED_OUT"
    BANNED = "BANNED"
    FAILED = "FAILED"


class AlertKind(StrEnum):
    """What an alert about a session is about. Others may be added."""

    RECONNECT_STORM = "reconnect_storm"
    """It loses its connection again and again."""
    LINKED_TWICE = "linked_twice"
    """Its phone is linked to another session too."""
    REACHOUT_TIMELOCK = "reachout_timelock"
    """WhatsApp lets it write to nobody new for now."""
    BANNED = "banned"
    """WhatsApp has banned it, for a time or for good."""
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_RESTRICTED = "account_restricted"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_ALERT = "account_alert"
    """Meta reports it of the business account, for each of its numbers."""
    SENDING_STOPPED = "sending_stopped"
    """What waits is held until somebody starts the session again."""
    NUMBER_QUALITY = "number_quality"
    NUMBER_NAME = "number_name"
    USER_PREFERENCE = "user_preference"
    """Customers take marketing messages no more, or again."""
    MOVE_FAILED = "move_failed"
    """It was to move to another provider by itself, and could not."""
    TEMPLATE = "template"
    """A template's state, quality or category changed."""


class Severity(StrEnum):
    """INFO: to know; WARNING: it works worse; CRITICAL: it does not work until somebody acts."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Routing(StrEnum):
    """NONE: a gateway, the hub itself never answers. DEPARTMENTS: the menu and its agents."""

    NONE = "none"
    DEPARTMENTS = "departments"


_DOWN = frozenset({SessionStatus.FAILED, SessionStatus.BANNED, SessionStatus.LOGGED_OUT})
"""States in which nothing is sent until an operator acts; each has a reason."""

UNEXPLAINED = StatusReason.UNEXPLAINED.value
REACHOUT_TIMELOCK = StatusReason.REACHOUT_TIMELOCK.value

_EVENT = {
    SessionStatus.CONNECTING: EventType.SESSION_STARTED,
    SessionStatus.QR_PENDING: EventType.SESSION_QR,
    SessionStatus.CONNECTED: EventType.SESSION_CONNECTED,
    SessionStatus.DISCONNECTED: EventType.SESSION_DISCONNECTED,
    SessionStatus.RECONNECTING: EventType.SESSION_DISCONNECTED,
    SessionStatus.LOGGED_OUT: EventType.SESSION_DISCONNECTED,
    SessionStatus.BANNED: EventType.SESSION_ERROR,
    SessionStatus.FAILED: EventType.SESSION_ERROR,
}


def check_key(value: str, field_name: str) -> str:
    """Check a client's key (session id, agent id) by the contracts' rules. Raises Invalid."""
    if not _KEY.fullmatch(value):
        raise Invalid.field(field_name, "must match [A-Za-z0-9_.:@+-]{1,128}")
    if value.lower() in _REFUSED:
        raise Invalid.field(field_name, f"{value!r} is reserved")
    return value


@dataclass(slots=True)
class Session(Records):
    """`key` is the client's own name for it (contract: sessionId); `settings` are the provider's, decoded by its plugin
    and opaque here; `owner` names its user in a client that has users of its own."""

    id: SessionId
    tenant_id: TenantId
    key: str
    name: str
    provider: str
    routing: Routing
    created_at: datetime
    updated_at: datetime
    settings: object = None
    agent_id: str = ""
    user_id: UserId | None = None
    owner: str | None = None
    department_id: DepartmentId | None = None
    phone_number: str | None = None
    status: SessionStatus = SessionStatus.DISCONNECTED
    status_reason: str | None = None
    is_active: bool = False
    qr_code: str | None = None
    webhook_url: str | None = None
    bot: Bot | None = None
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)
    _history: tuple[HistoryEntry, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        check_key(self.key, "session_id")
        self.agent_id = self.agent_id or self.key
        check_key(self.agent_id, "agent_id")

    @property
    def is_unclaimed(self) -> bool:
        """Whether this is a session `default` that neither a gateway's client nor a bot has taken."""
        is_free = self.bot is None and self.agent_id == self.key and self.routing is Routing.DEPARTMENTS
        return self.key == DEFAULT and is_free

    def become(self, key: str, name: str, agent_id: str, at: datetime) -> None:
        """Turn an unused number into a gateway's session, not started yet: its customers never see a menu."""
        self.key, self.name, self.agent_id = key, name, agent_id or key
        self.routing, self.department_id, self.is_active = Routing.NONE, None, False
        self.updated_at = at
        self.move(SessionStatus.DISCONNECTED, at)

    def bind(self, bot: Bot, at: datetime) -> None:
        """Connect a bot: it answers the customers from now on, instead of the menu."""
        self.bot, self.routing, self.updated_at = bot, Routing.NONE, at

    def unbind(self, at: datetime) -> None:
        """Remove the bot. Conversations that it has are handed over when it should have answered."""
        self.bot, self.updated_at = None, at

    def reroute(self, routing: Routing) -> None:
        """Change the routing. Raises Conflict where a bot answers."""
        if self.bot and routing is Routing.DEPARTMENTS:
            raise Conflict("has_bot", "the session has a bot, whose customers never meet the menu: take it away first")
        self.routing = routing

    def routes(self, part: BotPart) -> bool:
        """Whether the hub assigns such a round to agents, with time-outs: on sessions with departments, and where a bot
        hands customers over."""
        return self.routing is Routing.DEPARTMENTS or self.bot is not None or part is BotPart.HANDED_OVER

    def event(self, type: EventType, at: datetime, **detail: DetailValue) -> Event:
        """Build an event that carries a copy of the session, without its settings (they hold secrets)."""
        copy = replace(self, settings=None, _events=[], _history=())
        return Event(type, self.tenant_id, at, self.id, None, {"session": copy}, detail)

    def alert(self, kind: AlertKind, severity: Severity, detail: str, at: datetime) -> None:
        """Record an alert. `detail`: a sentence for people."""
        said = {"kind": kind.value, "severity": severity.value, "detail": detail}
        self.record(self.event(EventType.SESSION_ALERT, at, **said))

    def limit(self, at: datetime, detail: str) -> bool:
        """Show that WhatsApp lets it write to nobody new; False if that is shown already, or it is not connected."""
        if self.status is not SessionStatus.CONNECTED or self.status_reason == REACHOUT_TIMELOCK:
            return False
        self.move(self.status, at, REACHOUT_TIMELOCK)
        self.alert(AlertKind.REACHOUT_TIMELOCK, Severity.WARNING, detail, at)
        return True

    def lift_limit(self, at: datetime) -> bool:
        """Show that it may write to new people again; False if nothing else was shown."""
        if self.status is not SessionStatus.CONNECTED or self.status_reason != REACHOUT_TIMELOCK:
            return False
        return self.move(self.status, at)

    def note(self, kind: HistoryKind, at: datetime, reason: str | None = None) -> None:
        """Add an entry to its history, which is stored with it."""
        status = self.status.value if kind is HistoryKind.STATUS else None
        self._history += (HistoryEntry.of(kind, at, reason, status),)

    def take_history(self) -> tuple[HistoryEntry, ...]:
        """Return the entries that were noted, oldest first, and clear them."""
        taken, self._history = self._history, ()
        return taken

    def move(self, status: SessionStatus, at: datetime, reason: str | None = None, qr_code: str | None = None) -> bool:
        """Take a new status, or a renewed QR code; False if nothing changed. FAILED, BANNED and LOGGED_OUT always have
        a reason."""
        reason = reason or (UNEXPLAINED if status in _DOWN else None)
        code = qr_code if status is SessionStatus.QR_PENDING else None
        if (status, reason, code) == (self.status, self.status_reason, self.qr_code):
            return False
        if code is None and (status, reason) == (self.status, self.status_reason):
            return self.hide_code(at)
        was = self.status.value
        is_renewal = (status, reason) == (self.status, self.status_reason)
        self.status, self.status_reason, self.qr_code, self.updated_at = status, reason, code, at
        if not is_renewal:
            self.note(HistoryKind.STATUS, at, reason)
        self.record(self.event(_EVENT[status], at, reason=reason, was=was))
        if reason == CORRUPTED:
            self.record(self.event(EventType.SESSION_AUTH_CORRUPTED, at, reason=reason))
        return True

    def move_to(self, provider: str, settings: object, at: datetime, waiting: int, paused: timedelta) -> None:
        """Give it another provider, not connected yet. `waiting`: how many messages that one is to send; `paused`: how
        long nothing has been sent meanwhile."""
        left, self.provider, self.settings = self.provider, provider, settings
        self.updated_at, self.is_active = at, False
        paused_ms = round(paused.total_seconds() * 1000)
        self.note(HistoryKind.MOVED, at, f"{left} to {provider}, {waiting} waiting, paused for {paused_ms} ms")
        self.move(SessionStatus.DISCONNECTED, at)
        self.record(self.event(EventType.SESSION_MOVED, at, left=left, waiting=waiting, paused_ms=paused_ms))

    def hide_code(self, at: datetime) -> bool:
        """Hide an expired QR code; False if there is none. Not an event: the next code is."""
        if self.qr_code is None:
            return False
        self.qr_code, self.updated_at = None, at
        return True

    def start(self, at: datetime) -> None:
        """Want the session connected.

        Raises `Conflict` where it is connected already.
        """
        if self.is_active and self.status is SessionStatus.CONNECTED:
            raise Conflict("already_connected", "the session is connected already")
        self.is_active = True
        self.move(SessionStatus.CONNECTING, at)

    def stop(self, at: datetime, reason: str = "stopped") -> None:
        """Want it disconnected, for a reason that `statusReason` shows. Credentials stay."""
        self.is_active = False
        self.move(SessionStatus.DISCONNECTED, at, reason)

    def log_out(self, at: datetime, reason: str) -> None:
        """Record that no phone is linked any more; the next start asks for one."""
        self.is_active = False
        self.move(SessionStatus.LOGGED_OUT, at, reason)

    def break_credentials(self, reason: str, at: datetime) -> None:
        """Fail it: the provider refuses its credentials, and nothing is sent until an operator fixes them."""
        self.move(SessionStatus.FAILED, at, f"credentials_invalid: {reason}")

    @property
    def may_send(self) -> bool:
        """Whether its lanes may move; a reconnecting session is tried, a stopped one is not."""
        return self.is_active and self.status in (SessionStatus.CONNECTED, SessionStatus.RECONNECTING)

    @property
    def failure(self) -> str | None:
        """Why nothing is sent until an operator acts; None in other states."""
        return f"{self.status}: {self.status_reason or UNEXPLAINED}" if self.status in _DOWN else None
