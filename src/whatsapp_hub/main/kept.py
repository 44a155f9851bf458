"""Secrets that the hub makes up and keeps in its data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def keep_once(path: Path | None, size: int = 32) -> str:
    """Made at the first call, readable by its owner only, never overwritten (two processes may race). Without a path
    it is only made. Raises OSError."""
    made = secrets.token_urlsafe(size)
    if path is None:
        return made
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        _link_once(draft, path)
    return path.read_text().strip()


def _link_once(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
