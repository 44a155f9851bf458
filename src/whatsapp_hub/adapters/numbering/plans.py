"""The numbering plans that the library phonenumbers knows (Google's libphonenumber)."""

from functools import lru_cache


class LibraryPlans:
    """The library comes with the first number that needs it: 2.4 MB and 40 ms that most processes never pay."""

    def national(self, digits: str, country: str) -> str | None:
        return _valid(digits, country)

    def international(self, digits: str) -> str | None:
        return _valid(f"+{digits}", None)


@lru_cache(1024)
def _valid(number: str, country: str | None) -> str | None:
    import phonenumbers  # here, since an idle hub reads no number

    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
