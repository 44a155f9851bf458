"""What a PATCH gave: nothing, null, or a value."""

from typing import TypeVar

import msgspec

from whatsapp_hub.application.accounts.unchanged import UNCHANGED, Unchanged
from whatsapp_hub.domain.hours import Hours

T = TypeVar("T")


def given(value: T | msgspec.UnsetType) -> T | Unchanged:
    return UNCHANGED if isinstance(value, msgspec.UnsetType) else value


def hours_given(value: dict[str, object] | msgspec.UnsetType | None) -> Hours | Unchanged | None:
    """Raises Invalid (`/hours/…`)."""
    if isinstance(value, msgspec.UnsetType):
        return UNCHANGED
    return None if value is None else Hours.read(value)
