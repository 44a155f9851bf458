"""Length and loudness of an Ogg/Opus voice note, from its pages alone (RFC 3533, RFC 7845).

Opus is not decoded: a frame of silence has few bytes and a loud one many, so that sizes of packets draw the line that a
listener expects.
"""

from collections.abc import Iterator
from typing import IO

RATE = 48_000
MOST_BYTES = 32 * 1024 * 1024
MOST_PACKETS, MOST_PAGES = 1_000_000, 100_000
"""Five hours of speech, a page for each fifth of a second. 32 MB could hold thirty million empty packets."""
BARS = 64
_HEADER, _LONGEST_S = 27, 86_400


def read_voice(file: IO[bytes], size: int) -> tuple[int | None, tuple[int, ...] | None]:
    """Return seconds and waveform; None for what is no Opus, or too long to be read, in bytes, pages or packets."""
    try:
        return _read(file) if size <= MOST_BYTES else (None, None)
    except TooLong:
        return None, None


class TooLong(Exception):
    """The file has more pages or packets than are counted."""


def _read(file: IO[bytes]) -> tuple[int | None, tuple[int, ...] | None]:
    file.seek(0)
    packets: list[int] = []
    last = skip = 0
    for number, (granule, laced, body) in enumerate(_pages(file)):
        if number == 0:
            if not body.startswith(b"OpusHead") or len(body) < 12:
                return None, None
            skip = int.from_bytes(body[10:12], "little")
        elif number > 1:
            packets += laced
        if 0 < granule < 1 << 62:
            last = granule
    seconds = (last - skip) / RATE
    if not 0 < seconds < _LONGEST_S:
        return None, None
    return max(1, round(seconds)), _bars(packets)


def _pages(file: IO[bytes]) -> Iterator[tuple[int, list[int], bytes]]:
    """Yield each page's time, the sizes of the packets that end in it, and how it begins."""
    open_packet = packets = pages = 0
    while len(head := file.read(_HEADER)) == _HEADER and head.startswith(b"OggS"):
        table = file.read(head[26])
        body = file.read(sum(table))
        laced = []
        for value in table:
            open_packet += value
            if value < 255:
                laced.append(open_packet)
                open_packet = 0
        pages, packets = pages + 1, packets + len(laced)
        if pages > MOST_PAGES or packets > MOST_PACKETS:
            raise TooLong
        yield int.from_bytes(head[6:14], "little"), laced, body[:64]


def _bars(packets: list[int]) -> tuple[int, ...] | None:
    if not packets:
        return None
    bars = [
        max(packets[i * len(packets) // BARS : max(i * len(packets) // BARS + 1, (i + 1) * len(packets) // BARS)])
        for i in range(BARS)
    ]
    least, most = min(bars), max(bars)
    return tuple(round(100 * (bar - least) / (most - least)) if most > least else 0 for bar in bars)
