"""Names on the wire and in stored JSON: camelCase, where the domain has snake_case. Pure."""

from collections.abc import Mapping
from dataclasses import fields
from typing import cast

from whatsapp_hub.domain.errors import Flaw, HubError, Invalid
from whatsapp_hub.domain.privacy.retention import Retention
from whatsapp_hub.domain.service.service_level import LevelChanges, ServiceLevel

_OURS = frozenset({"actions", "conditions", "retention"})
"""Objects in bodies whose fields are all the hub's own; in others (`settings`, `texts`) they are the client's."""


def camel(name: str) -> str:
    """Convert a name: `max_agents` to `maxAgents`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def level_shown(level: ServiceLevel) -> dict[str, int | bool | None]:
    """Convert to `{"firstResponseTargetMinutes": 15, "targetWarningPercent": 80, "asksRating": true, …}`."""
    return {camel(field.name): getattr(level, field.name) for field in fields(level)}


def read_level(shown: Mapping[str, int | bool | None]) -> ServiceLevel:
    """Decode what `level_shown` gave."""
    stored = {field.name: shown.get(camel(field.name)) for field in fields(ServiceLevel)}
    return ServiceLevel(**cast("LevelChanges", stored))


def retention_shown(retention: Retention) -> dict[str, int | None]:
    """Convert to `{"conversationsDays": 365, "messagesDays": null, …}`."""
    return {f"{field.name}Days": getattr(retention, field.name) for field in fields(retention)}


def read_retention(shown: Mapping[str, int | None]) -> Retention:
    """Decode what `retention_shown` gave."""
    return Retention(**{field.name: shown.get(f"{field.name}Days") for field in fields(Retention)})


class ClientFlaw(Flaw):
    """A flaw whose field is named as the client names it already."""


def in_clients_words(error: Invalid) -> Invalid:
    """Name an error's fields as clients do: `/max_agents` becomes `/maxAgents`. What a client named stays as it is."""
    return Invalid(*(flaw if isinstance(flaw, ClientFlaw) else _in_clients_words(flaw) for flaw in error.flaws))


def client_text(error: HubError) -> str:
    """Return an error's text for clients."""
    return str(in_clients_words(error)) if isinstance(error, Invalid) else str(error)


def _in_clients_words(flaw: Flaw) -> Flaw:
    root, *path = flaw.pointer.split("/")
    known = len(path) if path and path[0] in _OURS else 1
    return Flaw("/".join([root, *map(camel, path[:known]), *path[known:]]), flaw.reason)
