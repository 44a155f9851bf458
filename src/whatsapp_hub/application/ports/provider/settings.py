"""What a provider may say of settings and numbers: protocols that a plugin, or its I/O half, may have."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class TakesPartialSettings(Protocol):
    """Plugins whose sessions may be stored before all their settings are known (the environment's number). Pure."""

    def decode_partial(self, settings: Mapping[str, object]) -> object:
        """Decode as `decode_settings` does, but what is missing, unknown or wrong is left out. Never raises."""
        ...

    def missing(self, settings: object) -> Mapping[str, str]:
        """The settings that are not there, and what does not work without each (empty: nothing does)."""
        ...


@runtime_checkable
class WarnsOfSettings(Protocol):
    """Plugins that take settings with which a session works, but not safely. Pure."""

    def warnings(self, settings: object) -> Mapping[str, str]:
        """By setting, a predicate: `is missing: …`."""
        ...


@runtime_checkable
class LimitsNumbers(Protocol):
    """Providers whose server may hold so and so many numbers only."""

    async def takes_another(self, settings: object) -> bool:
        """Whether the server takes a session of a new name; True where it does not say. Never raises."""
        ...
