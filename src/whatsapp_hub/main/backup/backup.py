"""Back up and restore a whole hub as one file (`whatsapp-hub backup`, `restore`)."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO

from whatsapp_hub.adapters.postgres.backup import dump
from whatsapp_hub.adapters.postgres.backup import restore as restoring
from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres
from whatsapp_hub.adapters.postgres.engine.version import LAST_BEFORE, VERSION_BEFORE, is_replaced, revisions
from whatsapp_hub.adapters.processes.folder import FolderTaken, locked
from whatsapp_hub.main.backup import file as backup_file
from whatsapp_hub.main.backup import files
from whatsapp_hub.main.backup.file import Backup, BadBackup, Manifest
from whatsapp_hub.main.generated_secrets import replace_secret
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import OLD_SECRET_NAMES, SECRET_NAMES, Settings, listed
from whatsapp_hub.main.supervise.process_note import address_of_running_hub

PIPE = "-"
KEY = "HUB_SECRET_KEY"
KEY_OLD, JWT_OLD = OLD_SECRET_NAMES
ADMIN_PASSWORD = "admin-password"  # noqa: S105 - the name of a file


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """Yield the address of the hub's database; start an embedded one that does not run."""
    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.data_dir / "postgres"
    if not folder.exists():
        raise SettingsError(f"HUB_DATA_DIR: there is no hub in {settings.data_dir}")
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(locked(settings.data_dir))
        except FolderTaken:
            yield address_of_running_hub(settings)
        else:
            yield (await stack.enter_async_context(EmbeddedPostgres(folder))).dsn


def known_keys(settings: Settings) -> dict[str, str]:
    """Return the keys from the environment, else from the data folder, with the other secrets there (by file name)."""
    folder = settings.data_dir / "secrets"
    kept = {p.name: p.read_text() for p in folder.iterdir() if p.is_file()} if os.access(folder, os.R_OK) else {}
    configured = {name: value for name in (*SECRET_NAMES, JWT_OLD) if (value := getattr(settings, name.lower()))}
    configured |= {KEY_OLD: old} if (old := settings.with_kept_old()) else {}
    if (password := settings.data_dir / ADMIN_PASSWORD).is_file():
        kept[ADMIN_PASSWORD] = password.read_text()
    return {**{name: text.strip() for name, text in kept.items()}, **configured}


async def back_up(settings: Settings, target: str, *, without_key: bool, keep_days: int) -> tuple[str, Manifest, int]:
    """Write a backup; return its path, its manifest and how many old ones were removed.

    Raises SettingsError, DumpFailed, ChildFailed, OSError."""
    keys = known_keys(settings)
    if KEY not in keys and not without_key:
        raise SettingsError(
            f"{KEY}: not known here, and without it no stored secret can be opened again; "
            "set it, or say --without-key and keep it elsewhere"
        )
    folder = Path(target) if target != PIPE else None
    async with database(settings) as url:
        now, long_past = await dump.hub_time(url)
        with _writing(folder, now) as (file, finish):
            async with dump.dumping(url) as (facts, pieces, stored):
                about, kept = _about(facts, keys, settings), None if without_key else keys
                manifest = await backup_file.write(file, pieces, kept, about, files.places(settings, stored))
            where = finish()
    removed = backup_file.remove_old(folder, long_past, keep_days) if folder else []
    return where, manifest, len(removed)


def _about(facts: dump.Facts, keys: Mapping[str, str], settings: Settings) -> dict[str, object]:
    return {
        "version": version("whatsapp-hub"),
        "made_at": datetime.now(UTC),
        "server": facts.server,
        "dumped_by": facts.dumped_by,
        "position": facts.position,
        "revisions": facts.revisions,
        "roles": facts.roles,
        "key": backup_file.digest_of(keys[KEY]) if KEY in keys else "",
        "old_keys": [backup_file.digest_of(key) for key in listed(settings.with_kept_old())],
    }


