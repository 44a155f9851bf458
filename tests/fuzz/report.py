"""What a run found: how much was asked, what went wrong, the slowest input, what memory grew by."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

WORST_MS = 50.0
GROWN_MB = 16.0
KEPT_FAULTS = 20


@dataclass
class Figures:
    """`worst_input` names the slowest one, as `--only` takes it. `bound_ms` None: its time is not judged."""

    name: str
    bound_ms: float | None = WORST_MS
    bound_mb: float | None = GROWN_MB
    count: int = 0
    refused: int = 0
    worst_ms: float = 0.0
    worst_input: str = ""
    grown_mb: float = 0.0
    took_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        if len(self.faults) < KEPT_FAULTS:
            self.faults.append(what[:2000])

    def time(self, took_ms: float, what: str) -> None:
        if took_ms > self.worst_ms:
            self.worst_ms, self.worst_input = took_ms, what

    def judge(self) -> None:
        """Say what is beyond its bounds."""
        if self.bound_ms is not None and self.worst_ms > self.bound_ms:
            self.fault(f"{self.worst_input} took {self.worst_ms:.0f} ms")
        if self.bound_mb is not None and self.grown_mb > self.bound_mb:
            self.fault(f"memory grew by {self.grown_mb:.1f} MB")

    def row(self) -> dict[str, Any]:
        return asdict(self)


def rss_mb(pid: int | None = None) -> float:
    """The memory that a process holds."""
    pages = Path(f"/proc/{pid or os.getpid()}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def table(all_: list[Figures]) -> str:
    lines = [f"{'what':<24}{'inputs':>11}{'refused':>11}{'worst ms':>10}{'MB grown':>10}{'seconds':>9}  faults"]
    for one in all_:
        lines.append(
            f"{one.name:<24}{one.count:>11,}{one.refused:>11,}{one.worst_ms:>10.1f}{one.grown_mb:>10.1f}"
            f"{one.took_s:>9.0f}  {len(one.faults)}"
        )
        lines += [f"    {fault}" for fault in one.faults]
    return "\n".join(lines)


def now_ms() -> float:
    """Time of this thread alone: what others do on the machine does not count."""
    return time.thread_time() * 1000
