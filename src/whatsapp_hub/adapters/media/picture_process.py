"""The process that decodes pictures: `python -m whatsapp_hub.adapters.media.picture_process`.

It imports nothing of the hub's, reads a picture from its standard input and writes what it found to its output, again
and again. A picture that breaks it ends it, and it alone; its memory and the pixels that it decodes are bounded.
"""

import io
import json
import resource
import struct
import sys
import warnings
from typing import BinaryIO

MOST_PIXELS = 50_000_000
MEMORY_BYTES = 768 * 1024 * 1024
EDGE, QUALITY = 480, 78
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def looked_at(content: bytes) -> tuple[dict[str, int], bytes]:
    """Return the pixels of a picture, and a small JPEG of it; empty for what is none or has too many."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # counted below: the size is known even of what is not decoded
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        width, height = picture.size
        found = {"width": width, "height": height}
        if width * height > MOST_PIXELS:
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
        try:
            found, small = looked_at(content)
        except Exception:  # no picture at all
            found, small = {}, b""
        said = json.dumps(found).encode()
        target.write(struct.pack("<II", len(said), len(small)) + said + small)
        target.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    serve(sys.stdin.buffer, sys.stdout.buffer)
