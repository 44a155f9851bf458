"""A receiver's response, parsed by llhttp (httptools) within bounds of ours."""

from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

HEAD_BYTES = 64 * 1024
BODY_BYTES = 16 * 1024


class NoAnswer(Exception):
    """The receiver closed the connection early, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response's status and its `retry-after`, empty without one."""

    status: int
    retry_after: str


class Response:
    """The final response; informational ones (`100 Continue`) are skipped. `status` is None until its head is whole."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after = ""
        self.is_open = True
        """Whether more of it must be read before the connection could be reused."""
        self.is_whole = False
        """Whether it was read to its end, nothing followed, and the connection may be reused."""
        self._has_status = False
        self._left, self._body_left = HEAD_BYTES, BODY_BYTES
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # RFC 9112, 2.2: may be recognized

    def feed(self, piece: bytes) -> None:
        """Parse what was received. Raises NoAnswer where no status can be read from it; what is odd after the status
        only ends the connection."""
        self._left -= len(piece)
        try:
            self._parser.feed_data(piece)
        except (HttpParserError, HttpParserUpgrade):
            status = self._parser.get_status_code()
            if self.status is None and (not self._has_status or _is_interim(status)):
                raise NoAnswer("not HTTP") from None
            self.status = self.status or status
            self._drop()
        if self._left < 0:
            if self.status is None:
                raise NoAnswer("its head is too long")
            self._drop()

    def _drop(self) -> None:
        self.is_open = self.is_whole = False

    # What httptools calls

    def on_message_begin(self) -> None:
        """Drop the connection if a second response follows."""
        if self.status is not None:
            self._drop()  # something follows that was not asked for
        self._has_status = False

    def on_status(self, _: bytes) -> None:
        """Note that a status line came. Called by httptools, as all `on_…` are."""
        self._has_status = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep `retry-after` of the final response; other headers are ignored."""
        self._has_status = True  # also of a response without a reason
        if self.status is None and name.lower() == b"retry-after":
            said = value.decode("latin-1").strip()
            self.retry_after = f"{self.retry_after},{said}" if self.retry_after else said

    def on_headers_complete(self) -> None:
        """Take the status, unless it is an interim one (1xx)."""
        status = self._parser.get_status_code()
        if self.status is None and not _is_interim(status):
            self.status, self._left = status, 4 * BODY_BYTES
            self.is_open = status != 101 and self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """Count the body, which nobody reads, and drop the connection where it is too long."""
        self._body_left -= len(piece)
        if self._body_left < 0:
            self._drop()

    def on_message_complete(self) -> None:
        """Note that the response ended, so that the connection can be used again."""
        if self.status is not None and self.is_open:
            self.is_open, self.is_whole = False, self._parser.should_keep_alive()


def _is_interim(status: int) -> bool:
    """Return whether another response follows: after 101 what follows is another protocol's."""
    return 100 <= status < 200 and status != 101
