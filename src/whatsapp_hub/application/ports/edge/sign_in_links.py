"""Links that sign somebody in once, offered by who runs the hub to who sits before it."""

from typing import Protocol


class SignInLinks(Protocol):
    """The links of this machine. Local I/O at most."""

    def take(self, secret: str) -> str | None:
        """Use a link up and return the e-mail that it signs in; None: it is unknown, used or too old. Of several at
        once one gets it."""
        ...
