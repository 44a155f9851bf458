"""Validate packets before Engine.IO and Socket.IO decode them. Pure; what is refused is never decoded.

Binary packets are always refused: no event takes one, and a placeholder without its attachments makes the library
keep everything that follows.
"""

SEPARATOR = "\x1e"
PROBES = frozenset({"2probe", "5"})
"""The packets of an upgrade from polling to WebSocket; only the first packets of a WebSocket may be these."""
PROBING = 2

_CLOSE, _PONG, _MESSAGE = "1", "3", "4"
_CONNECT, _DISCONNECT, _EVENT, _BINARY = "0", "1", "2", "56"


def fault_of(packet: str | bytes | None, early: bool = False) -> str | None:
    """Return what is wrong with one Engine.IO packet; None if it is valid. `early`: it may be a probe."""
    if isinstance(packet, bytes):
        return "binary packets are not taken"
    if not packet:
        return "a packet is empty"
    kind = packet[0]
    if kind == _MESSAGE:
        return _fault_of_message(packet[1:2])
    if kind == "b":
        return "binary packets are not taken"
    if packet in (_CLOSE, _PONG) or (early and packet in PROBES):
        return None
    return "a packet is none that a client sends"


def _fault_of_message(kind: str) -> str | None:
    if kind and kind in _BINARY:
        return "binary packets are not taken"
    if kind and kind in (_CONNECT, _DISCONNECT, _EVENT):
        return None
    return "a packet is none that a client sends"


def fault_of_payload(body: bytes, most: int) -> str | None:
    """Return what is wrong with the body of a long-polling POST; None if it is valid."""
    try:
        packets = body.decode().split(SEPARATOR, most)
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    if len(packets) > most:
        return f"the body holds more than {most} packets"
    return next((fault for packet in packets if (fault := fault_of(packet))), None)
