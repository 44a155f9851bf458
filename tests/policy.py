"""The policy of every door: what a caller must be allowed to do to use a route or a socket's event.

A new route or event needs a row here (`tests/unit/adapters/http/test_policy.py` fails without it); who may what is
`domain/accounts/access.py`, POLICY. `tests/integration/hub/test_policy*.py` walk over all rows with every caller.
"""

from dataclasses import dataclass

from whatsapp_hub.domain.accounts.access import POLICY, Action
from whatsapp_hub.domain.accounts.user import Role


@dataclass(frozen=True)
class Need:
    """`actions`: all of them. `is_open`: anybody, also without a credential. `is_a_persons`: never an API key's."""

    actions: frozenset[Action] = frozenset()
    is_open: bool = False
    is_a_persons: bool = False


def needs(*actions: Action, is_a_persons: bool = False) -> Need:
    return Need(frozenset(actions), is_a_persons=is_a_persons)


OPEN = Need(is_open=True)
SIGNED_IN = Need()
PERSON = Need(is_a_persons=True)

WORK = needs(Action.WORK_CONVERSATIONS)
START = needs(Action.START_CONVERSATIONS)
READ_CONVERSATIONS = needs(Action.READ_CONVERSATIONS)
READ_ALL_CONVERSATIONS = needs(Action.READ_ALL_CONVERSATIONS)
READ_SESSIONS = needs(Action.READ_SESSIONS)
SESSIONS = needs(Action.MANAGE_SESSIONS)
BOTS = needs(Action.MANAGE_SESSIONS, Action.MANAGE_WEBHOOKS)
WATCH = needs(Action.WATCH_SESSIONS)
DEPARTMENTS = needs(Action.MANAGE_DEPARTMENTS)
USERS = needs(Action.MANAGE_USERS)
AGENTS_POWERS = needs(Action.MANAGE_USERS, *(POLICY[Role.AGENT] - {Action.SET_OWN_STATUS}))
"""To make an agent, or a link that signs one in: nobody gives more than they have."""
KEYS = needs(Action.MANAGE_API_KEYS)
"""No scope gives it: a key that is not narrowed may list and revoke keys; only a person makes one."""
RULES = needs(Action.MANAGE_RULES)
REPLIES = needs(Action.MANAGE_QUICK_REPLIES)
WEBHOOKS = needs(Action.MANAGE_WEBHOOKS)
METRICS = needs(Action.READ_METRICS)
TENANTS = needs(Action.MANAGE_TENANTS)
SANDBOX = needs(Action.USE_SANDBOX)
EXPORT = needs(Action.EXPORT_CONTACTS)
CONTACTS = needs(Action.MANAGE_CONTACTS)
ERASE = needs(Action.ERASE_CONTACTS)
CAMPAIGNS = needs(Action.MANAGE_CAMPAIGNS)

