"""Copy one tenant's rows between two schemas: the tables as the catalogue describes them, and the SQL over them.

`hub.placement_changes` holds the primary keys of rows that changed since a copy. They are deleted at the target,
children first, and copied again, parents first; foreign keys are checked at the end of that transaction. Where deleting
a parent cascades, its children count as changed too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from whatsapp_hub.domain.accounts.tenant import Tenant

_TABLES = """
    SELECT c.oid, c.relname AS name,
      ARRAY(SELECT quote_ident(attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
      ARRAY(SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod)]
        FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, n)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.n) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped
    WHERE c.relkind = 'r' AND n.nspname = $1"""
_PARENTS = """
    SELECT f.conrelid AS child, f.confrelid AS parent, f.confdeltype = 'c' AS cascades,
      ARRAY(SELECT ARRAY[quote_ident(c.attname), quote_ident(p.attname)]
        FROM unnest(f.conkey, f.confkey) AS k(of_child, of_parent)
          JOIN pg_attribute c ON c.attrelid = f.conrelid AND c.attnum = k.of_child
          JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = k.of_parent) AS pairs
    FROM pg_constraint f JOIN pg_namespace n ON n.oid = f.connamespace
    WHERE f.contype = 'f' AND f.conrelid <> f.confrelid AND n.nspname = $1"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = $1 ORDER BY 1"
# A gap, so that numbers which others take from a shared sequence meanwhile are never given twice.
_RAISE = """
    SELECT setval('{target}.{name}', s.last_value + {gap}) FROM {source}.{name} AS s, {target}.{name} AS t
    WHERE s.last_value > t.last_value"""
_GAP = 100_000
POOLED = "pooled"
DROP_TRIGGERS = """
    SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE starts_with(tgname, $1)"""
"""Query for statements that drop the triggers of a name prefix."""


def own_schema(tenant: Tenant) -> str:
    """Return the name of the tenant's dedicated schema."""
    return f"client_{tenant.slug}"


def triggers_like(tenant: Tenant) -> str:
    """Return the name prefix of the triggers that record a tenant's changes during a move."""
    return f"moving_{tenant.id.hex}_"


def trigger(tenant: Tenant, on: str) -> str:
    """Return the quoted name of the trigger for an event: insert, update or delete."""
    return f'"{triggers_like(tenant)}{on.lower()}"'


@dataclass(frozen=True, slots=True)
class Parent:
    """A foreign key with ON DELETE CASCADE."""

    table: "Table"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table to copy. `key`: the primary key's columns and their types."""

    name: str
    columns: tuple[str, ...]
    key: tuple[tuple[str, str], ...]
    cascading: tuple[Parent, ...] = ()

    @property
    def key_columns(self) -> str:
        """The primary key's columns, quoted, for SQL."""
        return ", ".join(f'"{name}"' for name, _ in self.key)

    def copy(self, source: str, target: str) -> str:
        """Build SQL that copies all rows of the tenant."""
        return f"{self._insert(target)} SELECT {self._of('s')} FROM {source}.{self.name} AS s"

    def copy_changed(self, source: str, target: str) -> str:
        """Build SQL that copies the rows whose keys were noted as changed."""
        changed = self._changed(source)
        return f"{self._insert(target)} SELECT {self._of('s')} FROM {source}.{self.name} AS s JOIN {changed}"

    def forget_changed(self, source: str, target: str) -> str:
        """Build SQL that deletes from the target the rows whose keys were noted as changed."""
        on = " AND ".join(f't."{name}" = k."{name}"' for name, _ in self.key)
        return f"DELETE FROM {target}.{self.name} AS t USING ({self._keys(source)}) AS k WHERE {on}"

    def _insert(self, target: str) -> str:
        return f"INSERT INTO {target}.{self.name} ({', '.join(self.columns)}) OVERRIDING SYSTEM VALUE"

    def _of(self, alias: str) -> str:
        return ", ".join(f"{alias}.{name}" for name in self.columns)

    def _changed(self, source: str) -> str:
        return f"({self._keys(source)}) AS k USING ({self.key_columns})"

    def _keys(self, source: str) -> str:
        """Return a query for the keys of rows to copy again."""
        record = ", ".join(f'"{name}" {kind}' for name, kind in self.key)
        own = (
            "SELECT DISTINCT k.* FROM hub.placement_changes AS c "
            f"CROSS JOIN LATERAL jsonb_to_record(c.key) AS k({record}) "
            f"WHERE c.tenant_id = hub.tenant() AND c.relation = '{self.name}'"
        )
        return " UNION ".join([own, *(self._of_parents(source, parent) for parent in self.cascading)])

    def _of_parents(self, source: str, parent: Parent) -> str:
        on = " AND ".join(f"s.{child} = p.{of_parent}" for child, of_parent in parent.pairs)
        columns = ", ".join(f's."{name}"' for name, _ in self.key)
        return f"SELECT {columns} FROM {source}.{self.name} AS s JOIN ({parent.table._keys(source)}) AS p ON {on}"


async def tables_of(connection: Any, schema: str) -> list[Table]:
    """List the schema's tables, parents before their children."""
    rows = {row["oid"]: row for row in await connection.fetch(_TABLES, schema)}
    links = [link for link in await connection.fetch(_PARENTS, schema) if {link["child"], link["parent"]} <= {*rows}]
    above: dict[Any, set[Any]] = {oid: set() for oid in rows}
    for link in links:
        above[link["child"]].add(link["parent"])
    made: dict[Any, Table] = {}
    for oid in TopologicalSorter(above).static_order():
        cascading = [link for link in links if link["child"] == oid and link["cascades"]]
        made[oid] = _table(rows[oid], [Parent(made[link["parent"]], _pairs(link["pairs"])) for link in cascading])
    return list(made.values())


def _table(row: Any, cascading: Iterable[Parent]) -> Table:
    return Table(row["name"], tuple(row["columns"]), _pairs(row["key"]), tuple(cascading))


def _pairs(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((left, right) for left, right in rows)


async def raise_sequences(connection: Any, source: str, target: str) -> None:
    """Advance the target's sequences beyond the source's, so that moved numbers are never given again."""
    for row in await connection.fetch(_SEQUENCES, source):
        gap = _GAP if target == POOLED else 0
        await connection.execute(_RAISE.format(source=source, target=target, name=row["sequencename"], gap=gap))
