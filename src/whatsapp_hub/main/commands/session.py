"""`whatsapp-hub session`: manage sessions on the command line, with the QR code in the terminal."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import click
from dishka import AsyncContainer

from whatsapp_hub.application.moving.move_session import Destination, ForeseeMove, Foresight, Moved, MoveSession
from whatsapp_hub.application.moving.plan_move import PlanMove
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.holder_commands import RequestPairingCode
from whatsapp_hub.application.sessions.manage_sessions import NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.application.sessions.session_history import ReadSessionHistory
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.sessions.history import HistoryEntry
from whatsapp_hub.domain.sessions.moving import Loss
from whatsapp_hub.domain.sessions.session import Session, SessionStatus
from whatsapp_hub.main.commands.hub import in_hub
from whatsapp_hub.main.commands.lines import plain, say
from whatsapp_hub.main.settings import Settings

LOOK_EVERY_S = 0.5
PAGE = 200
HINT = {
    SessionStatus.CONNECTING: "connecting …",
    SessionStatus.RECONNECTING: "reconnecting …",
    SessionStatus.QR_PENDING: "scan this with the phone: WhatsApp, Linked devices, Link a device",
    SessionStatus.CONNECTED: "connected",
}
COMPANY = click.option("--tenant", "slug", default="default", show_default=True, help="The company's slug.")


@click.group()
def session() -> None:
    """WhatsApp numbers of this hub."""


@session.command("list")
@COMPANY
def list_sessions(slug: str) -> None:
    """Show them."""

    async def work(container: AsyncContainer) -> None:
        caller = await _operator(container, slug)
        finder: SessionFinder = await container.get(SessionFinder)
        cursor: str | None = None
        while True:
            page = await finder.page(caller.tenant_id, 200, cursor, active=False)
            for one in page.items:
                say(_line(one))
            if (cursor := page.next_cursor) is None:
                return

    in_hub(work)


@session.command()
@click.argument("name")
@COMPANY
@click.option("--provider", help="Of a session that is made now. Default: WHATSAPP_PROVIDER.")
@click.option("--pair", "phone", help="Show a pairing code for this phone number instead of a QR code.")
@click.option("--timeout", "timeout_s", default=300, show_default=True, help="Seconds to wait for the connection.")
def connect(name: str, slug: str, provider: str | None, phone: str | None, timeout_s: int) -> None:
    """Start the session NAME (made if need be) and show its QR code here until it is connected."""

    async def work(container: AsyncContainer) -> Session:
        caller = await _operator(container, slug)
        await _started(container, caller, name, provider)
        shown_pairing_code = False
        async for one in _changes(container, caller, name, timeout_s):
            say(_line(one))
            if one.status is SessionStatus.QR_PENDING and phone and not shown_pairing_code:
                shown_pairing_code = True
                code = await (await container.get(RequestPairingCode))(caller, one.id, phone)
                say(f"type this on the phone (Linked devices, Link with phone number):  {code}")
            elif one.status is SessionStatus.QR_PENDING and one.qr_code and not phone:
                click.echo(in_terminal(one.qr_code))
            if one.status is SessionStatus.CONNECTED or not one.is_active:
                return one
        raise click.ClickException(f"{name} is not connected after {timeout_s} s")

    ended = in_hub(work)
    if not ended.is_active:
        why = ended.failure or ended.status_reason or ended.status
        raise click.ClickException(plain(f"{name} did not connect: {why}"))


@session.command()
@click.argument("name")
@COMPANY
def watch(name: str, slug: str) -> None:
    """Show each change of the session NAME until Ctrl-C."""

    async def work(container: AsyncContainer) -> None:
        caller = await _operator(container, slug)
        async for one in _changes(container, caller, name, None):
            say(_line(one))

    in_hub(work)


@session.command()
@click.argument("name")
@COMPANY
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many entries.")
def history(name: str, slug: str, limit: int) -> None:
    """Show what happened to the session NAME within a week, the newest first."""

    async def work(container: AsyncContainer) -> None:
        caller = await _operator(container, slug)
        found = await session_named(await container.get(SessionFinder), caller.tenant_id, name)
        read, cursor, left = await container.get(ReadSessionHistory), None, limit
        while left > 0:
            page = await read(caller, found.id, min(left, PAGE), cursor)
            for placed in page.items:
                say(entry_line(placed.entry))
            left, cursor = left - PAGE, page.next_cursor
            if cursor is None:
                return

    in_hub(work)


@session.command()
@click.argument("name")
@COMPANY
@click.option("--to", "provider", required=True, help="The other provider: META, WAHA, NEONIZE, SANDBOX.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting of it; of NAME=- you are asked.")
@click.option("--dry-run", is_flag=True, help="Only say what that would lose.")
@click.option("--when-restricted", is_flag=True, help="Not now: when WhatsApp bans the number or restricts it.")
def move(name: str, slug: str, provider: str, given: tuple[str, ...], *, dry_run: bool, when_restricted: bool) -> None:
    """Move the session NAME to another provider; what waits is sent by that one."""
    to = Destination(provider.upper(), dict(map(_setting, given)))

    async def work(container: AsyncContainer) -> list[str]:
        caller = await _operator(container, slug)
        found = await session_named(await container.get(SessionFinder), caller.tenant_id, name)
        if dry_run:
            return foresight_lines(await (await container.get(ForeseeMove))(caller, found.id, to))
        if when_restricted:
            planned = await (await container.get(PlanMove))(caller, found.id, to)
            return [f"{name} moves to {planned.to} when WhatsApp restricts its number", *loss_lines(planned.losses)]
        return moved_lines(await (await container.get(MoveSession))(caller, found.id, to))

    for line in in_hub(work):
        say(line)


def _setting(given: str) -> tuple[str, str]:
    """Split NAME=VALUE; a value of `-` is asked for, unseen, so that no secret stands in the shell's history."""
    setting, sign, value = given.partition("=")
    if not sign or not setting:
        raise click.BadParameter(f"{given!r} is not NAME=VALUE", param_hint="--set")
    return setting, click.prompt(setting, hide_input=True) if value == "-" else value


