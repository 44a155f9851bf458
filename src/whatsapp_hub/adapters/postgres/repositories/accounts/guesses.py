"""Counts of guesses at accounts, as hub_system: before a sign-in there is no tenant."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.edge.guesses import Guess
from whatsapp_hub.domain.accounts.guessing import FAMILIAR, STRANGERS, Guesses, network_of
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import TooMany

_IS_FAMILIAR = """
    SELECT EXISTS (
      SELECT FROM hub.users u JOIN hub.sign_ins s ON s.user_id = u.id WHERE u.email = $1 AND s.network = $2)"""
_MAKE = "INSERT INTO hub.login_guesses (count, failures, last_at) VALUES ($1, 0, NULL) ON CONFLICT DO NOTHING"
_LOCK = "SELECT failures, last_at, (SELECT now FROM hub.time) AS now FROM hub.login_guesses WHERE count = $1 FOR UPDATE"
_SAVE = "UPDATE hub.login_guesses SET failures = $2, last_at = $3 WHERE count = $1"
_FORGET = "DELETE FROM hub.login_guesses WHERE count = $1"
# It writes whether or not there is such an account, so that the time that it takes does not tell.
_NOTE = """
    WITH told AS (UPDATE hub.login_guesses SET last_at = last_at WHERE count = $1)
    INSERT INTO hub.audit (tenant_id, caller, email, address, action, change, entity, entity_id, after)
    SELECT u.tenant_id, 'nobody', $3, $4, 'login.failed', 'create', 'login', u.id::text, $5::text::jsonb
    FROM hub.users u WHERE u.id = $2"""


class PostgresGuessCounts:
    """Implements `GuessCounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, email: str, address: str | None) -> Guess:
        """Count the guess before the password is checked. Raises TooMany."""
        network = network_of(address)
        is_familiar: bool = await self._database.system(lambda c: c.fetchval(_IS_FAMILIAR, email, network))
        count, patience = _count_of(email, network if is_familiar else ""), FAMILIAR if is_familiar else STRANGERS

        def counted(guesses: Guesses, now: datetime) -> Guesses:
            if retry_s := guesses.retry_s(now, patience):
                raise TooMany(retry_s)
            return guesses.counted(now, patience)

        failures = await self._database.system(lambda c: _changed(c, count, counted))
        return Guess(count, email, address, is_familiar, failures)

    async def take_back(self, guess: Guess) -> None:
        """Forget the count after a success at a known network; elsewhere take this one guess back."""
        if guess.is_familiar:
            await self._database.system(lambda c: c.execute(_FORGET, guess.count))
        else:
            await self.uncount(guess)

    async def uncount(self, guess: Guess) -> None:
        """Take one guess back."""
        await self._database.system(lambda c: _changed(c, guess.count, lambda guesses, _: guesses.taken_back()))

    async def failed(self, guess: Guess, user: User | None) -> None:
        """Note the failure in the audit trail where the count calls for it."""
        noted = user.id if user and Guesses(guess.failures).is_audited else None
        said = json.dumps({"failures": guess.failures, "familiar": guess.is_familiar})
        row = (guess.count, noted, guess.email, guess.address, said)
        await self._database.system(lambda c: c.execute(_NOTE, *row))


def _count_of(email: str, network: str) -> bytes:
    """Hash the account, so that the table does not show who was guessed at."""
    return hashlib.sha256(f"{email}\n{network}".encode("utf-8", "surrogatepass")).digest()


async def _changed(connection: Any, count: bytes, change: Callable[[Guesses, datetime], Guesses]) -> int:
    """Return how many failures there are now."""
    async with connection.transaction():
        await connection.execute(_MAKE, count)
        row = await connection.fetchrow(_LOCK, count)
        if row is None:  # deleted in between: by a guess that was right
            return 0
        guesses = change(Guesses(row["failures"], row["last_at"]), row["now"])
        await connection.execute(_SAVE, count, guesses.failures, guesses.last_at)
        return guesses.failures
