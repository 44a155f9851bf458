"""Secrets that the hub generates and keeps in its data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def new_secret(size: int = 32) -> str:
    """Generate a secret of `size` random bytes, URL-safe."""
    return secrets.token_urlsafe(size)


def keep_once(path: Path | None, size: int = 32) -> str:
    """Generate a secret at the first call, readable by its owner only, never overwritten (two processes may race).
    Without a path it is not stored. Raises OSError."""
    made = new_secret(size)
    if path is None:
        return made
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _link_once(_draft(path, made.encode()), path)
    return path.read_text().strip()


def read_secret(path: Path) -> str | None:
    """Return a stored secret; None if there is none, or none that this process may read."""
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def replace_secret(path: Path, content: bytes) -> None:
    """Replace a stored secret, readable by its owner only. Raises OSError."""
    _draft(path, content).replace(path)


def _draft(path: Path, content: bytes) -> Path:
    """Write the content to the disk, beside `path`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _link_once(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