def foresight_lines(found: Foresight) -> list[str]:
    """Write what a move would be, a line each."""
    first = f"{found.session.name} would move from {found.session.provider} to {found.to}; {found.queued} messages wait"
    return [first, *loss_lines(found.losses)]


def moved_lines(moved: Moved) -> list[str]:
    """Write what a move was, a line each."""
    session, paused_s = moved.session, moved.paused.total_seconds()
    told = f"{session.name} moved from {moved.left} to {session.provider}; {moved.waiting} messages wait for it"
    state = f"paused for {paused_s:.1f} s; {session.status} {session.status_reason or ''}".rstrip()
    late = [f"{moved.under_way} calls of {moved.left} have not ended yet"] if moved.under_way else []
    return [told, state, *late, *loss_lines(moved.losses)]


def loss_lines(losses: list[Loss]) -> list[str]:
    """Write losses, a line each."""
    return [f"  - {f'{loss.count}: ' if loss.count is not None else ''}{loss.detail}" for loss in losses]


def entry_line(entry: HistoryEntry) -> str:
    """Write an entry as a line: when, how often, what, why."""
    until = "" if entry.until == entry.at else f" to {entry.until:%H:%M:%S}"
    times = f"{entry.count}x " if entry.count > 1 else ""
    what = entry.status or entry.kind.value
    return f"{entry.at:%Y-%m-%d %H:%M:%S}{until}  {times}{what}  {entry.reason or ''}".rstrip()


def in_terminal(text: str) -> str:
    """Draw a QR code in half blocks, light on dark, which cameras read on a dark terminal."""
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(text)
    out = io.StringIO()
    code.print_ascii(out, invert=True)
    return out.getvalue()


async def _operator(container: AsyncContainer, slug: str) -> Caller:
    tenants = {tenant.slug: tenant.id for tenant in await (await container.get(Directory)).tenants()}
    if slug not in tenants:
        raise click.ClickException(f"there is no tenant {slug!r}")
    return Caller(tenants[slug], Role.MASTER, "command line")


async def _started(container: AsyncContainer, caller: Caller, name: str, provider: str | None) -> None:
    """Start the session, created if need be; one that may not be started is not created either."""
    finder: SessionFinder = await container.get(SessionFinder)
    found = await finder.named(caller.tenant_id, name)
    if found is None:
        kind = (provider or (await container.get(Settings)).whatsapp_provider).upper()
        await (await container.get(CreateStartedSession))(caller, NewSession(name, kind, key=name))
    elif found.status is not SessionStatus.CONNECTED:
        await (await container.get(InitSession))(caller, found.id)


async def _changes(
    container: AsyncContainer, caller: Caller, name: str, timeout_s: float | None
) -> AsyncIterator[Session]:
    """Yield the session as it is now, and again after each change."""
    finder: SessionFinder = await container.get(SessionFinder)
    deadline, before = time.monotonic() + (timeout_s or 0), None
    while timeout_s is None or time.monotonic() < deadline:
        one: Any = await finder.named(caller.tenant_id, name)
        if one is None:
            raise click.ClickException(f"there is no session {name!r}")
        now = (one.status, one.status_reason, one.qr_code)
        if now != before:
            before = now
            yield one
        await asyncio.sleep(LOOK_EVERY_S)


def _line(one: Session) -> str:
    what = one.status_reason or HINT.get(one.status, "")
    return f"{one.key:<24}  {one.provider:<8}  {one.status:<12}  {one.phone_number or '-':<15}  {what}"
