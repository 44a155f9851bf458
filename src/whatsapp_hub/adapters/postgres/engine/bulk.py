"""Bulk statements: rows as arrays through `unnest`, one plan however many there are."""

from collections.abc import Iterable, Mapping, Sequence


class Columns:
    """A table's columns for bulk statements: name → array element type, or (type sent, type stored) where a value is
    sent as text (json, arrays). SQL is built once, at import."""

    def __init__(self, table: str, types: Mapping[str, str | tuple[str, str]]) -> None:
        self.table = table
        self.names = tuple(types)
        self._sent = tuple(t if isinstance(t, str) else t[0] for t in types.values())
        self._stored = tuple("" if isinstance(t, str) else f"::{t[1]}" for t in types.values())

    @property
    def parameters(self) -> str:
        """The parameters of `unnest`, one array a column, each cast to the type in which it is sent."""
        return ", ".join(f"${n}::{sent}[]" for n, sent in enumerate(self._sent, start=1))

    @property
    def values(self) -> str:
        """List the columns of a row `x`."""
        return ", ".join(f"x.{name}{cast}" for name, cast in zip(self.names, self._stored, strict=True))

    def insert(self) -> str:
        """Build an INSERT of all given rows."""
        return f"INSERT INTO {self.table} ({', '.join(self.names)}) SELECT {self.values} FROM {self._rows()}"

    def update(self, key: str = "id") -> str:
        """Build an UPDATE of every column but the key, by the key."""
        sets = ", ".join(f"{n} = x.{n}{cast}" for n, cast in zip(self.names, self._stored, strict=True) if n != key)
        return f"UPDATE {self.table} AS t SET {sets} FROM {self._rows()} WHERE t.{key} = x.{key}"

    def _rows(self) -> str:
        return f"unnest({self.parameters}) AS x({', '.join(self.names)})"

    def arrays(self, rows: Iterable[Sequence[object]]) -> list[Sequence[object]]:
        """Transpose rows into one array per column. Needs at least one row."""
        return list(zip(*rows, strict=True))


def array(items: Iterable[str]) -> str:
    """Encode a PostgreSQL array literal."""
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
