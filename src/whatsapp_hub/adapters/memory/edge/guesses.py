"""Counts of password guesses."""

from dataclasses import dataclass, field

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase
from whatsapp_hub.adapters.memory.repositories.sign_ins import SIGN_INS
from whatsapp_hub.adapters.memory.tables.entities import USERS
from whatsapp_hub.application.ports.edge.guesses import Guess
from whatsapp_hub.domain.accounts.guessing import FAMILIAR, STRANGERS, Guesses, network_of
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import TooMany


@dataclass(slots=True)
class MemoryGuessCounts:
    """Implements `GuessCounts`, without an audit."""

    database: MemoryDatabase
    _counts: dict[bytes, Guesses] = field(default_factory=dict)

    async def begin(self, email: str, address: str | None) -> Guess:
        """Count the guess; a restart forgets all counts. Raises TooMany."""
        network = network_of(address)
        is_familiar = await self._is_familiar(email, network)
        count, policy = f"{email}\n{network if is_familiar else ''}".encode(), FAMILIAR if is_familiar else STRANGERS
        guesses, now = self._counts.get(count, Guesses()), self.database.now
        if retry_s := guesses.retry_s(now, policy):
            raise TooMany(retry_s)
        self._counts[count] = guesses.counted(now, policy)
        return Guess(count, email, address, is_familiar, self._counts[count].failures)

    async def _is_familiar(self, email: str, network: str) -> bool:
        async with self.database.transaction() as transaction:
            for tenant_id, sign_in in transaction.everywhere(SIGN_INS):
                user = transaction.of(tenant_id).peek(USERS, sign_in.user_id)
                if user and user.email == email and sign_in.network == network:
                    return True
            return False

    async def take_back(self, guess: Guess) -> None:
        """Forget the count of a known network; elsewhere take this one guess back."""
        if guess.is_familiar:
            self._counts.pop(guess.count, None)
        else:
            await self.uncount(guess)

    async def uncount(self, guess: Guess) -> None:
        """Take one guess back."""
        self._counts[guess.count] = self._counts.get(guess.count, Guesses()).taken_back()

    async def failed(self, guess: Guess, user: User | None) -> None:
        """Do nothing more: it was counted when it began."""
