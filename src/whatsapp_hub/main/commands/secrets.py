"""Commands `secrets …`: the key that seals what is stored."""

from __future__ import annotations

import asyncio

import click
from dishka import AsyncContainer

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.security.sealed import PostgresSealed
from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.security.choose_key import ChooseKey, KeyMissing
from whatsapp_hub.application.security.rotate_keys import CountSealed, RotateKeys
from whatsapp_hub.main.commands.hub import in_hub
from whatsapp_hub.main.generated_secrets import new_secret, read_secret, replace_secret
from whatsapp_hub.main.settings import Settings, listed
from whatsapp_hub.main.supervise.process_note import settings_of_running_hub
from whatsapp_hub.main.wiring.secret_keys import MAKE_ONE, STRONG_LENGTH, ring_of, short_secrets, system_of

KEY, OLD = "HUB_SECRET_KEY", "HUB_SECRET_KEY_OLD"


@click.group()
def secrets() -> None:
    """Show and change the key that the stored secrets are sealed with.

    To change it: give every process the new one as HUB_SECRET_KEY and the one before as HUB_SECRET_KEY_OLD (an embedded
    hub: `secrets new-key`), restart them one after the other, then `secrets rotate`."""


@secrets.command()
def status() -> None:
    """Show what is sealed with which key."""

    async def work(container: AsyncContainer) -> None:
        ring, texts = await container.get(KeyRing), await _sealed(container)
        names = {id: KEY if id == ring.ids[0] else OLD for id in ring.ids}
        click.echo(f"in force: {names[ring.in_force]} (key {ring.in_force})")
        for kind, counts in (await CountSealed(texts, ring)()).items():
            said = [f"{number} with {names[id]}" for id, number in counts.under.items()]
            said += [f"{counts.unread} that no key opens"] if counts.unread else []
            click.echo(f"{kind}: {', '.join(said) or 'none'}")

    in_hub(work)


@secrets.command()
def rotate() -> None:
    """Seal everything anew with HUB_SECRET_KEY, while the hub runs. May be run again at any time."""

    async def work(container: AsyncContainer) -> tuple[str, dict[str, tuple[int, int]]]:
        if KEY in short_secrets(await container.get(Settings)):
            raise click.ClickException(f"{KEY}: a new one has at least {STRONG_LENGTH} characters; {MAKE_ONE}")
        ring, texts = await container.get(KeyRing), await _sealed(container)
        return ring.ids[0], await RotateKeys(texts, texts, ring)()

    key_id, done = in_hub(work)
    for kind, (anew, unread) in done.items():
        click.echo(f"{kind}: {anew} sealed anew{f', {unread} that no key opens' if unread else ''}")
    if any(unread for _, unread in done.values()):
        click.echo(f"what no key opens stays as it is; give those anew, or their key in {OLD}")
        return
    settings = Settings.from_environment()
    if settings.embedded:
        (settings.data_dir / "secrets" / OLD).unlink(missing_ok=True)
    click.echo(f"everything is sealed with {KEY} (key {key_id}); {OLD} may go")


@secrets.command("new-key")
def new_key() -> None:
    """Make a new key in the data folder of an embedded hub; the one before stays beside it until `secrets rotate`."""
    settings = Settings.from_environment()
    if not settings.embedded or settings.hub_secret_key:
        raise click.ClickException(
            f"the key is not the data folder's: set {KEY} to a new one (`openssl rand -base64 32`) and {OLD} to the "
            "one before, restart the hub, then `whatsapp-hub secrets rotate`"
        )
    folder = settings.data_dir / "secrets"
    if (present := read_secret(folder / KEY)) is None:
        raise click.ClickException(f"there is no key in {folder} yet; the first start makes it")
    before = dict.fromkeys((present, *listed(read_secret(folder / OLD))))
    replace_secret(folder / OLD, ",".join(before).encode())
    replace_secret(folder / KEY, new_secret().encode())
    click.echo("made; restart the hub, then `whatsapp-hub secrets rotate`")


@secrets.command()
@click.confirmation_option(prompt="What is sealed with another key stays closed for good. Go on?")
def adopt() -> None:
    """Go on with HUB_SECRET_KEY where the key from before is lost."""
    settings = settings_of_running_hub()
    if asyncio.run(_adopted(settings)):
        click.echo(f"{KEY} is the key from now on; give each session and webhook its credentials anew")
    else:
        click.echo(f"{KEY} is the right one; nothing was changed")


async def _adopted(settings: Settings) -> bool:
    async with system_of(settings.database_url or "") as system:
        keys, ring = PostgresSealed(system), ring_of(settings)
        try:
            await ChooseKey(keys, keys, ring)()
        except KeyMissing:
            return await keys.note(ring.ids[0], await keys.noted())
    return False


async def _sealed(container: AsyncContainer) -> PostgresSealed:
    return PostgresSealed((await container.get(Database)).system)
