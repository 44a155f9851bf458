"""Optional protocols of a plugin, or its I/O half, about settings and numbers."""

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class TakesPartialSettings(Protocol):
    """Plugins whose sessions may be stored before all their settings are known (the environment's number). Pure."""

    def decode_partial(self, settings: Mapping[str, object]) -> object:
        """Decode as `decode_settings` does, leaving out what is missing, unknown or invalid. Never raises."""
        ...

    def missing(self, settings: object) -> Mapping[str, str]:
        """Return the missing settings, and what does not work without each (empty: nothing works)."""
        ...


@runtime_checkable
class TakesStatuses(Protocol):
    """Plugins whose sessions may ask for their contacts' status updates. All others' are dropped: they are no messages
    to the company."""

    def takes_statuses(self, settings: object) -> bool:
        """Return whether this session takes them in. Pure."""
        ...


@runtime_checkable
class WarnsOfSettings(Protocol):
    """Plugins that accept settings with which a session works, but insecurely. Pure."""

    def warnings(self, settings: object) -> Mapping[str, str]:
        """Return a predicate for each insecure setting: `is missing: …`."""
        ...


@runtime_checkable
class BindsSecrets(Protocol):
    """Plugins whose secrets belong to other settings, as a key belongs to the server that it opens. Pure."""

    def unbound(self, settings: object, changes: Mapping[str, object]) -> Collection[str]:
        """Return the secrets that do not hold under these changes, and must be given anew together with them. Else a
        user who may change a session, but never reads its secrets, could have them sent or used elsewhere."""
        ...


@runtime_checkable
class LimitsNumbers(Protocol):
    """Providers whose server may limit its number of sessions."""

    async def takes_another(self, settings: object) -> bool:
        """Ask whether the server accepts a session of a new name; True where it does not say. Never raises."""
        ...
