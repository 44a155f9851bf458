"""A person who uses the hub: an agent, an administrator of a tenant, or the master of all."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.events import Event, EventType, Records
from whatsapp_hub.domain.ids import DepartmentId, TenantId, UserId
from whatsapp_hub.domain.text import is_storable


class Role(StrEnum):
    """What a person is in the hub: the columns of the policy table (`access`)."""

    MASTER = "MASTER"
    ADMIN = "ADMIN"
    AGENT = "AGENT"


class OnlineStatus(StrEnum):
    """Presence of a user: ONLINE gets new conversations, BUSY keeps its own, OFFLINE loses them to others."""

    ONLINE = "ONLINE"
    BUSY = "BUSY"
    OFFLINE = "OFFLINE"


@dataclass(slots=True)
class User(Records):
    """`max_conversations` limits the user's ASSIGNED conversations (None: no limit); `hands_over`: the user went
    offline, and their conversations are still to be reassigned; `skills` are compared with conversations' labels."""

    id: UserId
    tenant_id: TenantId
    email: str
    name: str
    password_hash: str
    role: Role
    created_at: datetime
    online_status: OnlineStatus = OnlineStatus.OFFLINE
    is_active: bool = True
    department_id: DepartmentId | None = None
    max_conversations: int | None = None
    last_heartbeat: datetime | None = None
    online_since: datetime | None = None
    last_assigned_at: datetime | None = None
    hands_over: bool = False
    skills: tuple[str, ...] = ()
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.email = emails.normal(self.email)
        emails.check(self.email)
        self.rename(self.name)

    def rename(self, name: str) -> None:
        """Set the name. Raises Invalid."""
        if not 1 <= len(name.strip()) <= 128:
            raise Invalid.field("name", "must have 1 to 128 characters")
        if not is_storable(name):
            raise Invalid.field("name", "must not contain NUL or lone surrogates")
        self.name = name.strip()

    def set_presence(self, status: OnlineStatus, at: datetime) -> bool:
        """Change the presence; return whether it was another before."""
        self.last_heartbeat = at
        if status is self.online_status:
            return False
        self.online_status, self.hands_over = status, status is OnlineStatus.OFFLINE
        self.online_since = at if status is OnlineStatus.ONLINE else None
        self.record(
            Event(
                EventType.USER_PRESENCE,
                self.tenant_id,
                at,
                subjects={"user": replace(self, _events=[])},
            )
        )
        return True

    @property
    def is_here(self) -> bool:
        """Whether the user is ONLINE and active."""
        return self.is_active and self.online_status is OnlineStatus.ONLINE
