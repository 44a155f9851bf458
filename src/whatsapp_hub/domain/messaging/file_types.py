"""What a file is by its first bytes, held against what its sender says.

A small table of WhatsApp's types and of those that are dangerous where they are taken for another; everything else
keeps the type that was said, unless that would let a browser or a phone run it as picture, sound or film.
"""

import re
from typing import IO

HEAD_BYTES = 4096
UNKNOWN = "application/octet-stream"
MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
CODECS = re.compile(r"\s*codecs=\"?([a-z0-9.,_-]{1,60})\"?\s*")

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-msdownload"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"avif": "image/avif",
}
_ONE_CONTAINER = (
    frozenset(
        {
            "audio/mp4",
            "audio/m4a",
            "audio/x-m4a",
            "audio/aac",
            "video/mp4",
            "audio/3gpp",
            "video/3gpp",
            "video/quicktime",
        }
    ),
    frozenset({"audio/ogg", "video/ogg", "application/ogg", "audio/opus"}),
    frozenset({"audio/webm", "video/webm", "video/x-matroska", "audio/x-matroska"}),
    frozenset({"audio/mpeg", "audio/mp3", "audio/aac", "audio/aacp"}),
    frozenset({"image/jpeg", "image/jpg", "image/pjpeg"}),
    frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}),
    frozenset({"image/bmp", "image/x-ms-bmp"}),
)
"""Types whose first bytes look alike, or that are other names of one."""
_PACKED = frozenset({"application/zip", "application/x-ole-storage"})
"""What office documents, books and apps stand in: what they say they are is as good."""


def head_of(file: IO[bytes]) -> bytes:
    """Read the first bytes of a file."""
    file.seek(0)
    return file.read(HEAD_BYTES)


def sniff(head: bytes) -> str | None:
    """Return the type that the first bytes show, or None."""
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/3gpp" if brand.startswith(b"3g") else _BRANDS.get(brand, "video/mp4")
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    return None


def judge(said: str, head: bytes) -> str:
    """Return the type to treat a file as: what was said (with its codecs, and nothing else beside it), unless its bytes
    show another. What is no type at all says nothing: it would become a header of ours."""
    plain, _, more = said.strip().lower().partition(";")
    plain = said = plain.strip() if MIME.fullmatch(plain.strip()) else ""
    if plain and (codecs := CODECS.fullmatch(more)):
        said = f"{plain}; codecs={codecs[1]}"
    found = sniff(head)
    if found is None:
        return UNKNOWN if not plain or plain.partition("/")[0] in ("image", "audio", "video") else said
    if found == plain or any({found, plain} <= alike for alike in _ONE_CONTAINER):
        return said
    if found in _PACKED and plain.startswith("application/") and plain != UNKNOWN:
        return said
    return found
