"""Commands `backup` and `restore`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


@click.command()
@click.argument("folder", required=False)
@click.option("--without-key", is_flag=True, help="Leave the keys out; keep HUB_SECRET_KEY elsewhere.")
@click.option("--keep-days", default=7, show_default=True, type=click.IntRange(min=1), help="Older ones are removed.")
def backup(folder: str | None, without_key: bool, keep_days: int) -> None:
    """Write the whole hub (database, files, keys) to a file in FOLDER; `-`: to the standard output.

    Default: `backups` in the data folder. The hub may run meanwhile."""
    from whatsapp_hub.main.backup import backup as backups
    from whatsapp_hub.main.settings import Settings

    settings = Settings.from_environment()
    target = folder or str(settings.data_dir / "backups")
    made = _report_errors(backups.back_up(settings, target, without_key=without_key, keep_days=keep_days))
    where, manifest, removed = made
    size = f"{manifest.dump_bytes / 1e6:.1f} MB"
    keys = "with its keys: keep it as you keep a password" if manifest.has_keys else "without its keys"
    files = "its files stay in the bucket" if settings.media_url else f"{manifest.files} files"
    click.echo(f"{where}: {size}, {files}, {keys}; {removed} older ones removed", err=True)
    if manifest.missing and not settings.media_url:
        folder_of_files = settings.data_dir / "media"
        click.echo(f"{manifest.missing} files of the database are not in {folder_of_files}: run it there", err=True)


@click.command()
@click.argument("file")
@click.option("--replace", is_flag=True, help="Give up the hub that is in the database.")
@click.option("--even-if-running", is_flag=True, help="Do not mind processes that seem to run on it.")
@click.option("--without-key", is_flag=True, help="Go on without the key that opens the backup's secrets.")
@click.option("--send-queued", is_flag=True, help="Send what was queued; for a hub stopped before its backup.")
@click.option("--keys", is_flag=True, help="Print the keys that FILE holds, and change nothing.")
def restore(file: str, replace: bool, even_if_running: bool, without_key: bool, send_queued: bool, keys: bool) -> None:
    """Bring the hub in FILE (`-`: the standard input) back, into an empty database.

    All or nothing. What was queued for sending becomes `outcome: unknown`: the lost hub may have sent it."""
    from whatsapp_hub.main.backup import backup as backups
    from whatsapp_hub.main.settings import Settings

    if keys:
        found = _report_errors(_keys(file))
        click.echo("\n".join(f"{name}={value}" for name, value in sorted(found.items())))
        return
    wanted = backups.Wanted(replace, even_if_running, without_key, send_queued)
    manifest = _report_errors(backups.restore(Settings.from_environment(), file, wanted))
    click.echo(f"restored as it was at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; start the hub", err=True)


async def _keys(file: str) -> dict[str, str]:
    from whatsapp_hub.main.backup.backup import keys_of

    return keys_of(file)


def _report_errors(work: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine; show errors that the operator can fix as one line."""
    from whatsapp_hub.adapters.postgres.backup.dump import DumpFailed
    from whatsapp_hub.main.backup.file import BadBackup

    try:
        return asyncio.run(work)
    except (BadBackup, DumpFailed, OSError) as error:
        raise click.ClickException(str(error)) from None
