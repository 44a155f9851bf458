"""Read a form, each field within a bound and in a charset that browsers use.

Litestar decodes a field of any size by any codec that its part names: one that cannot be decoded is a 500, and Python's
`idna` takes seconds for 80 kB. It also remembers the last thousand urlencoded forms, passwords included. Litestar then
uses the form that was read here.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.types import Empty
from litestar.utils.scope.state import ScopeState
from multipart import (  # type: ignore[import-untyped] # multipart ships none
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
)

from whatsapp_hub.domain.errors import Flaw, Invalid

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
PARTS = 20
FIELD_BYTES = 64 * 1024
HEADER_BYTES = 4 * 1024
BOUNDARY_LENGTH = 70
"""RFC 2046's own limit."""
CHARSETS = frozenset(
    {
        *("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "iso-8859-15"),
        *("windows-1252", "cp1252", "utf-16", "utf-16le", "utf-16be"),
    }
)

Fields = dict[str, list[Any]]


async def read_form(request: Request[Any, Any, Any]) -> None:
    """Read the request's form before its handler asks for it. Raises Invalid."""
    state = ScopeState.from_scope(request.scope)
    if state.form is not Empty:
        return
    kind, options = request.content_type
    if kind == MULTIPART:
        state.form = await _multipart(request, options.get("boundary", ""))
    elif kind == URLENCODED:
        state.form = _urlencoded(await request.body())


def _urlencoded(body: bytes) -> dict[str, Any]:
    if len(body) > FIELD_BYTES:
        raise _unreadable(f"it has more than {FIELD_BYTES // 1024} kB")
    try:
        return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=PARTS))
    except ValueError:
        raise _unreadable(f"it has more than {PARTS} fields") from None


async def _multipart(request: Request[Any, Any, Any], boundary: str) -> dict[str, Any]:
    if not boundary or len(boundary) > BOUNDARY_LENGTH or not boundary.isascii():
        raise _unreadable(f"its boundary must have 1 to {BOUNDARY_LENGTH} characters of ASCII")
    fields: Fields = {}
    try:
        await _parse(request.stream(), boundary, fields)
    except BaseException:
        for upload in (value for values in fields.values() for value in values if isinstance(value, UploadFile)):
            await upload.close()
        raise
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


async def _parse(stream: AsyncIterator[bytes], boundary: str, fields: Fields) -> None:
    try:
        with PushMultipartParser(boundary, max_segment_count=PARTS, max_header_size=HEADER_BYTES) as parser:
            part: _Part | None = None
            while not parser.closed:
                for piece in parser.parse(await anext(stream, b"")):
                    if isinstance(piece, MultipartSegment):
                        part = _Part(piece)
                        fields.setdefault(piece.name, []).append(part.upload)
                    elif part and piece is not None:
                        await part.take(bytes(piece))
                    elif part:
                        fields[part.name][-1] = await part.value()
    except (MultipartError, UnicodeError) as error:
        raise _unreadable(str(error) or type(error).__name__) from None


class _Part:
    """One part as it arrives: a file if it has a file's name, else the text of a field."""

    def __init__(self, segment: MultipartSegment) -> None:
        self.name = segment.name
        self.upload: UploadFile | None = None
        self._text = bytearray()
        self._charset = (segment.charset or "utf-8").lower()
        if segment.filename:
            said = next((value for name, value in segment.headerlist if name == "Content-Type"), "")
            self.upload = UploadFile(said or "text/plain", segment.filename)  # with its codecs
        elif self._charset not in CHARSETS:
            raise Invalid.field(_shown(self.name), "is in a charset that is not known; use UTF-8")

    async def take(self, piece: bytes) -> None:
        if self.upload:
            await self.upload.write(piece)
            return
        self._text += piece
        if len(self._text) > FIELD_BYTES:
            raise Invalid.field(_shown(self.name), f"must have at most {FIELD_BYTES // 1024} kB")

    async def value(self) -> UploadFile | str:
        if self.upload:
            await self.upload.seek(0)
            return self.upload
        try:
            return self._text.decode(self._charset)
        except UnicodeError:
            raise Invalid.field(_shown(self.name), f"is not text in {self._charset.upper()}") from None


def _shown(name: str) -> str:
    return name[:64] if name.isprintable() else "form"


def _unreadable(why: str) -> Invalid:
    return Invalid(Flaw("", f"is not a form that can be read: {why}"))
