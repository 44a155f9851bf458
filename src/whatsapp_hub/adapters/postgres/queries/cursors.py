"""Keyset cursors: the sort key of the last row, opaque to clients."""

import base64
import binascii
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.text import is_storable

T = TypeVar("T")

_NOT_OURS = "is not a cursor of this list"


class Newer(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Cursor of lists by time: rows before (or after) `at`, ids breaking ties."""

    at: datetime
    id: UUID


class Older(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Cursor of messages: those before this sequence number."""

    seq: int


class Named(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Cursor of lists by name: rows after it, ids breaking ties."""

    name: str
    id: UUID


class Id(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Cursor of lists by id alone."""

    id: UUID


class Ranked(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Cursor of queues: conversations after it in service order."""

    rank: int
    at: datetime
    id: UUID


class InOrder(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Cursor of conversations in an order other than the newest first, which it names."""

    order: str
    rank: int
    at: datetime
    id: UUID


Cursor = Newer | Older | Named | Id | Ranked | InOrder


def encode_cursor(cursor: Cursor) -> str:
    """Encode a cursor as opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def read_newer(text: str) -> Newer:
    """Decode a cursor. Raises Invalid (`/cursor`)."""
    cursor = _decoded(text, Newer)
    if not _is_time(cursor.at):
        raise Invalid.field("cursor", _NOT_OURS)
    return cursor


def read_older(text: str) -> Older:
    """Decode a cursor. Raises Invalid (`/cursor`)."""
    cursor = _decoded(text, Older)
    if not 0 <= cursor.seq < 2**63:
        raise Invalid.field("cursor", _NOT_OURS)
    return cursor


def read_ranked(text: str) -> Ranked:
    """Decode a cursor. Raises Invalid (`/cursor`)."""
    cursor = _decoded(text, Ranked)
    if not _is_time(cursor.at) or not -(2**15) <= cursor.rank < 2**15:
        raise Invalid.field("cursor", _NOT_OURS)
    return cursor


def read_in_order(text: str, order: str) -> InOrder:
    """Decode a cursor of that order. Raises Invalid (`/cursor`)."""
    cursor = _decoded(text, InOrder)
    if cursor.order != order or not _is_time(cursor.at) or not -(2**15) <= cursor.rank < 2**15:
        raise Invalid.field("cursor", _NOT_OURS)
    return cursor


def read_named(text: str) -> Named:
    """Decode a cursor. Raises Invalid (`/cursor`)."""
    cursor = _decoded(text, Named)
    if not is_storable(cursor.name):
        raise Invalid.field("cursor", _NOT_OURS)
    return cursor


def read_id(text: str) -> Id:
    """Decode a cursor. Raises Invalid (`/cursor`)."""
    return _decoded(text, Id)


def _is_time(at: datetime) -> bool:
    """Check that PostgreSQL can be asked for it: with a zone, and within range in UTC."""
    if at.tzinfo is None:
        return False
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _decoded(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), type=kind)
    except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError) as error:
        raise Invalid.field("cursor", _NOT_OURS) from error