ROUTES: dict[str, Need] = {
    "GET /": OPEN,
    "GET /health": OPEN,
    "GET /api/health": OPEN,
    "GET /metrics": OPEN,  # to this machine and to METRICS_TOKEN: tests/integration/http/test_prometheus.py
    "GET /schema": OPEN,
    "GET /schema/openapi.json": OPEN,
    "GET /schema/page.css": OPEN,
    "GET /schema/plain": OPEN,
    "GET /schema/{path}": OPEN,
    "POST /api/auth/login": OPEN,
    "POST /api/auth/browser": OPEN,
    "POST /api/auth/browser/oidc": OPEN,
    "POST /api/auth/browser/link": OPEN,
    "GET /api/auth/methods": OPEN,
    "GET /api/auth/oidc": OPEN,
    "GET /api/auth/oidc/callback": OPEN,
    "POST /api/auth/oidc/token": OPEN,
    "DELETE /api/users/{id}/oidc": USERS,
    "POST /api/auth/reset-password": OPEN,
    "GET /reset-password": OPEN,
    "POST /reset-password": OPEN,
    "POST /api/auth/ticket": SIGNED_IN,
    "POST /api/auth/logout": SIGNED_IN,
    "GET /api/auth/me": PERSON,
    "PATCH /api/auth/password": PERSON,
    "GET /api/auth/preferences": PERSON,
    "PUT /api/auth/preferences": PERSON,
    "GET /api/auth/second-factor": PERSON,
    "POST /api/auth/second-factor": PERSON,
    "POST /api/auth/second-factor/confirm": PERSON,
    "POST /api/auth/second-factor/recovery-codes": PERSON,
    "POST /api/auth/second-factor/disable": PERSON,
    "GET /api/auth/sign-ins": PERSON,
    "DELETE /api/auth/sign-ins": PERSON,
    "DELETE /api/auth/sign-ins/{id}": PERSON,
    "GET /api/users/{id}/sign-ins": USERS,
    "DELETE /api/users/{id}/sign-ins": USERS,
    "DELETE /api/users/{id}/sign-ins/{sign_in_id}": USERS,
    "POST /api/auth/register": AGENTS_POWERS,
    "GET /api/api-keys": KEYS,
    "POST /api/api-keys": needs(Action.MANAGE_API_KEYS, is_a_persons=True),
    "DELETE /api/api-keys/{id}": KEYS,
    "GET /api/users": needs(Action.READ_USERS),
    "POST /api/users": AGENTS_POWERS,
    "GET /api/users/{id}": needs(Action.READ_USERS),
    "PATCH /api/users/{id}": USERS,
    "POST /api/users/{id}/password-reset": AGENTS_POWERS,
    "PATCH /api/users/me/status": needs(Action.SET_OWN_STATUS, is_a_persons=True),
    "GET /api/departments": needs(Action.READ_DEPARTMENTS),
    "POST /api/departments": DEPARTMENTS,
    "GET /api/departments/{id}": needs(Action.READ_DEPARTMENTS),
    "PATCH /api/departments/{id}": DEPARTMENTS,
    "DELETE /api/departments/{id}": DEPARTMENTS,
    "GET /api/departments/{id}/agents": needs(Action.READ_DEPARTMENTS, Action.READ_USERS),
    "GET /api/departments/{id}/queue": needs(Action.READ_DEPARTMENTS, Action.READ_CONVERSATIONS),
    "GET /api/sessions": READ_SESSIONS,
    "POST /api/sessions": SESSIONS,
    "GET /api/sessions/{id}": READ_SESSIONS,
    "PATCH /api/sessions/{id}": SESSIONS,
    "DELETE /api/sessions/{id}": SESSIONS,
    "GET /api/sessions/{id}/capabilities": READ_SESSIONS,
    "GET /api/sessions/{id}/history": READ_SESSIONS,
    "POST /api/sessions/{id}/start": SESSIONS,
    "POST /api/sessions/{id}/stop": SESSIONS,
    "POST /api/sessions/{id}/restart": SESSIONS,
    "GET /api/sessions/{id}/qr": SESSIONS,
    "POST /api/sessions/{id}/pairing-code": SESSIONS,
    "POST /api/sessions/{id}/logout": SESSIONS,
    "POST /api/sessions/{id}/provider": SESSIONS,
    "GET /api/sessions/{id}/planned-move": SESSIONS,
    "PUT /api/sessions/{id}/planned-move": SESSIONS,
    "DELETE /api/sessions/{id}/planned-move": SESSIONS,
    "PUT /api/sessions/{id}/bot": BOTS,
    "DELETE /api/sessions/{id}/bot": SESSIONS,
    "GET /api/conversations": READ_CONVERSATIONS,
    "GET /api/conversations/counts": READ_CONVERSATIONS,
    "POST /api/conversations": START,
    "POST /api/conversations/ask-for": needs(Action.START_CONVERSATIONS, is_a_persons=True),
    "GET /api/conversations/{id}": READ_CONVERSATIONS,
    "PATCH /api/conversations/{id}": WORK,
    "GET /api/conversations/{id}/messages": READ_CONVERSATIONS,
    "POST /api/conversations/{id}/assign": needs(Action.WORK_CONVERSATIONS, Action.ASSIGN_OTHERS),  # to somebody else
    "POST /api/conversations/{id}/unassign": WORK,
    "POST /api/conversations/{id}/transfer": WORK,
    "POST /api/conversations/{id}/read": WORK,
    "POST /api/conversations/{id}/resolve": WORK,
    "POST /api/conversations/{id}/archive": WORK,
    "GET /api/conversations/{id}/copy": READ_CONVERSATIONS,
    "GET /api/conversations/{id}/events": READ_CONVERSATIONS,
    "GET /api/labels": READ_CONVERSATIONS,
    "POST /api/conversations/bulk": WORK,
    "POST /api/messages/{id}/send-again": WORK,
    "POST /api/conversations/{id}/unread": WORK,
    "POST /api/conversations/{id}/take-thread": needs(Action.WORK_CONVERSATIONS),
    "POST /api/conversations/{id}/snooze": WORK,
    "POST /api/conversations/{id}/reopen": needs(Action.REOPEN_CONVERSATIONS),
    "POST /api/conversations/{id}/handover": needs(Action.HAND_OVER_CONVERSATIONS),
    "PATCH /api/conversations/{id}/customer-name": WORK,
    "GET /api/conversations/{id}/notes": READ_CONVERSATIONS,
    "POST /api/conversations/{id}/notes": WORK,
    "PATCH /api/conversations/{id}/notes/{note_id}": WORK,
    "DELETE /api/conversations/{id}/notes/{note_id}": WORK,
    "GET /api/conversations/{id}/assignments": READ_CONVERSATIONS,
    "POST /api/messages": WORK,
    "POST /api/messages/send": WORK,
    "POST /api/messages/send-media": WORK,
    "GET /api/messages/scheduled": READ_CONVERSATIONS,
    "DELETE /api/messages/scheduled/{id}": WORK,
    "GET /api/messages/search": READ_CONVERSATIONS,
    "GET /api/media/{id}": READ_CONVERSATIONS,
    "GET /api/media/{id}/thumbnail": READ_CONVERSATIONS,
    "POST /api/media/{id}/link": READ_CONVERSATIONS,
    "GET /api/media/links/{token}": OPEN,  # the token is the right
    "GET /api/messages/{id}/raw": needs(Action.READ_ALL_CONVERSATIONS),
    "POST /api/messages/{id}/retry": needs(Action.SETTLE_MESSAGES),
    "POST /api/messages/{id}/fail": needs(Action.SETTLE_MESSAGES),
    "GET /api/notifications": needs(Action.READ_NOTIFICATIONS),
    "POST /api/notifications/read": needs(Action.READ_NOTIFICATIONS, is_a_persons=True),
    "POST /api/notifications/{id}/read": needs(Action.READ_NOTIFICATIONS, is_a_persons=True),
    "GET /api/templates": needs(Action.READ_TEMPLATES),
    "POST /api/templates": needs(Action.MANAGE_TEMPLATES),
    "POST /api/templates/sync": needs(Action.MANAGE_TEMPLATES),
    "GET /api/templates/{id}": needs(Action.READ_TEMPLATES),
    "DELETE /api/templates/{id}": needs(Action.MANAGE_TEMPLATES),
    "POST /api/templates/{id}/preview": needs(Action.READ_TEMPLATES),
    "GET /api/campaigns": CAMPAIGNS,
    "POST /api/campaigns": CAMPAIGNS,
    "POST /api/campaigns/audience": CAMPAIGNS,
    "GET /api/campaigns/{id}": CAMPAIGNS,
    "GET /api/campaigns/{id}/recipients": CAMPAIGNS,
    "POST /api/campaigns/{id}/start": CAMPAIGNS,
    "POST /api/campaigns/{id}/pause": CAMPAIGNS,
    "POST /api/campaigns/{id}/resume": CAMPAIGNS,
    "POST /api/campaigns/{id}/cancel": CAMPAIGNS,
    "DELETE /api/campaigns/{id}": CAMPAIGNS,
    "GET /api/rules": RULES,
    "POST /api/rules": RULES,
    "GET /api/rules/{id}": RULES,
    "PATCH /api/rules/{id}": RULES,
    "DELETE /api/rules/{id}": RULES,
    "GET /api/companies/me": needs(Action.READ_COMPANY),
    "PATCH /api/companies/me": needs(Action.MANAGE_COMPANY),
    "GET /api/quick-replies": needs(Action.READ_QUICK_REPLIES),
    "POST /api/quick-replies": REPLIES,
    "GET /api/quick-replies/{id}": needs(Action.READ_QUICK_REPLIES),
    "PATCH /api/quick-replies/{id}": REPLIES,
    "DELETE /api/quick-replies/{id}": REPLIES,
    "POST /api/quick-replies/{id}/fill": WORK,
    "GET /api/audit": needs(Action.READ_AUDIT),
    "GET /api/contacts": READ_ALL_CONVERSATIONS,
    "GET /api/contacts/{id}": READ_ALL_CONVERSATIONS,
    "GET /api/contacts/{id}/conversations": needs(Action.READ_CONVERSATIONS),
    "PATCH /api/contacts/{id}": CONTACTS,
    "GET /api/contacts/csv": EXPORT,
    "POST /api/contacts/csv": CONTACTS,
    "POST /api/contacts/{id}/block": CONTACTS,
    "POST /api/contacts/{id}/unblock": CONTACTS,
    "POST /api/contacts/{id}/opt-out": CONTACTS,
    "POST /api/contacts/{id}/opt-in": CONTACTS,
    "POST /api/contacts/{id}/merge": CONTACTS,
    "POST /api/contacts/{id}/split": CONTACTS,
    "POST /api/contacts/{id}/export": EXPORT,
    "GET /api/exports/{id}/file": EXPORT,
    "POST /api/contacts/{id}/erase": ERASE,
    "GET /api/erasures": ERASE,
    "GET /api/erasures/{id}": ERASE,
    "GET /api/metrics/dashboard": METRICS,
    "GET /api/metrics/agents": METRICS,
    "GET /api/metrics/sessions": METRICS,
    "GET /api/metrics/costs": METRICS,
    "GET /api/events": needs(Action.READ_EVENTS),
    "GET /api/events/stream": needs(Action.READ_EVENTS),
    "GET /api/webhooks": WEBHOOKS,
    "POST /api/webhooks": WEBHOOKS,
    "GET /api/webhooks/{id}": WEBHOOKS,
    "PATCH /api/webhooks/{id}": WEBHOOKS,
    "DELETE /api/webhooks/{id}": WEBHOOKS,
    "POST /api/webhooks/{id}/secret": WEBHOOKS,
    "POST /api/webhooks/{id}/test": WEBHOOKS,
    "GET /api/webhooks/{id}/deliveries": WEBHOOKS,
    "POST /api/webhooks/{id}/replay": WEBHOOKS,
    "POST /api/webhooks/deliveries/{id}/replay": WEBHOOKS,
    "GET /api/tenants": TENANTS,
    "POST /api/tenants": TENANTS,
    "GET /api/tenants/{id}": TENANTS,
    "PATCH /api/tenants/{id}": TENANTS,
    "DELETE /api/tenants/{id}": TENANTS,
    "GET /api/tenants/{id}/health": TENANTS,
    "GET /api/system": needs(Action.READ_SYSTEM),
    "POST /sandbox/{id}/messages": SANDBOX,
    "GET /sandbox/{id}/phones/{phone}/messages": SANDBOX,
    # Contract A
    "POST /whatsapp/{key}/sessions/init": SESSIONS,
    "DELETE /whatsapp/{key}/sessions/{session_id}": SESSIONS,
    "POST /whatsapp/{key}/send-message": START,
    "GET /whatsapp/{key}/status": READ_SESSIONS,
    "GET /debug/whatsapp/{key}/connection": SESSIONS,
    # Contract B
    "POST /whatsapp/session": SESSIONS,
    "GET /whatsapp/sessions": READ_SESSIONS,
    "GET /whatsapp/messages": WATCH,
    "POST /whatsapp/send": START,
    "GET /whatsapp/stream": WATCH,
    # Contract C
    "POST /instances/create": SESSIONS,
    "GET /instances": READ_SESSIONS,
    "GET /instances/{id}": READ_SESSIONS,
    "GET /instances/{id}/qr": SESSIONS,
    "POST /instances/{id}/restart": SESSIONS,
    "DELETE /instances/{id}": SESSIONS,
    "POST /instances/{id}/send": START,
    # Contract D
    "POST /whatsapp": SESSIONS,
    "POST /whatsapp/{key}/activate": SESSIONS,
    "GET /whatsapp/{key}/qr": SESSIONS,
}
"""Method and path, as the OpenAPI document writes it."""

