"""Numbering plans from the library phonenumbers (Google's libphonenumber)."""

from functools import lru_cache


class LibraryPlans:
    """Numbering plans, loaded with the first number that needs them: 2.4 MB and 40 ms that most processes never pay."""

    def national(self, digits: str, country: str) -> str | None:
        """Read digits as dialled in `country`; None where they are no valid number there."""
        return _valid(digits, country)

    def international(self, digits: str) -> str | None:
        """Read digits with their country code; None where they are no valid number."""
        return _valid(f"+{digits}", None)

    def country(self, digits: str) -> str | None:
        """Return the country of an international number."""
        return _country(f"+{digits}")


@lru_cache(4096)
def _country(number: str) -> str | None:
    import phonenumbers

    try:
        found: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return None
    return found


@lru_cache(1024)
def _valid(number: str, country: str | None) -> str | None:
    import phonenumbers  # imported here, since an idle hub parses no number

    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
