"""obstore's blocking calls on one store: run them in threads. Loading it takes 7 MB, so that only who needs it does."""

import os
from datetime import timedelta
from pathlib import Path
from typing import IO

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from whatsapp_hub.domain.errors import NotFound

PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes as a part."""
PARTS_AT_ONCE = 2
LISTED_AT_ONCE = 500
FAILURES = (BaseError, OSError)
"""What its calls raise."""


class Objects:
    """A folder of this machine, or a bucket."""

    def __init__(self, folder: Path, bucket: str | None) -> None:
        """`bucket`: its URL; endpoint and credentials are the usual variables (`AWS_…`)."""
        self._folder = None if bucket else folder
        self._store = _bucket(bucket) if bucket else LocalStore(folder)

    def put(self, path: str, file: IO[bytes]) -> None:
        """Upload in parts, a few at a time. In a folder it is written under another name first, and then to disk."""
        file.seek(0)
        obstore.put(self._store, path, file, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
        if self._folder:
            _to_disk(self._folder / path)

    def piece(self, path: str, start: int, end: int) -> bytes:
        """Read some bytes. Raises NotFound."""
        try:
            return bytes(obstore.get_range(self._store, path, start=start, end=end))
        except FileNotFoundError as error:
            raise NotFound("file", "of that digest") from error

    def delete(self, path: str) -> None:
        """Delete a file that may be gone already."""
        try:
            obstore.delete(self._store, path)
        except FileNotFoundError:
            return

    def some(self, prefix: str) -> list[str]:
        """List some paths that begin like this."""
        found = next(iter(obstore.list(self._store, prefix, chunk_size=LISTED_AT_ONCE)), [])
        return [one["path"] for one in found]


def _bucket(url: str) -> ObjectStore:
    waits = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(minutes=10), "allow_http": True}
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
    return S3Store.from_url(url, client_options=waits, retry_config=retries)  # type: ignore[arg-type] # dictionaries that its own types describe


def _to_disk(path: Path) -> None:
    """Write the file and its name to the disk: the row that names it is written there too."""
    for place in (path, path.parent):
        opened = os.open(place, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
