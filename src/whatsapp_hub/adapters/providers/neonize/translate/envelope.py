"""How an event of neonize's lies in the inbox."""

import msgspec

from whatsapp_hub.application.ports.provider.events import Malformed


class StoredEvent(msgspec.Struct, omit_defaults=True):
    """`event` is one of wire.EVENTS, with its protobuf in `data`. Or it is what neonize tells otherwise, with `text`:

    qr        a code to scan
    login     how a pairing went
    ended     a call that came back, with its error
    refused   one that could not begin
    left      we unlinked ourselves
    sent      an answer to a send that came late: the id; the hub's own in `names`
    history   one message of a history, with its chat's `names`
    lids      a phone and a LID (`names`) of one person

    `at` is when it was heard (ms), `me` the JID of the session's number as far as known.
    """

    event: str
    at: int
    data: bytes = b""
    text: str = ""
    me: str = ""
    names: list[str] = []


_decoder = msgspec.msgpack.Decoder(StoredEvent)


def pack(kept: StoredEvent) -> bytes:
    return msgspec.msgpack.encode(kept)


def unpack(body: bytes) -> StoredEvent:
    """Raises Malformed."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("not an event of neonize") from None
