"""What the index of customers holds: whatever LIKE finds, of three characters and more, its pieces find."""

from __future__ import annotations

import random
from typing import Any

import pytest

from whatsapp_hub.adapters.postgres.queries.conversation_search import _keys, _patterns
from whatsapp_hub.domain.text import fold

NAMES = (
    *(
        "Maria da Silva",
        "JOSÉ ÁVILA",
        "Conceição d'Ávila-Nunes",
        "Ana",
        "Jo",
        "Zé 12345",
        "#12345",
        "Łukasz",
        "李小龍 李",
    ),
    *("a\tb  c", "O\u2019Brien & 'Sons' \\ | ! :*", "😀😀😀😀 Íris", "", None, "x" * 5_000),
)
NUMBERS = ("5511987654321", "4930123", "12", "", None)
_FOUND = """
    SELECT n.name, n.phone, l.pattern, l.digits, l.keys
    FROM unnest($1::text[], $2::text[]) AS n(name, phone),
      unnest($3::text[], $4::text[], $5::text[]) AS l(pattern, digits, keys),
      translate(lower(n.name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') AS folded
    WHERE (folded LIKE l.pattern OR n.phone LIKE l.digits)"""
_BY_KEYS = " AND hub.search_keys(n.name, n.phone) @@ l.keys::tsquery"


def searches() -> list[str]:
    """Every part of every name and number, and some of two parts."""
    rng = random.Random(4)
    texts = [text[:40] for text in (*NAMES, *NUMBERS) if text]
    parts = {text[start:end] for text in texts for start in range(len(text)) for end in range(start + 1, len(text) + 1)}
    some = sorted(parts)
    return [*some, *(f"{rng.choice(some)} {rng.choice(some)}" for _ in range(2_000))]


async def test_whatever_like_finds_the_pieces_find(hub: Any) -> None:
    words = [folded for text in searches() if (folded := fold(text)) and _keys(folded)]
    looked = [_patterns(text) for text in words]
    people = [(name, number) for name in NAMES for number in NUMBERS]
    asked = (
        *map(list, zip(*people, strict=True)),
        [one.name for one in looked],
        [one.number for one in looked],
        [_keys(text) for text in words],
    )
    expected = await hub.owner.fetch(_FOUND, *asked)
    assert len(expected) > 10_000
    assert await hub.owner.fetch(_FOUND + _BY_KEYS, *asked) == expected


@pytest.mark.parametrize(
    ("search", "keys"),
    [
        ("ana", "'ana'"),
        ("maria", "'mari' & 'aria'"),
        ("oliveira li", "'oliv' & 'eira'"),
        ("li", None),
        ("12", None),
        ("li 1 23", None),  # one that is short in everything but its digits may be a name
        ("119", "'119' | '#119':*"),
        ("11 9", "'#119':*"),
        ("11 98765 4321", "'9876' & '8765' & '4321' | '#87654' & '#54321'"),
        ("49 1511 2345678", "'1511' & '2345' & '5678' | '#49151' & '#12345' & '#45678'"),
    ],
)
def test_a_search_asks_for_no_more_pieces_than_cover_it(search: str, keys: str | None) -> None:
    assert _keys(search) == keys


def test_a_long_search_asks_for_some_pieces_of_it() -> None:
    keys = _keys(" ".join(["abcdefgh"] * 20))
    assert keys is not None
    assert keys.count("&") < 12
