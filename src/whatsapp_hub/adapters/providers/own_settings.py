"""A provider's own settings, out of what the hub hands over as an object."""

from typing import TypeVar

S = TypeVar("S")


def own(kind: type[S], settings: object) -> S:
    """Return the settings as this provider's own. Raises TypeError for another's: its plugin decoded its sessions'."""
    if not isinstance(settings, kind):
        raise TypeError(f"settings of another provider: {type(settings).__name__}, not {kind.__name__}")
    return settings
