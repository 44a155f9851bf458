"""Ports, query parameters and errors that both kinds of address share."""

import re
from urllib.parse import unquote

_PORT = re.compile(r"[0-9]{1,5}")
ESCAPES = "percent escapes stand for signs in a user or password (@ is %40, : is %3A, / is %2F, ? is %3F)"


class BadAddress(ValueError):
    """The address cannot be read. The message says what to change and never repeats a part that may be a password."""


def port_number(text: str, default: int) -> int:
    """Parse a port. Raises BadAddress without the text, which is mostly the rest of a password."""
    if not text:
        return default
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise BadAddress(f"the port after the host must be a number from 1 to 65535; {ESCAPES}")
    return int(text)


def parameters(query: str) -> dict[str, str]:
    """Decode a query string. The last value of a name wins; a plus sign is literal; empty values are dropped."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return {unquote(name): value for name, _, text in pairs if (value := unquote(text))}
