"""What pictures and voice notes say of themselves, and how little harm a hostile one does."""

from __future__ import annotations

import asyncio
import io
import struct
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from whatsapp_hub.adapters.media.inspection import FileInspection, PictureProcess
from whatsapp_hub.adapters.media.ogg import read_voice
from whatsapp_hub.adapters.media.picture_process import looked_at, scans
from whatsapp_hub.application.ports.edge.inspection import FileFacts
from whatsapp_hub.domain.ids import TenantId


@pytest_asyncio.fixture(scope="module")
async def pictures() -> AsyncIterator[PictureProcess]:
    process = PictureProcess()
    yield process
    await process.aclose()


def picture(kind: str, size: tuple[int, int] = (1200, 800), mode: str = "RGB", **more: object) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, 128 if mode in ("L", "P") else None).save(written, kind, **more)
    return written.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(bytes(min(width * height * 4, 30_000_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


OURS, THEIRS = TenantId(uuid4()), TenantId(uuid4())


async def look(
    pictures: PictureProcess, content: bytes, mime_type: str = "image/png", owner: TenantId = OURS
) -> FileFacts:
    return await FileInspection(pictures)(owner, io.BytesIO(content), mime_type, len(content))


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("GIF", "P")])
async def test_a_picture_has_its_size_and_a_small_one(pictures: PictureProcess, kind: str, mode: str) -> None:
    facts = await look(pictures, picture(kind, mode=mode), f"image/{kind.lower()}")
    assert (facts.width, facts.height) == (1200, 800)
    assert facts.thumbnail
    with Image.open(io.BytesIO(facts.thumbnail)) as small:
        assert (small.format, small.size) == ("JPEG", (480, 320))
        assert not small.getexif()


async def test_a_turned_picture_is_shown_as_it_is_held(pictures: PictureProcess) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = await look(pictures, picture("JPEG", exif=exif), "image/jpeg")
    assert (facts.width, facts.height) == (800, 1200)


async def test_a_bomb_has_a_size_and_no_small_picture(pictures: PictureProcess) -> None:
    began = time.monotonic()
    facts = await look(pictures, bomb(30_000, 30_000))
    assert (facts.width, facts.height, facts.thumbnail) == (30_000, 30_000, None)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"\x89PNG\r\n\x1a\n", picture("PNG")[:-200], bomb(9_000, 9_000)],
    ids=["empty", "nonsense", "head only", "cut short", "too many pixels"],
)
async def test_what_is_no_whole_picture_does_no_harm(pictures: PictureProcess, content: bytes) -> None:
    assert (await look(pictures, content)).thumbnail is None
    assert (await look(pictures, picture("PNG"))).thumbnail, "the next one is looked at"


def scanned(times: int, edge: int = 2_500, behind: bytes = b"") -> bytes:
    """A progressive JPEG whose last scan comes so many times more."""
    plain = picture("JPEG", (edge, edge), progressive=True, quality=5)
    last = plain[plain.rindex(b"\xff\xda") : -2]
    return plain[:-2] + last * times + plain[-2:] + behind


async def test_a_jpeg_that_goes_over_its_picture_again_and_again_is_not_decoded(pictures: PictureProcess) -> None:
    """300 kB took ten seconds of a processor, and every other company's pictures waited for it."""
    facts = await look(pictures, scanned(200), "image/jpeg")
    assert (facts.width, facts.height, facts.thumbnail) == (2_500, 2_500, None)
    facts = await look(pictures, scanned(2, 1_000, behind=b"\xff\xda" * 1_000), "image/jpeg")
    assert facts.thumbnail, "what stands behind a picture, such as a film of a phone's, is none of its scans"


@given(st.binary(max_size=200), st.integers(0, 400))
def test_counting_scans_does_no_harm(noise: bytes, at: int) -> None:
    content = bytearray(picture("JPEG", (8, 8), progressive=True))
    content[at : at + len(noise)] = noise
    assert 0 <= scans(bytes(content)) <= len(content)
    assert scans(picture("JPEG", (8, 8))) == 1
    assert scans(noise) == 0 or noise.startswith(b"\xff\xd8")


