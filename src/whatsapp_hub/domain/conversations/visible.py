"""What people see of a conversation that changes without an event of its own."""

from operator import attrgetter

FIELDS = (
    *("contact_id", "customer_phone", "customer_name", "chat", "profile_name", "flow_state", "department_id"),
    *("timeout_at", "routing_reason", "unread_count", "bot_part", "priority", "labels", "snoozed_until"),
    "thread_holder",
)
Visible = tuple[object, ...]
visible = attrgetter(*FIELDS)
"""Return these fields of a conversation as they are now."""


def changed(before: Visible, now: Visible) -> list[str]:
    """Return the names of the fields that differ."""
    return [name for name, was, value in zip(FIELDS, before, now, strict=True) if was != value]
