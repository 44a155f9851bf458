"""Orders of the list of conversations: their keys in SQL, as the indexes have them, and of a conversation.

`conversations_by_wait`, `conversations_by_due` and `conversations_by_priority` hold live conversations in these
orders; the planner uses them only for the very expressions that stand here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from whatsapp_hub.adapters.postgres.queries.cursors import InOrder, Newer, read_in_order, read_newer
from whatsapp_hub.application.reading.conversation_filter import Order
from whatsapp_hub.domain.conversations.conversation import Conversation

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_NEVER = "'9999-12-31 00:00:00+00'::timestamptz"
_AT = sa.DateTime(timezone=True)
_KEYS = {
    Order.WAITING: f"""coalesce(waiting_since, CASE WHEN assigned_user_id IS NULL
      THEN coalesce(routed_at, created_at) END, {_NEVER})""",
    Order.DUE: f"coalesce(least(first_response_due_at, resolution_due_at), {_NEVER})",
}

Place = Newer | InOrder


@dataclass(frozen=True)
class Keys:
    """The columns that order a list, all in one direction; `computed` are those that are no column of the table."""

    columns: tuple[str, ...]
    is_rising: bool
    computed: Mapping[str, sa.ColumnElement[Any]] = field(default_factory=dict)

    def of_table(self, columns: Any) -> list[sa.ColumnElement[Any]]:
        """Return the keys as a scan of the table has them."""
        return [self.computed[name] if name in self.computed else columns[name] for name in self.columns]

    def sorted(self, rows: sa.Select[Any], columns: Any) -> sa.Select[Any]:
        """Order a statement by them."""
        keys = [columns[name] for name in self.columns]
        return rows.order_by(*(key if self.is_rising else key.desc() for key in keys))


def keys_of(order: Order) -> Keys:
    """Return the keys of an order."""
    match order:
        case Order.NEWEST:
            return Keys(("updated_at", "id"), is_rising=False)
        case Order.PRIORITY:
            return Keys(("priority", "updated_at", "id"), is_rising=False)
        case Order.WAITING | Order.DUE:
            return Keys(("sort_at", "id"), is_rising=True, computed={"sort_at": sa.literal_column(_KEYS[order], _AT)})


def place_of(order: Order, conversation: Conversation) -> Place:
    """Return the cursor after which the next page begins."""
    c = conversation
    match order:
        case Order.NEWEST:
            return Newer(c.updated_at, c.id)
        case Order.PRIORITY:
            return InOrder(order, c.priority, c.updated_at, c.id)
        case Order.WAITING:
            since = c.waiting_since or ((c.routed_at or c.created_at) if c.assigned_user_id is None else NEVER)
            return InOrder(order, 0, since, c.id)
        case Order.DUE:
            dues = (c.targets.first_response.due_at, c.targets.resolution.due_at)
            return InOrder(order, 0, min((at for at in dues if at), default=NEVER), c.id)


def read_place(order: Order, cursor: str | None) -> Place | None:
    """Decode a cursor of this order. Raises Invalid (`/cursor`)."""
    if cursor is None:
        return None
    return read_newer(cursor) if order is Order.NEWEST else read_in_order(cursor, order)


def values_of(place: Place | None) -> Sequence[tuple[str, object]]:
    """Return a cursor's parameters by name."""
    if place is None:
        return ()
    rank = [("rank", place.rank)] if isinstance(place, InOrder) else []
    return [*rank, ("at", place.at), ("before", place.id)]
