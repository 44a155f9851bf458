"""The form of neonize's events in the inbox."""

import msgspec

from whatsapp_hub.application.ports.provider.events import Malformed


class StoredEvent(msgspec.Struct, omit_defaults=True):
    """`event` is one of wire.EVENTS, with its protobuf in `data`; or one that neonize reports otherwise, with `text`:

    qr        a code to scan; for how many seconds in `names`
    login     the result of a pairing
    ended     the dial's call returned, with its error
    refused   the dial could not begin
    left      we unlinked ourselves
    sent      a late answer to a send: the id; the hub's own in `names`
    group     a group's name, as asked for; the group in `names`
    history   one message of a history, with its chat's `names`
    again     a message was delivered again that had been decrypted before; the key of its own row
    lids      a phone and a LID (`names`) of one person
    `at` is when it was received (ms), `me` the JID of the session's number as far as known.
    """

    event: str
    at: int
    data: bytes = b""
    text: str = ""
    me: str = ""
    names: list[str] = []


_decoder = msgspec.msgpack.Decoder(StoredEvent)


def pack(stored: StoredEvent) -> bytes:
    return msgspec.msgpack.encode(stored)


def unpack(body: bytes) -> StoredEvent:
    """Decode a stored event. Raises Malformed."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("not an event of neonize") from None
