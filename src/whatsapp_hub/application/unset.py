"""Sentinel for an omitted field, where None means to clear it."""

from enum import Enum


class Unchanged(Enum):
    """The type of UNCHANGED, the default of fields that a change may set to None."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
