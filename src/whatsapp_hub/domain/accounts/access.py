"""Authorisation: the one policy table (role × action) that code, tests and docs read."""

from enum import StrEnum

from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Forbidden


class Action(StrEnum):
    """What a caller may do: the rows of the policy table. The value is the sentence that documents and `may` show."""

    READ_CONVERSATIONS = "read conversations"
    READ_ALL_CONVERSATIONS = "read every department's conversations"
    WORK_CONVERSATIONS = "answer, take and resolve conversations"
    ASSIGN_OTHERS = "assign a conversation to somebody else"
    START_CONVERSATIONS = "start a conversation"
    REOPEN_CONVERSATIONS = "take a closed conversation up again"
    HAND_OVER_CONVERSATIONS = "give a bot's conversation to people"
    SETTLE_MESSAGES = "retry or fail a message of unknown outcome"
    READ_USERS = "read users"
    MANAGE_USERS = "create and change users"
    READ_DEPARTMENTS = "read departments"
    MANAGE_DEPARTMENTS = "create, change and delete departments"
    READ_SESSIONS = "read sessions"
    MANAGE_SESSIONS = "create, start, stop and delete sessions"
    WATCH_SESSIONS = "hear what happens on a session as it happens"
    READ_EVENTS = "read the event log"
    SET_OWN_STATUS = "set one's own presence"
    READ_NOTIFICATIONS = "read one's own notifications"
    READ_QUICK_REPLIES = "read quick replies"
    MANAGE_QUICK_REPLIES = "create, change and delete quick replies"
    READ_TEMPLATES = "read message templates"
    MANAGE_TEMPLATES = "synchronise, create and delete message templates"
    MANAGE_CAMPAIGNS = "read, create, start, pause and delete campaigns"
    MANAGE_RULES = "read and change automatic rules"
    READ_COMPANY = "read the company's settings"
    MANAGE_COMPANY = "change the company's settings and texts"
    READ_AUDIT = "read who changed what"
    MANAGE_CONTACTS = "change, merge, block and import contacts"
    EXPORT_CONTACTS = "export all that is kept of a customer"
    ERASE_CONTACTS = "erase all that is kept of a customer"
    READ_METRICS = "read the company's figures"
    READ_SYSTEM = "read which parts of the hub run and what waits in them"
    USE_SANDBOX = "play a customer in the sandbox"
    MANAGE_WEBHOOKS = "create, change, test and replay webhooks"
    MANAGE_API_KEYS = "create and revoke API keys"
    CHOOSE_TENANT = "act for any tenant"
    MANAGE_TENANTS = "create and change tenants"


def name_of(action: Action) -> str:
    """Return the action's name as clients write it: `manage-sessions`."""
    return action.name.lower().replace("_", "-")


_AGENT = frozenset(
    {
        Action.READ_CONVERSATIONS,
        Action.WORK_CONVERSATIONS,
        Action.START_CONVERSATIONS,
        Action.REOPEN_CONVERSATIONS,
        Action.HAND_OVER_CONVERSATIONS,
        Action.READ_NOTIFICATIONS,
        Action.READ_QUICK_REPLIES,
        Action.READ_TEMPLATES,
        Action.READ_METRICS,
        Action.READ_USERS,
        Action.READ_DEPARTMENTS,
        Action.READ_SESSIONS,
        Action.SET_OWN_STATUS,
    }
)
_MASTER_ONLY = frozenset({Action.CHOOSE_TENANT, Action.MANAGE_TENANTS})

POLICY: dict[Role, frozenset[Action]] = {
    Role.AGENT: _AGENT,
    Role.ADMIN: frozenset(Action) - _MASTER_ONLY,
    Role.MASTER: frozenset(Action),
}


def require(role: Role, action: Action) -> None:
    """Raise Forbidden unless the role allows the action."""
    if action not in POLICY[role]:
        raise Forbidden(action)