PROVIDERS = {
    "GET /webhooks/whatsapp",
    "POST /webhooks/whatsapp",
    "GET /webhooks/whatsapp/{sessionId}",
    "POST /webhooks/whatsapp/{sessionId}",
    "POST /webhooks/waha",
    "POST /webhooks/waha/{sessionId}",
}
"""Served beside the API: what opens them is a provider's signature, never a credential of the hub's."""

SOCKETS: dict[str, dict[str, Need]] = {
    "/": {
        "join-company": SIGNED_IN,
        "join-conversation": READ_CONVERSATIONS,
        "leave-conversation": SIGNED_IN,
        "agent-status": needs(Action.SET_OWN_STATUS, is_a_persons=True),
        "heartbeat": SIGNED_IN,
        "typing": WORK,
        "subscribe:session": WATCH,
        "unsubscribe:session": WATCH,
    },
    "/whatsapp": {
        "join-session": WATCH,
        "leave-session": SIGNED_IN,
        "send-message": START,
        "get-sessions": SIGNED_IN,
    },
}
"""Namespace and event, for those who got in."""

CONNECTS: dict[str, tuple[Need, ...]] = {"/": (WATCH, READ_CONVERSATIONS), "/whatsapp": (READ_SESSIONS,)}
"""What lets in: one of them."""


def may(need: Need, actions: frozenset[Action], is_a_person: bool) -> bool:
    """Whether somebody with these rights passes."""
    return need.is_open or (need.actions <= actions and (is_a_person or not need.is_a_persons))
