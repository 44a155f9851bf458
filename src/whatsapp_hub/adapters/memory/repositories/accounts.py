"""The company itself, its keys, quick replies and rules, its quotas."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.repositories.campaigns import CAMPAIGNS
from whatsapp_hub.adapters.memory.repositories.media import MEDIA
from whatsapp_hub.adapters.memory.tables.entities import DEPARTMENTS, SESSIONS, TENANTS, USERS
from whatsapp_hub.adapters.memory.tables.webhooks import WEBHOOKS
from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.accounts.quotas import Quota, exceeded
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule
from whatsapp_hub.domain.errors import Conflict, NotFound, TooMany
from whatsapp_hub.domain.ids import ApiKeyId, QuickReplyId, RuleId, TenantId

API_KEYS: Table[ApiKeyId, ApiKey] = Table("api_keys")
QUICK_REPLIES: Table[QuickReplyId, QuickReply] = Table("quick_replies")
RULES: Table[RuleId, Rule] = Table("rules")
MEDIA_USE: Table[str, int] = Table("media_use")
REFUSED_EMAILS: Table[int, tuple[datetime, str]] = Table("refused_emails")
_MEGABYTE = 1_000_000
_HOUR = timedelta(hours=1)


class MemoryTenants:
    """Implements `Tenants`."""

    def __init__(self, rows: Rows, tenant_id: TenantId) -> None:
        self._hub = rows.transaction.of(None)
        self._tenant_id = tenant_id

    async def own(self) -> Tenant:
        """Return and lock the transaction's tenant. Raises NotFound."""
        if (found := await self._hub.get(TENANTS, self._tenant_id)) is None:
            raise NotFound("tenant", self._tenant_id)
        return found

    async def save(self, tenant: Tenant) -> None:
        """Store the tenant's settings."""
        await self._hub.save(TENANTS, tenant.id, tenant)


class MemoryApiKeys:
    """Implements `ApiKeys`."""

    def __init__(self, rows: Rows) -> None:
        self.changed = False
        self._rows = rows

    async def add(self, key: ApiKey) -> None:
        """Store a new key."""
        await self._rows.put(API_KEYS, key.id, key)

    async def all(self) -> list[ApiKey]:
        """List keys, the newest first."""
        newest = sorted(self._rows.each(API_KEYS), key=lambda k: (k.created_at, k.id), reverse=True)
        return [copied(key) for key in newest]

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Return and lock one. Raises NotFound."""
        if (found := await self._rows.get(API_KEYS, key_id)) is None:
            raise NotFound("API key", key_id)
        return found

    async def save(self, key: ApiKey) -> None:
        """Store changes; callers that were cached are asked anew."""
        await self._rows.save(API_KEYS, key.id, key)
        self.changed = True


class MemoryQuickReplies:
    """Implements `QuickReplies`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, reply_id: QuickReplyId) -> QuickReply:
        """Return and lock one. Raises NotFound."""
        if (found := await self._rows.get(QUICK_REPLIES, reply_id)) is None:
            raise NotFound("quick reply", reply_id)
        return found

    async def add(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: the shortcut is taken."""
        await self._require_free(reply)
        await self._rows.put(QUICK_REPLIES, reply.id, reply)

    async def save(self, reply: QuickReply) -> None:
        """Store changes. Raises Conflict: the shortcut is taken."""
        await self._require_free(reply)
        await self._rows.save(QUICK_REPLIES, reply.id, reply)

    async def _require_free(self, reply: QuickReply) -> None:
        await self._rows.lock_name("shortcut", reply.shortcut)
        if any(r.shortcut == reply.shortcut and r.id != reply.id for r in self._rows.each(QUICK_REPLIES)):
            text = f"another quick reply has the shortcut {reply.shortcut!r}"
            raise self._rows.refused(Conflict("shortcut_taken", text))

    async def remove(self, reply_id: QuickReplyId) -> None:
        """Delete it."""
        await self._rows.drop(QUICK_REPLIES, reply_id)


class MemoryRules:
    """Implements `Rules`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def all(self) -> list[Rule]:
        """List rules by place."""
        return [copied(r) for r in sorted(self._rows.each(RULES), key=lambda r: (r.place, r.id))]

    async def save(self, rules: Sequence[Rule]) -> None:
        """Store rules with their places."""
        for rule in rules:
            await self._rows.put(RULES, rule.id, rule)

    async def remove(self, rule_id: RuleId) -> None:
        """Delete it."""
        await self._rows.drop(RULES, rule_id)


class MemoryQuotas:
    """Implements `Quotas`."""

    def __init__(self, rows: Rows, tenant: Tenant) -> None:
        self._rows = rows
        self._tenant = tenant

    async def require_room(self, quota: Quota) -> None:
        """Count under a lock of the quota's own. Raises Conflict at the limit."""
        await self._rows.lock_name("quota", quota)
        if self._count(quota) >= (limit := self._tenant.quota(quota)):
            raise exceeded(quota, limit)

    def _count(self, quota: Quota) -> int:
        each = self._rows.each
        if quota is Quota.API_KEYS:
            return sum(key.revoked_at is None for key in each(API_KEYS))
        if quota is Quota.WEBHOOKS:
            return sum(not (hook.webhook.of_session or hook.webhook.of_bot) for hook in each(WEBHOOKS))
        if quota is Quota.RECIPIENTS:
            return sum(stored.counts.total for stored in each(CAMPAIGNS))
        tables: dict[Quota, Table[object, object]] = {
            Quota.USERS: Table(USERS.name),
            Quota.DEPARTMENTS: Table(DEPARTMENTS.name),
            Quota.QUICK_REPLIES: Table(QUICK_REPLIES.name),
            Quota.SESSIONS: Table(SESSIONS.name),
            Quota.CAMPAIGNS: Table(CAMPAIGNS.name),
        }
        return sum(1 for _ in each(tables[quota]))

    async def add_media(self, size: int) -> None:
        """Add a file's bytes to the company's sum. Raises Conflict over the limit."""
        await self._rows.lock(MEDIA_USE, "bytes")
        used, limit = (self._rows.peek(MEDIA_USE, "bytes") or 0) + size, self._tenant.quota(Quota.MEDIA)
        await self._rows.put(MEDIA_USE, "bytes", used)
        if used > limit * _MEGABYTE:
            raise exceeded(Quota.MEDIA, limit)

    async def recount_media(self) -> None:
        """Set the sum to what the stored files really take."""
        await self._rows.put(MEDIA_USE, "bytes", sum(media.size for media in self._rows.each(MEDIA)))


class MemoryRefusedEmails:
    """Implements `RefusedEmails`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def require_room(self, most: int) -> None:
        """Count this hour's refusals under a lock. Raises TooMany."""
        await self._rows.lock_name("refused e-mails")
        times = sorted(at for at, _ in self._rows.each(REFUSED_EMAILS))
        if len(times) >= most and (wait := times[-most] + _HOUR - self._rows.now) > timedelta():
            raise TooMany(wait.total_seconds())

    async def record(self, email: str) -> None:
        """Store the refusal with its time."""
        number = self._rows.next("refused_emails")
        await self._rows.put(REFUSED_EMAILS, number, (self._rows.now, email))
