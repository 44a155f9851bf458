"""Automatic rules of a tenant, in their order."""

from collections.abc import Sequence
from typing import Any

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.domain.conversations.conversation import Priority
from whatsapp_hub.domain.conversations.routing_rules import Actions, Conditions, Rule
from whatsapp_hub.domain.ids import RuleId

_CONTENT = "session_id, words, outside_hours, labels, priority, department_id"
_COLUMNS = f"id, tenant_id, place, name, {_CONTENT}, created_at, updated_at"
_ALL = f"SELECT {_COLUMNS} FROM rules ORDER BY place, id"
# What stays as it is is not touched: it would stand in the audit.
_SAVE = f"""
    INSERT INTO rules AS r ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (id) DO UPDATE SET ({_COLUMNS}) = ROW (EXCLUDED.*)
    WHERE (r.place, r.updated_at) IS DISTINCT FROM (EXCLUDED.place, EXCLUDED.updated_at)"""
_REMOVE = "DELETE FROM rules WHERE id = $1"


def rule_of(row: Any) -> Rule:
    """Build a rule from its row."""
    priority = None if row["priority"] is None else Priority(row["priority"])
    conditions = Conditions(row["session_id"], tuple(row["words"]), row["outside_hours"])
    actions = Actions(tuple(row["labels"]), priority, row["department_id"])
    whose = (row["id"], row["tenant_id"], row["place"], row["name"])
    return Rule(*whose, conditions, actions, row["created_at"], row["updated_at"])


def _values(rule: Rule) -> tuple[object, ...]:
    if_, then = rule.conditions, rule.actions
    conditions = (if_.session_id, list(if_.words), if_.outside_hours)
    actions = (list(then.labels), then.priority, then.department_id)
    return rule.id, rule.tenant_id, rule.place, rule.name, *conditions, *actions, rule.created_at, rule.updated_at


class PostgresRules:
    """Routing rules of the transaction's tenant."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def all(self) -> list[Rule]:
        """Read all by place."""
        return [rule_of(row) for row in await self._connection.fetch(_ALL, of=("rules",))]

    async def save(self, rules: Sequence[Rule]) -> None:
        """Insert or update them with their places."""
        await self._connection.executemany(_SAVE, [_values(rule) for rule in rules])

    async def remove(self, rule_id: RuleId) -> None:
        """Delete it."""
        await self._connection.execute(_REMOVE, rule_id)