@contextmanager
def _writing(folder: Path | None, now: datetime) -> Iterator[tuple[IO[bytes], Callable[[], str]]]:
    """Yield a file, and name it once it is complete and on disk. None: standard output."""
    if folder is None:
        yield sys.stdout.buffer, lambda: "the standard output"
        sys.stdout.buffer.flush()
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / backup_file.name_at(now)
    draft = folder / f".{path.name}.{os.getpid()}.partial"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, partial(_complete, file, draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _complete(file: IO[bytes], draft: Path, path: Path) -> str:
    file.flush()
    os.fsync(file.fileno())
    if path.exists():
        raise FileExistsError(f"{path} is there already; try again in a second")
    draft.rename(path)
    return str(path)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Checks that the operator overrides."""

    replace: bool = False
    even_if_running: bool = False
    without_key: bool = False
    send_queued: bool = False


async def restore(settings: Settings, source: str, wanted: Wanted) -> Manifest:
    """Replace this hub with the backup's. Everything is checked before anything is changed.

    Raises BadBackup, SettingsError, DumpFailed, ChildFailed, FolderTaken.
    """
    with _spooled(settings, source) as path:
        backup = Backup(path)
        _check_version(backup.manifest)
        _check_keys(settings, backup, wanted)
        async with _stopped(settings) as url:
            there = await dump.present(url)
            _check_place(there, backup.manifest, wanted, "HUB_DATA_DIR" if settings.embedded else "DATABASE_URL")
            with _keys_in_place(settings, backup, wanted):
                await files.bring(settings, backup)
                await _run(url, backup, there, wanted)
                if wanted.replace:
                    files.remove_others(settings, backup)
            await _up_to_date(url)
            if wanted.without_key:
                await _forget_key(url)
        return backup.manifest


async def _run(url: str, backup: Backup, there: dump.Present, wanted: Wanted) -> None:
    manifest = backup.manifest
    facts = dump.Facts(manifest.server, manifest.dumped_by, manifest.position, manifest.revisions, manifest.roles)
    age_s = (datetime.now(UTC) - manifest.made_at).total_seconds()
    position = restoring.next_position(facts, there, age_s)
    await restoring.Restore(url, facts, there, backup.dump, position, wanted.send_queued)()


async def _up_to_date(url: str) -> None:
    from whatsapp_hub.adapters.postgres.engine.migrate import migrate

    await migrate(url)


async def _forget_key(url: str) -> None:
    """Let the next start choose its key, although that opens no secret sealed before."""
    from whatsapp_hub.adapters.postgres.security.sealed import PostgresSealed
    from whatsapp_hub.main.wiring.secret_keys import system_of

    async with system_of(url) as system:
        keys = PostgresSealed(system)
        await keys.note("", await keys.noted())


@contextmanager
def _spooled(settings: Settings, source: str) -> Iterator[Path]:
    """Yield a seekable file: standard input is copied into the data folder first."""
    if source != PIPE:
        yield Path(source)
        return
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.data_dir, prefix=".restore-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)


@asynccontextmanager
async def _stopped(settings: Settings) -> AsyncIterator[str]:
    """Yield the database of a stopped hub. Raises SettingsError if an embedded one runs."""
    if settings.database_url:
        yield settings.database_url
        return
    try:
        with locked(settings.data_dir):
            async with EmbeddedPostgres(settings.data_dir / "postgres") as server:
                yield server.dsn
    except FolderTaken as error:
        raise SettingsError(f"HUB_DATA_DIR: {error}; stop it first") from None


def _check_version(manifest: Manifest) -> None:
    known = {tree: revisions(tree) | {last} for tree, last in LAST_BEFORE.items()}
    for schema, revision in manifest.revisions.items():
        if schema == "whatsmeow" or revision in known["hub" if schema == "hub" else "tenant"]:
            continue
        if is_replaced(revision):
            raise BadBackup(
                f"the backup is older than this version can take over: restore it with {VERSION_BEFORE}, "
                "back up, and restore that here"
            )
        raise BadBackup(f"the backup is of a newer whatsapp-hub ({manifest.version}): install that version first")


def _check_keys(settings: Settings, backup: Backup, wanted: Wanted) -> None:
    """Refuse a key that does not open the backup's secrets."""
    if wanted.without_key:
        return
    here, kept = known_keys(settings).get(KEY), backup.keys().get(KEY)
    if settings.hub_secret_key is None and settings.embedded and kept and (here in (None, kept) or wanted.replace):
        return
    if here is None:
        raise SettingsError(f"{KEY}: obligatory; `whatsapp-hub restore --keys FILE` prints the backup's, if it has it")
    configured = (here, *listed(settings.with_kept_old()))
    if not any(backup_file.is_key(backup.manifest, key) for key in configured):
        raise SettingsError(
            f"{KEY}: not the one that the backup was made under, so no stored secret could be opened; "
            "set that one (`whatsapp-hub restore --keys FILE` prints it), or say --without-key and give each session "
            "its credentials anew"
        )


def _check_place(there: dump.Present, manifest: Manifest, wanted: Wanted, name: str) -> None:
    """Refuse a database that is older than the backup's, in use or not empty. `name`: the variable with its address."""
    if there.server < manifest.server:
        raise SettingsError(
            f"{name}: PostgreSQL {there.server} is older than the backup's ({manifest.server}): it must not be"
        )
    if there.alive and not wanted.even_if_running:
        raise SettingsError(
            f"{name}: {there.alive} processes of a hub run on it, or did half a minute ago; stop them first, "
            "or say --even-if-running"
        )
    if there.schemas and not wanted.replace:
        raise SettingsError(f"{name}: there is a hub in it already; --replace gives it up for the backup's")


@contextmanager
def _keys_in_place(settings: Settings, backup: Backup, wanted: Wanted) -> Iterator[None]:
    """Put the backup's keys into an embedded hub's data folder; restore the former ones if the block fails."""
    if not settings.embedded or wanted.without_key:
        yield
        return
    (settings.data_dir / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {_place(settings, name): text for name, text in backup.keys().items()}
    before = {path: path.read_bytes() for path in keys if path.is_file()}
    try:
        for path, text in keys.items():
            replace_secret(path, text.encode())
        yield
    except BaseException:
        for path in keys:
            path.unlink(missing_ok=True)
            if path in before:
                replace_secret(path, before[path])
        raise


def _place(settings: Settings, name: str) -> Path:
    folder = settings.data_dir if name == ADMIN_PASSWORD else settings.data_dir / "secrets"
    return folder / Path(name).name


def keys_of(source: str) -> dict[str, str]:
    """Read the keys that a backup holds. Raises BadBackup."""
    return Backup(Path(source)).keys()
