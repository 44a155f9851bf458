"""`typing`: the socket event that no log has, and processes pass on to each other."""

import msgspec


class TypingPayload(msgspec.Struct, rename="camel", kw_only=True):
    """What the socket event `typing` carries; it has no position, since it is not in the log. `customer`: the customer
    types, and `user_id` is null."""

    conversation_id: str
    user_id: str | None
    customer: bool = False
    typing: bool


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(TypingPayload).decode
