"""Commands on a hub's database: `inbox`, `tenant`, `user`.

The container, and with it every adapter, is imported only by a command that runs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
from dishka import AsyncContainer

from whatsapp_hub.adapters.contracts.wire import client_text
from whatsapp_hub.application.accounts.move_tenants import Moved, MoveTenant
from whatsapp_hub.application.accounts.operators import ListUsers, ResetSecondFactor, SetPassword, SignOutUser
from whatsapp_hub.application.accounts.tenants import CreateOperator, CreateTenant
from whatsapp_hub.application.authentication.admit_administrator import AdmitAdministrator
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.operations.housekeeping import DeadLetters
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import HubError
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.main.commands.lines import plain, say
from whatsapp_hub.main.supervise.process_note import settings_of_running_hub
from whatsapp_hub.main.supervise.reaching import check_servers

T = TypeVar("T")

_ID = click.IntRange(0, 2**63 - 1)


def in_hub(work: Callable[[AsyncContainer], Awaitable[T]]) -> T:
    """Run an action with a hub's container; show the domain's errors as one line."""

    from whatsapp_hub.main.wiring.container import make_container
    from whatsapp_hub.main.wiring.infrastructure import Part
    from whatsapp_hub.main.wiring.reading import Reading

    async def inside() -> T:
        settings = settings_of_running_hub()
        await check_servers(settings, will_migrate=False)
        container = make_container(settings, Part.TOOL, Reading())
        try:
            return await work(container)
        finally:
            await container.close()

    try:
        return asyncio.run(inside())
    except HubError as error:
        raise click.ClickException(plain(client_text(error))) from None


@click.group()
def inbox() -> None:
    """Show updates that were set aside: quarantined, or for no session that we know."""


@inbox.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--after", default=0, type=_ID, help="Only ids greater than this.")
def list_aside(limit: int, after: int) -> None:
    """Show them, oldest first."""

    async def work(container: AsyncContainer) -> None:
        aside = await (await container.get(DeadLetters)).list(limit, after)
        for update in aside:
            where = update.session_id or "no session"
            say(
                f"{update.id:>10}  {update.received_at:%Y-%m-%d %H:%M:%S}  {update.state:<11}  "
                f"{update.provider:<8}  {where}  {len(update.body)} bytes  {update.error or ''}"
            )
        if not aside:
            say("nothing is set aside")

    in_hub(work)


@inbox.command()
@click.argument("ids", nargs=-1, type=_ID)
@click.option("--all", "everything", is_flag=True, help="All quarantined updates that have a session.")
@click.option("--session", type=click.UUID, help="Adopt unassigned updates for this session.")
def replay(ids: tuple[int, ...], everything: bool, session: UUID | None) -> None:
    """Run updates again."""
    if bool(ids) == everything:
        raise click.UsageError("name the ids, or say --all")

    async def work(container: AsyncContainer) -> int:
        adopter = SessionId(session) if session else None
        aside: DeadLetters = await container.get(DeadLetters)
        return await aside.replay(None if everything else ids, adopter)

    say(f"{in_hub(work)} will be processed again")


@click.group()
def tenant() -> None:
    """Companies of this hub."""


@tenant.command("list")
def list_tenants() -> None:
    """Show them."""

    async def work(container: AsyncContainer) -> None:
        for found in await (await container.get(Directory)).tenants():
            say(f"{found.id}  {found.slug:<20}  {found.placement:<9}  {found.name}")

    in_hub(work)


@tenant.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--placement", type=click.Choice([p.value for p in Placement]), help="Default: TENANT_PLACEMENT.")
@click.option("--country", help="ISO 3166: where phone numbers without a country code are. Default: BR.")
def create_tenant(slug: str, name: str, placement: str | None, country: str | None) -> None:
    """Make one."""

    async def work(container: AsyncContainer) -> str:
        create = await container.get(CreateTenant)
        made = await create(slug, name, Placement(placement) if placement else None, country)
        return str(made.id)

    say(in_hub(work))


@tenant.command("move")
@click.argument("slug")
@click.option("--to", "to", type=click.Choice([p.value for p in Placement]), required=True)
def move_tenant(slug: str, to: str) -> None:
    """Move its rows to a schema of its own (dedicated) or back among the others' (pooled).

    The hub works meanwhile; the company itself waits for a moment at the end. If this ends early, call it again: with
    the same placement to finish, with the one that the company still has to give up.
    """

    async def work(container: AsyncContainer) -> Moved | None:
        return await (await container.get(MoveTenant))(slug, Placement(to), _tell_step)

    if moved := in_hub(work):
        say(f"{slug} is {to}: {moved.rows} rows moved, its own work waited {moved.waited_s * 1000:.0f} ms")
    else:
        say(f"{slug} is {to} already")


_STEPS = {
    "prepare": "making the target ready",
    "copy": "copying",
    "switch": "changing over",
    "clear": "removing what is left at the other place",
}


def _tell_step(name: str) -> None:
    say(f"{_STEPS[name]} …", err=True)


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command("create")
@click.argument("email")
@click.argument("name")
@click.option("--tenant", "slug", default="default", show_default=True)
@click.option("--role", type=click.Choice([r.value for r in Role]), default=Role.ADMIN.value, show_default=True)
@click.password_option()
def create_user(email: str, name: str, slug: str, role: str, password: str) -> None:
    """Make one; asks for the password."""

    async def work(container: AsyncContainer) -> str:
        tenants = {t.slug: t.id for t in await (await container.get(Directory)).tenants()}
        if slug not in tenants:
            raise click.ClickException(f"there is no tenant {slug!r}")
        made = await (await container.get(CreateOperator))(tenants[slug], email, password, name, Role(role))
        return str(made.id)

    say(in_hub(work))


@user.command("list")
@click.option("--tenant", "slug", help="Of one company. Default: of all.")
def list_users(slug: str | None) -> None:
    """Show them, by company and e-mail."""

    async def work(container: AsyncContainer) -> None:
        for company, people in (await (await container.get(ListUsers))(slug)).items():
            for one in people:
                state = "active" if one.is_active else "dismissed"
                say(f"{company:<20}  {one.email:<32}  {one.role:<6}  {state:<9}  {one.name}")

    in_hub(work)


@user.command("reset-password")
@click.argument("email")
@click.password_option()
def reset_password(email: str, password: str) -> None:
    """Set a new password, which it asks for, and end all sign-ins."""

    async def work(container: AsyncContainer) -> bool:
        return (await (await container.get(SetPassword))(email, password)).is_active

    said = "" if in_hub(work) else "; the user is dismissed and cannot sign in"
    say(f"the password of {email} is set, and all sign-ins are ended{said}")


@user.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Remove the second factor of somebody who lost it, and end all sign-ins."""

    async def work(container: AsyncContainer) -> bool:
        return await (await container.get(ResetSecondFactor))(email)

    said = "is removed" if in_hub(work) else "was not there"
    say(f"the second factor of {email} {said}, and all sign-ins are ended")


@user.command("sign-out")
@click.argument("email")
def sign_out(email: str) -> None:
    """End all sign-ins of somebody."""

    async def work(container: AsyncContainer) -> int:
        return await (await container.get(SignOutUser))(email)

    say(f"{in_hub(work)} sign-ins of {email} are ended")


@user.command("admit")
@click.argument("email")
def admit(email: str) -> None:
    """Print a token with which an administrator is signed in for an hour.

    Emergency access, as where the company requires its identity provider, and that is away. It stands in the record.
    """

    async def work(container: AsyncContainer) -> str:
        return await (await container.get(AdmitAdministrator))(email)

    say(in_hub(work))
