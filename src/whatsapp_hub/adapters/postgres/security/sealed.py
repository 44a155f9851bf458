"""All that is sealed at rest, and the note of which key seals, as hub_system.

Whatever seals something new adds its column to `_COLUMNS`; a test compares them with the catalogue.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from whatsapp_hub.application.ports.storage.sealed import SealedText

System = Callable[[Callable[[Any], Awaitable[Any]]], Awaitable[Any]]
"""`Database.system`, or the same over a connection of one's own."""


@dataclass(frozen=True, slots=True)
class _Column:
    """`place`: the row's key as text, unique, and `context` what its text is bound to, as SQL."""

    kind: str
    table: str
    column: str
    key: str
    context: str

    @property
    def page(self) -> str:
        after = f"($1 = '' OR {self.key} > ($1::text)::{self.type})"
        return f"""
            SELECT {self.key}::text AS place, {self.context} AS context, {self.column} AS sealed FROM {self.table}
            WHERE {self.column} <> '' AND {after}
            ORDER BY {self.key} LIMIT $2"""

    @property
    def replace(self) -> str:
        return f"""
            UPDATE {self.table} SET {self.column} = $3
            WHERE {self.key} = ($1::text)::{self.type} AND {self.column} = $2"""

    @property
    def type(self) -> str:
        return "bytea" if self.key == "digest" else "uuid"


_COLUMNS = (
    _Column("settings of sessions", "hub.sessions", "settings", "id", "'session:' || id"),
    _Column("settings of other providers", "hub.session_providers", "settings", "id", "'session:' || session_id"),
    _Column("secrets of webhooks", "hub.webhooks", "secrets", "id", "'webhook:' || id"),
    _Column("addresses of webhooks", "hub.webhooks", "sealed_url", "id", "'webhook-url:' || id"),
    _Column("headers of webhooks", "hub.webhooks", "headers", "id", "'webhook-headers:' || id"),
    _Column(
        "variables of the environment",
        "hub.environment_number",
        "settings",
        "tenant_id",
        "'environment/' || tenant_id",
    ),
    _Column("secrets of second factors", "hub.second_factors", "secret", "id", "'second-factor:' || id"),
    _Column("tickets of streams", "hub.tickets", "sealed", "digest", "'ticket'"),
)
COLUMNS = {(one.table, one.column) for one in _COLUMNS}

_NOTED = "SELECT key_id FROM hub.secret_key"
_NOTE = """
    INSERT INTO hub.secret_key (key_id) VALUES ($1)
    ON CONFLICT (is_only) DO UPDATE SET key_id = excluded.key_id, since = (SELECT now FROM hub.time)
    WHERE secret_key.key_id = $2::text"""
_RUNNING = """
    SELECT role || ' ' || name FROM hub.processes
    WHERE seen_at > (SELECT now FROM hub.time) - interval '30 seconds' AND NOT gauges ? $1 ORDER BY 1"""
HAS, USES = "key:", "seals:"
"""What a process says beside what it measures, followed by a key's id."""


class PostgresSealed:
    """Implements `SealedTexts` and `KeysInForce`."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._columns = {one.kind: one for one in _COLUMNS}

    @property
    def kinds(self) -> Sequence[str]:
        """The names of all sealed columns."""
        return tuple(self._columns)

    async def page(self, kind: str, after: str, limit: int) -> list[SealedText]:
        """Read cipher texts of one column in the order of their places, without decrypting."""
        rows = await self._system(lambda c: c.fetch(self._columns[kind].page, after, limit))
        return [SealedText(row["place"], row["context"], bytes(row["sealed"])) for row in rows]

    async def replace(self, kind: str, text: SealedText, sealed: bytes) -> bool:
        """Write the new cipher text if the old one still stands there; return whether it did."""
        given = (text.place, text.sealed, sealed)
        tag: str = await self._system(lambda c: c.execute(self._columns[kind].replace, *given))
        return tag == "UPDATE 1"

    async def noted(self) -> str | None:
        """Read which key seals; None before the first start that noted one."""
        found: str | None = await self._system(lambda c: c.fetchval(_NOTED))
        return found

    async def note(self, key_id: str, instead_of: str | None) -> bool:
        """Note which key seals, if the noted one is still `instead_of`."""
        tag: str = await self._system(lambda c: c.execute(_NOTE, key_id, instead_of))
        return tag == "INSERT 0 1"

    async def without(self, key_id: str) -> list[str]:
        """List running processes that have not said that they have this key."""
        return await self._running(HAS + key_id)

    async def not_using(self, key_id: str) -> list[str]:
        """List running processes that have not said that they seal with this key."""
        return await self._running(USES + key_id)

    async def _running(self, saying: str) -> list[str]:
        """Which do not say so."""
        rows = await self._system(lambda c: c.fetch(_RUNNING, saying))
        return [row[0] for row in rows]
