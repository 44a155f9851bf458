"""Restore a hub's database from a dump, in one transaction: a failure leaves the database unchanged.

No position of the log is given twice (see `BEYOND`), and messages that were queued are not sent again by default: the
lost hub may have sent them after the dump.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from whatsapp_hub.adapters.postgres.backup.dump import DumpFailed, Facts, Present, pieces_of
from whatsapp_hub.adapters.postgres.backup.programs import Programs, libpq, pipe

EVENTS_A_SECOND = 10_000
"""The fastest that a hub gives positions: the lost one gave at most this times the backup's age since."""
BEYOND = 1_000_000
LOCK_TIMEOUT = "60s"
"""The longest wait for locks of a hub that still runs on the replaced database (--even-if-running)."""

_OWNER = re.compile(rb'^(ALTER [^\n]* OWNER TO )((?:"(?:[^"\n]|"")+")|[^\s";]+);$', re.MULTILINE)
_PLACE = re.compile(rb"^CREATE SCHEMA (\w+);\n", re.MULTILINE)
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
_MAKE_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} NOLOGIN;
  END IF;
END $$;
GRANT {role} TO CURRENT_USER;
"""
# Leases of the lost hub would never be renewed or released.
_DROP_LEASES = "DELETE FROM hub.processes; DELETE FROM hub.connectors;\n"
# Sign-ins that ended after the backup must not become valid again, and which did is not known.
_END_SIGN_INS = """
UPDATE hub.sign_ins SET ended_at = clock_timestamp(), end_reason = 'restored' WHERE ended_at IS NULL;
TRUNCATE hub.access_changes;
"""
_EMPTY_QUEUES = """
UPDATE {schema}.messages SET outcome = 'unknown' WHERE queue_seq IS NOT NULL AND (status = 'PENDING'
  OR status = 'SENT' AND CASE WHEN error LIKE '{{%' THEN error::jsonb ->> 'code' = 'file_lost'
    AND error::jsonb ->> 'detail' = whatsapp_message_id END);
UPDATE {schema}.messages SET queue_seq = NULL WHERE queue_seq IS NOT NULL;
"""
_EMPTY_LANES = """
UPDATE hub.lanes SET queued = 0, attempt_message = NULL, attempt_at = NULL, lease_until = NULL, tries = 0,
  fence = fence + 1, awaits = NULL, slot_at = NULL
WHERE queued > 0 OR attempt_message IS NOT NULL OR awaits IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore. `dump` opens the dump anew each time; the sequencer goes on after `position`; `send_queued`: send
    queued messages after all."""

    url: str
    facts: Facts
    present: Present
    dump: Callable[[], Iterable[bytes]]
    position: int
    send_queued: bool = False

    async def __call__(self) -> None:
        """Restore everything in one transaction. Raises DumpFailed, ChildFailed."""
        programs = Programs.fit_for(max(self.facts.dumped_by, self.present.server))
        address, environment = libpq(self.url)
        psql = await asyncio.create_subprocess_exec(
            *(programs.path("psql"), f"--dbname={address}", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"),
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        stdin, stderr = pipe(psql.stdin), asyncio.create_task(pipe(psql.stderr).read())
        try:
            with suppress(ConnectionError):  # psql wrote the reason to stderr
                await self._write(programs, stdin)
            stdin.close()
            code = await psql.wait()
        except BaseException:
            psql.kill()
            raise
        if code:
            raise DumpFailed(f"nothing was changed; psql: {(await stderr).decode(errors='replace').strip()[-600:]}")

    async def _write(self, programs: Programs, psql: asyncio.StreamWriter) -> None:
        psql.write(self._before().encode())
        psql.write(self._suited(await self._section(programs, "pre-data")))
        await psql.drain()
        is_first = True
        async for piece in self._pieces(programs, "data"):
            psql.write(piece.replace(_UNKNOWN_BEFORE_17, b"", 1) if is_first else piece)
            is_first = False
            await psql.drain()
        psql.write(self._suited(await self._section(programs, "post-data")))
        psql.write(self._after().encode())
        await psql.drain()

    def _before(self) -> str:
        gone = "".join(f'DROP SCHEMA "{schema}" CASCADE;\n' for schema in self.present.schemas)
        roles = "".join(_MAKE_ROLE.format(role=role) for role in self.facts.roles)
        return f"BEGIN;\nSET client_min_messages = warning;\nSET lock_timeout = '{LOCK_TIMEOUT}';\n{roles}{gone}"

    def _after(self) -> str:
        emptied = "".join(_EMPTY_QUEUES.format(schema=f'"{s}"') for s in tenant_schemas(self.facts))
        emptied += _EMPTY_LANES
        moved = f"UPDATE hub.sequencer SET position = {self.position};\n"
        places = ["hub", *tenant_schemas(self.facts)]
        done = "".join(f'REVOKE CREATE ON SCHEMA "{place}" FROM {", ".join(self.facts.roles)};\n' for place in places)
        return f"{moved}{done}{_DROP_LEASES}{_END_SIGN_INS}{'' if self.send_queued else emptied}COMMIT;\nANALYZE;\n"

    def _suited(self, script: bytes) -> bytes:
        """Rewrite a script so that this login owns what the former login (of another name, perhaps) owned, and grant
        the roles that own functions the right to create them, until `_after` revokes it."""
        mine = {role.encode() for role in self.facts.roles}
        grant = rb"\g<0>GRANT CREATE ON SCHEMA \1 TO " + b", ".join(sorted(mine)) + b";\n"
        script = _PLACE.sub(grant, script.replace(_UNKNOWN_BEFORE_17, b""))
        return _OWNER.sub(lambda m: m[0] if m[2] in mine else m[1] + b"CURRENT_USER;", script)

    async def _section(self, programs: Programs, name: str) -> bytes:
        return b"".join([piece async for piece in self._pieces(programs, name)])

    async def _pieces(self, programs: Programs, section: str) -> AsyncIterator[bytes]:
        process = await asyncio.create_subprocess_exec(
            *(programs.path("pg_restore"), f"--section={section}", "--no-comments", "--file=-"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        feeding = asyncio.create_task(_feed(process, self.dump()))
        try:
            async with aclosing(pieces_of(process, "nothing was changed; pg_restore")) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])


async def _feed(process: asyncio.subprocess.Process, pieces: Iterable[bytes]) -> None:
    """Write the dump to pg_restore, which closes early where it needs only the table of contents."""
    stdin = pipe(process.stdin)
    with suppress(ConnectionError):
        for piece in pieces:
            stdin.write(piece)
            await stdin.drain()
        stdin.close()


def tenant_schemas(facts: Facts) -> Sequence[str]:
    """List the dump's schemas with tenants' tables."""
    return [schema for schema in facts.revisions if schema not in ("hub", "whatsmeow")]


def next_position(facts: Facts, there: Present, age_s: float) -> int:
    """Return a position beyond every one that may have been given: in the backup, since then, and here."""
    since = BEYOND + int(max(0.0, age_s) * EVENTS_A_SECOND)
    return max(facts.position, there.position) + since
