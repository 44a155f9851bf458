import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.messaging.file_types import UNKNOWN, judge, sniff

JPEG, PNG, PDF = b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7"
OGG, MP4, ZIP = b"OggS\x00\x02", b"\x00\x00\x00\x18ftypisom", b"PK\x03\x04"
HTML = b"<html><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
        (PDF, "application/pdf"),
        (OGG, "audio/ogg"),
        (b"#!AMR\n", "audio/amr"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio/aac"),
        (MP4, "video/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp5", "video/3gpp"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
        (ZIP, "application/zip"),
        (HTML, None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head: bytes, found: str | None) -> None:
    assert sniff(head) == found


@pytest.mark.parametrize(
    ("said", "head", "type"),
    [
        ("image/jpeg", JPEG, "image/jpeg"),
        ("audio/ogg; codecs=opus", OGG, "audio/ogg; codecs=opus"),
        ("AUDIO/OGG; codecs=opus", OGG, "audio/ogg; codecs=opus"),
        ("audio/mp4", MP4, "audio/mp4"),
        ("image/jpeg", PDF, "application/pdf"),
        ("image/jpeg", PNG, "image/png"),
        ("image/png", HTML, UNKNOWN),
        ("text/html", HTML, "text/html"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ZIP,
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("image/png", ZIP, "application/zip"),
        ("", JPEG, "image/jpeg"),
        ("", HTML, UNKNOWN),
        ("application/octet-stream", PDF, "application/pdf"),
    ],
)  # fmt: skip
def test_what_is_said_counts_unless_the_bytes_show_another(said: str, head: bytes, type: str) -> None:
    assert judge(said, head) == type


@given(st.text(max_size=80), st.binary(max_size=64))
def test_no_picture_sound_or_film_is_believed_without_its_bytes(said: str, head: bytes) -> None:
    found = judge(said, head)
    if found.partition("/")[0] in ("image", "audio", "video"):
        assert sniff(head) is not None


@pytest.mark.parametrize(
    "said",
    [
        "text/html\r\nX-Injected: yes",
        "text/html\nx",
        "application/ü中",
        "x\0y/z",
        "a" * 70_000,
        "html",
        ";",
        "text/" + "a" * 128,
    ],
)
def test_what_is_no_type_says_nothing(said: str) -> None:
    """A customer's client wrote it; it became a header of ours, which ended the connection or was a 500."""
    assert judge(said, HTML) == UNKNOWN
    assert judge(said, PNG) == "image/png"


@pytest.mark.parametrize("more", ["", "; charset=utf-7", '; x="\r\n"', ";" * 1000, "; boundary=x"])
def test_of_what_stands_beside_a_type_only_codecs_stay(more: str) -> None:
    assert judge(f" Text/HTML{more}", HTML) == "text/html"
    assert judge('audio/ogg; codecs="opus"', OGG) == "audio/ogg; codecs=opus"
