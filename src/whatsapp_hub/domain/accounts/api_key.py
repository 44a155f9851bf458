"""An API key: a credential of a tenant's program. Shown once, stored as a digest."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.domain.accounts.access import POLICY, Action, name_of
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ApiKeyId, TenantId, UserId
from whatsapp_hub.domain.text import is_storable

PREFIX = "hub_"
HINT_LENGTH = 12

ROLE = Role.ADMIN
_USERS_ONLY = frozenset({Action.MANAGE_API_KEYS, Action.SET_OWN_STATUS})
SCOPES = {name_of(action): action for action in POLICY[ROLE] - _USERS_ONLY}
"""Scopes of a key: the policy's actions, as `manage-sessions`, `start-conversations` …"""


def is_api_key(credential: str) -> bool:
    """Check for the form of a key; a token never has it."""
    return credential.startswith(PREFIX)


def digest_of(secret: str) -> bytes:
    """Hash a key. It carries 32 random bytes that cannot be guessed, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def caller_key(key_id: ApiKeyId) -> str:
    """Name a key's program in idempotency scopes and rate limits."""
    return f"key:{key_id}"


def names_of(scopes: frozenset[Action]) -> list[str]:
    """List the scopes that give any of these actions, as a key's owner named them, sorted."""
    return sorted(name for name, action in SCOPES.items() if action in scopes)


def scopes_of(names: list[str]) -> frozenset[Action]:
    """Parse scopes. Raises Invalid for an unknown name."""
    for place, name in enumerate(names):
        if name not in SCOPES:
            raise Invalid.field(f"scopes/{place}", f"must be one of {', '.join(sorted(SCOPES))}")
    return frozenset(SCOPES[name] for name in names)


@dataclass(slots=True)
class ApiKey:
    """It acts as an ADMIN of its tenant, narrowed to `scopes` (None: not narrowed). `hint` is its visible beginning, by
    which its owner recognises it."""

    id: ApiKeyId
    tenant_id: TenantId
    name: str
    digest: bytes
    hint: str
    created_at: datetime
    created_by: UserId
    scopes: frozenset[Action] | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 128 or not is_storable(self.name):
            raise Invalid.field("name", "must have 1 to 128 characters, without NUL")
        self.name = self.name.strip()

    def is_valid(self, now: datetime) -> bool:
        """Whether the key opens anything at `now`: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_backed_by(self, maker: User | None) -> bool:
        """Check that the user who created it is active and has access to its company."""
        if maker is None or not maker.is_active:
            return False
        return maker.tenant_id == self.tenant_id or maker.role is Role.MASTER

    def powers(self, maker: User | None) -> frozenset[Action]:
        """Return its current permissions: never more than those of the user who created it."""
        if maker is None or not self.is_backed_by(maker):
            return frozenset()
        granted = POLICY[ROLE] & POLICY[maker.role]
        return granted if self.scopes is None else granted & self.scopes

    def revoke(self, at: datetime) -> None:
        """Revoke it for good. Idempotent."""
        self.revoked_at = self.revoked_at or at
