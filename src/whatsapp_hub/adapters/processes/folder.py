"""The data folder: an exclusive lock, and paths short enough for Unix sockets."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET_PATH_LIMIT_BYTES = 103  # sun_path: 108 with the terminating NUL on Linux, 104 on macOS


class FolderTaken(Exception):
    """Another process holds the lock of this folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock `folder` for this process alone; the kernel releases it when the process ends, however it ends.

    Raises FolderTaken at once when another process holds it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        raise FolderTaken(f"{folder} is in use by another hub (process {holder or 'unknown'})") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def socket_folder(folder: Path, socket_name: str) -> Path:
    """Choose the folder for a server's socket: beside its data, or a temporary one when that path is too long.

    The temporary folder is recorded in `folder` and reused, so that an unclean end leaves no litter behind.
    """
    beside = folder / "run"
    if len(os.fsencode(beside / socket_name)) <= SOCKET_PATH_LIMIT_BYTES:
        beside.mkdir(mode=0o700, exist_ok=True)
        return beside
    remove_socket_folder(folder)
    made = Path(tempfile.mkdtemp(prefix="hub-", dir=_short_root()))
    (folder / "socket-folder").write_text(str(made))
    return made


def _short_root() -> str:
    root = tempfile.gettempdir()
    return root if len(os.fsencode(root)) < 60 else "/tmp"  # noqa: S108 (mkdtemp makes a private one there)


def remove_socket_folder(folder: Path) -> None:
    """Remove what `socket_folder` created for `folder`."""
    note = folder / "socket-folder"
    with suppress(FileNotFoundError):
        made = Path(note.read_text())
        if made.name.startswith("hub-"):
            shutil.rmtree(made, ignore_errors=True)
        note.unlink()
    shutil.rmtree(folder / "run", ignore_errors=True)
