"""PostgreSQL's wire protocol, as far as sharing needs it: where messages and batches end, errors, greetings.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

PROTOCOL_3 = 3
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
LONGEST_GREETING = 10_000

QUERY, PARSE, EXECUTE = ord("Q"), ord("P"), ord("E")
SYNC, FLUSH, FUNCTION, TERMINATE = ord("S"), ord("H"), ord("F"), ord("X")
READY, ERROR = ord("Z"), ord("E")
IDLE = ord("I")

BEGUN = b"C\0\0\0\x0aBEGIN\0Z\0\0\0\x05T"
"""PostgreSQL's answer to BEGIN."""

_HEADER = 5
_ENDS_BATCH = frozenset({QUERY, SYNC, FUNCTION, FLUSH, TERMINATE})
_REPORTED = {
    "server_version": "18.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}


def messages(data: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """Yield each complete message: its type, its start and its end."""
    at, size = 0, len(data)
    while at + _HEADER <= size:
        end = at + 1 + int.from_bytes(data[at + 1 : at + _HEADER])
        if end > size or end < at + _HEADER:
            return
        yield data[at], at, end
        at = end


@dataclass(frozen=True, slots=True)
class Batch:
    """What a client sends until it waits for an answer. `only_prepares`: the next batch uses the unnamed statement, and
    needs the same connection. `named`: whether it makes a statement that would outlast its transaction."""

    data: bytes
    ends_with: int
    only_prepares: bool = False
    named: bool = False


def batches(data: bytes | bytearray) -> Iterator[Batch]:
    """Yield each complete batch; together they are the beginning of `data`."""
    begin, parses, runs, named = 0, False, False, False
    for kind, at, end in messages(data):
        if kind == PARSE:
            parses, named = True, named or data[at + _HEADER] != 0
        elif kind in (EXECUTE, QUERY, FUNCTION):
            runs = True
        if kind in _ENDS_BATCH:
            yield Batch(bytes(data[begin:end]), kind, parses and not runs, named)
            begin, parses, runs, named = end, False, False, False


def begins(batch: Batch) -> bool:
    """Whether a batch does nothing but begin a transaction (`BEGIN READ WRITE`, as lib/pq words it)."""
    text = batch.data[_HEADER:-1]
    return batch.ends_with == QUERY and batch.data[0] == QUERY and text.startswith(b"BEGIN") and b";" not in text


def startup(data: bytes | bytearray) -> tuple[int, dict[str, str], int] | None:
    """Return a first packet's code, its parameters and its length; None if it is not complete. Raises ValueError."""
    if len(data) < 8:
        return None
    length, code = int.from_bytes(data[:4]), int.from_bytes(data[4:8])
    if not 8 <= length <= LONGEST_GREETING:
        raise ValueError("not PostgreSQL's protocol")
    if len(data) < length:
        return None
    words = bytes(data[8:length]).decode("utf-8", "replace").split("\0") if code >> 16 == PROTOCOL_3 else []
    return code, dict(zip(words[::2], words[1::2], strict=False)), length


def greeting(minor: int) -> bytes:
    """Welcome a client as PostgreSQL does once it trusts it. `minor`: of the protocol's version that it speaks."""
    said = [_message("v", bytes(8))] if minor else []
    said.append(_message("R", bytes(4)))
    said.extend(_message("S", _text(name) + _text(value)) for name, value in _REPORTED.items())
    return b"".join((*said, _message("K", bytes(8)), _message("Z", b"I")))


def refusal(sqlstate: str, text: str) -> bytes:
    """Encode a fatal error."""
    fields = (("S", "FATAL"), ("V", "FATAL"), ("C", sqlstate), ("M", text))
    return _message("E", b"".join(name.encode() + _text(value) for name, value in fields) + b"\0")


def set_application_name(name: str) -> bytes:
    quoted = name.replace("'", "''")
    return query(f"SET application_name = '{quoted}'")


def query(text: str) -> bytes:
    return _message("Q", _text(text))


def sqlstate_of(error: bytes | bytearray) -> str:
    """Return the SQLSTATE of an ErrorResponse."""
    return _field(error, "C") or "XX000"


def text_of(error: bytes | bytearray) -> str:
    return _field(error, "M")


def _field(error: bytes | bytearray, name: str) -> str:
    for field in bytes(error[_HEADER:]).split(b"\0"):
        if field[:1] == name.encode():
            return field[1:].decode("utf-8", "replace")
    return ""


def _message(kind: str, body: bytes) -> bytes:
    return kind.encode() + (len(body) + 4).to_bytes(4) + body


def _text(value: str) -> bytes:
    return value.encode() + b"\0"
