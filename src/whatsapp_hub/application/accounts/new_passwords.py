"""NewPasswords: every way to set a password checks it here."""

from collections.abc import Iterable
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import CommonPasswords, Passwords
from whatsapp_hub.domain.accounts.password import check_new


@dataclass(frozen=True, slots=True)
class NewPasswords:
    """Check a new password (length, common ones, the person's own words) and hash it."""

    passwords: Passwords
    common: CommonPasswords

    async def __call__(self, password: str, own: Iterable[str]) -> str:
        """Return its hash. `own`: the e-mail, the person's name, the company's. Raises Invalid (`password`)."""
        await self.check(password, own)
        return await self.passwords.hash(password)

    async def check(self, password: str, own: Iterable[str]) -> None:
        """Check it without hashing. Raises Invalid (`password`)."""
        check_new(password, await self.common.all(), own)
