"""Serve WebSockets with limits of the server's own, as `limits.py` does for HTTP.

uvicorn bounds one message. It does not bound how many arrive at once, empty fragments, unread answers to pings, and the
time of closing a connection whose client does not read.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

MESSAGE_BYTES = 64 * 1024
MESSAGES_AT_ONCE = 2000
"""Of one client, read and not yet served. Reading pauses at the first, so that they all came in one read."""
PIECES_OF_A_MESSAGE = 256
UNREAD_BYTES = 1024 * 1024
"""Answers to pings that the client has not read; what the hub itself sends waits for it."""
CLOSING_S = 15.0

UNREADABLE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n"
    b"connection: close\r\n\r\n"
)
"""The handshake has a line of more than 8 kB, or more than 128 lines."""
POLICY_VIOLATION, TOO_BIG = 1008, 1009


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One connection, checked once a second by `limits.watch`."""

    _pieces = 0
    _closing_since: float | None = None

    def handle_text(self, event: Frame) -> None:
        """Begin a message."""
        self._pieces = 0
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Begin a message."""
        self._pieces = 0
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """Refuse a message that is cut into too many pieces."""
        self._pieces += 1
        if self._pieces > PIECES_OF_A_MESSAGE:
            self._fail(TOO_BIG, "a message is cut into too many pieces")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Cut off a client that pings and does not read the answers."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Refuse more messages at once than the app may have before it."""
        super().send_receive_event_to_app()
        if self.queue.qsize() > MESSAGES_AT_ONCE:
            self._fail(POLICY_VIOLATION, "too many messages at once")

    def data_received(self, data: bytes) -> None:
        """Refuse an unreadable handshake; uvicorn would leave it open."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(UNREADABLE)
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Send, and mark a refused handshake as complete."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # uvicorn would log each refusal as an error

    def check(self, now: float) -> None:
        """Abort a connection whose closing takes too long: its client does not read, or does not answer."""
        if not (self.close_sent or self.transport.is_closing()):
            return
        if self._closing_since is None:
            self._closing_since = now
        elif now - self._closing_since > CLOSING_S:
            self.transport.abort()

    def _fail(self, code: int, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.frames = []
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.fail(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()


OPTIONS: dict[str, Any] = {
    "ws": BoundedWebSocket,
    "ws_max_size": MESSAGE_BYTES,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
    "ws_per_message_deflate": False,
}
"""For uvicorn's Config. Compression is off as in the official server: it costs memory for each connection, and 64 kB of
zeros come in 80 bytes, so that one reading would be unpacked into 200 MB."""
