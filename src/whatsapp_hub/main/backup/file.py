"""Write and check a backup's file: a ZIP of the database's dump, the keys, stored files and, last, a manifest.

The manifest is written last and carries the dump's digest, so that a truncated or changed file is refused. The keys
open every secret in the dump: protect the file like a password (only its owner may read it).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import msgspec

DUMP, KEYS, MANIFEST, MEDIA = "database.dump", "keys.json", "manifest.json", "media/"
FORMAT = 1
CHUNK = 1 << 20
SUFFIX = ".zip"
PREFIX = "whatsapp-hub-"
STAMP = "%Y%m%dT%H%M%SZ"
UNFINISHED_FOR = timedelta(days=1)


class BadBackup(Exception):
    """The file is no backup, or incomplete; the message is for the operator."""


class Manifest(msgspec.Struct, frozen=True):
    """What the backup holds. `key` is a salted digest of HUB_SECRET_KEY, `old_keys` are those of HUB_SECRET_KEY_OLD:
    they show whether another key opens the dump's sealed values."""

    format: int
    version: str
    made_at: datetime
    server: int
    dumped_by: int
    position: int
    revisions: dict[str, str]
    roles: list[str]
    dump_bytes: int
    dump_sha256: str
    key: str
    has_keys: bool
    old_keys: list[str] = []
    files: int = 0
    missing: int = 0
    """How many stored files it holds, and how many were not where it was made."""


def digest_of(key: str, salt: str | None = None) -> str:
    """Digest a key slowly: a backup without its key must not help to guess a weak one."""
    salt = salt or secrets.token_hex(16)
    return f"{salt}:{hashlib.scrypt(key.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()}"


def is_key(manifest: Manifest, key: str) -> bool:
    """Whether the backup was made under this key."""
    return any(
        hmac.compare_digest(digest, digest_of(key, digest.partition(":")[0]))
        for digest in (manifest.key, *manifest.old_keys)
        if digest
    )


async def write(
    file: IO[bytes],
    dump: AsyncIterator[bytes],
    keys: Mapping[str, str] | None,
    about: Mapping[str, object],
    stored: AsyncIterator[tuple[str, Path]] | None = None,
) -> Manifest:
    """Write a backup to any stream, also a pipe. `about`: the manifest's other fields; `stored`: files, each with its
    name in the archive. One that is gone was deleted with its row meanwhile, or stands elsewhere."""
    digest, size = hashlib.sha256(), 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(DUMP, "w", force_zip64=True) as inside:
            async for piece in dump:
                digest.update(piece)
                size += len(piece)
                inside.write(piece)
        if keys is not None:
            archive.writestr(KEYS, msgspec.json.encode(dict(keys)))
        copied = missing = 0
        async for name, path in stored or _none():
            if _copy(archive, name, path):
                copied += 1
            else:
                missing += 1
        manifest = msgspec.convert(
            {**about, "format": FORMAT, "files": copied, "missing": missing, "dump_bytes": size,
             "dump_sha256": digest.hexdigest(), "has_keys": keys is not None},
            Manifest,
        )  # fmt: skip
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


async def _none() -> AsyncIterator[tuple[str, Path]]:
    nothing: list[tuple[str, Path]] = []
    for one in nothing:
        yield one


def _copy(archive: zipfile.ZipFile, name: str, path: Path) -> bool:
    try:
        with path.open("rb") as source, archive.open(f"{MEDIA}{name}", "w", force_zip64=True) as inside:
            shutil.copyfileobj(source, inside, CHUNK)
    except FileNotFoundError:
        return False
    return True


class Backup:
    """A backup's file, checked whole when it is opened. Raises BadBackup."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.manifest = self._checked()
        except FileNotFoundError:
            raise BadBackup(f"there is no file {path}") from None
        except (zipfile.BadZipFile, KeyError, msgspec.DecodeError, EOFError, OSError) as error:
            raise BadBackup(f"{path} is not a whole backup: {error}") from None

    def _checked(self) -> Manifest:
        with zipfile.ZipFile(self._path) as archive:
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
        if manifest.format != FORMAT:
            raise BadBackup(f"{self._path} was made by a newer whatsapp-hub ({manifest.version})")
        digest = hashlib.sha256()
        for piece in self.dump():
            digest.update(piece)
        if digest.hexdigest() != manifest.dump_sha256:
            raise BadBackup(f"{self._path} is damaged: the dump is not the one that was written")
        for name in self.stored():
            if digest_of_all(self.stored_file(name)) != name.rpartition("/")[2]:
                raise BadBackup(f"{self._path} is damaged: a stored file is not the one that was written")
        return manifest

    def dump(self) -> Iterator[bytes]:
        """Yield the dump in pieces."""
        with zipfile.ZipFile(self._path) as archive, archive.open(DUMP) as inside:
            while piece := inside.read(CHUNK):
                yield piece

    def stored(self) -> list[str]:
        """List the stored files: `{tenant}/{two digits}/{digest}`."""
        with zipfile.ZipFile(self._path) as archive:
            return [name.removeprefix(MEDIA) for name in archive.namelist() if name.startswith(MEDIA)]

    def stored_file(self, name: str) -> Iterator[bytes]:
        """Yield a stored file in pieces."""
        with zipfile.ZipFile(self._path) as archive, archive.open(f"{MEDIA}{name}") as inside:
            while piece := inside.read(CHUNK):
                yield piece

    def keys(self) -> dict[str, str]:
        """Read HUB_SECRET_KEY, JWT_SECRET and the data folder's other secrets; empty if they were left out."""
        if not self.manifest.has_keys:
            return {}
        with zipfile.ZipFile(self._path) as archive:
            return msgspec.json.decode(archive.read(KEYS), type=dict[str, str])


def digest_of_all(pieces: Iterator[bytes]) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def name_at(now: datetime) -> str:
    """Return the name of a backup made at this time."""
    return f"{PREFIX}{now.astimezone(UTC).strftime(STAMP)}{SUFFIX}"


def made_at(path: Path) -> datetime | None:
    """Parse the time of a backup from its name; None for any other file."""
    name = path.name.removesuffix(SUFFIX)
    if not path.name.endswith(SUFFIX) or not name.startswith(PREFIX):
        return None
    try:
        return datetime.strptime(name.removeprefix(PREFIX), STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def remove_old(folder: Path, long_past: datetime, days: int) -> list[Path]:
    """Remove backups older than `days` and unfinished ones; never another file, never the newest."""
    ours = sorted((made, path) for path in folder.iterdir() if (made := made_at(path)) and path.is_file())
    old = [path for made, path in ours[:-1] if long_past - made > timedelta(days=days)]
    left = [
        path
        for path in folder.glob(f".{PREFIX}*.partial")
        if long_past.timestamp() - path.stat().st_mtime > UNFINISHED_FOR.total_seconds()
    ]
    for path in (*old, *left):
        path.unlink(missing_ok=True)
    return old
