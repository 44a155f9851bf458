"""`viewers`: who has a conversation open; a socket event that no log has. Processes tell each other theirs."""

import msgspec


class ViewersPayload(msgspec.Struct, rename="camel", kw_only=True):
    """What the socket event `viewers` carries: the users who have the conversation open now, all of them. It has no
    position, since it is not in the log."""

    conversation_id: str
    users: list[str]


class Viewed(msgspec.Struct, array_like=True, frozen=True):
    """A conversation that a process's users have open; `rooms`: of those who may see it, as far as that process
    knows."""

    conversation_id: str
    tenant_id: str
    rooms: tuple[str, ...]
    users: tuple[str, ...]


class ViewersSign(msgspec.Struct, kw_only=True):
    """What a process says to the others: all that its users have open (`is_whole`), or what has changed of it."""

    process: str
    is_whole: bool
    viewed: list[Viewed]


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(ViewersSign).decode
