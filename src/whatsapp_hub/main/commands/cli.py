"""The command `whatsapp-hub`. Imports for one command stand in that command: a role's process starts twice as fast."""

from __future__ import annotations

import asyncio
import os
import sys

import click
import structlog

from whatsapp_hub.adapters.postgres.engine.preflight import check as check_database
from whatsapp_hub.adapters.postgres.engine.refusals import DatabaseUnusable
from whatsapp_hub.adapters.postgres.engine.version import newest
from whatsapp_hub.adapters.processes.child import ChildFailed
from whatsapp_hub.adapters.processes.folder import FolderTaken
from whatsapp_hub.adapters.redis.preflight import RedisUnusable
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.backup import command
from whatsapp_hub.main.commands import hub, secrets, session
from whatsapp_hub.main.commands.lines import plain
from whatsapp_hub.main.env_file import load_env_file
from whatsapp_hub.main.logging import configure_logging, hide, redacted
from whatsapp_hub.main.roles.bootstrap import ensure_admin_shown, later_lines
from whatsapp_hub.main.roles.run import ROLES, ProcessRole, play, until_told_to_stop
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings, secrets_in
from whatsapp_hub.main.supervise.reaching import check_to_run

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="whatsapp-hub")
@click.pass_context
def commands(context: click.Context) -> None:
    """One hub for many WhatsApp numbers. Settings come from the environment and from `.env`; see .env.example."""
    context.obj = load_env_file(os.environ)


def _say_env_file() -> None:
    """Log where the settings came from."""
    if found := click.get_current_context().obj:
        log.info("env_file", path=str(found.path), settings=len(found.used), overridden=list(found.overridden))


@commands.command()
def serve() -> None:
    """Run everything on this machine, databases included unless DATABASE_URL and REDIS_URL are set."""
    from whatsapp_hub.main.supervise import supervisor

    settings = Settings.from_environment()
    configure_logging(settings.log_level, "supervisor", settings.log_format, settings.hub_secret_key)
    hide(secrets_in(settings))
    if found := click.get_current_context().obj:
        click.echo(str(found))
    asyncio.run(until_told_to_stop(supervisor.serve(settings)))


@commands.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to this version, and make its first administrator."""
    settings = Settings.from_environment()
    configure_logging(settings.log_level, "migrate", settings.log_format, settings.hub_secret_key)
    hide(secrets_in(settings))
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL: obligatory for `migrate`; `serve` migrates its own database at each start")
    _say_env_file()
    asyncio.run(_bring_up_to_date(settings.database_url))
    if settings.hub_secret_key and settings.jwt_secret:  # else the API creates it, which requires both
        asyncio.run(_ensure_admin(settings))


async def _ensure_admin(settings: Settings) -> None:
    said = [] if await ensure_admin_shown(settings) else await later_lines(settings)
    click.echo("\n".join(said), nl=bool(said))


async def _bring_up_to_date(database_url: str) -> None:
    from whatsapp_hub.adapters.postgres.engine.migrate import migrate as bring_up_to_date

    await check_database(database_url, will_migrate=True)
    await bring_up_to_date(database_url)
    log.info("database.migrated", hub=newest("hub"), tenants=newest("tenant"))


@commands.command()
def doctor() -> None:
    """Check what the hub needs and say what to do."""
    from whatsapp_hub.main.commands.doctor import examine

    findings = asyncio.run(examine())
    for finding in findings:
        mark, colour = {True: ("ok", "green"), False: ("!!", "red"), None: ("--", "yellow")}[finding.good]
        click.echo(f"{click.style(mark, fg=colour)}  {finding.subject:<12} {plain(finding.says)}")
    if any(finding.good is False for finding in findings):
        sys.exit(1)


@commands.command()
def demo() -> None:
    """Play customers, agents and the bot against a hub, and count what came of it."""
    from whatsapp_hub.main.demo.run import run

    if not asyncio.run(run(Settings.from_environment())):
        sys.exit(1)


_TOOLS = (
    *(hub.inbox, hub.tenant, hub.user, session.session),
    *(command.backup, command.restore, secrets.secrets),
)
for _tool in _TOOLS:
    commands.add_command(_tool)


def _add_role(role: ProcessRole) -> None:
    @commands.command(role.name, help=f"Run one process for: {role.does}.")
    def command() -> None:
        settings = Settings.from_environment()
        configure_logging(settings.log_level, role.name, settings.log_format, settings.hub_secret_key)
        _say_env_file()
        play(role, settings, check_to_run)


for _role in ROLES.values():
    _add_role(_role)


def main() -> None:
    """Run the command line. Errors that the operator can fix are one line and exit code 1; others keep their
    traceback."""
    try:
        commands()
    except (SettingsError, FolderTaken, ChildFailed, DatabaseUnusable, RedisUnusable, Unavailable) as error:
        click.echo(f"whatsapp-hub: {redacted(str(error))}", err=True)
        sys.exit(1)
