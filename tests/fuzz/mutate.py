"""Spoil a value or bytes a little, by the dice alone."""

from __future__ import annotations

import json
from random import Random
from typing import Any

LEAVES: list[Any] = [
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**53 + 1, 2**63, -(2**63), 10**40, 1.5, -0.0, 1e308, 5e-324),
    *("", "x", " ", "0", "-1", "text", "image", "system", "edit", "5511987650101", "+5511987650101", "1780000000"),
    *(
        "1" * 400,
        "x" * 5000,
        "é" * 300,
        "😀" * 40,
        "a\x00b",
        "\ud800",
        "\udfff\ud800",
        "‮abc",
        "\r\n",
        "{0}",
        "{x!r:>9}",
    ),
    *("%s%n", "../../x", "<script>", "' OR 1=1 --", "1@lid", "5511@c.us", "120363@g.us", "status@broadcast"),
    *("false_5511@c.us_AA", "true_1@c.us_BB_2@c.us", "wamid.1", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"),
    *("https://[::1]/", "data:image/png;base64,AAAA", "NaN", "Infinity", [], {}, [None], {"": ""}, {"a": {"b": []}}),
]
TOKENS = [
    *(
        b'{"entry":[',
        b"[" * 40,
        b"{" * 40,
        b'{"a":' * 30,
        b'"\\ud800"',
        b"\\u0000",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
    ),
    *(
        b'"phone_number_id":"1"',
        b'"session":"default"',
        b",,",
        b"1e999",
        b"-",
        b'"',
        b"\\",
        b"\x80\x80\x80\x80\x80\x80",
    ),
    *(b"null", b"true", b'{"id":"1"}', b"9" * 60, b"\n", b"\xe2\x80\xae", b"//", b"/*"),
]


def spoilt(dice: Random, value: Any) -> Any:
    """The value with up to four places holding something else, doubled, moved, renamed or gone."""
    for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4))):
        value = _spoil_one(dice, value)
    return value


def _spoil_one(dice: Random, value: Any) -> Any:
    """Walk down at random; the deeper, the likelier is a stop."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        copy, name = dict(value), dice.choice(list(value))
        kind = dice.randrange(12)
        if kind == 0:
            del copy[name]
        elif kind == 1:
            copy[str(dice.choice(LEAVES))[:50]] = copy.pop(name)
        elif kind == 2:
            copy[dice.choice(list(value))] = copy[name]
        else:
            copy[name] = _spoil_one(dice, copy[name])
        return copy
    if isinstance(value, list) and value and dice.random() < 0.85:
        return _spoil_list(dice, list(value))
    return _instead(dice, value)


def _spoil_list(dice: Random, copy: list[Any]) -> list[Any]:
    place, kind = dice.randrange(len(copy)), dice.randrange(10)
    if kind == 0:
        del copy[place]
    elif kind == 1:
        copy.insert(place, dice.choice(LEAVES))
    elif kind == 2:
        copy *= dice.choice((2, 3, 30)) if len(copy) < 5 else 2
    elif kind == 3:
        dice.shuffle(copy)
    else:
        copy[place] = _spoil_one(dice, copy[place])
    return copy


def _instead(dice: Random, value: Any) -> Any:
    kind = dice.randrange(10)
    if kind == 0:
        return [value]
    if kind == 1:
        return {"x": value, "id": value}
    if kind == 2:
        return _nested(value, dice.choice((3, 70, 300)))
    if kind == 3 and isinstance(value, str):
        return value[: dice.randrange(len(value) + 1)] + str(dice.choice(LEAVES))
    if kind == 4 and isinstance(value, int):
        return value + dice.choice((-1, 1, 2**31, -(2**40)))
    if kind == 5 and isinstance(value, str):
        return value * dice.choice((2, 50))
    return dice.choice(LEAVES)


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def encoded(dice: Random, value: Any) -> bytes:
    """As JSON, escaped or not."""
    if dice.random() < 0.7:
        return json.dumps(value).encode()
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def torn(dice: Random, body: bytes) -> bytes:
    """The bytes with up to five changes: flipped, cut out, doubled, exchanged, with something put in between."""
    data = bytearray(body)
    for _ in range(dice.randrange(6)):
        _tear(dice, data)
    return bytes(data)


def _tear(dice: Random, data: bytearray) -> None:
    at, kind = dice.randrange(len(data) + 1), dice.randrange(7)
    size = dice.choice((1, 1, 2, 4, 16, 64))
    if kind == 0 and at < len(data):
        data[at] ^= 1 << dice.randrange(8)
    elif kind == 1:
        del data[at : at + size]
    elif kind == 2:
        data[at:at] = data[at : at + size] * dice.choice((1, 2, 20))
    elif kind == 3:
        data[at:at] = dice.choice(TOKENS)
    elif kind == 4:
        data[at : at + size] = dice.randbytes(size)
    elif kind == 5 and dice.random() < 0.3:
        del data[at:]
    else:
        data[at : at + 1] = bytes([dice.choice(b'\x00\xff\x7f\x80"{}[]:,\\0')])
