"""Which phone numbers exist, and how they are dialled."""

from typing import Protocol


class NumberingPlans(Protocol):
    """The countries' numbering plans. No I/O; digits in, digits out."""

    def national(self, digits: str, country: str) -> str | None:
        """Convert a number as dialled in that country (ISO 3166) to international digits; None if it is not valid
        there."""
        ...

    def country(self, digits: str) -> str | None:
        """Return the country (ISO 3166) of an international number; None if no country has such a number."""
        ...

    def international(self, digits: str) -> str | None:
        """Normalise an international number, without a trunk prefix after the country code; None if no country has such
        a number."""
        ...