async def test_a_picture_whose_turn_does_not_come_has_no_small_one() -> None:
    pictures = PictureProcess(turn_s=0.01)
    async with pictures._one_at_a_time.place(THEIRS):
        assert await look(pictures, picture("PNG")) == FileFacts()
    assert (await look(pictures, picture("PNG"))).thumbnail
    await pictures.aclose()


async def test_one_that_takes_too_long_is_given_up() -> None:
    hasty = PictureProcess(answer_s=0.0001)
    assert await look(hasty, picture("PNG")) == FileFacts()
    await hasty.aclose()


async def test_a_company_of_many_pictures_is_passed_by_another_of_one(pictures: PictureProcess) -> None:
    done: list[TenantId] = []

    async def looked(owner: TenantId) -> None:
        await look(pictures, picture("PNG", (64, 64)), owner=owner)
        done.append(owner)

    many = [asyncio.create_task(looked(OURS)) for _ in range(20)]
    await asyncio.sleep(0)
    await looked(THEIRS)
    assert done.count(OURS) <= 2
    await asyncio.gather(*many)


async def test_the_process_ends_when_no_picture_comes() -> None:
    pictures = PictureProcess(idle_s=0.01)
    assert (await look(pictures, picture("PNG"))).thumbnail
    await asyncio.sleep(0.1)
    assert pictures._process is None
    assert (await look(pictures, picture("PNG"))).thumbnail
    await pictures.aclose()


async def test_nothing_is_known_of_other_files(pictures: PictureProcess) -> None:
    assert await look(pictures, b"%PDF-1.7", "application/pdf") == FileFacts()


def voice(seconds: float, sizes: list[int], skip: int = 312) -> bytes:
    """An Ogg/Opus file of packets of these sizes, as WhatsApp writes it: pages without checksums."""

    def page(granule: int, *packets: bytes) -> bytes:
        table = b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
        head = b"OggS\0\0" + struct.pack("<qIII", granule, 1, 0, 0) + bytes([len(table)])
        return head + table + b"".join(packets)

    opus_head = b"OpusHead\x01\x01" + struct.pack("<HIhB", skip, 48_000, 0, 0)
    pages = [page(0, opus_head), page(0, b"OpusTags" + bytes(8))]
    for start in range(0, len(sizes), 40):
        part = sizes[start : start + 40]
        done = (start + len(part)) / len(sizes)
        pages.append(page(int(done * seconds * 48_000) + skip, *(bytes(size) for size in part)))
    return b"".join(pages)


def test_a_voice_note_has_its_length_and_its_loudness() -> None:
    content = voice(12.4, [10] * 300 + [120] * 300)
    seconds, waveform = read_voice(io.BytesIO(content), len(content))
    assert seconds == 12
    assert waveform
    assert (len(waveform), waveform[0], waveform[-1]) == (64, 0, 100)


def test_packets_over_many_segments_are_one() -> None:
    content = voice(1.0, [1000, 10, 700])
    assert read_voice(io.BytesIO(content), len(content))[0] == 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 4000))
def test_a_spoilt_voice_note_does_no_harm(noise: bytes, at: int) -> None:
    content = bytearray(voice(3.0, [50] * 60))
    content[at : at + len(noise)] = noise
    seconds, waveform = read_voice(io.BytesIO(bytes(content)), len(content))
    assert seconds is None or 0 < seconds < 86_400
    assert waveform is None or len(waveform) == 64


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 3000))
def test_a_spoilt_picture_does_no_harm(noise: bytes, at: int) -> None:
    content = bytearray(picture("PNG", (60, 40)))
    content[at : at + len(noise)] = noise
    with suppress(OSError, SyntaxError, ValueError, TypeError, struct.error):  # no picture: the process says so
        looked_at(bytes(content))


@pytest.mark.parametrize("table", [bytes(255), b""])
def test_a_voice_note_of_very_many_empty_packets_or_pages_is_not_read_to_its_end(table: bytes) -> None:
    """15 MB of them took 0.8 s, and each request of others as long meanwhile."""
    page = b"OggS\0\0" + struct.pack("<qIII", 960, 1, 0, 0) + bytes([len(table)]) + table
    head = voice(1.0, [1])[: 28 + 19]
    content = io.BytesIO(head + page * (15_000_000 // len(page)))
    assert read_voice(content, 15_000_000) == (None, None)
    assert content.tell() < 4_000_000
