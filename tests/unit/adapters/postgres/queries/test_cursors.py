"""A cursor is text that comes from clients: whatever it says, it is one of ours or refused."""

import base64
from collections.abc import Callable
from uuid import UUID

import pytest

from whatsapp_hub.adapters.postgres.queries.cursors import (
    Named,
    encode_cursor,
    read_id,
    read_named,
    read_newer,
    read_older,
    read_ranked,
)
from whatsapp_hub.domain.errors import Invalid

ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
Read = Callable[[str], object]


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_newer, f'["0001-01-01T00:00:00+14:00","{ID}"]'),
        (read_newer, f'["9999-12-31T23:59:59-14:00","{ID}"]'),
        (read_newer, f'["2020-01-01T00:00:00","{ID}"]'),
        (read_ranked, f'[1,"0001-01-01T00:00:00+14:00","{ID}"]'),
        (read_named, f'["a\\u0000b","{ID}"]'),
        (read_named, f'["\\ud800","{ID}"]'),
        (read_older, "[9223372036854775808]"),
        (read_older, "[-1]"),
        *((read, "[" * 2000) for read in (read_newer, read_older, read_named, read_ranked, read_id)),
    ],
)
def test_what_the_database_cannot_be_asked_for_is_refused(read: Read, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(cursor(text))
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/cursor"]


def test_a_name_in_any_script_is_found_again() -> None:
    named = Named("Ação 😀", UUID(ID))
    assert read_named(encode_cursor(named)) == named
