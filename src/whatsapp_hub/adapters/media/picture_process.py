"""The process that decodes pictures: `python -m whatsapp_hub.adapters.media.picture_process`.

It imports nothing of the hub's, reads a picture from its standard input and writes what it found to its output, again
and again. A picture that breaks it ends it, and it alone; memory, time and the pixels that it decodes are bounded.
"""

import io
import json
import os
import re
import resource
import signal
import struct
import sys
import warnings
from typing import BinaryIO

MOST_PIXELS = 50_000_000
MOST_SCANNED = 600_000_000
"""Pixels of a JPEG times its scans: each goes over the whole picture again, and a few bytes make one."""
CPU_S = 4.0
"""Of the processor, for one picture."""
MEMORY_BYTES = 768 * 1024 * 1024
EDGE, QUALITY = 480, 78
NICER = 10
"""Texts, which people wait for, have the processor before pictures."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SCAN, _END, _NO_LENGTH = 0xDA, 0xD9, frozenset({0x01, *range(0xD0, 0xD9)})


def scans(content: bytes) -> int:
    """Count how often a JPEG goes over its picture; 0 for what is none."""
    found, place = 0, 0 if content.startswith(b"\xff\xd8") else len(content)
    while place + 4 <= len(content) and content[place] == 0xFF and (kind := content[place + 1]) != _END:
        place += 2
        if kind in _NO_LENGTH:
            continue
        place += int.from_bytes(content[place : place + 2], "big")
        if kind == _SCAN:
            found += 1
            place = after.start() if (after := _AFTER_SCAN.search(content, place)) else len(content)
    return found


def looked_at(content: bytes) -> tuple[dict[str, int], bytes]:
    """Return the pixels of a picture, and a small JPEG of it; empty for what is none or has too many."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # counted below: the size is known even of what is not decoded
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        width, height = picture.size
        found = {"width": width, "height": height}
        if width * height > MOST_PIXELS or width * height * scans(content) > MOST_SCANNED:
            return found, b""
        try:
            if picture.getexif().get(0x0112, 1) >= 5:  # turned by a quarter; of a PNG this decodes it
                found = {"width": height, "height": width}
            picture.draft("RGB", (EDGE * 2, EDGE * 2))
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((EDGE, EDGE))
            written = io.BytesIO()
            _on_white(small).save(written, "JPEG", quality=QUALITY, optimize=True)
        except Exception:  # the head was a picture's, the rest is not
            return found, b""
        return found, written.getvalue()


def _on_white(picture: "Image.Image") -> "Image.Image":  # type: ignore[name-defined] # noqa: F821 - imported late
    from PIL import Image

    if picture.mode in ("RGB", "L"):
        return picture
    clear = picture.convert("RGBA")
    ground = Image.new("RGB", clear.size, "white")
    ground.paste(clear, mask=clear.getchannel("A"))
    return ground


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer until the input ends: length and picture in; lengths of both answers, and both, out."""
    while len(head := source.read(4)) == 4:
        content = source.read(struct.unpack("<I", head)[0])
        signal.setitimer(signal.ITIMER_PROF, CPU_S)
        try:
            found, small = looked_at(content)
        except Exception:  # no picture at all
            found, small = {}, b""
        signal.setitimer(signal.ITIMER_PROF, 0)
        said = json.dumps(found).encode()
        target.write(struct.pack("<II", len(said), len(small)) + said + small)
        target.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(NICER)
    warnings.simplefilter("ignore")
    serve(sys.stdin.buffer, sys.stdout.buffer)
