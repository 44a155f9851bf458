"""Fields of a PATCH, each missing, null or a value; and times."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar, cast

import msgspec

from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.privacy.retention import Kind
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import LevelChanges, ServiceLevel

T = TypeVar("T")


def given(value: T | msgspec.UnsetType) -> T | Unchanged:
    """Return a field's value, or UNCHANGED if it was not sent."""
    return UNCHANGED if isinstance(value, msgspec.UnsetType) else value


class LevelPatch(msgspec.Struct, kw_only=True, rename="camel"):
    """By when customers should be answered and their rounds resolved, in minutes of opening hours; after how many hours
    without a word from the customer a round is resolved by itself."""

    first_response_target_minutes: int | msgspec.UnsetType | None = msgspec.UNSET
    resolution_target_minutes: int | msgspec.UnsetType | None = msgspec.UNSET
    target_warning_percent: int | msgspec.UnsetType | None = msgspec.UNSET
    asks_rating: bool | msgspec.UnsetType | None = msgspec.UNSET
    resolve_quiet_after_hours: int | msgspec.UnsetType | None = msgspec.UNSET

    def level(self) -> LevelChanges:
        """Return the fields that were sent."""
        names = (field.name for field in fields(ServiceLevel))
        sent = {name: value for name in names if (value := getattr(self, name)) is not msgspec.UNSET}
        return cast("LevelChanges", sent)


class RetentionPatch(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """For how many days customers' data is kept; null: as long as the hub keeps it."""

    conversations_days: int | msgspec.UnsetType | None = msgspec.UNSET
    messages_days: int | msgspec.UnsetType | None = msgspec.UNSET
    media_days: int | msgspec.UnsetType | None = msgspec.UNSET
    events_days: int | msgspec.UnsetType | None = msgspec.UNSET
    audit_days: int | msgspec.UnsetType | None = msgspec.UNSET
    updates_days: int | msgspec.UnsetType | None = msgspec.UNSET

    def days(self) -> dict[str, int | None]:
        """Return the fields that were sent, by kind."""
        found = ((kind.value, getattr(self, f"{kind.value}_days")) for kind in Kind)
        return {kind: days for kind, days in found if days is not msgspec.UNSET}


def utc(name: str, at: datetime | None) -> datetime | None:
    """Convert a time to UTC, which one without a zone is in. Raises Invalid if UTC cannot represent it."""
    if at is None:
        return None
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError:
        raise Invalid.field(name, "is out of range") from None


HoursSent: TypeAlias = dict[str, object]
"""Opening hours of a body, whose every flaw the domain names (`Hours.given`); the OpenAPI document has `HoursBody`."""


def hours_given(value: HoursSent | msgspec.UnsetType | None) -> Hours | Unchanged | None:
    """Decode opening hours. Raises Invalid (`/hours/…`)."""
    if isinstance(value, msgspec.UnsetType):
        return UNCHANGED
    return None if value is None else Hours.given(value)
