"""Rows of figures: the table for people and the file for programs."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BUILD = Path("build")


@dataclass(frozen=True)
class Row:
    """One figure with its spread. `reach` and `stretch` are limits: at most, where `less_is_better`."""

    name: str
    value: float
    unit: str
    reach: float | None
    stretch: float | None
    min: float
    max: float
    rounds: int
    less_is_better: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        values: Sequence[float],
        unit: str,
        *,
        reach: float | None = None,
        stretch: float | None = None,
        less_is_better: bool = False,
    ) -> Row:
        """Return a row with the median of several rounds."""
        middle = statistics.median(values)
        return cls(name, middle, unit, reach, stretch, min(values), max(values), len(values), less_is_better)

    @property
    def met(self) -> str | None:
        """Return `stretch`, `reach` or `no`; None for a row without limits."""
        if self.reach is None and self.stretch is None:
            return None
        for limit, word in ((self.stretch, "stretch"), (self.reach, "reach")):
            if limit is not None and (self.value <= limit if self.less_is_better else self.value >= limit):
                return word
        return "no"

    def document(self) -> dict[str, Any]:
        fields = asdict(self)
        del fields["less_is_better"]
        return {**fields, "met": self.met}


def write(rows: Iterable[Row], name: str = "bench.json") -> Path:
    """Write the rows, replacing all of an earlier run: a file holds one run."""
    return write_json([row.document() for row in rows], name)


def write_json(content: object, name: str) -> Path:
    BUILD.mkdir(exist_ok=True)
    path = BUILD / name
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def table(rows: Sequence[Row]) -> str:
    """Fixed columns: name, value, unit, min … max, rounds, limits, met."""
    lines: list[tuple[str, ...]] = [("row", "value", "unit", "min … max", "rounds", "reach", "stretch", "met")]
    for row in rows:
        sign = "≤ " if row.less_is_better else "≥ "
        limits = [f"{sign}{figure(limit)}" if limit is not None else "–" for limit in (row.reach, row.stretch)]
        spread = f"{figure(row.min)} … {figure(row.max)}"
        lines.append((row.name, figure(row.value), row.unit, spread, str(row.rounds), *limits, row.met or "–"))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(part.ljust(w) for part, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def figure(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; NaN without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
