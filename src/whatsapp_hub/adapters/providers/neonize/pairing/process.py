"""The pairing process's program: `python -m … FD`. It ends when the connector at the other end of FD does.

An unpaired client of neonize's cannot be stopped: its thread waits for ever to be paired. Here that does no harm, since
the whole process ends when no session pairs any more.
"""

import os
import socket
import sys
import threading
from contextlib import suppress

import structlog

from whatsapp_hub.adapters.providers.neonize.native.library import Library, Missing, load
from whatsapp_hub.adapters.providers.neonize.pairing.frames import Notice, Request, framed, next_ask


class PairingProcess:
    def __init__(self, connection: socket.socket, library: Library) -> None:
        self._connection = connection
        self._library = library
        self._writing = threading.Lock()

    def serve(self) -> None:
        while ask := next_ask(self._connection):
            threading.Thread(target=self._do, args=(ask,), daemon=True).start()

    def tell(self, told: Notice) -> None:
        """Send a notice. Blocks while the connector cannot store earlier ones; dropped if the connector is gone."""
        with self._writing, suppress(OSError):
            self._connection.sendall(framed(told))

    def _do(self, ask: Request) -> None:
        match ask.what:
            case "dial":
                assert ask.dial is not None
                self._library.start(ask.dial, _Listener(self, ask.uuid))
            case "stop":
                if self._library.is_known(ask.uuid):
                    self._library.disconnect(ask.uuid)
                self._library.stop(ask.uuid)
                self.tell(Notice("stopped", ask.uuid))
            case "code":
                self.tell(Notice("code", ask.uuid, data=self._library.pair_phone(ask.uuid, ask.data)))


class _Listener:
    def __init__(self, room: PairingProcess, uuid: str) -> None:
        self._room, self._uuid = room, uuid

    def event(self, code: int, data: bytes) -> None:
        self._room.tell(Notice("event", self._uuid, code=code, data=data))

    def qr(self, code: str) -> None:
        self._room.tell(Notice("qr", self._uuid, text=code))

    def login(self, status: str) -> None:
        self._room.tell(Notice("login", self._uuid, text=status))

    def ended(self, error: str) -> None:
        self._room.tell(Notice("ended", self._uuid, text=error))


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    connection = socket.socket(fileno=int(sys.argv[1]))
    try:
        library = load()
    except Missing as error:
        sys.exit(str(error))
    PairingProcess(connection, library).serve()
    os._exit(0)  # threads of Go's wait for ever


if __name__ == "__main__":
    main()
