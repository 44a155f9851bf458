"""Decode protocol buffers by tables of our own: what is stored must be readable where neonize is not installed.

neonize's generated classes cannot be imported without loading its Go library. A `Shape` names the few fields that the
hub reads or writes; everything else in a message is skipped. Pure.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from whatsapp_hub.adapters.providers.lenient import JsonObject, obj
from whatsapp_hub.application.ports.provider.events import Malformed
from whatsapp_hub.domain.text import storable

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEPTH = 32
_SIGN, _WRAP = 1 << 63, 1 << 64


class Kind(Enum):
    """The type of a field's value, which implies its wire type."""

    TEXT = _BYTES
    RAW = _BYTES + 10
    INT = _VARINT
    BOOL = _VARINT + 10
    DOUBLE = _FIXED64
    FLOAT = _FIXED32

    @property
    def wire_type(self) -> int:
        return self.value % 10


class Shape:
    """A message's known fields by number: a name, and a kind or a shape. A name that ends with `*` is repeated.

    `others` names further fields of which only the presence is decoded (as True), `field77` one that it does not name.
    Shapes may refer to themselves: see `extend`.
    """

    def __init__(
        self, fields: Mapping[int, tuple[str, "Kind | Shape"]], others: Mapping[int, str] | None = None
    ) -> None:
        self.fields = dict(fields)
        self.others = others

    def extend(self, fields: Mapping[int, tuple[str, "Kind | Shape"]]) -> None:
        self.fields.update(fields)


def decode(shape: Shape, data: bytes | memoryview, depth: int = 0) -> JsonObject:
    """Decode the known fields that are present, by name; text made storable. Raises Malformed for no message."""
    found: JsonObject = {}
    repeated: dict[str, list[object]] = {}
    for number, wire_type, value in _fields(memoryview(data)):
        known = shape.fields.get(number)
        if known is None:
            if shape.others is not None:
                found[shape.others.get(number, f"field{number}")] = True
            continue
        name, kind = known
        read = _value(kind, wire_type, value, depth)
        if read is None:
            continue
        if name.endswith("*"):
            repeated.setdefault(name[:-1], []).append(read)
        else:
            found[name] = read
    return found | repeated


def _fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire_type = key & 7
        if wire_type == _VARINT:
            number, at = _varint(data, at)
            yield key >> 3, wire_type, number
            continue
        if wire_type == _BYTES:
            size, at = _varint(data, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(wire_type, -1)
        if size < 0 or at + size > len(data) or key >> 3 == 0:
            raise Malformed("not a protobuf message")
        yield key >> 3, wire_type, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    result = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
    raise Malformed("not a protobuf message")


def _value(kind: "Kind | Shape", wire_type: int, value: int | memoryview, depth: int) -> object:
    """Decode a value; None if its wire type is not the one that we know."""
    if isinstance(kind, Shape):
        if not isinstance(value, memoryview) or wire_type != _BYTES or depth == _DEPTH:
            return None
        return decode(kind, value, depth + 1)
    if wire_type != kind.wire_type:
        return None
    return _READ_NUMBER[kind](value) if isinstance(value, int) else _READ_BYTES[kind](bytes(value))


def _signed(value: int) -> int:
    value %= _WRAP
    return value - _WRAP if value & _SIGN else value


_READ_NUMBER: Mapping[Kind, Callable[[int], object]] = {Kind.INT: _signed, Kind.BOOL: bool}
_READ_BYTES: Mapping[Kind, Callable[[bytes], object]] = {
    Kind.TEXT: lambda value: storable(value.decode("utf-8", "replace")),
    Kind.RAW: lambda value: value,
    Kind.DOUBLE: lambda value: struct.unpack("<d", value)[0],
    Kind.FLOAT: lambda value: struct.unpack("<f", value)[0],
}


def encode(shape: Shape, values: JsonObject) -> bytes:
    """Encode a message. Raises KeyError for a name that the shape does not have."""
    numbers = {name.removesuffix("*"): (number, kind) for number, (name, kind) in shape.fields.items()}
    parts: list[bytes] = []
    for name, value in values.items():
        number, kind = numbers[name]
        parts.extend(_written(number, kind, one) for one in (value if isinstance(value, list) else [value]))
    return b"".join(parts)


def _written(number: int, kind: "Kind | Shape", value: object) -> bytes:
    if isinstance(kind, Shape):
        return _sized(number, encode(kind, obj(value)))
    return _WRITE[kind](number, value)


def _sized(number: int, data: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(data)) + data


def _number(value: int) -> bytes:
    value %= _WRAP
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _whole(number: int, value: object) -> bytes:
    if not isinstance(value, int):
        raise TypeError(f"field {number} takes a number, not {type(value).__name__}")
    return _number(number << 3 | _VARINT) + _number(int(value))


def _bytes(number: int, value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"field {number} takes bytes, not {type(value).__name__}")
    return _sized(number, value)


_WRITE: Mapping[Kind, Callable[[int, object], bytes]] = {
    Kind.TEXT: lambda number, value: _sized(number, str(value).encode("utf-8", "replace")),
    Kind.RAW: _bytes,
    Kind.INT: _whole,
    Kind.BOOL: _whole,
    Kind.DOUBLE: lambda number, value: _number(number << 3 | _FIXED64) + struct.pack("<d", value),
    Kind.FLOAT: lambda number, value: _number(number << 3 | _FIXED32) + struct.pack("<f", value),
}
